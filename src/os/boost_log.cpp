#include "servicekit/os/boost_log.hpp"

#include <algorithm>
#include <atomic>
#include <boost/date_time/posix_time/posix_time_types.hpp>
#include <boost/log/attributes/attribute_name.hpp>
#include <boost/log/attributes/attribute_value_impl.hpp>
#include <boost/log/attributes/attribute_value_set.hpp>
#include <boost/log/attributes/value_extraction.hpp>
#include <boost/log/core/core.hpp>
#include <boost/log/core/record.hpp>
#include <boost/log/core/record_view.hpp>
#include <boost/log/sinks/basic_sink_backend.hpp>
#include <boost/log/sinks/frontend_requirements.hpp>
#include <boost/log/sinks/unlocked_frontend.hpp>
#include <boost/log/trivial.hpp>
#include <boost/log/utility/formatting_ostream.hpp>
#include <boost/smart_ptr/make_shared_object.hpp>
#include <boost/smart_ptr/shared_ptr.hpp>
#include <chrono>
#include <string>
#include <utility>

namespace servicekit::os {
namespace {

namespace logging = boost::log;

static_assert(static_cast<int>(LogLevel::trace) == static_cast<int>(logging::trivial::trace) &&
                  static_cast<int>(LogLevel::fatal) == static_cast<int>(logging::trivial::fatal),
              "both scales are the same");

/// Marks the records that the service itself sends to Boost.Log.
struct Shown {};

struct AttributeNames {
    logging::attribute_name shown{"servicekit.Shown"};
    logging::attribute_name severity{"Severity"};
    logging::attribute_name channel{"Channel"};
    logging::attribute_name message{"Message"};
    logging::attribute_name time{"TimeStamp"};
};

const AttributeNames& names() {
    static const AttributeNames names;
    return names;
}

LogLevel level_of(const logging::attribute_value_set& values) {
    const auto severity = values[names().severity];
    int number = static_cast<int>(LogLevel::info);
    if (const auto trivial = severity.extract<logging::trivial::severity_level>())
        number = static_cast<int>(trivial.get());
    else if (const auto plain = severity.extract<int>())
        number = plain.get();
    return static_cast<LogLevel>(
        std::clamp(number, static_cast<int>(LogLevel::trace), static_cast<int>(LogLevel::fatal)));
}

std::string_view channel_of(const logging::attribute_value_set& values) {
    const auto channel = values[names().channel].extract<std::string>();
    return channel ? std::string_view{channel.get()} : std::string_view{};
}

/// Takes records from any thread at once.
class Backend final : public logging::sinks::basic_sink_backend<logging::sinks::concurrent_feeding> {
public:
    explicit Backend(BoostLog::Take take) : take_{std::move(take)} {}

    void end() noexcept { ended_.store(true, std::memory_order_release); }

    void consume(const logging::record_view& record) {
        if (ended_.load(std::memory_order_acquire)) return;
        const logging::attribute_value_set& values = record.attribute_values();
        const auto message = values[names().message];
        std::string narrow;
        LogRecord taken{.time = {}, .level = level_of(values), .message = {}, .channel = channel_of(values)};
        if (const auto text = message.extract<std::string>()) {
            taken.message = text.get();
        } else if (const auto wide = message.extract<std::wstring>()) {
            logging::formatting_ostream{narrow} << wide.get() << std::flush;
            taken.message = narrow;
        } else {
            return;
        }
        take_(taken);
    }

private:
    BoostLog::Take take_;
    std::atomic<bool> ended_{false};
};

using Sink = logging::sinks::unlocked_sink<Backend>;

class CoreSubscription final : public BoostLog::Subscription {
public:
    CoreSubscription(BoostLog::Wants wants, BoostLog::Take take)
        : backend_{boost::make_shared<Backend>(std::move(take))}, sink_{boost::make_shared<Sink>(backend_)} {
        sink_->set_filter([wants = std::move(wants)](const logging::attribute_value_set& values) {
            return values.find(names().shown) == values.end() && wants(level_of(values), channel_of(values));
        });
        logging::core::get()->add_sink(sink_);
    }
    CoreSubscription(const CoreSubscription&) = delete;
    CoreSubscription& operator=(const CoreSubscription&) = delete;
    ~CoreSubscription() override {
        backend_->end();
        try {
            logging::core::get()->remove_sink(sink_);
        } catch (...) {
            return;  // the sink stays and drops every record
        }
    }

private:
    boost::shared_ptr<Backend> backend_;
    boost::shared_ptr<Sink> sink_;
};

boost::posix_time::ptime utc_time(std::chrono::system_clock::time_point time) {
    const auto since = std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch());
    return boost::posix_time::ptime{boost::gregorian::date{1970, 1, 1}} +
           boost::posix_time::microseconds{static_cast<std::int64_t>(since.count())};
}

class ProcessBoostLog final : public BoostLog {
public:
    std::unique_ptr<Subscription> subscribe(Wants wants, Take take) override {
        return std::make_unique<CoreSubscription>(std::move(wants), std::move(take));
    }

    void show(const LogRecord& record) noexcept override {
        using logging::attributes::make_attribute_value;
        try {
            logging::attribute_value_set values{5};
            values.insert(names().shown, make_attribute_value(Shown{}));
            values.insert(names().severity,
                          make_attribute_value(static_cast<logging::trivial::severity_level>(record.level)));
            values.insert(names().message, make_attribute_value(std::string{record.message}));
            values.insert(names().channel, make_attribute_value(std::string{record.channel}));
            values.insert(names().time, make_attribute_value(utc_time(record.time)));
            const auto core = logging::core::get();
            if (auto opened = core->open_record(boost::move(values))) core->push_record(boost::move(opened));
        } catch (...) {
            return;  // from a sink of the program, which is responsible for it
        }
    }
};

}  // namespace

BoostLog& process_boost_log() {
    static ProcessBoostLog log;
    return log;
}

}  // namespace servicekit::os
