#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "servicekit/core/reply.hpp"

namespace servicekit {

class ServiceCore;

/// What the program adds to the status: asked for by on_status(), and kept for when a handler keeps it from being asked.
class OwnStatus {
public:
    explicit OwnStatus(ServiceCore& core) : core_{&core} {}

    // From the event thread.
    /// Runs on_status(). What it sets of the built-in fields is left out, with a warning for each.
    Reply ask();
    /// What ServiceBase::on_status() is where nobody has overridden it.
    void note_default() noexcept { default_ran_ = true; }
    /// Asks anew before another event begins if what is kept is older than a second, but not a service that took long to
    /// answer the last time.
    void refresh_before(std::string_view event);
    void keep(const Object& fields);

    // From any thread.
    /// False once the default was seen to run.
    [[nodiscard]] bool may_exist() const noexcept { return may_exist_.load(std::memory_order_relaxed); }
    /// \returns the built-in fields with what was kept, and as of when that is
    [[nodiscard]] Object last_known() const;

private:
    ServiceCore* core_;
    bool default_ran_ = false;                              // the event thread's own
    std::chrono::steady_clock::duration last_took_{};       // the same
    std::chrono::steady_clock::time_point next_refresh_{};  // the same
    std::set<std::string, std::less<>> warned_of_;          // the same
    std::atomic<bool> may_exist_{true};
    mutable std::mutex mutex_;
    Object kept_;
    std::chrono::system_clock::time_point as_of_;
};

}  // namespace servicekit
