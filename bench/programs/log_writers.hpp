#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

/// One way to write a log line of about 120 bytes, into a file of its own.
struct LogWriter {
    std::string name;
    /// Opens what it writes to. \returns how a line is written, from any thread
    std::function<std::function<void(long number)>(const std::string& file)> open;
    /// Returns once all is in the kernel.
    std::function<void()> drain = [] {};
    /// A call below the level, where there is such a thing.
    std::function<std::function<void(long number)>(const std::string& file)> open_disabled = {};
    std::function<void()> close = [] {};
};

/// What every writer's lines say behind time and level, with a number behind it.
constexpr std::string_view log_bench_message =
    "request handled for client 10.11.12.13 path /api/v1/things status 200 in";

LogWriter boost_file_writer();
LogWriter boost_asynchronous_writer();
LogWriter spdlog_writer();
