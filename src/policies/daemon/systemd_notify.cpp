#include "servicekit/policies/daemon/systemd_notify.hpp"

#include <algorithm>
#include <utility>

#include "base/escaped_text.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/process.hpp"
#include "servicekit/os/service_manager.hpp"
#include "servicekit/os/standard_streams.hpp"

namespace servicekit {
namespace {

using std::chrono::microseconds, std::chrono::milliseconds;

std::string in_microseconds(std::chrono::steady_clock::duration time) {
    return std::to_string(std::chrono::duration_cast<microseconds>(time).count());
}

}  // namespace

SystemdNotify::SystemdNotify() : SystemdNotify{Options{}} {}

SystemdNotify::SystemdNotify(Options options, os::ServiceManager& manager, const os::Process& process,
                             const os::Clock& clock, os::StandardStreams& streams)
    : options_{options}, manager_{&manager}, process_{&process}, clock_{&clock}, streams_{&streams} {}

SystemdNotify::SystemdNotify(SystemdNotify&& other) noexcept = default;
SystemdNotify& SystemdNotify::operator=(SystemdNotify&& other) noexcept = default;
SystemdNotify::~SystemdNotify() = default;

Result<contract::Role> SystemdNotify::enter() {
    const auto watchdog = manager_->take_watchdog();
    auto socket = manager_->take_notify_socket();
    if (!socket) return socket.error();
    socket_ = *std::move(socket);
    if (socket_ && watchdog)
        alive_interval_ = std::max(std::chrono::duration_cast<milliseconds>(*watchdog / 2), milliseconds{1});
    return contract::Role::service;
}

void SystemdNotify::ready() { tell("READY=1\nMAINPID=" + std::to_string(process_->id())); }

void SystemdNotify::failed(const Error& error) {
    std::string message = "STATUS=" + escaped(error.message());
    if (error.errno_value != 0) message += "\nERRNO=" + std::to_string(error.errno_value);
    tell(message + "\nEXIT_STATUS=" + std::to_string(to_int(error.exit_code)));
}

// The manager compares the time with its own, on CLOCK_MONOTONIC, to know which of its requests this is for.
void SystemdNotify::reloading() {
    tell("RELOADING=1\nMONOTONIC_USEC=" + in_microseconds(clock_->steady_now().time_since_epoch()));
}

void SystemdNotify::stopping() { tell("STOPPING=1"); }

void SystemdNotify::status(std::string_view text) { tell("STATUS=" + escaped(text)); }

void SystemdNotify::extend() { tell("EXTEND_TIMEOUT_USEC=" + in_microseconds(options_.extension)); }

void SystemdNotify::alive() { tell("WATCHDOG=1"); }

void SystemdNotify::tell(const std::string& message) {
    if (!socket_) return;
    const auto sent = socket_->send(message);
    // Once is enough until it works again: stderr leads to the manager, too.
    if (!sent && !last_one_failed_) {
        const std::string level = manager_->has_journal_on_stderr() ? "<4>" : "";
        streams_->write(os::Stream::error, level + escaped(name_ + ": " + sent.error().message()) + "\n");
    }
    last_one_failed_ = !sent;
}

}  // namespace servicekit
