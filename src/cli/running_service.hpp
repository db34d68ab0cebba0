#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cli/tools.hpp"
#include "core/places.hpp"
#include "servicekit/contract/lock.hpp"
#include "servicekit/core/settings.hpp"

namespace servicekit::cli {

/// An instance that runs, as its lock tells, or its control socket where no lock is held.
struct Instance {
    enum class Witness { lock, socket };

    Places places;
    pid_t pid = 0;  ///< 0 where nobody can tell
    Witness witness = Witness::lock;

    /// "pid 4711", or that nobody can tell it.
    [[nodiscard]] std::string in_words() const;
};

/// Finds the running instance of a service, signals it, and waits for its end. Never takes the lock.
class RunningService {
public:
    using Deadline = std::optional<std::chrono::steady_clock::time_point>;

    /// \param candidates where it may be, the likeliest first; not empty
    RunningService(contract::Lock& lock, const Settings& settings, std::vector<Places> candidates, const Tools& tools)
        : lock_{lock}, settings_{settings}, candidates_{std::move(candidates)}, tools_{tools} {}

    /// The first candidate whose lock is held; else the first whose control socket is served.
    /// \returns nothing where none runs, an error where that can't be told.
    Result<std::optional<Instance>> find();

    /// Files that an instance leaves only where it was killed: a pidfile with content, a socket. \pre none runs
    [[nodiscard]] std::vector<std::string> left_behind() const;
    /// "'/run/x.pid' or '/run/user/1000/x.pid'": where find() looked; the control sockets where the lock tells nothing.
    [[nodiscard]] std::string tried_in_words() const;
    /// Somebody who is no instance but has its lock, in words; empty where nobody was met by find().
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
    Result<std::optional<Instance>> look(const Places& places, Instance::Witness witness);
    Result<std::optional<Instance>> ask_lock(const Places& places);
    Result<std::optional<Instance>> ask_socket(const Places& places);
    [[nodiscard]] pid_t pid_behind_socket(const Places& places) const;
    /// \returns why the process must not be signalled; nothing where it may.
    std::optional<Error> refuse_foreign(const Instance& instance) const;
    [[nodiscard]] std::optional<uid_t> service_user(const Places& places) const;

    contract::Lock& lock_;
    const Settings& settings_;
    std::vector<Places> candidates_;
    const Tools& tools_;
    std::string bystander_;
};

}  // namespace servicekit::cli
