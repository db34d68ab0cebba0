#include "policies/control/socket_accounts.hpp"

#include <string>
#include <utility>

namespace servicekit::policies {

Result<SocketAccounts> find_socket_accounts(const UnixSocketControl::Options& options, os::Users& users) {
    const auto unknown = [&options](std::string reason) {
        return Error{ExitCode::configuration, "listen on", options.path, std::move(reason)};
    };
    const auto failed = [&options](const Error& cause) {
        Error error = cause.at_stage(ExitCode::cannot_create);
        error.action = "listen on";
        error.object = options.path;
        return error;
    };
    SocketAccounts accounts;
    if (!options.owner.empty()) {
        const auto user = users.find_user(options.owner);
        if (!user) return failed(user.error());
        if (!*user) return unknown("there is no user '" + options.owner + "'");
        accounts.owner = (*user)->uid;
    }
    if (!options.group.empty()) {
        const auto found = users.find_group(options.group);
        if (!found) return failed(found.error());
        if (!*found) return unknown("there is no group '" + options.group + "'");
        accounts.group = **found;
    }
    return accounts;
}

}  // namespace servicekit::policies
