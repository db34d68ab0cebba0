#pragma once

#include <optional>
#include <vector>

#include "core/configuration.hpp"
#include "core/crash_watch.hpp"
#include "core/instance.hpp"
#include "core/stream_redirection.hpp"
#include "servicekit/base/error.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/os/confinement.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/os/users.hpp"
#include "servicekit/policy/policy_references.hpp"

namespace servicekit {

/// The user and group that a service changes to.
struct Identity {
    os::User user;
    gid_t group;
};

/// Finds the user and group that the settings name. \returns nothing if the service keeps its own
[[nodiscard]] Result<std::optional<Identity>> find_identity(const Settings& settings, const os::Host& host);

/// The stage in which a service gives up the rights that only its start needed: it changes its user and confines
/// itself. It runs when the lock is held, the log is open and the socket is bound. It runs before any other thread
/// exists, since some of these rights belong to the thread that gives them up.
class Privileges {
public:
    Privileges(const Configuration& configuration, const Instance& instance, PolicyReferences& policies,
               StreamRedirection& streams, CrashWatch& crash_watch, const os::Host& host, Logger& log)
        : configuration_{configuration},
          instance_{instance},
          policies_{policies},
          streams_{streams},
          crash_watch_{crash_watch},
          host_{host},
          log_{log} {}

    /// Returns true if drop() takes any rights away.
    [[nodiscard]] bool will_change() const;

    /// Finds out which user the service changes to, and makes files be opened with the rights of that user if
    /// necessary. Call before anything is opened by its name.
    std::optional<Error> prepare();
    /// Returns the user that the service changes to; nothing if it keeps its own. \pre prepare()
    [[nodiscard]] std::optional<uid_t> user() const {
        return identity_ ? std::optional{identity_->user.uid} : std::nullopt;
    }
    /// \pre prepare()
    /// \returns an error if it fails; the service must end then, as it may be half changed
    std::optional<Error> drop();

private:
    [[nodiscard]] bool is_confined() const;
    Result<void> be_alone() const;
    Result<void> set_limits() const;
    Result<void> become(const Identity& identity) const;
    Result<void> hand_over(const Identity& identity) const;
    void take_up_environment(const os::User& user) const;
    [[nodiscard]] std::vector<gid_t> groups_of_settings() const;
    Result<void> take_up_surroundings(bool is_another_user) const;
    Result<void> confine();
    [[nodiscard]] std::vector<os::WritablePath> writable_paths() const;

    const Configuration& configuration_;
    const Instance& instance_;
    PolicyReferences& policies_;
    StreamRedirection& streams_;
    CrashWatch& crash_watch_;
    const os::Host& host_;
    Logger& log_;
    std::optional<Identity> identity_;  ///< nothing: the service keeps its user
};

}  // namespace servicekit
