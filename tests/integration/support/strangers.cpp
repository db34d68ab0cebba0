#include "integration/support/strangers.hpp"

#include <grp.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace servicekit::test {

bool is_root() { return ::geteuid() == 0; }

Command as_user(const Identity& who, Command command) {
    Strings prefix{"setpriv", "--reuid", std::to_string(who.user), "--regid", std::to_string(who.group)};
    std::string groups;
    for (const gid_t group : who.groups) groups += (groups.empty() ? "" : ",") + std::to_string(group);
    if (groups.empty())
        prefix.emplace_back("--clear-groups");
    else
        prefix.insert(prefix.end(), {"--groups", groups});
    command.arguments.insert(command.arguments.begin(), prefix.begin(), prefix.end());
    return command;
}

Command as_stranger(Command command) { return as_user({.user = stranger, .group = stranger}, std::move(command)); }

void become(uid_t user) {
    if (::setgroups(0, nullptr) != 0 || ::setresgid(user, user, user) != 0 || ::setresuid(user, user, user) != 0)
        throw std::system_error{errno, std::generic_category(), "cannot become user " + std::to_string(user)};
}

}  // namespace servicekit::test
