#include "servicekit/mocks/fake_file_locks.hpp"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace servicekit::mocks {
namespace {

std::optional<Error> refusal(const std::string& path, const FakeNode& node) {
    switch (node.type) {
        case os::FileType::regular:
            return std::nullopt;
        case os::FileType::symlink:
            return Error{ExitCode::os, "lock", path, "it is a symbolic link", ELOOP};
        case os::FileType::directory:
            return os_error("lock", path, EISDIR);
        case os::FileType::socket:
        case os::FileType::other:
            break;
    }
    return Error{ExitCode::os, "lock", path, "it is not a regular file", EINVAL};
}

}  // namespace

class FakeFileLocks::FakeFileLock final : public os::FileLock {
public:
    FakeFileLock(std::shared_ptr<Table> table, FakeFiles& files, const FakeProcess& process, std::string path,
                 FakeFileTree::Node node, std::uint64_t number)
        : table_{std::move(table)},
          files_{&files},
          process_{&process},
          path_{std::move(path)},
          node_{std::move(node)},
          pid_{process.id()},
          number_{number} {}
    ~FakeFileLock() override {
        if (is_ours()) table_->by_inode.erase(node_->inode);
    }
    FakeFileLock(const FakeFileLock&) = delete;
    FakeFileLock& operator=(const FakeFileLock&) = delete;

    Result<void> write(std::string_view content) override {
        if (const auto failure = table_->failures.due("write", path_)) return os_error("write", path_, *failure);
        if (!is_ours()) return not_ours("write");
        node_->content = {};
        const std::size_t fits = files_->take_space(content.size());
        node_->content = content.substr(0, fits);
        if (fits < content.size()) return os_error("write", path_, ENOSPC);
        return {};
    }
    [[nodiscard]] os::FileIdentity file() const override { return {1, node_->inode}; }
    [[nodiscard]] bool still_at_path() const override {
        return is_ours() && files_->tree().find(path_, os::Links::do_not_follow).node == node_;
    }

private:
    [[nodiscard]] bool is_ours() const {
        const auto found = table_->by_inode.find(node_->inode);
        return process_->id() == pid_ && found != table_->by_inode.end() && found->second.number == number_;
    }
    [[nodiscard]] Error not_ours(const char* action) const {
        return Error{ExitCode::internal, action, path_, "the lock is another process's, or gone", EPERM};
    }

    std::shared_ptr<Table> table_;
    FakeFiles* files_;
    const FakeProcess* process_;
    std::string path_;
    FakeFileTree::Node node_;
    pid_t pid_;
    std::uint64_t number_;
};

Result<FakeFileTree::Node> FakeFileLocks::find(const std::string& path, mode_t permissions) {
    FakeFileTree& tree = files_->tree();
    auto place = tree.find(path, os::Links::do_not_follow);
    if (place.errno_value != 0) return os_error("open", path, place.errno_value);
    if (place.node == nullptr) {
        if (const int refused = tree.create(place, os::FileType::regular, permissions); refused != 0)
            return os_error("create", path, refused);
    }
    if (auto error = refusal(path, *place.node)) return *std::move(error);
    using Access = FakeFileTree::Access;
    if (!tree.may(*place.node, Access::read) || !tree.may(*place.node, Access::write))
        return os_error("open", path, EACCES);
    return place.node;
}

Result<os::LockAttempt> FakeFileLocks::try_lock(const std::string& path, mode_t permissions) {
    if (const auto failure = table_->failures.due("try_lock", path)) return os_error("lock", path, *failure);
    const auto node = find(path, permissions);
    if (!node) return node.error();
    const std::uint64_t inode = (*node)->inode;
    if (const auto holding = table_->by_inode.find(inode); holding != table_->by_inode.end())
        return os::LockAttempt{.lock = nullptr, .owner = holding->second.owner};
    const os::LockOwner ourselves{.pid = process_->id(), .uid = process_->effective_user()};
    if ((*node)->uid == ourselves.uid) {
        (*node)->permissions &= permissions;
    } else if (ourselves.uid == 0) {
        (*node)->uid = 0;
        (*node)->gid = 0;
        (*node)->permissions = permissions;
    }
    const Holding holding{ourselves, ++table_->last_number};
    table_->by_inode.emplace(inode, holding);
    return os::LockAttempt{
        .lock = std::make_unique<FakeFileLock>(table_, *files_, *process_, path, *node, holding.number),
        .found = (*node)->content};
}

Result<std::optional<os::LockOwner>> FakeFileLocks::owner(const std::string& path, os::Look /*look*/) {
    if (const auto failure = table_->failures.due("owner", path)) return os_error("open", path, *failure);
    const auto place = files_->tree().find(path, os::Links::do_not_follow);
    const bool is_missing = place.errno_value == ENOENT || place.errno_value == ENOTDIR;
    if (is_missing || (place.errno_value == 0 && place.node == nullptr)) return std::optional<os::LockOwner>{};
    if (place.errno_value != 0) return os_error("open", path, place.errno_value);
    if (auto error = refusal(path, *place.node)) return *std::move(error);
    const auto holding = table_->by_inode.find(place.node->inode);
    if (holding == table_->by_inode.end()) return std::optional<os::LockOwner>{};
    os::LockOwner found = holding->second.owner;
    found.file = {1, place.node->inode};
    if (files_->tree().may(*place.node, FakeFileTree::Access::read)) found.content = place.node->content;
    return std::optional{std::move(found)};
}

void FakeFileLocks::lock_by(const std::string& path, os::LockOwner owner) {
    if (!files_->exists(path)) files_->add_file(path);
    const std::uint64_t inode = files_->status_of(path).inode;
    if (!table_->by_inode.emplace(inode, Holding{std::move(owner), ++table_->last_number}).second)
        throw std::runtime_error("'" + path + "' is locked already");
}

std::optional<os::LockOwner> FakeFileLocks::holder(const std::string& path) const {
    const auto node = files_->tree().peek(path);
    const auto holding = node == nullptr ? table_->by_inode.end() : table_->by_inode.find(node->inode);
    return holding == table_->by_inode.end() ? std::nullopt : std::optional{holding->second.owner};
}

std::size_t FakeFileLocks::held_by(pid_t pid) const {
    return static_cast<std::size_t>(std::count_if(table_->by_inode.begin(), table_->by_inode.end(),
                                                  [pid](const auto& entry) { return entry.second.owner.pid == pid; }));
}

void FakeFileLocks::process_died(pid_t pid) {
    std::erase_if(table_->by_inode, [pid](const auto& entry) { return entry.second.owner.pid == pid; });
}

}  // namespace servicekit::mocks
