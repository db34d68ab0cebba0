#pragma once

#include <sys/types.h>

#include <optional>

#include "servicekit/base/result.hpp"
#include "servicekit/os/users.hpp"
#include "servicekit/policies/control/unix_socket_control.hpp"

namespace servicekit::policies {

/// The user and group of a control socket that the options name; nothing for those that they do not name.
struct SocketAccounts {
    std::optional<uid_t> owner;
    std::optional<gid_t> group;
};

/// \returns ExitCode::configuration for a user or group that does not exist
[[nodiscard]] Result<SocketAccounts> find_socket_accounts(const UnixSocketControl::Options& options, os::Users& users);

}  // namespace servicekit::policies
