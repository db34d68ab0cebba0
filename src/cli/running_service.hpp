#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cli/tools.hpp"
#include "core/paths.hpp"
#include "servicekit/base/peer.hpp"
#include "servicekit/core/settings.hpp"
#include "servicekit/policy/lock_policy.hpp"

namespace servicekit::cli {

/// A running instance, found by its lock, or by its control socket if no lock is held.
struct Instance {
    enum class Witness { lock, socket };

    Paths paths;
    pid_t pid = 0;  ///< 0 if unknown
    Witness witness = Witness::lock;
    std::vector<uid_t> users = {};  ///< users who may serve its socket and be signalled, in addition to root

    /// Returns for example "pid 4711", or that the pid is unknown.
    [[nodiscard]] std::string in_words() const;
};

/// \returns the reason not to connect to a control socket: it is a symbolic link in a directory that strangers can
/// change, so it may lead to another service. Nothing if it is not.
[[nodiscard]] std::optional<Error> refuse_link(const Paths& paths, const std::vector<uid_t>& users, os::Files& files);

/// Finds the running instance of a service, signals it, and waits for its end. Never takes the lock.
class RunningService {
public:
    using Deadline = std::optional<std::chrono::steady_clock::time_point>;

    /// \param candidates possible places, the likeliest first; not empty
    RunningService(LockPolicy& lock, const Settings& settings, std::vector<Paths> candidates, const Tools& tools)
        : lock_{lock}, settings_{settings}, candidates_{std::move(candidates)}, tools_{tools} {}

    /// Returns the first candidate whose lock is held; else the first whose control socket is served. An instance of a
    /// stranger does not count: its user is not root, this user or the user of the setting `user`. The owner of a lock
    /// is trusted if no stranger can change the directory of the pidfile.
    /// \returns nothing if none runs; an error if that cannot be determined. A stranger's instance in a configured
    /// place is an error of ExitCode::permission without an errno.
    Result<std::optional<Instance>> find();

    /// Returns files that only a killed instance leaves: a pidfile with content, a socket. \pre none runs
    [[nodiscard]] std::vector<std::string> left_behind();
    /// Returns where find() looked, as "'/run/x.pid' or '/run/user/1000/x.pid'". Lists control sockets if the lock does
    /// not know its owner.
    [[nodiscard]] std::string tried_in_words() const;
    /// Describes a process that holds the lock but is not an instance, or a stranger; empty if find() met neither.
    [[nodiscard]] const std::string& bystander() const noexcept { return bystander_; }

    /// Signals the instance through a pidfd, after it has checked again who it is.
    /// \returns false if it has ended; an error of ExitCode::permission if it runs as another user than expected, of
    /// ExitCode::timeout (it is still running) if its pid is unknown.
    Result<bool> signal(const Instance& instance, int number);

    enum class Waited {
        ended,        ///< no instance runs there any more
        replaced,     ///< another instance runs there
        still_runs,   ///< the time is over
        interrupted,  ///< the user has interrupted the wait
    };
    /// Waits until the lock is free (or, without a lock to ask, the socket is closed), and then for the end of the
    /// process: a second at most, as the lock alone is the proof.
    Result<Waited> wait_for_end(const Instance& instance, Deadline deadline, os::InterruptibleSleep& sleep);

private:
    /// Looks at one place again, in the way that found the instance.
    Result<std::optional<Instance>> look(const Paths& paths, Instance::Witness witness);
    Result<std::optional<Instance>> ask_lock(const Paths& paths);
    Result<std::optional<Instance>> ask_socket(const Paths& paths);
    /// Waits for the end of the process that has released the lock.
    Waited wait_for_last_steps(pid_t pid, std::chrono::milliseconds at_most, os::InterruptibleSleep& sleep);
    /// Returns the process that listens at a place, without pid and uid if that is unknown.
    [[nodiscard]] Peer server_at(const Paths& paths);
    /// Handles an instance of a stranger. \param reason "locked by uid 1000, who ..."
    Result<std::optional<Instance>> refuse_stranger(const Paths& paths, const std::string& object,
                                                    const std::string& reason);
    /// \returns why the process must not be signalled; nothing if it may
    std::optional<Error> refuse_foreign(const Instance& instance) const;
    /// Returns the users whose instances count everywhere, in addition to root.
    [[nodiscard]] const std::vector<uid_t>& trusted_users();
    /// Returns true if no stranger can change the directory of the pidfile.
    [[nodiscard]] bool is_closed(const Paths& paths);

    LockPolicy& lock_;
    const Settings& settings_;
    std::vector<Paths> candidates_;
    const Tools& tools_;
    std::optional<std::vector<uid_t>> trusted_;
    pid_t known_pid_ = 0;  ///< of the instance whose end is awaited
    std::string bystander_;
};

}  // namespace servicekit::cli
