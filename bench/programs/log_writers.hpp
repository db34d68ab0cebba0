#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

/// A way to write a log line of about 120 bytes to a file of its own.
struct LogWriter {
    std::string name;
    /// Opens the file. \returns a function that writes a line, from any thread
    std::function<std::function<void(long number)>(const std::string& file)> open;
    /// Returns when all lines are in the kernel.
    std::function<void()> drain = [] {};
    /// Opens the file for calls below the log level, if the writer has levels.
    std::function<std::function<void(long number)>(const std::string& file)> open_disabled = {};
    std::function<void()> close = [] {};
};

/// The text of every line, after time and level. A number follows.
constexpr std::string_view log_bench_message =
    "request handled for client 10.11.12.13 path /api/v1/things status 200 in";

LogWriter boost_file_writer();
LogWriter boost_asynchronous_writer();
LogWriter spdlog_writer();
/// Like spdlog_writer(), with the pid as a text in the pattern, not as %P.
LogWriter spdlog_writer_without_pid();
/// Like spdlog_writer_without_pid(), and each line is in the kernel when the call returns.
LogWriter spdlog_flushing_writer();
