#include "unit/servicectl/fake_directories.hpp"

#include <cerrno>
#include <optional>
#include <utility>

namespace servicekit::servicectl {

using mocks::FakeFileTree;
using os::FileType;
using os::Links;

class FakeDirectories::FakeDirectory final : public os::Directory {
public:
    FakeDirectory(FakeDirectories& owner, FakeFileTree::Place place, std::string path)
        : owner_{&owner}, place_{std::move(place)}, path_{std::move(path)} {}

    Result<std::vector<std::string>> names() override {
        if (const auto failure = owner_->failures.due("names", path_))
            return os_error("list directory", path_, *failure);
        std::vector<std::string> names;
        for (const auto& [name, node] : place_.node->entries) names.push_back(name);
        return names;
    }

    Result<std::unique_ptr<os::Directory>> make_directory(const std::string& name) override {
        auto made = make(name, FileType::directory, 0777, "make_directory");
        if (!made) return made.error();
        return std::unique_ptr<os::Directory>{
            std::make_unique<FakeDirectory>(*owner_, *std::move(made), path_of(name))};
    }

    Result<void> make_file(const std::string& name, std::string_view content) override {
        auto made = make(name, FileType::regular, 0666, "make_file");
        if (!made) return made.error();
        const std::size_t fits = owner_->files_->take_space(content.size());
        if (fits < content.size()) {
            made->directory->entries.erase(name);
            return os_error("write", path_of(name), ENOSPC);
        }
        made->node->content = content;
        return {};
    }

    Result<void> remove_file(const std::string& name) override {
        if (const auto failure = owner_->failures.due("remove_file", path_of(name)))
            return os_error("remove", path_of(name), *failure);
        if (place_.node->entries.erase(name) == 0) return os_error("remove", path_of(name), ENOENT);
        return {};
    }

    Result<void> remove() override {
        if (const auto failure = owner_->failures.due("remove_directory", path_))
            return os_error("remove", path_, *failure);
        if (!place_.node->entries.empty()) return os_error("remove", path_, ENOTEMPTY);
        place_.directory->entries.erase(place_.name);
        return {};
    }

private:
    [[nodiscard]] std::string path_of(const std::string& name) const { return path_ + "/" + name; }

    Result<FakeFileTree::Place> make(const std::string& name, FileType type, mode_t permissions,
                                     std::string_view operation) {
        const std::string path = path_of(name);
        if (const auto failure = owner_->failures.due(operation, path)) return os_error("create", path, *failure);
        const auto there = place_.node->entries.find(name);
        FakeFileTree::Place place{.directory = place_.node,
                                  .name = name,
                                  .node = there == place_.node->entries.end() ? nullptr : there->second};
        if (const int refusal = owner_->files_->tree().create(place, type, permissions & ~owner_->umask); refusal != 0)
            return os_error("create", path, refusal);
        return place;
    }

    FakeDirectories* owner_;
    FakeFileTree::Place place_;
    std::string path_;
};

Result<os::OpenedDirectory> FakeDirectories::open_or_make(const std::string& path) {
    if (const auto failure = failures.due("open_or_make", path)) return os_error("create directory", path, *failure);
    FakeFileTree& tree = files_->tree();
    FakeFileTree::Place place = tree.find(path, Links::do_not_follow);
    if (place.errno_value != 0) return os_error("create directory", path, place.errno_value);
    const bool is_new = place.node == nullptr;
    if (is_new) {
        if (const int refusal = tree.create(place, FileType::directory, 0777 & ~umask); refusal != 0)
            return os_error("create directory", path, refusal);
    } else {
        if (place.node->type == FileType::symlink)
            return Error{ExitCode::os, "open directory", path, "it is a symbolic link", ENOTDIR};
        if (place.node->type != FileType::directory) return os_error("open directory", path, ENOTDIR);
        if (place.node->uid != tree.caller().uid)
            return Error{ExitCode::permission, "fill directory", path,
                         "it belongs to user " + std::to_string(place.node->uid), EPERM};
        if ((place.node->permissions & 0002) != 0)
            return Error{ExitCode::permission, "fill directory", path, "all users may write it", EPERM};
    }
    return os::OpenedDirectory{std::make_unique<FakeDirectory>(*this, std::move(place), path), is_new};
}

}  // namespace servicekit::servicectl
