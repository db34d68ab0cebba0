#include <boost/date_time/posix_time/posix_time_types.hpp>
#include <boost/log/attributes/clock.hpp>
#include <boost/log/core.hpp>
#include <boost/log/expressions.hpp>
#include <boost/log/sinks/async_frontend.hpp>
#include <boost/log/sinks/sync_frontend.hpp>
#include <boost/log/sinks/text_file_backend.hpp>
#include <boost/log/support/date_time.hpp>
#include <boost/log/trivial.hpp>
#include <boost/log/utility/setup/common_attributes.hpp>
#include <boost/make_shared.hpp>

#include "log_writers.hpp"

namespace {

namespace logging = boost::log;
namespace expressions = boost::log::expressions;

template <class Frontend>
LogWriter writer(const char* name) {
    auto sink = std::make_shared<boost::shared_ptr<Frontend>>();
    const auto add_sink = [sink](const std::string& file) {
        logging::core::get()->add_global_attribute("TimeStamp", logging::attributes::utc_clock());
        auto backend = boost::make_shared<logging::sinks::text_file_backend>(logging::keywords::file_name = file);
        *sink = boost::make_shared<Frontend>(backend);
        (*sink)->set_formatter(expressions::stream << expressions::format_date_time<boost::posix_time::ptime>(
                                                          "TimeStamp", "%Y-%m-%dT%H:%M:%S.%fZ")
                                                   << ' ' << logging::trivial::severity << ' '
                                                   << expressions::smessage);
        logging::core::get()->add_sink(*sink);
    };
    return {.name = name,
            .open =
                [add_sink](const std::string& file) {
                    add_sink(file);
                    return [](long number) { BOOST_LOG_TRIVIAL(info) << log_bench_message << ' ' << number; };
                },
            .drain = [sink] { (*sink)->flush(); },
            .open_disabled =
                [add_sink](const std::string& file) {
                    add_sink(file);
                    logging::core::get()->set_filter(logging::trivial::severity >= logging::trivial::info);
                    return [](long number) { BOOST_LOG_TRIVIAL(debug) << log_bench_message << ' ' << number; };
                },
            .close =
                [sink] {
                    logging::core::get()->remove_sink(*sink);
                    logging::core::get()->reset_filter();
                    if constexpr (requires { (*sink)->stop(); }) (*sink)->stop();
                    sink->reset();
                }};
}

using Backend = logging::sinks::text_file_backend;

}  // namespace

LogWriter boost_file_writer() {
    return writer<logging::sinks::synchronous_sink<Backend>>("Boost.Log text_file_backend");
}
LogWriter boost_asynchronous_writer() {
    return writer<logging::sinks::asynchronous_sink<Backend>>("Boost.Log asynchronous");
}
