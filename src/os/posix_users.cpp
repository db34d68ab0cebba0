#include "servicekit/os/users.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/parse_id.hpp"
#include "os/files/file_rights.hpp"
#include "os/unmapped_ids.hpp"

namespace servicekit::os {
namespace {

/// Calls a function such as getpwnam_r(3) with a buffer that grows until it is large enough.
/// \param look_up int(Entry* entry, char* buffer, size_t size, Entry** found)
/// \param take reads the entry, which is gone afterwards
template <class Entry, class Told>
Result<std::optional<Told>> look_up_in_database(const std::string& what, const std::string& name,
                                                const std::function<int(Entry*, char*, std::size_t, Entry**)>& look_up,
                                                const std::function<Told(const Entry&)>& take) {
    constexpr std::size_t largest = std::size_t{1} << 24;  // a group with very many members
    for (std::vector<char> buffer(4096);; buffer.resize(buffer.size() * 4)) {
        Entry entry{};
        Entry* found = nullptr;
        const int outcome = look_up(&entry, buffer.data(), buffer.size(), &found);
        if (found != nullptr) return std::optional<Told>{take(*found)};
        if (outcome == ERANGE && buffer.size() < largest) continue;
        // Each of these means that there is no such entry, getpwnam(3).
        for (const int missing : {0, ENOENT, ESRCH, EBADF, EPERM})
            if (outcome == missing) return std::optional<Told>{};
        return os_error("look up " + what, name, outcome);
    }
}

User user_from(const passwd& entry) {
    return {entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir, entry.pw_shell};
}
gid_t gid_from(const group& entry) { return entry.gr_gid; }

bool is_already(const User& user, gid_t group) {
    uid_t uids[3];
    gid_t gids[3];
    if (::getresuid(&uids[0], &uids[1], &uids[2]) != 0 || ::getresgid(&gids[0], &gids[1], &gids[2]) != 0) return false;
    for (const uid_t uid : uids)
        if (uid != user.uid) return false;
    for (const gid_t gid : gids)
        if (gid != group) return false;
    return true;
}

/// Returns true if the process can still change its ids: with securebits or PR_SET_KEEPCAPS it may have kept the
/// capabilities, effective or only permitted.
bool may_change_ids() {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3]{};
    if (::syscall(SYS_capget, &header, sets) != 0) return true;
    constexpr unsigned changes_ids = (1U << CAP_SETUID) | (1U << CAP_SETGID);
    return (sets[0].permitted & changes_ids) != 0;
}

/// Returns all groups of a user: `group`, and those in the database.
std::vector<gid_t> groups_of(const User& user, gid_t group) {
    if (user.name.empty()) return {group};
    std::vector<gid_t> groups(32);
    for (;;) {
        int count = static_cast<int>(groups.size());
        const bool is_all = ::getgrouplist(user.name.c_str(), group, groups.data(), &count) >= 0;
        groups.resize(static_cast<std::size_t>(count));
        if (is_all) return groups;
    }
}

/// Leaves the groups that the user is not in, for a process that was started as the user: its
/// parent may have left it others.
Result<void> leave_other_groups(const User& user, gid_t group, std::span<const gid_t> may_keep, const Error& error) {
    std::vector<gid_t> expected = groups_of(user, group);
    expected.insert(expected.end(), may_keep.begin(), may_keep.end());
    const int count = ::getgroups(0, nullptr);
    std::vector<gid_t> groups(static_cast<std::size_t>(std::max(count, 0)));
    if (count < 0 || ::getgroups(count, groups.data()) < 0) return os_error(error.action, error.object, errno);
    const auto is_other = [&expected](gid_t id) {
        return std::find(expected.begin(), expected.end(), id) == expected.end();
    };
    const auto other = std::find_if(groups.begin(), groups.end(), is_other);
    if (other == groups.end()) return {};
    Error refused = error;
    refused.exit_code = ExitCode::permission;
    refused.errno_value = EPERM;
    refused.reason = "the process is in group " + std::to_string(*other) +
                     ", which the user is not in, and it may not leave the group";
    std::erase_if(groups, is_other);
    return ::setgroups(groups.size(), groups.data()) == 0 ? Result<void>{} : refused;
}

/// Drops the inheritable and ambient capabilities too, which an executed program would get.
bool give_up_capabilities() {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3]{};
    const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3]{};
    // If there are none, a seccomp filter that forbids changing them does no harm.
    if (::syscall(SYS_capget, &header, held) == 0 && std::memcmp(held, none, sizeof none) == 0) return true;
    // A kernel before 4.3 has no ambient capabilities.
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL) return false;
    return ::syscall(SYS_capset, &header, none) == 0;
}

