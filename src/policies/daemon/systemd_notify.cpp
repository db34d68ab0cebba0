#include "servicekit/policies/daemon/systemd_notify.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/escaped_text.hpp"
#include "base/utf8.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/os/process.hpp"
#include "servicekit/os/service_manager.hpp"
#include "servicekit/os/standard_streams.hpp"

namespace servicekit {
namespace {

using std::chrono::microseconds, std::chrono::milliseconds;

std::string in_microseconds(std::chrono::steady_clock::duration time) {
    return std::to_string(std::chrono::duration_cast<microseconds>(time).count());
}

/// systemd drops longer messages (PIPE_BUF).
constexpr std::size_t longest_message = 4095;

/// Returns STATUS= with the text on one line, since a line break would begin another variable. systemd accepts only
/// valid UTF-8.
/// \param room most bytes; a longer text is cut at a character and ends with "..."
std::string status_line(std::string_view text, std::size_t room) {
    constexpr std::string_view more = "...";
    std::string line = "STATUS=" + escaped(text);
    if (line.size() <= room) return line;
    std::size_t end = 0;
    for (std::string_view rest = line; line.size() - rest.size() + more.size() <= room;
         rest.remove_prefix(std::max<std::size_t>(utf8_length(rest), 1)))
        end = line.size() - rest.size();
    return line.substr(0, end).append(more);
}

}  // namespace

SystemdNotify::SystemdNotify() : SystemdNotify{Options{}} {}

SystemdNotify::SystemdNotify(Options options, const os::Host& host)
    : options_{options},
      manager_{host.service_manager},
      process_{host.process},
      clock_{host.clock},
      streams_{host.streams} {}

SystemdNotify::SystemdNotify(SystemdNotify&& other) noexcept = default;
SystemdNotify& SystemdNotify::operator=(SystemdNotify&& other) noexcept = default;
SystemdNotify::~SystemdNotify() = default;

Result<void> SystemdNotify::take_socket() {
    auto socket = manager_->take_notify_socket();
    if (!socket) return socket.error();
    // A second call finds nothing.
    if (*socket) socket_ = *std::move(socket);
    return {};
}

Result<Role> SystemdNotify::enter() {
    const auto watchdog = manager_->take_watchdog();
    if (auto taken = take_socket(); !taken) return taken.error();
    if (socket_ && watchdog)
        alive_interval_ = std::max(std::chrono::duration_cast<milliseconds>(*watchdog / 2), milliseconds{1});
    return Role::service;
}

void SystemdNotify::ready() { tell("READY=1\nMAINPID=" + std::to_string(process_->id())); }

void SystemdNotify::failed(const Error& error) {
    // The start may fail before enter(). If the address is invalid, no manager can be notified.
    static_cast<void>(take_socket());
    std::string numbers;
    if (error.errno_value != 0) numbers += "\nERRNO=" + std::to_string(error.errno_value);
    numbers += "\nEXIT_STATUS=" + std::to_string(to_int(error.exit_code));
    tell(status_line(error.message(), longest_message - numbers.size()) + numbers);
}

// The manager compares this time with its own (CLOCK_MONOTONIC) to match the message with its request.
void SystemdNotify::reloading() {
    tell("RELOADING=1\nMONOTONIC_USEC=" + in_microseconds(clock_->steady_now().time_since_epoch()));
}

void SystemdNotify::stopping() { tell("STOPPING=1"); }

void SystemdNotify::status(std::string_view text) { tell(status_line(text, longest_message)); }

void SystemdNotify::extend(std::chrono::milliseconds time) {
    tell("EXTEND_TIMEOUT_USEC=" + in_microseconds(time + options_.grace));
}

void SystemdNotify::alive() { tell("WATCHDOG=1"); }

void SystemdNotify::tell(const std::string& message) {
    if (!socket_) return;
    const auto sent = socket_->send(message);
    // Reports the first failure in a row only: stderr goes to the manager, too.
    if (!sent && !last_one_failed_) {
        const std::string level = manager_->has_journal_on_stderr() ? "<4>" : "";
        const std::string who = name_.empty() ? "service" : name_;
        streams_->write(os::Stream::error, level + escaped(who + ": " + sent.error().message()) + "\n");
    }
    last_one_failed_ = !sent;
}

}  // namespace servicekit
