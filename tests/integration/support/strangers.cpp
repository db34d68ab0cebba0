#include "integration/support/strangers.hpp"

#include <grp.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace servicekit::test {

bool is_root() { return ::geteuid() == 0; }

Command as_stranger(Command command) {
    const std::string id = std::to_string(stranger);
    const Strings prefix{"setpriv", "--reuid", id, "--regid", id, "--clear-groups"};
    command.arguments.insert(command.arguments.begin(), prefix.begin(), prefix.end());
    return command;
}

void become(uid_t user) {
    if (::setgroups(0, nullptr) != 0 || ::setresgid(user, user, user) != 0 || ::setresuid(user, user, user) != 0)
        throw std::system_error{errno, std::generic_category(), "cannot become user " + std::to_string(user)};
}

}  // namespace servicekit::test
