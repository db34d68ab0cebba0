#include "servicekit/policies/log/file_log.hpp"

#include <algorithm>
#include <atomic>
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
#include <new>
#include <string_view>
#include <utility>

#include "policies/log/line_output.hpp"

namespace servicekit {
namespace {

namespace logging = boost::log;

using policies::LineOutput;

/// How long reopen() waits for a line that hangs in the kernel.
constexpr std::chrono::milliseconds reopen_limit{1'000};

static_assert(static_cast<int>(LogLevel::trace) == static_cast<int>(logging::trivial::trace) &&
                  static_cast<int>(LogLevel::fatal) == static_cast<int>(logging::trivial::fatal),
              "both scales are the same");

/// The attribute that only a service's own records have.
struct Origin {
    const LineOutput* output = nullptr;  ///< whose record it is
    std::chrono::system_clock::time_point time;
    LogLevel level = LogLevel::info;
};

struct AttributeNames {
    logging::attribute_name origin{"servicekit.Origin"};
    logging::attribute_name severity{"Severity"};
    logging::attribute_name message{"Message"};
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

// Takes records from any thread at once: the output has a lock of its own, which close() can wait for within bounds.
class Backend final : public logging::sinks::basic_sink_backend<logging::sinks::concurrent_feeding> {
public:
    Backend(std::shared_ptr<LineOutput> output, const os::Clock& clock) : output_{std::move(output)}, clock_{&clock} {}

    void consume(const logging::record_view& record) {
        const auto& values = record.attribute_values();
        contract::LogRecord line;
        if (const auto origin = values[names().origin].extract<Origin>()) {
            line.time = origin->time;
            line.level = origin->level;
        } else {
            line.time = clock_->system_now();
            line.level = level_of(values);
        }
        const auto message = values[names().message];
        if (const auto text = message.extract<std::string>()) {
            line.message = text.get();
            output_->write(line);
        } else if (const auto wide = message.extract<std::wstring>()) {
            std::string narrow;
            logging::formatting_ostream{narrow} << wide.get() << std::flush;
            line.message = narrow;
            output_->write(line);
        }
    }

private:
    std::shared_ptr<LineOutput> output_;
    const os::Clock* clock_;
};

using Sink = logging::sinks::unlocked_sink<Backend>;

}  // namespace

struct FileLog::State {
    State(Options the_options, os::Files& the_files, os::StandardStreams& the_streams, const os::Clock& the_clock,
          const os::Process& the_process)
        : options{std::move(the_options)},
          files{&the_files},
          streams{&the_streams},
          clock{&the_clock},
          process{&the_process},
          output{std::make_shared<LineOutput>(the_streams)} {}

    ~State() { close(std::chrono::milliseconds{0}); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    [[nodiscard]] Result<std::unique_ptr<os::File>> open_file() const;
    [[nodiscard]] Result<void> lead_streams();
    void add_sink();
    void close(std::chrono::milliseconds at_most) noexcept;

    Options options;
    os::Files* files;
    os::StandardStreams* streams;
    const os::Clock* clock;
    const os::Process* process;

    std::string name;
    std::string path;
    bool background = true;
    bool redirected = false;
    // Shared with the sink, which a thread that hangs in the kernel keeps beyond close().
    std::shared_ptr<std::atomic<LogLevel>> level = std::make_shared<std::atomic<LogLevel>>(LogLevel::info);
    std::shared_ptr<LineOutput> output;
    logging::core_ptr core;
    boost::shared_ptr<Sink> sink;
};

Result<std::unique_ptr<os::File>> FileLog::State::open_file() const {
    const auto fault = [this](std::string reason) {
        return Error{ExitCode::cannot_create, "open the log", path, std::move(reason)};
    };
    if (path.front() != '/') return fault("not an absolute path");
    auto file = files->open_for_appending(path, options.permissions);
    if (file) return file;

    const std::string folder = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
    if (const auto status = files->status(folder, os::Links::follow); status && !status->has_value())
        return fault("there is no folder '" + folder + "'");
    Error error = file.error().at_stage(ExitCode::cannot_create);
    error.action = "open the log";
    return error;
}

// Into the file, or to /dev/null where there is none.
Result<void> FileLog::State::lead_streams() {
    const int descriptor = output->file() != nullptr ? output->file()->descriptor() : -1;
    for (const os::Stream stream : {os::Stream::out, os::Stream::error}) {
        auto done = descriptor >= 0 ? streams->redirect_to(stream, descriptor) : streams->redirect_to_null(stream);
        if (!done) return done.error().at_stage(ExitCode::cannot_create);
    }
    return {};
}

void FileLog::State::add_sink() {
    core = logging::core::get();
    if (sink) core->remove_sink(sink);
    sink = boost::make_shared<Sink>(boost::make_shared<Backend>(output, *clock));
    sink->set_filter([level = level, own = output.get()](const logging::attribute_value_set& values) {
        const LogLevel least = level->load(std::memory_order_relaxed);
        if (const auto origin = values[names().origin].extract<Origin>())
            return origin->output == own && origin->level >= least;
        return level_of(values) >= least;
    });
    core->add_sink(sink);
}

void FileLog::State::close(std::chrono::milliseconds at_most) noexcept {
    if (!sink) return;
    output->close(clock->system_now(), at_most);
    try {
        core->remove_sink(sink);
    } catch (...) {
        return;  // it stays, and drops every line
    }
    sink.reset();
}

FileLog::FileLog() : FileLog{Options{}} {}

FileLog::FileLog(Options options, os::Files& files, os::StandardStreams& streams, const os::Clock& clock,
                 const os::Process& process)
    : state_{std::make_unique<State>(std::move(options), files, streams, clock, process)} {}

FileLog::FileLog(FileLog&& other) noexcept = default;
FileLog& FileLog::operator=(FileLog&& other) noexcept = default;

FileLog::~FileLog() = default;

void FileLog::configure(const contract::Deployment& deployment) {
    state_->name = deployment.name;
    state_->path = state_->options.path.empty() ? deployment.log_file : state_->options.path;
    state_->background = deployment.background;
    set_level(deployment.log_level);
}

Result<void> FileLog::open() {
    State& state = *state_;
    std::string source = state.name + '[' + std::to_string(state.process->id()) + ']';
    std::unique_ptr<os::File> file;
    if (!state.path.empty()) {
        auto opened = state.open_file();
        if (!opened) return opened.error();
        file = std::move(*opened);
    }
    state.add_sink();
    if (file)
        state.output->open_file(std::move(file), std::move(source));
    else if (!state.background)
        state.output->open_stderr(std::move(source));
    return {};
}

void FileLog::write(const contract::LogRecord& record) noexcept {
    State& state = *state_;
    if (!state.output->is_open() || record.level < state.level->load(std::memory_order_relaxed)) return;
    try {
        logging::attribute_value_set values{3};
        values.insert(names().origin,
                      logging::attributes::make_attribute_value(Origin{state.output.get(), record.time, record.level}));
        values.insert(names().severity, logging::attributes::make_attribute_value(
                                            static_cast<logging::trivial::severity_level>(record.level)));
        values.insert(names().message, logging::attributes::make_attribute_value(std::string{record.message}));
        if (auto opened = state.core->open_record(boost::move(values))) state.core->push_record(boost::move(opened));
    } catch (const std::bad_alloc&) {
        state.output->count_loss();
    } catch (...) {
        return;  // another sink's, which the program answers for: ours throws nothing
    }
}

Result<void> FileLog::reopen() {
    State& state = *state_;
    if (state.output->file() == nullptr) return {};
    auto file = state.open_file();
    if (!file) return file.error();
    if (!state.output->replace_file(*file, reopen_limit))
        return Error{ExitCode::timeout, "reopen the log", state.path,
                     "a line is still being written into the old file"};
    return state.redirected ? state.lead_streams() : Result<void>{};
}

void FileLog::set_level(LogLevel level) noexcept { state_->level->store(level, std::memory_order_relaxed); }

Result<void> FileLog::redirect(contract::StreamTarget target) {
    State& state = *state_;
    const bool has_file = state.output->file() != nullptr;
    state.redirected = has_file && target == contract::StreamTarget::log;
    const bool to_null = !has_file && target == contract::StreamTarget::log && state.background;
    return state.redirected || to_null ? state.lead_streams() : Result<void>{};
}

Result<void> FileLog::hand_to(uid_t uid, gid_t gid) {
    os::File* const file = state_->output->file();
    return file != nullptr ? file->hand_to(uid, gid) : Result<void>{};
}

void FileLog::close(std::chrono::milliseconds at_most) noexcept { state_->close(at_most); }

}  // namespace servicekit
