#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "servicekit/base/log_level.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/policy/deployment.hpp"
#include "servicekit/policy/policy.hpp"

namespace servicekit {

/// What LockPolicy::acquire() does while another process has the lock.
enum class LockWait {
    fail_fast,  ///< return at once if the lock is busy
    wait,       ///< wait until the lock is free or the stop token is triggered: a standby instance
};

/// The holder of the lock.
struct Owner {
    pid_t pid = 0;                  ///< 0 if unknown (another host, another pid namespace)
    std::string where = {};         ///< in words, for a message: "pid 4711"
    bool is_instance = true;        ///< false if the holder is not an instance of the service
    std::optional<uid_t> uid = {};  ///< the holder's user, if the kernel reports it
};

/// The result of LockPolicy::acquire().
struct Acquisition {
    /// The lock was acquired, another process has it, or the stop token ended the wait.
    enum class State { acquired, busy, cancelled };
    State state = State::acquired;  ///< what happened
    Owner owner = {};               ///< set if busy
    /// If acquired: the process that held the lock before and ended without release(), if the policy knows it.
    std::optional<pid_t> left_by = {};
};

/// What a lock policy tells the service about the second level of its lock. A thread of the policy calls these
/// functions, one at a time, or LockPolicy::contend() does. They return at once.
class Contender {
public:
    virtual ~Contender() = default;
    /// This instance has the lock, and LockPolicy::token() returns the token. The service becomes the active one.
    virtual void won() = 0;
    /// This instance loses the lock, or has lost it. The service stops its activity. \pre won() was called
    /// \param time how long that may take. The policy makes the kernel end the process when the time is over, unless
    ///             LockPolicy::stand_down() is called before.
    virtual void lost(const Error& why, std::chrono::milliseconds time) = 0;
    /// Something happened that operators want to know, such as a change of the active instance.
    virtual void report(LogLevel level, const std::string& text) = 0;
};

/// Ensures that at most one instance of the service runs, on this machine by acquire(), and is active, in a cluster, by
/// contend().
///
/// A lock policy derives from this class and overrides acquire(), owner() and release(), and the other functions as
/// needed. A policy whose lock has one level overrides none of the functions of the second level.
class LockPolicy : public Policy {
public:
    /// Takes the lock. \pre the service has done its last fork(2).
    virtual Result<Acquisition> acquire(LockWait wait, const std::stop_token& stop) = 0;
    /// The current holder. Never takes the lock. Works without acquire().
    virtual Result<std::optional<Owner>> owner() = 0;
    /// The holder as a start sees it before its last fork(2), so that it can end early. May miss a holder that acquire()
    /// meets, if owner() is slow.
    virtual Result<std::optional<Owner>> first_look() { return owner(); }
    /// \returns false if owner() cannot find the running instance, because the policy locks nothing.
    [[nodiscard]] virtual bool tells_owner() const { return true; }
    /// Fields that the policy adds to the reply of `status`. May be called from any thread.
    [[nodiscard]] virtual Object status_fields() const { return {}; }
    /// \returns true if status_fields() returns the same as long as the service runs, so that it is called once
    [[nodiscard]] virtual bool has_fixed_status() const noexcept { return false; }
    /// The settings of the second level in force after configure(): those of the deployment, and the lock's own
    /// defaults for the rest. Members that this lock does not use are empty.
    [[nodiscard]] virtual ClusterPlan plan() const { return {}; }
    /// Releases the lock, and leaves the second level. If stand_down() was not called, handlers may still run: the
    /// instance then stays active until that is impossible, and the second level lapses later. May be called from any
    /// thread and repeatedly. Returns within a bounded time.
    virtual void release() noexcept = 0;

    // The second level: at most one of the instances that hold their first level is active. The others stand by.

    /// \returns true if the service may have to stand by.
    [[nodiscard]] virtual bool has_standby() const { return false; }
    /// Joins the instances that want to be active, and returns within a bounded time. The contender learns the rest.
    /// May be called again after stand_down(). \pre acquire() succeeded; the service has given up its rights, and
    /// threads may be started
    /// \param stop when it is triggered, the service ends: the policy need not join any more, and returns at once
    /// \returns an error if the service cannot even stand by
    virtual Result<void> contend(Contender& contender, const std::stop_token& stop) {
        static_cast<void>(stop);
        contender.won();
        return {};
    }
    /// \returns true if another instance stands by, as far as is known. May ask it, within a bounded time. Called on a
    ///          thread of its own, possibly while other functions run.
    virtual Result<bool> has_successor() { return false; }
    /// Ends the activity, or the wait for it, so that another instance can become active. The contender is called no
    /// more once this has returned. Returns within a bounded time. \pre the service is inactive: on_stop() has run
    virtual void stand_down() noexcept {}
    /// \returns true while no other instance can be active, whatever happens elsewhere. Cheap. May be called from any
    ///          thread.
    [[nodiscard]] virtual bool is_active() const noexcept { return true; }
    /// A number that grows with each activity of any instance, so that a receiver can reject what an earlier active
    /// instance still sends (a fencing token). Nothing if this instance is not active, or if the lock has one level
    /// and therefore needs no token. May be called from any thread.
    [[nodiscard]] virtual std::optional<std::uint64_t> token() const { return std::nullopt; }
};

}  // namespace servicekit
