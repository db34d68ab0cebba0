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

/// Which process returns from Daemon::enter().
enum class Role {
    parent,   ///< the one that the user started: the service is ready elsewhere, this one ends with 0
    service,  ///< the one that goes on as the service
};

/// How the service gets to where it runs, and tells those who wait for it how it is.
///
/// A daemon policy derives from this and overrides enter(), and what else it has to say. All but enter() and run_service() are
/// called from any thread, never two at a time, except crashed(); none may throw.
class DaemonPolicy : public Policy {
public:
    /// Whether this policy can move the service to the background at all.
    [[nodiscard]] virtual bool has_background() const { return false; }
    /// Whether this policy tells the service manager how the service is, as sd_notify(3) says: its unit then can rely
    /// on that.
    [[nodiscard]] virtual bool notifies_manager() const { return false; }
    /// Goes where the service runs.
    /// \pre one thread, no lock held.
    /// \returns in the parent, after the service became ready (Role::parent) or failed (the error that the service
    ///          reported); in the service at once. An error before the parent and the service parted is the parent's.
    virtual Result<Role> enter() = 0;
    /// Runs the part of the life in which the program's handlers run, from the start event to the stop event, once;
    /// returns when it is over. Before it, privileges were dropped; while it runs, what belongs to the process and not
    /// to the program can be done beside it.
    /// \returns an error where `body` was not run.
    virtual Result<void> run_service(const std::function<void()>& body) {
        body();
        return {};
    }
    /// The log is open: it has what happens from now on. Called once, after enter(), unless the start fails before.
    /// \param files that the log writes, the current one first; empty if it writes none
    virtual void logs_to(const std::vector<std::string>& /*files*/) {}
    /// The process is about to end by a fatal signal or by exit(3), unless a handler of the program's keeps it. Called in
    /// the thread in which that happens, in a signal's handler, whatever other call is under way: only what
    /// signal-safety(7) allows.
    /// \param what in one line, without its end
    virtual void crashed(std::string_view /*what*/) noexcept {}
    /// The start is over, or a reload that reloading() told of is.
    virtual void ready() {}
    /// The service will never be ready, or ends badly, for this reason. May come instead of enter(), where the start fails
    /// before it.
    virtual void failed(const Error& /*error*/) {}
    virtual void reloading() {}
    /// The end has begun: of the other calls only status(), extend(), alive() and failed() may follow.
    virtual void stopping() {}
    /// A line for people about what the service does.
    virtual void status(std::string_view /*text*/) {}
    /// A start, reload or stop makes progress, and may take `time` from now on. Whoever limits it from outside must wait
    /// longer, so that it is the service that ends a step that takes too long. Called once a second at most.
    virtual void extend(std::chrono::milliseconds /*time*/) {}
    /// How often alive() is wanted from ready() on; nothing: never. Asked after enter().
    [[nodiscard]] virtual std::optional<std::chrono::milliseconds> alive_interval() const { return std::nullopt; }
    /// The loop that answers requests still turns, and no event hangs.
    virtual void alive() {}
};

}  // namespace servicekit
