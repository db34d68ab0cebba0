#include "servicekit/mocks/fake_files.hpp"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "base/path_parts.hpp"

namespace servicekit::mocks {

using os::FileType;
using os::Links;
using Access = FakeFileTree::Access;
using Node = FakeFileTree::Node;
using Place = FakeFileTree::Place;

namespace {

void demand(int errno_value, const std::string& path) {
    if (errno_value != 0) throw std::runtime_error("the fake file '" + path + "': " + errno_text(errno_value));
}

/// Acts as root while a test sets the scene, even if the caller is another user.
class AsRoot {
public:
    explicit AsRoot(FakeFileTree& tree) : tree_{tree}, caller_{tree.caller()} {
        tree_.act_as({.pid = 0, .uid = 0, .gid = 0});
    }
    ~AsRoot() { tree_.act_as(std::move(caller_)); }
    AsRoot(const AsRoot&) = delete;
    AsRoot& operator=(const AsRoot&) = delete;

private:
    FakeFileTree& tree_;
    Peer caller_;
};

}  // namespace

class FakeFiles::FakeFile final : public os::File {
public:
    FakeFile(FakeFiles& files, std::string path, Node node, Access access, int descriptor)
        : files_{files}, path_{std::move(path)}, node_{std::move(node)}, access_{access}, descriptor_{descriptor} {}
    /// Marks a file that was created by opening it.
    void set_new(bool takes_group_of_directory) {
        is_new_ = true;
        takes_group_of_directory_ = takes_group_of_directory;
        if (const auto failure = files_.failures.due("set_permissions", path_))
            shortcoming_ = os_error("change the permissions of", path_, *failure);
    }
    ~FakeFile() override { files_.open_paths_.erase(descriptor_); }
    FakeFile(const FakeFile&) = delete;
    FakeFile& operator=(const FakeFile&) = delete;