/// Tries it, so that every check of the kernel is included.
bool can_be_root_again(gid_t group) { return ::setuid(0) == 0 || (group != 0 && ::setgid(0) == 0) || may_change_ids(); }

class PosixUsers final : public Users {
public:
    // A name has precedence, as in chown(1), since it may consist of digits.
    Result<std::optional<User>> find_user(const std::string& name_or_uid) override {
        auto found = look_up_in_database<passwd, User>(
            "user", name_or_uid, [&](auto... out) { return ::getpwnam_r(name_or_uid.c_str(), out...); }, user_from);
        const auto uid = parse_id(name_or_uid);
        if (!found || *found || !uid) return found;

        found = look_up_in_database<passwd, User>(
            "user", name_or_uid, [&](auto... out) { return ::getpwuid_r(*uid, out...); }, user_from);
        if (!found || *found) return found;
        return std::optional{User{.name = "", .uid = *uid, .gid = no_id}};
    }

    Result<std::optional<gid_t>> find_group(const std::string& name_or_gid) override {
        auto found = look_up_in_database<group, gid_t>(
            "group", name_or_gid, [&](auto... out) { return ::getgrnam_r(name_or_gid.c_str(), out...); }, gid_from);
        if (!found || *found) return found;
        return std::optional<gid_t>{parse_id(name_or_gid)};
    }

    bool is_one_user(uid_t uid) const override { return uid != no_id && certain_user(uid) == uid; }

    void prepare(const User& user, gid_t group) override {
        if (user.uid == 0 || user.uid == no_id || group == no_id) return set_file_user(nullptr);
        set_file_user(
            std::make_shared<FileUser>(FileUser{.uid = user.uid, .gid = group, .groups = groups_of(user, group)}));
    }

    Result<void> become(const User& user, gid_t group, std::span<const gid_t> may_keep) override {
        constexpr const char* action = "become user";
        const std::string object = user.name.empty() ? std::to_string(user.uid) : user.name;
        if (group == no_id)
            return Error{ExitCode::configuration, action, object,
                         "the user database has no such user to tell a group, so name a group as well", EINVAL};
        if (user.uid == no_id) return os_error(action, object, EINVAL);
        if (user.uid != 0 && is_already(user, group)) {
            const Error error{ExitCode::permission, action, object, ""};
            if (auto left = leave_other_groups(user, group, may_keep, error); !left) return left;
            if (!give_up_capabilities()) return os_error(action, object, errno);
            return prove(user, group, error);
        }

        const int grouped = user.name.empty() ? ::setgroups(1, &group) : ::initgroups(user.name.c_str(), group);
        if (grouped != 0) return os_error(action, object, errno);
        if (::setresgid(group, group, group) != 0) return os_error(action, object, errno);
        if (::setresuid(user.uid, user.uid, user.uid) != 0) return os_error(action, object, errno);
        if (auto proved = prove(user, group, Error{ExitCode::permission, action, object, ""}); !proved) return proved;
        if (user.uid != 0 && !give_up_capabilities()) return os_error(action, object, errno);
        set_file_user(nullptr);
        return {};
    }

private:
    static Result<void> prove(const User& user, gid_t group, Error error) {
        error.errno_value = EPERM;
        if (!is_already(user, group))
            error.reason = "the system left other ids in force";
        else if (user.uid != 0 && can_be_root_again(group))
            error.reason = "root can still be had back";
        else
            return {};
        return error;
    }
};

}  // namespace

Users& posix_users() {
    static PosixUsers users;
    return users;
}

}  // namespace servicekit::os
