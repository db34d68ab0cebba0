#include "servicekit/os/closed_directory.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

namespace servicekit::os {
namespace {

constexpr std::size_t most_links_to_a_directory = 40;
constexpr mode_t sticky = 01000;
constexpr mode_t others_write = 0022;

/// Splits a path into its components. ".." stays in, as a link may precede it.
std::deque<std::string> path_steps(const std::string& path) {
    std::deque<std::string> steps;
    for (std::size_t begin = 0; begin < path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        if (std::string step = path.substr(begin, end - begin); !step.empty() && step != ".")
            steps.push_back(std::move(step));
        begin = end + 1;
    }
    return steps;
}

/// Walks a path from the root, one component after another. What it found closed cannot change before the next step.
class ClosedWalk {
public:
    ClosedWalk(Files& files, const std::string& path, const std::vector<uid_t>& users)
        : files_{files}, users_{users}, steps_{path_steps(path)} {}

    Result<bool> run() {
        auto here = files_.status("/", Links::do_not_follow);
        if (!here) return here.error();
        here_ = **here;
        while (!steps_.empty()) {
            const auto goes_on = take_step();
            if (!goes_on || !*goes_on) return goes_on;
        }
        return is_theirs(here_) && (here_.permissions & others_write) == 0;
    }

private:
    [[nodiscard]] bool is_theirs(const FileStatus& file) const {
        return file.uid == 0 || std::find(users_.begin(), users_.end(), file.uid) != users_.end();
    }
    /// Returns true if only the given users can replace the entry.
    [[nodiscard]] bool keeps(const FileStatus& directory, const FileStatus& entry) const {
        if (!is_theirs(directory)) return false;
        if ((directory.permissions & others_write) == 0) return true;
        return (directory.permissions & sticky) != 0 && is_theirs(entry);
    }

    Result<bool> take_step() {
        const std::string step = std::move(steps_.front());
        steps_.pop_front();
        if (step == "..") {
            path_.resize(std::min(path_.rfind('/'), path_.size()));
            const auto above = files_.status(path_.empty() ? "/" : path_, Links::do_not_follow);
            if (!above) return above.error();
            if (!*above) return false;
            here_ = **above;
            return true;
        }
        const std::string next = path_ + "/" + step;
        const auto found = files_.status(next, Links::do_not_follow);
        if (!found) return found.error();
        if (!*found || !keeps(here_, **found)) return false;
        if ((*found)->type == FileType::directory) {
            path_ = next;
            here_ = **found;
            return true;
        }
        return (*found)->type == FileType::symlink ? follow(next) : Result<bool>{false};
    }

    Result<bool> follow(const std::string& link) {
        if (++links_ > most_links_to_a_directory) return false;
        const auto target = files_.link_target(link);
        if (!target) return target.error();
        const auto more = path_steps(*target);
        steps_.insert(steps_.begin(), more.begin(), more.end());
        if (!target->starts_with('/')) return true;
        path_.clear();
        const auto root = files_.status("/", Links::do_not_follow);
        if (!root) return root.error();
        here_ = **root;
        return true;
    }

    Files& files_;
    const std::vector<uid_t>& users_;
    std::deque<std::string> steps_;
    std::string path_;  ///< the current directory, without a slash at the end
    FileStatus here_;
    std::size_t links_ = 0;
};

}  // namespace

Result<bool> is_closed_directory(Files& files, const std::string& path, const std::vector<uid_t>& users) {
    if (!path.starts_with('/')) return false;
    return ClosedWalk{files, path, users}.run();
}

}  // namespace servicekit::os
