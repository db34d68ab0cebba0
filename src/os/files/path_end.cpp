#include "os/files/path_end.hpp"

#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <deque>
#include <string_view>
#include <utility>

#include "base/parse_number.hpp"
#include "base/take_up_to.hpp"
#include "os/uninterrupted.hpp"
#include "servicekit/os/files.hpp"

namespace servicekit::os {
namespace {

using PathStat = struct stat;

constexpr int most_links = 40;  // the kernel's limit, path_resolution(7)

/// How well the names in a directory are protected from other users.
enum class Hold {
    firm,
    of_what_is_there,  ///< others may add names, but not remove or rename those of another user: a sticky directory
    none,
};

Hold hold_of(const PathStat& directory, const std::vector<uid_t>& users) {
    // The group bits also reflect an access control list.
    constexpr mode_t others_write = S_IWGRP | S_IWOTH;
    if (std::find(users.begin(), users.end(), directory.st_uid) == users.end()) return Hold::none;
    if ((directory.st_mode & others_write) == 0) return Hold::firm;
    return (directory.st_mode & S_ISVTX) != 0 ? Hold::of_what_is_there : Hold::none;
}

std::string who_can_change(const PathStat& directory, const std::vector<uid_t>& users) {
    if (std::find(users.begin(), users.end(), directory.st_uid) == users.end())
        return "user " + std::to_string(directory.st_uid);
    if ((directory.st_mode & S_IWOTH) != 0) return "everybody";
    return "group " + std::to_string(directory.st_gid);
}

std::deque<std::string> steps_of(std::string_view path) {
    std::deque<std::string> steps;
    while (!path.empty())
        if (const auto step = take_up_to('/', path); !step.empty()) steps.emplace_back(step);
    return steps;
}

Result<std::string> absolute_path(const std::string& action, const std::string& path) {
    if (path.starts_with('/')) return path;
    std::array<char, PATH_MAX> here{};
    if (path.empty()) return os_error(action, path, ENOENT);
    if (::getcwd(here.data(), here.size()) == nullptr) return os_error(action, path, errno);
    return std::string{here.data()} + "/" + path;
}

bool is_of_proc(int descriptor) {
    struct statfs where {};
    return ::fstatfs(descriptor, &where) == 0 && where.f_type == PROC_SUPER_MAGIC;
}

/// Returns the target of the link with that name, or of `directory` itself if the name is empty.
std::optional<std::string> target_of(int directory, const char* name) {
    std::array<char, PATH_MAX> target{};
    const ssize_t size = ::readlinkat(directory, name, target.data(), target.size());
    if (size < 0) return std::nullopt;
    return std::string{target.data(), static_cast<std::size_t>(size)};
}

}  // namespace

/// Walks a path, component by component.
class PathEnd::Walk {
public:
    Walk(std::string action, std::string path, LastLink last, PathEnd& end)
        : action_{std::move(action)}, path_{std::move(path)}, last_{last}, end_{&end} {}

    Result<void> run() {
        const auto whole = absolute_path(action_, path_);
        if (!whole) return whole.error();
        steps_ = steps_of(*whole);
        if (auto entered = enter_root(); !entered) return entered;
        while (!steps_.empty()) {
            const std::string step = std::move(steps_.front());
            steps_.pop_front();
            bool is_over = false;
            if (auto taken = take(step, is_over); !taken || is_over) return taken;
        }
        end_->name_ = ".";
        return {};
    }

private:
    [[nodiscard]] Error failed(int errno_value) const { return os_error(action_, path_, errno_value); }

    Result<void> enter_root() {
        Descriptor root{open_uninterrupted("/", O_PATH | O_DIRECTORY | O_CLOEXEC)};
        if (!root) return failed(errno);
        return enter(std::move(root), "/");
    }

    Result<void> enter(Descriptor directory, std::string where) {
        PathStat status{};
        if (::fstat(directory.get(), &status) != 0) return failed(errno);
        enter(std::move(directory), status, std::move(where));
        return {};
    }

    void enter(Descriptor directory, const PathStat& status, std::string where) {
        end_->directory_ = std::move(directory);
        where_ = std::move(where);
        sticky_ = std::nullopt;
        const Hold hold = hold_of(status, end_->users_);
        if (hold == Hold::firm || end_->doubt_) return;
        Doubt doubt{.who = who_can_change(status, end_->users_), .directory = where_};
        if (hold == Hold::none)
            end_->doubt_ = std::move(doubt);
        else
            sticky_ = std::move(doubt);
    }

    /// Marks the rest of the path as possibly under another user's control.
    void doubt_from_here() {
        if (!end_->doubt_) end_->doubt_ = std::exchange(sticky_, std::nullopt);
    }

    [[nodiscard]] Error refuse_link(const std::string& link) const {
        const Doubt& doubt = end_->doubt_ ? *end_->doubt_ : *sticky_;
        std::string reason = link == path_ ? "it is a symbolic link" : "'" + link + "' is a symbolic link";
        reason += ", and " + doubt.who + " can change '" + doubt.directory + "'";
        return {ExitCode::permission, action_, path_, std::move(reason), ELOOP};
    }

