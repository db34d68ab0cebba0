#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/paths.hpp"
#include "core/start_record.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::servicectl {

/// Where a service runs or ran.
struct Place {
    Paths paths;
    uid_t owner = 0;                         ///< only this user and root can change the directories of the place
    std::optional<StartRecord> record = {};  ///< written by root or this process's user

    [[nodiscard]] const std::string& name() const noexcept { return paths.name; }
};

/// Returns true if a user other than root and this process's user decides what is at the place.
[[nodiscard]] bool is_of_another_user(const Place& place, const os::Host& host);

/// Finds out who can change what is in a directory. Remembers the answers.
class Owners {
public:
    explicit Owners(const os::Host& host) : host_{host} {}
    /// \returns root, this process's user or the owner of the directory: the first of them who can change it and its
    /// path together with root only; nothing if others can, too, or if it does not exist
    [[nodiscard]] std::optional<uid_t> of(const std::string& directory);

private:
    [[nodiscard]] std::optional<uid_t> find(const std::string& directory) const;

    const os::Host& host_;
    std::map<std::string, std::optional<uid_t>> known_;
};

/// Finds the places of all services that this user can see: those with a record, and those with a socket NAME.control
/// in a default run directory. Opens no file of another user and follows none of its links. Sorted by name.
[[nodiscard]] std::vector<Place> find_places(const os::Host& host);

/// Returns the place with this pidfile or control socket. One that is not among `known` is made up from the path.
/// \returns an error if there is no such file, or if any user can change its directory
[[nodiscard]] Result<Place> place_at(const std::string& path, const std::vector<Place>& known, const os::Host& host);

}  // namespace servicekit::servicectl
