#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/base/result.hpp"
#include "servicekit/policy/deployment.hpp"
#include "servicekit/policy/policy.hpp"

namespace servicekit {

/// The process in which DaemonPolicy::enter() returned.
enum class Role {
    parent,   ///< the process that the user started; the service is ready in another process, this one ends with 0
    service,  ///< the process that continues as the service
};

/// Moves the service to where it runs, and reports its state to those who wait for it.
///
/// A daemon policy derives from this class and overrides enter(), and the other functions as needed. All functions
/// except enter() and run_service() may be called from any thread, but never two at a time; crashed() may be called at
/// any time. None may throw.
class DaemonPolicy : public Policy {
public:
    /// \returns true if this policy can move the service to the background.
    [[nodiscard]] virtual bool has_background() const { return false; }
    /// \returns true if this policy notifies the service manager as sd_notify(3) describes. The unit can then rely on
    ///          that.
    [[nodiscard]] virtual bool notifies_manager() const { return false; }
    /// Moves the service to where it runs, for example to the background.
    /// \pre the process has one thread and holds no lock.
    /// \returns in the parent, when the service is ready (Role::parent) or has failed (the error that the service
    ///          reported); in the service, at once. An error before the fork is returned in the parent.
    virtual Result<Role> enter() = 0;
    /// Runs `body` once and returns when it is over. In `body` the program's handlers run, from the start event to the
    /// stop event. Privileges are dropped before the call. A policy may do work for the whole process beside it, such
    /// as reaping orphans.
    /// \returns an error if `body` was not run.
    virtual Result<void> run_service(const std::function<void()>& body) {
        body();
        return {};
    }
    /// Called once, after enter(), when the log is open. Not called if the start fails before.
    /// \param files that the log writes, the current one first; empty if it writes none
    virtual void logs_to(const std::vector<std::string>& /*files*/) {}
    /// Called when the process is about to end by a fatal signal or by exit(3). It runs in the thread in which that
    /// happens, in a signal handler, while any other call may be running. It may do only what signal-safety(7) allows.
    /// A handler of the program may still keep the process alive.
    /// \param what in one line, without the newline
    virtual void crashed(std::string_view /*what*/) noexcept {}
    /// Called when the start is complete, and when a reload is over that reloading() has announced.
    virtual void ready() {}
    /// Called when the start has failed or the service ends with an error. If the start fails early, it is called
    /// instead of enter().
    virtual void failed(const Error& /*error*/) {}
    /// Called when a reload begins; ready() follows.
    virtual void reloading() {}
    /// Called when the stop begins. After it, only status(), extend(), alive() and failed() may be called.
    virtual void stopping() {}
    /// Takes one line, for people, about what the service does.
    virtual void status(std::string_view /*text*/) {}
    /// Called at most once a second while a start, reload or stop makes progress: it may take `time` more from now. A
    /// supervisor with a limit of its own must wait longer than that, so that the service itself ends a step that takes
    /// too long.
    virtual void extend(std::chrono::milliseconds /*time*/) {}
    /// The interval at which alive() is to be called after ready(); nothing for never. Called after enter().
    [[nodiscard]] virtual std::optional<std::chrono::milliseconds> alive_interval() const { return std::nullopt; }
    /// Called while the loop that answers requests runs and no event hangs.
    virtual void alive() {}
};

}  // namespace servicekit