    Result<void> take(const std::string& step, bool& is_over) {
        const bool is_last = steps_.empty();
        if (step == ".") return {};
        if (step == "..") return go_up();
        if (!is_last) {
            // O_DIRECTORY, since O_PATH alone would not trigger an automount.
            Descriptor directory{
                open_uninterrupted_at(end_->directory(), step.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
            if (directory) return go_down(std::move(directory), step);
            if (errno != ENOTDIR && errno != ELOOP) return failed(errno);
        }
        Descriptor there{open_uninterrupted_at(end_->directory(), step.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
        PathStat status{};
        if (!there && (errno != ENOENT || !is_last)) return failed(errno);
        if (there && ::fstat(there.get(), &status) != 0) return failed(errno);
        if (there && S_ISLNK(status.st_mode) && (!is_last || last_ == LastLink::follow))
            return follow(there.get(), step, is_over);
        if (!is_last) return failed(ENOTDIR);
        doubt_from_here();
        end_->name_ = step;
        is_over = true;
        return {};
    }

    Result<void> go_up() {
        // The current directory may have been moved by now.
        if (end_->doubt_)
            return Error{
                ExitCode::permission, action_, path_,
                "it goes through '..', and " + end_->doubt_->who + " can change '" + end_->doubt_->directory + "'",
                EPERM};
        Descriptor above{open_uninterrupted_at(end_->directory(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC)};
        if (!above) return failed(errno);
        return enter(std::move(above), where_ + (where_ == "/" ? ".." : "/.."));
    }

    Result<void> go_down(Descriptor directory, const std::string& step) {
        PathStat status{};
        if (::fstat(directory.get(), &status) != 0) return failed(errno);
        const auto& users = end_->users_;
        // In a sticky directory the owner of an entry can replace it.
        if (sticky_ && std::find(users.begin(), users.end(), status.st_uid) == users.end()) doubt_from_here();
        enter(std::move(directory), status, (where_ == "/" ? "/" : where_ + "/") + step);
        return {};
    }

    Result<void> follow(int link, const std::string& step, bool& is_over) {
        if (end_->doubt_ || sticky_) return refuse_link((where_ == "/" ? "/" : where_ + "/") + step);
        if (++links_ > most_links) return failed(ELOOP);
        const auto target = target_of(link, "");
        if (!target) return failed(errno);
        // A magic link of proc(5) may lead to a file that no path leads to.
        if (is_of_proc(link) && (target->starts_with('/') || parse_number<int>(step)))
            return follow_through_proc(step, is_over);
        auto more = steps_of(*target);
        steps_.insert(steps_.begin(), more.begin(), more.end());
        return target->starts_with('/') ? enter_root() : Result<void>{};
    }

    Result<void> follow_through_proc(const std::string& step, bool& is_over) {
        if (steps_.empty()) {
            const std::string ours = "/proc/" + std::to_string(::getpid());
            // What another user names is opened with that user's rights, like any other file.
            const bool is_roots = end_->users_.size() == 1;
            if (is_roots &&
                (where_ == ours + "/fd" || (where_.starts_with(ours + "/task/") && where_.ends_with("/fd"))))
                end_->own_descriptor_ = parse_number<int>(step);
            end_->name_ = step;
            end_->kernel_follows_ = true;
            is_over = true;
            return {};
        }
        Descriptor directory{open_uninterrupted_at(end_->directory(), step.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
        if (!directory) return failed(errno);
        const std::string where = where_ + "/" + step;
        // It is unknown which directories lead there.
        end_->doubt_ = Doubt{.who = "somebody else", .directory = where};
        return enter(std::move(directory), where);
    }

    std::string action_;
    std::string path_;
    LastLink last_;
    PathEnd* end_;
    std::deque<std::string> steps_;
    std::string where_;
    std::optional<Doubt> sticky_;  ///< set if the directory is sticky: who may add names to it
    int links_ = 0;
};

Result<PathEnd> PathEnd::find(const std::string& action, const std::string& path, LastLink last,
                              std::optional<uid_t> also) {
    PathEnd end;
    end.users_.push_back(0);
    if (also) end.users_.push_back(*also);
    if (auto done = Walk{action, path, last, end}.run(); !done) return done.error();
    return end;
}

PathEnd PathEnd::unchecked(const std::string& path, LastLink last) {
    PathEnd end;
    end.name_ = path;
    if (last == LastLink::keep) return end;
    end.kernel_follows_ = true;
    std::string at = path;
    for (int links = 0; links < most_links && !end.own_descriptor_; ++links) {
        const auto target = target_of(AT_FDCWD, at.c_str());
        if (!target) break;
        at = target->starts_with('/') ? *target : at.substr(0, at.rfind('/') + 1) + *target;
        end.own_descriptor_ = named_descriptor(at);
    }
    return end;
}

bool PathEnd::gives_its_group() const noexcept {
    PathStat status{};
    return directory_ && ::fstat(directory_.get(), &status) == 0 && (status.st_mode & S_ISGID) != 0;
}

std::optional<Error> PathEnd::refusal(const std::string& action, const std::string& path, const PathStat& file) const {
    // A directory cannot be opened for writing.
    if (!doubt_ || S_ISDIR(file.st_mode)) return std::nullopt;
    std::string fault;
    if (S_ISLNK(file.st_mode))
        fault = "it is a symbolic link";
    else if (!S_ISREG(file.st_mode) && !S_ISFIFO(file.st_mode))
        fault = "it is not a regular file";
    else if (std::find(users_.begin(), users_.end(), file.st_uid) == users_.end())
        fault = "it belongs to user " + std::to_string(file.st_uid);
    else if (file.st_nlink > 1)
        fault = "it has " + std::to_string(file.st_nlink) + " names";
    if (fault.empty()) return std::nullopt;
    return Error{ExitCode::permission, action, path, fault + ", and " + because(), EPERM};
}

std::string PathEnd::because() const { return doubt_->who + " can change '" + doubt_->directory + "'"; }

}  // namespace servicekit::os
