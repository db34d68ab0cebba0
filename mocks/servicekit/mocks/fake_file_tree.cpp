#include "servicekit/mocks/fake_file_tree.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <utility>

namespace servicekit::mocks {
namespace {

constexpr int most_links = 40;
constexpr mode_t sticky = 01000;

using Steps = std::deque<std::string>;

Steps steps_of(const std::string& path) {
    Steps steps;
    std::string step;
    for (const char letter : path + "/") {
        if (letter != '/') {
            step += letter;
        } else if (!step.empty()) {
            steps.push_back(std::exchange(step, {}));
        }
    }
    // A slash at the end means a directory, as if a dot followed.
    if (!path.empty() && path.back() == '/') steps.emplace_back(".");
    return steps;
}

bool is_member(const Peer& who, gid_t group) {
    return who.gid == group || std::find(who.groups.begin(), who.groups.end(), group) != who.groups.end();
}

}  // namespace

os::FileStatus FakeNode::status() const {
    return {.type = type,
            .permissions = permissions,
            .uid = uid,
            .gid = gid,
            .size = type == os::FileType::symlink ? target.size() : content.size(),
            .device = 1,
            .inode = inode,
            .modified = modified,
            .links = links};
}

FakeFileTree::FakeFileTree() : root_{std::make_shared<FakeNode>()} {
    root_->type = os::FileType::directory;
    root_->permissions = 0755;
    root_->inode = last_inode_;
}

bool FakeFileTree::may(const Peer& who, const FakeNode& node, Access access) const {
    const auto wanted = static_cast<mode_t>(access);
    if (who.uid == 0)
        return access != Access::search || node.type == os::FileType::directory || (node.permissions & 0111) != 0;
    if (who.uid == node.uid) return (node.permissions >> 6U & wanted) != 0;
    if (is_member(who, node.gid)) return (node.permissions >> 3U & wanted) != 0;
    return (node.permissions & wanted) != 0;
}

FakeFileTree::Place FakeFileTree::find(const Peer& who, const std::string& path, os::Links links) const {
    if (path.empty()) return {.errno_value = ENOENT};
    std::vector<Node> directories{root_};  // the directories above, for ".."
    Steps steps = steps_of(path);
    int links_followed = 0;
    Place place{.directory = root_, .name = ".", .node = root_};
    while (!steps.empty()) {
        const Node directory = directories.back();
        if (!may(who, *directory, Access::search)) return {.errno_value = EACCES};
        std::string step = std::move(steps.front());
        steps.pop_front();
        if (step == "." || step == "..") {
            if (step == ".." && directories.size() > 1) directories.pop_back();
            place = {.directory = directories.back(), .name = ".", .node = directories.back()};
            continue;
        }
        const auto found = directory->entries.find(step);
        place = {
            .directory = directory, .name = step, .node = found == directory->entries.end() ? nullptr : found->second};
        if (place.node == nullptr) {
            const bool is_last = steps.empty() || (steps.size() == 1 && steps.front() == ".");
            return is_last ? place : Place{.errno_value = ENOENT};
        }
        if (place.node->type == os::FileType::symlink && (!steps.empty() || links == os::Links::follow)) {
            if (++links_followed > most_links) return {.errno_value = ELOOP};
            if (place.node->target.starts_with('/')) directories.resize(1);
            Steps to_target = steps_of(place.node->target);
            steps.insert(steps.begin(), to_target.begin(), to_target.end());
            place = {.directory = directories.back(), .name = ".", .node = directories.back()};
            continue;
        }
        if (place.node->type == os::FileType::directory) {
            directories.push_back(place.node);
        } else if (!steps.empty()) {
            return {.errno_value = ENOTDIR};
        }
    }
    return place;
}

FakeFileTree::Node FakeFileTree::peek(const std::string& path) const {
    return find({.pid = 0, .uid = 0, .gid = 0}, path, os::Links::follow).node;
}

int FakeFileTree::refusal_to_change(const FakeNode& directory) const {
    return may(directory, Access::write) && may(directory, Access::search) ? 0 : EACCES;
}

int FakeFileTree::create(Place& place, os::FileType type, mode_t permissions) {
    if (place.errno_value != 0) return place.errno_value;
    if (place.node != nullptr) return EEXIST;
    if (const int refusal = refusal_to_change(*place.directory); refusal != 0) return refusal;
    place.node = std::make_shared<FakeNode>();
    place.node->type = type;
    place.node->permissions = permissions;
    place.node->uid = caller().uid;
    place.node->gid = caller().gid;
    place.node->inode = ++last_inode_;
    place.directory->entries.emplace(place.name, place.node);
    return 0;
}

int FakeFileTree::remove(const Place& place) {
    if (place.errno_value != 0) return place.errno_value;
    if (place.node == nullptr) return ENOENT;
    if (place.node->type == os::FileType::directory) return EISDIR;
    if (const int refusal = refusal_to_change(*place.directory); refusal != 0) return refusal;
    const uid_t uid = caller().uid;
    const bool is_others = uid != 0 && uid != place.node->uid && uid != place.directory->uid;
    if ((place.directory->permissions & sticky) != 0 && is_others) return EPERM;
    place.node->links = 0;
    place.directory->entries.erase(place.name);
    return 0;
}

int FakeFileTree::rename(const std::string& from, const std::string& to) {
    const Place source = find(from, os::Links::do_not_follow);
    const Place goal = find(to, os::Links::do_not_follow);
    for (const Place& place : {source, goal})
        if (place.errno_value != 0) return place.errno_value;
    if (source.node == nullptr) return ENOENT;
    for (const Node& directory : {source.directory, goal.directory})
        if (const int refusal = refusal_to_change(*directory); refusal != 0) return refusal;
    if (goal.node == source.node) return 0;
    if (goal.node != nullptr && goal.node->type == os::FileType::directory) return EISDIR;
    if (goal.node != nullptr) goal.node->links = 0;
    source.directory->entries.erase(source.name);
    goal.directory->entries.insert_or_assign(goal.name, source.node);
    return 0;
}

}  // namespace servicekit::mocks
