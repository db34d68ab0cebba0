#pragma once

#include <array>
#include <csignal>
#include <functional>
#include <optional>

#include "servicekit/base/error.hpp"
#include "servicekit/os/signals.hpp"

namespace servicekit {

/// The signals of a service, from before its first load to its end. Given back when this is destroyed.
class ServiceSignals {
public:
    explicit ServiceSignals(os::Signals& signals) noexcept : signals_{&signals} {}
    ServiceSignals(const ServiceSignals&) = delete;
    ServiceSignals& operator=(const ServiceSignals&) = delete;
    ~ServiceSignals() { give_back(); }

    /// A load begins, or goes on in another process. Signals wait for its end, but SIGINT ends it at once.
    Result<void> begin_load();
    /// The load is over. From now on SIGINT waits, too.
    Result<void> end_load();
    /// \returns what a signal that came makes of a start: the service is not started
    [[nodiscard]] std::optional<Error> refusal() const;
    /// As os::Signals::hold(). Does nothing when no load has begun.
    Result<void> hold();
    /// The same signals in the process that goes on after hold().
    Result<void> go_on();
    /// As os::Signals::release_held().
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
