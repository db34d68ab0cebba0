#pragma once

#include <atomic>
#include <string>

#include "servicekit/core/service_base.hpp"

namespace servicekit {

/// Returns true if a service in this state accepts all events.
[[nodiscard]] constexpr bool takes_events(ServiceState state) noexcept {
    return state == ServiceState::running || state == ServiceState::reloading;
}

/// Returns "stands by", or for example "is starting".
[[nodiscard]] inline std::string in_words(ServiceState state) {
    return state == ServiceState::standby ? "stands by" : "is " + std::string{to_string(state)};
}

/// The state of a service. Thread-safe.
class LifeState {
public:
    [[nodiscard]] ServiceState now() const noexcept { return state_.load(std::memory_order_acquire); }
    void become(ServiceState next) noexcept { state_.store(next, std::memory_order_release); }
    // A stop may begin at any time. A reload that begins or ends after it does not change the state.
    void begin_reload() noexcept {
        reloads_.store(true, std::memory_order_release);
        change(ServiceState::running, ServiceState::reloading);
    }
    void end_reload() noexcept {
        reloads_.store(false, std::memory_order_release);
        change(ServiceState::reloading, ServiceState::running);
    }
    /// Returns true while a reload runs, also of a service that stands by.
    [[nodiscard]] bool reloads() const noexcept { return reloads_.load(std::memory_order_acquire); }

private:
    void change(ServiceState from, ServiceState to) noexcept { state_.compare_exchange_strong(from, to); }

    std::atomic<ServiceState> state_{ServiceState::idle};
    std::atomic<bool> reloads_{false};
};

}  // namespace servicekit
