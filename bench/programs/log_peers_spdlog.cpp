#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "log_writers.hpp"

namespace {

LogWriter writer(std::string name, const std::string& pattern, spdlog::level::level_enum flush_level) {
    auto logger = std::make_shared<std::shared_ptr<spdlog::logger>>();
    const auto make = [logger, pattern, flush_level](const std::string& file) {
        *logger = std::make_shared<spdlog::logger>("bench", std::make_shared<spdlog::sinks::basic_file_sink_mt>(file));
        (*logger)->set_pattern(pattern, spdlog::pattern_time_type::utc);
        (*logger)->set_level(spdlog::level::info);
        (*logger)->flush_on(flush_level);
        return logger->get();
    };
    return {.name = std::move(name),
            .open =
                [make](const std::string& file) {
                    return [log = make(file)](long number) { log->info("{} {}", log_bench_message, number); };
                },
            .drain = [logger] { (*logger)->flush(); },
            .open_disabled =
                [make](const std::string& file) {
                    return [log = make(file)](long number) { log->debug("{} {}", log_bench_message, number); };
                },
            .close = [logger] { logger->reset(); }};
}

// %P calls getpid(2) for each line. The other writers of these lines know the pid.
constexpr const char* pattern_with_pid = "%Y-%m-%dT%H:%M:%S.%fZ %l %n[%P]: %v";
constexpr const char* pattern_without_pid = "%Y-%m-%dT%H:%M:%S.%fZ %l %n[4711]: %v";

}  // namespace

LogWriter spdlog_writer() { return writer("spdlog synchronous mt", pattern_with_pid, spdlog::level::off); }
LogWriter spdlog_writer_without_pid() {
    return writer("spdlog synchronous mt, no %P", pattern_without_pid, spdlog::level::off);
}
LogWriter spdlog_flushing_writer() {
    return writer("spdlog, no %P, each line at once", pattern_without_pid, spdlog::level::info);
}
