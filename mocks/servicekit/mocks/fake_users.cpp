#include "servicekit/mocks/fake_users.hpp"

#include <algorithm>
#include <cerrno>

#include "base/parse_id.hpp"

namespace servicekit::mocks {
Result<std::optional<os::User>> FakeUsers::find_user(const std::string& name_or_uid) {
    if (const auto failure = failures.due("find_user", name_or_uid))
        return os_error("look up user", name_or_uid, *failure);
    const auto named =
        std::find_if(users_.begin(), users_.end(), [&](const os::User& user) { return user.name == name_or_uid; });
    if (named != users_.end()) return std::optional{*named};
    const auto uid = parse_id(name_or_uid);
    if (!uid) return std::optional<os::User>{};
    const auto numbered =
        std::find_if(users_.begin(), users_.end(), [&](const os::User& user) { return user.uid == *uid; });
    return std::optional{numbered != users_.end() ? *numbered : os::User{.name = "", .uid = *uid, .gid = no_id}};
}

Result<std::optional<gid_t>> FakeUsers::find_group(const std::string& name_or_gid) {
    if (const auto failure = failures.due("find_group", name_or_gid))
        return os_error("look up group", name_or_gid, *failure);
    const auto named = groups_.find(name_or_gid);
    if (named != groups_.end()) return std::optional{named->second};
    return std::optional<gid_t>{parse_id(name_or_gid)};
}

Result<void> FakeUsers::become(const os::User& user, gid_t group, std::span<const gid_t> may_keep) {
    const std::string object = user.name.empty() ? std::to_string(user.uid) : user.name;
    if (group == no_id)
        return Error{ExitCode::configuration, "become user", object,
                     "the user database has no such user to tell a group, so name a group as well", EINVAL};
    if (const auto failure = failures.due("become", object)) return os_error("become user", object, *failure);
    const bool is_already = current_user() == user.uid && current_group() == group;
    if (current_user() != 0 && !is_already) return os_error("become user", object, EPERM);
    set_current(user.uid, group);
    states_.own().may_keep.assign(may_keep.begin(), may_keep.end());
    if (on_become_) on_become_(user.uid, group);
    return {};
}

}  // namespace servicekit::mocks
