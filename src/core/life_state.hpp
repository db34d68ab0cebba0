#pragma once

#include <atomic>

#include "servicekit/core/service_base.hpp"

namespace servicekit {

/// Returns true if a service in this state accepts all events.
[[nodiscard]] constexpr bool takes_events(ServiceState state) noexcept {
    return state == ServiceState::running || state == ServiceState::reloading;
}

/// The state of a service. Thread-safe.
class LifeState {
public:
    [[nodiscard]] ServiceState now() const noexcept { return state_.load(std::memory_order_acquire); }
    void become(ServiceState next) noexcept { state_.store(next, std::memory_order_release); }
    // A stop may begin at any time. A reload that begins or ends after it does not change the state.
    void begin_reload() noexcept { change(ServiceState::running, ServiceState::reloading); }
    void end_reload() noexcept { change(ServiceState::reloading, ServiceState::running); }

private:
    void change(ServiceState from, ServiceState to) noexcept { state_.compare_exchange_strong(from, to); }

    std::atomic<ServiceState> state_{ServiceState::idle};
};

}  // namespace servicekit
