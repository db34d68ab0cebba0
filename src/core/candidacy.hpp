#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/policy/lock_policy.hpp"

namespace servicekit {

/// The part of this instance in the contest for the second level of its lock: whether it has won, and what the lock has
/// reported. Thread-safe unless stated otherwise.
class Candidacy final : public Contender {
public:
    Candidacy(LockPolicy& lock, Logger& log) : lock_{lock}, log_{log}, has_standby_{lock.has_standby()} {}

    /// What the lock reports when it is lost.
    struct Loss {
        Error why;
        std::chrono::milliseconds time;  ///< how long the end of the activity may take
    };
    /// What is called on a thread of the lock, or within contend(). None of them may throw.
    struct Calls {
        std::function<void()> on_won;
        std::function<void(const Loss&)> on_lost;
        std::function<void()> on_report;
    };
    /// Call before contend().
    void set_calls(Calls calls) { calls_ = std::move(calls); }

    /// Returns true if the lock has a second level. Asks nobody.
    [[nodiscard]] bool has_standby() const noexcept { return has_standby_; }
    /// Returns true from the moment when the lock was won until stand_down(), even if it was lost.
    [[nodiscard]] bool has_role() const noexcept { return has_role_.load(std::memory_order_acquire); }
    /// Returns true if the lock was lost after it was won.
    [[nodiscard]] bool has_lost() const noexcept { return has_lost_.load(std::memory_order_acquire); }
    /// Returns true while no other instance can be active. Always true for a lock with one level that is not lost.
    [[nodiscard]] bool is_active() const noexcept {
        return lock_.is_active() && (!has_standby_ || (has_role() && !has_lost()));
    }
    /// Returns the fencing token; nothing if there is none.
    [[nodiscard]] std::optional<std::uint64_t> token() const;
    /// Returns ", token 17" for the last activity, even if the lock is lost or given up; empty if it had no token.
    [[nodiscard]] std::string token_in_words() const;
    /// Adds `role` and `token` to a status, if the lock has a second level. Two instances never both report that they
    /// are active.
    void add_fields(Object& status) const;
    /// Returns which instance is active, in words: "host-b (pid 4711)"; empty if the lock does not report it.
    [[nodiscard]] std::string active_in_words() const;

    // For one thread at a time.
    /// Joins the contest. \pre it has not joined, or stand_down() was called after that
    /// \param stop the service ends
    Result<void> contend(const std::stop_token& stop);
    /// Leaves the contest. \pre the service is inactive
    void stand_down() noexcept;

    // For the lock.
    void won() override;
    void lost(const Error& why, std::chrono::milliseconds time) override;
    void report(LogLevel level, const std::string& text) override;

private:
    LockPolicy& lock_;
    Logger& log_;
    const bool has_standby_;
    Calls calls_;
    std::mutex mutex_;  ///< for the changes of these
    bool has_joined_ = false;
    std::atomic<bool> has_role_{false};
    std::atomic<bool> has_lost_{false};
    std::atomic<std::uint64_t> last_token_{0};  ///< of the last activity; 0: it had none
};

}  // namespace servicekit
