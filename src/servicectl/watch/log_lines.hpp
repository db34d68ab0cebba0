#pragma once

#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "cli/log_view/log_tail.hpp"
#include "servicectl/places.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::servicectl {

/// Lines that are kept of a log.
constexpr std::size_t most_log_lines = 1000;
/// Removes all lines except the last ones. \returns how many it has removed
std::size_t keep_last_lines(std::vector<std::string>& lines);

/// Returns the log file of a service by the record of its start; empty if there is no record, or no log file.
[[nodiscard]] std::string log_file_of(const Place& place);
/// Returns why this process does not open the log of the service; empty if it does. The owner of a service of another
/// user can redirect the path, and this process has other rights.
[[nodiscard]] std::string refuse_log(const Place& place, const os::Host& host);

/// Cuts a text into lines. The end of a long line is dropped.
class LineCutter {
public:
    void add(std::string_view text, std::vector<std::string>& lines);

private:
    std::string begun_;
};

/// The log of one service, from its last lines on.
class LogLines {
public:
    struct Read {
        std::vector<std::string> lines = {};  ///< the new ones, as many as are kept; not escaped
        std::size_t skipped = 0;              ///< lines before these that are not kept
        std::string failure = {};             ///< why it cannot be read
    };

    LogLines(std::string path, os::Host host) : path_{std::move(path)}, host_{std::move(host)} {}

    /// Reads what is there, for a limited time.
    [[nodiscard]] Read read(const std::stop_token& stop);

private:
    /// The next read() begins again.
    std::string give_up(const Error& error);

    std::string path_;
    os::Host host_;
    std::optional<cli::LogTail> tail_;
    LineCutter cutter_;
    std::vector<std::string> remarks_;
};

}  // namespace servicekit::servicectl
