#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include "log_writers.hpp"

LogWriter spdlog_writer() {
    auto logger = std::make_shared<std::shared_ptr<spdlog::logger>>();
    const auto make = [logger](const std::string& file) {
        *logger = std::make_shared<spdlog::logger>("bench", std::make_shared<spdlog::sinks::basic_file_sink_mt>(file));
        (*logger)->set_pattern("%Y-%m-%dT%H:%M:%S.%fZ %l %n[%P]: %v", spdlog::pattern_time_type::utc);
        (*logger)->set_level(spdlog::level::info);
        return logger->get();
    };
    return {.name = "spdlog synchronous mt",
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
