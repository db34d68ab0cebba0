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

/// Whom a service is to become.
struct Identity {
    os::User user;
    gid_t group;
};

/// Whom the settings `user` and `group` name. \returns nothing if the service stays who it is
[[nodiscard]] Result<std::optional<Identity>> find_identity(const Settings& settings, const os::Host& host);

/// The stage in which a service gives up what it needed only to begin: it becomes its user, and shuts itself in.
/// It comes when the lock is held, the log open and the socket bound, and before any thread exists, since some of what
/// is given up belongs to the thread that gives it up.
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

    /// Whether drop() takes anything away.
    [[nodiscard]] bool will_change() const;

    /// Finds out whom the service becomes, and has files opened with the rights of that user where they count.
    /// Comes before anything is opened by its name.
    std::optional<Error> prepare();
    /// Whom the service becomes; nothing where it stays who it is. \pre prepare()
    [[nodiscard]] std::optional<uid_t> user() const {
        return identity_ ? std::optional{identity_->user.uid} : std::nullopt;
    }
    /// \pre prepare()
    /// \returns what went wrong: the service must end then, for it may be half changed.
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
    std::optional<Identity> identity_;  ///< nothing: the service stays who it is
};

}  // namespace servicekit
