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

/// An instance that runs, as its lock tells, or its control socket where no lock is held.
struct Instance {
    enum class Witness { lock, socket };

    Paths paths;
    pid_t pid = 0;  ///< 0 where nobody can tell
    Witness witness = Witness::lock;
    std::vector<uid_t> users = {};  ///< who may serve its socket and be signalled, beside root

    /// "pid 4711", or that nobody can tell it.
    [[nodiscard]] std::string in_words() const;
};

/// \returns why a control socket is not to be connected to: it is a symbolic link in a directory that strangers can change,
///          and may lead to another service; nothing if it is not
[[nodiscard]] std::optional<Error> refuse_link(const Paths& paths, const std::vector<uid_t>& users, os::Files& files);

/// Finds the running instance of a service, signals it, and waits for its end. Never takes the lock.
class RunningService {
public:
    using Deadline = std::optional<std::chrono::steady_clock::time_point>;

    /// \param candidates where it may be, the likeliest first; not empty
    RunningService(LockPolicy& lock, const Settings& settings, std::vector<Paths> candidates, const Tools& tools)
        : lock_{lock}, settings_{settings}, candidates_{std::move(candidates)}, tools_{tools} {}

    /// The first candidate whose lock is held; else the first whose control socket is served. One of a stranger does not
    /// count: it is of somebody else than root, this user and the user that the setting `user` names. The owner of a lock
    /// is believed if no stranger can change the directory of the pidfile.
    /// \returns nothing if none runs, an error if that can't be found out. A stranger's in a place that somebody has named
    ///          is an error of ExitCode::permission without an errno.
    Result<std::optional<Instance>> find();

    /// Files that an instance leaves only where it was killed: a pidfile with content, a socket. \pre none runs
    [[nodiscard]] std::vector<std::string> left_behind();
    /// "'/run/x.pid' or '/run/user/1000/x.pid'": where find() looked; the control sockets where the lock tells nothing.
    [[nodiscard]] std::string tried_in_words() const;
    /// Somebody who is not an instance but has its lock, or a stranger, in words; empty if find() met nobody.
    [[nodiscard]] const std::string& bystander() const noexcept { return bystander_; }

    /// Signals the instance, through a pidfd and after a second look at who it is.
    /// \returns false where it ended meanwhile; an error of ExitCode::permission where it runs as another user than
    ///          the service should, of ExitCode::timeout (so it still runs) where nobody can tell its pid.
    Result<bool> signal(const Instance& instance, int number);

    enum class Waited {
        ended,        ///< no instance runs there any more
        replaced,     ///< another one does
        still_runs,   ///< the time was up
        interrupted,  ///< the user had enough
    };
    Result<Waited> wait_for_end(const Instance& instance, Deadline deadline, os::InterruptibleSleep& sleep);

private:
    /// One more look at one place, with the eyes that saw it before.
    Result<std::optional<Instance>> look(const Paths& paths, Instance::Witness witness);
    Result<std::optional<Instance>> ask_lock(const Paths& paths);
    Result<std::optional<Instance>> ask_socket(const Paths& paths);
    /// The process that listens at a place; one without pid and uid if nobody can tell.
    [[nodiscard]] Peer server_at(const Paths& paths);
    /// What comes of an instance of a stranger. \param reason "locked by uid 1000, who ..."
    Result<std::optional<Instance>> refuse_stranger(const Paths& paths, const std::string& object,
                                                    const std::string& reason);
    /// \returns why the process must not be signalled; nothing if it may.
    std::optional<Error> refuse_foreign(const Instance& instance) const;
    /// Whose instances count everywhere, beside root's.
    [[nodiscard]] const std::vector<uid_t>& trusted_users();
    /// Whether no stranger can change the directory of the pidfile.
    [[nodiscard]] bool is_closed(const Paths& paths);

    LockPolicy& lock_;
    const Settings& settings_;
    std::vector<Paths> candidates_;
    const Tools& tools_;
    std::optional<std::vector<uid_t>> trusted_;
    std::string bystander_;
};

}  // namespace servicekit::cli