    os::Writing write(std::string_view bytes) override {
        if (access_ != Access::write) return {0, os_error("write", path_, EBADF)};
        if (const auto failure = files_.failures.due("write", path_)) return {0, os_error("write", path_, *failure)};
        const std::size_t fits = files_.take_space(bytes.size());
        node_->content.append(bytes.substr(0, fits));
        if (fits < bytes.size()) return {fits, os_error("write", path_, ENOSPC)};
        return {fits};
    }
    void write_at_crash(std::string_view bytes) noexcept override {
        node_->content.append(bytes.substr(0, files_.take_space(bytes.size())));
    }
    Result<void> sync() override {
        if (const auto failure = files_.failures.due("sync", path_)) return os_error("sync", path_, *failure);
        return {};
    }
    Result<std::string> read_at(std::uint64_t offset, std::size_t size) override {
        if (access_ != Access::read) return os_error("read", path_, EBADF);
        if (const auto failure = files_.failures.due("read_at", path_)) return os_error("read", path_, *failure);
        if (offset >= node_->content.size()) return std::string{};
        return node_->content.substr(static_cast<std::size_t>(offset), size);
    }
    Result<os::FileStatus> status() override {
        if (const auto failure = files_.failures.due("status", path_)) return os_error("inspect", path_, *failure);
        return node_->status();
    }
    Result<void> change_owner(uid_t uid, gid_t gid) override {
        if (const auto failure = files_.failures.due("change_owner", path_))
            return os_error("change owner of", path_, *failure);
        if (is_own_descriptor()) return {};
        if (files_.tree_.caller().uid != 0) return os_error("change owner of", path_, EPERM);
        node_->uid = uid;
        if (is_new_ && !takes_group_of_directory_) node_->gid = gid;
        return {};
    }
    Result<void> give_to_group(gid_t gid) override {
        if (const auto failure = files_.failures.due("give_to_group", path_))
            return os_error("change owner of", path_, *failure);
        if (is_own_descriptor() || node_->gid == gid) return {};
        const Peer& caller = files_.tree_.caller();
        const bool is_member =
            caller.gid == gid || std::find(caller.groups.begin(), caller.groups.end(), gid) != caller.groups.end();
        if (caller.uid != 0 && !(caller.uid == node_->uid && is_member))
            return os_error("change owner of", path_, EPERM);
        node_->gid = gid;
        return {};
    }
    [[nodiscard]] int descriptor() const override { return descriptor_; }
    [[nodiscard]] bool is_own_descriptor() const override { return os::named_descriptor(path_).has_value(); }
    [[nodiscard]] std::optional<Error> shortcoming() const override { return shortcoming_; }

private:
    FakeFiles& files_;
    std::string path_;
    Node node_;
    Access access_;
    int descriptor_;
    bool is_new_ = false;
    bool takes_group_of_directory_ = false;
    std::optional<Error> shortcoming_;
};

Result<Node> FakeFiles::find_to_read(const std::string& path, Links links) {
    const Place place = tree_.find(path, links);
    if (place.errno_value != 0) return os_error("open", path, place.errno_value);
    if (place.node == nullptr) return os_error("open", path, ENOENT);
    if (!tree_.may(*place.node, Access::read)) return os_error("open", path, EACCES);
    if (place.node->type == FileType::directory) return os_error("open", path, EISDIR);
    if (place.node->type == FileType::socket) return os_error("open", path, ENXIO);
    if (place.node->type == FileType::symlink) return os_error("open", path, ELOOP);
    return place.node;
}

Result<std::string> FakeFiles::read(const std::string& path, std::size_t max_bytes) {
    if (const auto failure = failures.due("read", path)) return os_error("read", path, *failure);
    const auto node = find_to_read(path, Links::follow);
    if (!node) return node.error();
    if ((*node)->content.size() > max_bytes)
        return Error{ExitCode::os, "read", path, "it is larger than " + std::to_string(max_bytes) + " bytes", EFBIG};
    return (*node)->content;
}

std::unique_ptr<os::File> FakeFiles::open(const std::string& path, Node node, Access access) {
    const int descriptor = next_descriptor_++;
    open_paths_.emplace(descriptor, path);
    return std::make_unique<FakeFile>(*this, path, std::move(node), access, descriptor);
}

Result<std::unique_ptr<os::File>> FakeFiles::open_for_reading(const std::string& path, Links links) {
    if (const auto failure = failures.due("open_for_reading", path)) return os_error("open", path, *failure);
    auto node = find_to_read(path, links);
    if (!node) return node.error();
    return open(path, *std::move(node), Access::read);
}

Result<std::unique_ptr<os::File>> FakeFiles::open_for_appending(const std::string& path, mode_t permissions) {
    if (const auto failure = failures.due("open_for_appending", path)) return os_error("open", path, *failure);
    if (const auto descriptor = os::named_descriptor(path)) {
        Node& written = own_descriptors_[*descriptor];
        if (written == nullptr) written = std::make_shared<FakeNode>(FakeNode{.type = FileType::other});
        return open(path, written, Access::write);
    }
    Place place = tree_.find(path, Links::follow);
    if (place.errno_value != 0) return os_error("open", path, place.errno_value);
    if (place.node == nullptr) {
        if (const int refusal = tree_.create(place, FileType::regular, permissions); refusal != 0)
            return os_error("open", path, refusal);
        constexpr mode_t set_group_id = 02000;
        const bool takes_group = (place.directory->permissions & set_group_id) != 0;
        if (takes_group) place.node->gid = place.directory->gid;
        auto file = open(path, place.node, Access::write);
        static_cast<FakeFile&>(*file).set_new(takes_group);
        return file;
    }
    if (place.node->type == FileType::directory) return os_error("open", path, EISDIR);
    if (place.node->type == FileType::socket) return os_error("open", path, ENXIO);
    if (!tree_.may(*place.node, Access::write)) return os_error("open", path, EACCES);
    return open(path, place.node, Access::write);
}

Result<std::optional<os::FileStatus>> FakeFiles::status(const std::string& path, Links links) {
    if (const auto failure = failures.due("status", path)) return os_error("inspect", path, *failure);
    const Place place = tree_.find(path, links);
    if (place.errno_value == ENOENT || place.errno_value == ENOTDIR) return std::optional<os::FileStatus>{};
    if (place.errno_value != 0) return os_error("inspect", path, place.errno_value);
    if (place.node == nullptr) return std::optional<os::FileStatus>{};
    return std::optional{place.node->status()};
}

Result<void> FakeFiles::create_directories(const std::string& path, mode_t permissions) {
    if (const auto failure = failures.due("create_directories", path))
        return os_error("create directory", path, *failure);
    if (path.empty()) return os_error("create directory", path, ENOENT);
    for (std::size_t end = 0; end != std::string::npos;) {
        end = path.find('/', end + 1);
        const std::string part = path.substr(0, end);
        Place place = tree_.find(part, Links::follow);
        if (place.errno_value != 0) return os_error("create directory", part, place.errno_value);
        if (place.node != nullptr && place.node->type != FileType::directory)
            return os_error("create directory", part, ENOTDIR);
        if (place.node != nullptr) continue;
        if (const int refusal = tree_.create(place, FileType::directory, permissions); refusal != 0)
            return os_error("create directory", part, refusal);
    }
    return {};
}

Result<void> FakeFiles::remove(const std::string& path) {
    if (const auto failure = failures.due("remove", path)) return os_error("remove", path, *failure);
    if (const int refusal = tree_.remove(tree_.find(path, Links::do_not_follow)); refusal != 0)
        return os_error("remove", path, refusal);
    return {};
}

Result<void> FakeFiles::rename(const std::string& from, const std::string& to) {
    const std::string both = from + "' to '" + to;
    if (const auto failure = failures.due("rename", from)) return os_error("rename", both, *failure);
    if (const int refusal = tree_.rename(from, to); refusal != 0) return os_error("rename", both, refusal);
    return {};
}

Result<std::string> FakeFiles::link_target(const std::string& path) {
    if (const auto failure = failures.due("link_target", path)) return os_error("read the link", path, *failure);
    const Place place = tree_.find(path, Links::do_not_follow);
    if (place.errno_value != 0) return os_error("read the link", path, place.errno_value);
    if (place.node == nullptr) return os_error("read the link", path, ENOENT);
    if (place.node->type != FileType::symlink) return os_error("read the link", path, EINVAL);
    return place.node->target;
}

Result<std::vector<std::string>> FakeFiles::list(const std::string& directory) {
    if (const auto failure = failures.due("list", directory)) return os_error("list directory", directory, *failure);
    const Place place = tree_.find(directory, Links::follow);
    if (place.errno_value != 0) return os_error("list directory", directory, place.errno_value);
    if (place.node == nullptr) return os_error("list directory", directory, ENOENT);
    if (place.node->type != FileType::directory) return os_error("list directory", directory, ENOTDIR);
    if (!tree_.may(*place.node, Access::read)) return os_error("list directory", directory, EACCES);
    return names_in(directory);
}

Node FakeFiles::add(const std::string& path, FileType type, mode_t permissions) {
    const AsRoot as_root{tree_};
    if (const auto made = create_directories(directory_of(path), 0755); !made)
        throw std::runtime_error(made.error().message());
    Place place = tree_.find(path, Links::do_not_follow);
    demand(tree_.create(place, type, permissions), path);
    return place.node;
}

void FakeFiles::add_directory(const std::string& path, mode_t permissions) {
    add(path, FileType::directory, permissions);
}

void FakeFiles::add_file(const std::string& path, std::string content, mode_t permissions) {
    add(path, FileType::regular, permissions)->content = std::move(content);
}

void FakeFiles::add_link(const std::string& path, std::string target) {
    add(path, FileType::symlink, 0777)->target = std::move(target);
}

void FakeFiles::add_other(const std::string& path) { add(path, FileType::other, 0644); }

void FakeFiles::set_owner(const std::string& path, uid_t uid, gid_t gid) {
    const Node node = known(path);
    node->uid = uid;
    node->gid = gid;
}

void FakeFiles::set_permissions(const std::string& path, mode_t permissions) { known(path)->permissions = permissions; }

void FakeFiles::set_modified(const std::string& path, std::chrono::system_clock::time_point time) {
    known(path)->modified = time;
}

void FakeFiles::move_away(const std::string& from, const std::string& to) {
    const AsRoot as_root{tree_};
    demand(tree_.rename(from, to), from);
}

void FakeFiles::take_away(const std::string& path) {
    const AsRoot as_root{tree_};
    demand(tree_.remove(tree_.find(path, Links::do_not_follow)), path);
}

std::string FakeFiles::content(const std::string& path) const {
    if (const auto descriptor = os::named_descriptor(path)) {
        const auto written = own_descriptors_.find(*descriptor);
        return written == own_descriptors_.end() ? std::string{} : written->second->content;
    }
    return known(path)->content;
}

os::FileStatus FakeFiles::status_of(const std::string& path) const { return known(path)->status(); }

std::vector<std::string> FakeFiles::names_in(const std::string& directory) const {
    std::vector<std::string> names;
    for (const auto& [name, node] : known(directory)->entries) names.push_back(name);
    return names;
}

std::string FakeFiles::path_of(int descriptor) const {
    const auto found = open_paths_.find(descriptor);
    return found == open_paths_.end() ? std::string{} : found->second;
}

std::size_t FakeFiles::take_space(std::size_t bytes) noexcept {
    if (!space_) return bytes;
    const std::size_t fits = std::min(bytes, *space_);
    *space_ -= fits;
    return fits;
}

Node FakeFiles::known(const std::string& path) const {
    Node node = tree_.peek(path);
    if (node == nullptr) demand(ENOENT, path);
    return node;
}

}  // namespace servicekit::mocks
