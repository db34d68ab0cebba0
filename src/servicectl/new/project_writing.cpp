#include "servicectl/new/project_writing.hpp"

#include <map>
#include <memory>
#include <utility>

#include "base/path_parts.hpp"

namespace servicekit::servicectl {
namespace {

/// A project that is being made. It remembers what it has made.
class Writing {
public:
    explicit Writing(os::OpenedDirectory root) : is_new_{root.is_new} { add(".", std::move(root.directory)); }

    Result<void> write(const ProjectFile& file) {
        auto directory = find_or_make(directory_of(file.path));
        if (!directory) return directory.error();
        const std::string name{file_name_of(file.path)};
        if (auto made = (*directory)->make_file(name, file.content); !made) return made;
        made_.push_back({*directory, name});
        return {};
    }

    [[nodiscard]] bool made_the_root() const noexcept { return is_new_; }

    /// Removes all that was made, the last first. \returns the first error
    Result<void> undo() {
        Result<void> first;
        const auto keep_first = [&first](const Result<void>& removed) {
            if (first && !removed) first = removed.error();
        };
        for (; !made_.empty(); made_.pop_back()) {
            const Made& last = made_.back();
            if (last.name.empty())
                keep_first(last.directory->remove());
            else
                keep_first(last.directory->remove_file(last.name));
        }
        if (is_new_) keep_first(directories_.at(".")->remove());
        return first;
    }

private:
    struct Made {
        os::Directory* directory;
        std::string name;  ///< of a file in the directory; empty: the directory itself
    };

    os::Directory* add(const std::string& path, std::unique_ptr<os::Directory> directory) {
        return (directories_[path] = std::move(directory)).get();
    }
    Result<os::Directory*> find_or_make(const std::string& path) {
        if (const auto found = directories_.find(path); found != directories_.end()) return found->second.get();
        const auto above = find_or_make(directory_of(path));
        if (!above) return above.error();
        auto made = (*above)->make_directory(std::string{file_name_of(path)});
        if (!made) return made.error();
        os::Directory* const directory = add(path, *std::move(made));
        made_.push_back({directory, ""});
        return directory;
    }

    bool is_new_;
    std::map<std::string, std::unique_ptr<os::Directory>> directories_;  ///< by their paths in the project
    std::vector<Made> made_;
};

Error at_creation(const Error& error) { return error.at_stage(ExitCode::cannot_create); }

Result<void> check_that_it_is_empty(const std::string& path, os::Directory& directory) {
    const auto names = directory.names();
    if (!names) return at_creation(names.error());
    if (names->empty()) return {};
    return Error{ExitCode::cannot_create, "make a project in", path,
                 "the directory is not empty: it has '" + names->front() + "'" +
                     (names->size() > 1 ? " and " + std::to_string(names->size() - 1) + " more" : "")};
}

}  // namespace

Result<void> write_project(const std::string& directory, const std::vector<ProjectFile>& files,
                           os::Directories& directories) {
    auto opened = directories.open_or_make(directory);
    if (!opened) return at_creation(opened.error());
    if (!opened->is_new)
        if (auto checked = check_that_it_is_empty(directory, *opened->directory); !checked) return checked;
    Writing writing{*std::move(opened)};
    for (const ProjectFile& file : files) {
        const auto written = writing.write(file);
        if (written) continue;
        Error error = at_creation(written.error());
        if (const auto undone = writing.undo(); !undone)
            error.reason += ", and then " + undone.error().message() + ": remove " +
                            (writing.made_the_root() ? "" : "what is left in ") + "'" + directory + "' yourself";
        return error;
    }
    return {};
}

}  // namespace servicekit::servicectl
