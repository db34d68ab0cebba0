#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/unit/unit_file.hpp"
#include "core/paths.hpp"
#include "servicekit/core/settings.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::cli {

/// The user and groups of a unit's service, which decide what it may write.
struct UnitIdentity {
    uid_t uid = 0;
    std::vector<gid_t> groups = {};
};

/// The paths that a service writes, and whether its unit permits that.
struct UnitDirectories {
    std::vector<std::string> runtime = {};  ///< below /run, without that prefix, for RuntimeDirectory=
    std::vector<std::string> state = {};    ///< the same below /var/lib
    std::vector<std::string> cache = {};    ///< the same below /var/cache
    std::vector<std::string> logs = {};     ///< the same below /var/log
    std::vector<std::string> writable = {};
    std::vector<std::string> to_prepare = {};  ///< those in `writable` that a command of the unit must make
    std::vector<std::string> missing = {};     ///< those in `writable` that do not exist
    std::vector<std::string> needs_root = {};  ///< what the user may not do, in words: "files in '/run'"
    std::vector<std::string> readable = {};    ///< what the service must see
};

/// How the service of a unit gets its directories.
struct DirectoryRules {
    /// The identity that the manager gives to the service, without capabilities even as root; nothing if it is unknown
    /// on this machine.
    std::optional<UnitIdentity> identity = {};
    /// A user manager makes directories elsewhere.
    ServiceUnit::Manager manager = ServiceUnit::Manager::system;
    /// If the service drops privileges by itself, the directories that systemd makes belong to root. Only the runtime
    /// directory may be root's.
    ServiceUnit::Drop drop = ServiceUnit::Drop::by_manager;
};

Result<UnitDirectories> unit_directories(const Settings& settings, const Paths& paths, DirectoryRules rules,
                                         const os::Host& host);

}  // namespace servicekit::cli
