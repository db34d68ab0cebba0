#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/unit/unit_file.hpp"
#include "core/paths.hpp"
#include "servicekit/core/settings.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::cli {

/// Who a service of a unit is, for what it may write.
struct UnitIdentity {
    uid_t uid = 0;
    std::vector<gid_t> groups = {};
};

/// What a service writes, and whether it can in its unit.
struct UnitDirectories {
    std::vector<std::string> runtime = {};  ///< below /run, without that, for RuntimeDirectory=
    std::vector<std::string> state = {};    ///< the same below /var/lib
    std::vector<std::string> cache = {};    ///< the same below /var/cache
    std::vector<std::string> logs = {};     ///< the same below /var/log
    std::vector<std::string> writable = {};
    std::vector<std::string> to_prepare = {};  ///< of those, what a command of the unit must make for the user
    std::vector<std::string> missing = {};     ///< of those in `writable`
    std::vector<std::string> needs_root = {};  ///< what the user may not do, in words: "files in '/run'"
    std::vector<std::string> readable = {};    ///< what the service must see
};

/// How the service of a unit gets to its directories.
struct DirectoryRules {
    /// Whom the manager makes of the service, which has no capabilities, not even as root; nothing if this machine does
    /// not know.
    std::optional<UnitIdentity> identity = {};
    /// That of a user makes directories elsewhere.
    ServiceUnit::Manager manager = ServiceUnit::Manager::system;
    /// What systemd makes for a service that drops privileges by itself is root's, as only the runtime directory may be.
    ServiceUnit::Drop drop = ServiceUnit::Drop::by_manager;
};

Result<UnitDirectories> unit_directories(const Settings& settings, const Paths& paths, DirectoryRules rules,
                                         const os::Host& host);

}  // namespace servicekit::cli
