#pragma once

#include <array>
#include <csignal>
#include <functional>
#include <optional>

#include "servicekit/base/error.hpp"
#include "servicekit/os/signals.hpp"

namespace servicekit {

/// The signals of a service, from before its first load to its end. The destructor gives them back.
class ServiceSignals {
public:
    explicit ServiceSignals(os::Signals& signals) noexcept : signals_{&signals} {}
    ServiceSignals(const ServiceSignals&) = delete;
    ServiceSignals& operator=(const ServiceSignals&) = delete;
    ~ServiceSignals() { give_back(); }

    /// Begins a load, or continues it in another process. Signals wait for its end, but SIGINT ends the process at
    /// once.
    Result<void> begin_load();
    /// Ends the load. After this SIGINT waits, too.
    Result<void> end_load();
    /// \returns an error if a signal was received that prevents the start
    [[nodiscard]] std::optional<Error> refusal() const;
    /// Calls os::Signals::hold(). Does nothing if no load has begun.
    Result<void> hold();
    /// Handles the same signals in the process that continues after hold().
    Result<void> go_on();
    /// Calls os::Signals::release_held().
    void release_held();
    Result<void> take(os::EventLoop& loop, std::function<void(const os::ReceivedSignal&)> callback);
    void give_back();

    [[nodiscard]] bool are_noted() const noexcept { return are_noted_; }

private:
    static constexpr std::array all{SIGHUP, SIGTERM, SIGABRT, SIGINT, SIGUSR1, SIGXCPU};

    os::Signals* signals_;
    bool are_noted_ = false;
    bool loads_ = false;
    bool are_held_ = false;
};

}  // namespace servicekit
