#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <utility>

#include "os/descriptor.hpp"
#include "os/files/directories.hpp"
#include "os/files/path_end.hpp"
#include "os/uninterrupted.hpp"

namespace servicekit::os {
namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
// What the umask leaves of them.
constexpr mode_t directory_permissions = 0777;
constexpr mode_t file_permissions = 0666;

constexpr auto make_directory_action = "create directory";

enum class Existed { before, by_this_call };

/// Returns the reason why the directory must not be filled. Another user may have put one in the place of a directory
/// that was made just now.
std::optional<Error> refusal_to_fill(int directory, const std::string& path, Existed existed) {
    struct stat status {};
    if (::fstat(directory, &status) != 0) return os_error("open directory", path, errno);
    if (status.st_uid != ::geteuid())
        return Error{ExitCode::permission, "fill directory", path,
                     "it belongs to user " + std::to_string(status.st_uid), EPERM};
    // A new one is as the umask wants it.
    if (existed == Existed::before && (status.st_mode & S_IWOTH) != 0)
        return Error{ExitCode::permission, "fill directory", path, "all users may write it", EPERM};
    return std::nullopt;
}

class PosixDirectory final : public Directory {
public:
    /// \param above contains the directory, by this name
    PosixDirectory(Descriptor directory, Descriptor above, std::string name, std::string path)
        : directory_{std::move(directory)}, above_{std::move(above)}, name_{std::move(name)}, path_{std::move(path)} {}

    Result<std::vector<std::string>> names() override {
        std::error_code error;
        std::vector<std::string> names;
        // By the descriptor, as another directory may be at the path by now.
        const std::string here = "/proc/self/fd/" + std::to_string(directory_.get());
        std::filesystem::directory_iterator entry{here, error};
        for (; !error && entry != std::filesystem::directory_iterator{}; entry.increment(error))
            names.push_back(entry->path().filename().string());
        if (error) return os_error("list directory", path_, error.value());
        std::sort(names.begin(), names.end());
        return names;
    }

    Result<std::unique_ptr<Directory>> make_directory(const std::string& name) override {
        const std::string path = path_of(name);
        Descriptor above{::fcntl(directory_.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
        if (!above || ::mkdirat(above.get(), name.c_str(), directory_permissions) != 0)
            return os_error(make_directory_action, path, errno);
        Descriptor made{open_uninterrupted_at(above.get(), name.c_str(), directory_flags)};
        if (!made) {
            const Error error = os_error(make_directory_action, path, errno);
            ::unlinkat(above.get(), name.c_str(), AT_REMOVEDIR);
            return error;
        }
        if (auto refusal = refusal_to_fill(made.get(), path, Existed::by_this_call)) return *std::move(refusal);
        return std::unique_ptr<Directory>{
            std::make_unique<PosixDirectory>(std::move(made), std::move(above), name, path)};
    }

    Result<void> make_file(const std::string& name, std::string_view content) override {
        Descriptor file{open_uninterrupted_at(directory_.get(), name.c_str(),
                                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, file_permissions)};
        if (!file) return os_error("create", path_of(name), errno);
        // Some file systems report a full disk only here, or when the file is closed.
        if (write_whole(file.get(), content) && ::fsync(file.get()) == 0 && ::close(file.release()) == 0) return {};
        const Error error = os_error("write", path_of(name), errno);
        ::unlinkat(directory_.get(), name.c_str(), 0);
        return error;
    }

    Result<void> remove_file(const std::string& name) override {
        if (::unlinkat(directory_.get(), name.c_str(), 0) != 0) return os_error("remove", path_of(name), errno);
        return {};
    }

    Result<void> remove() override {
        if (::unlinkat(above_ ? above_.get() : AT_FDCWD, name_.c_str(), AT_REMOVEDIR) != 0)
            return os_error("remove", path_, errno);
        return {};
    }

private:
    [[nodiscard]] std::string path_of(const std::string& name) const { return path_ + "/" + name; }

    Descriptor directory_;
    Descriptor above_;  ///< none: the current directory
    std::string name_;
    std::string path_;
};

Result<OpenedDirectory> open_or_make_at(const PathEnd& end, const std::string& path) {
    const bool is_new = ::mkdirat(end.directory(), end.name(), directory_permissions) == 0;
    if (!is_new && errno != EEXIST) return os_error(make_directory_action, path, errno);
    Descriptor opened{open_uninterrupted_at(end.directory(), end.name(), directory_flags)};
    if (!opened) {
        Error error = os_error("open directory", path, errno);
        struct stat status {};
        if (::fstatat(end.directory(), end.name(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode))
            error.reason = "it is a symbolic link";
        if (is_new) ::unlinkat(end.directory(), end.name(), AT_REMOVEDIR);
        return error;
    }
    if (auto refusal = refusal_to_fill(opened.get(), path, is_new ? Existed::by_this_call : Existed::before))
        return *std::move(refusal);
    Descriptor above;
    if (end.directory() != AT_FDCWD) {
        above = Descriptor{::fcntl(end.directory(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
        if (!above) {
            const Error error = os_error("open directory", path, errno);
            if (is_new) ::unlinkat(end.directory(), end.name(), AT_REMOVEDIR);
            return error;
        }
    }
    return OpenedDirectory{
        std::make_unique<PosixDirectory>(std::move(opened), std::move(above), std::string{end.name()}, path), is_new};
}

class PosixDirectories final : public Directories {
public:
    Result<OpenedDirectory> open_or_make(const std::string& path) override {
        // The kernel would follow a link before a slash.
        const std::string place = path.substr(0, std::max<std::size_t>(path.find_last_not_of('/') + 1, 1));
        return at_path_end(make_directory_action, place, LastLink::keep,
                           [&place](const PathEnd& end) { return open_or_make_at(end, place); });
    }
};

}  // namespace

Directories& posix_directories() {
    static PosixDirectories directories;
    return directories;
}

}  // namespace servicekit::os
