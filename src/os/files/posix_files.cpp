#include "servicekit/os/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "base/parse_number.hpp"
#include "os/descriptor.hpp"
#include "os/files/path_end.hpp"
#include "os/sockets/sigpipe_block.hpp"
#include "os/uninterrupted.hpp"

namespace servicekit::os {
namespace {

using FileStat = struct stat;

FileType type_from(mode_t mode) {
    if (S_ISREG(mode)) return FileType::regular;
    if (S_ISDIR(mode)) return FileType::directory;
    if (S_ISLNK(mode)) return FileType::symlink;
    if (S_ISSOCK(mode)) return FileType::socket;
    return FileType::other;
}

FileStatus status_from(const FileStat& status) {
    FileStatus told;
    told.type = type_from(status.st_mode);
    told.permissions = status.st_mode & 07777;
    told.uid = status.st_uid;
    told.gid = status.st_gid;
    told.size = static_cast<std::uint64_t>(status.st_size);
    told.device = status.st_dev;
    told.inode = status.st_ino;
    told.modified = std::chrono::system_clock::time_point{std::chrono::seconds{status.st_mtim.tv_sec} +
                                                          std::chrono::microseconds{status.st_mtim.tv_nsec / 1000}};
    told.links = status.st_nlink;
    return told;
}

bool is_missing(int errno_value) { return errno_value == ENOENT || errno_value == ENOTDIR; }

/// How the file was opened.
struct Origin {
    bool is_new = false;
    bool has_group_of_directory = false;
    bool is_own_descriptor = false;
    std::optional<uid_t> opened_as = {};  ///< the user whose rights root used, if not its own
    std::optional<Error> shortcoming = {};
};

class PosixFile final : public File {
public:
    PosixFile(std::string path, Descriptor file, bool is_stream, Origin origin)
        : path_{std::move(path)}, file_{std::move(file)}, is_stream_{is_stream}, origin_{std::move(origin)} {}

    [[gnu::hot]] Writing write(std::string_view bytes) override {
        if (is_stream_) return write_to_stream(bytes);
        return write_all(bytes);
    }

    void write_at_crash(std::string_view bytes) noexcept override {
        static_cast<void>(write_whole(file_.get(), bytes));
    }

    Result<void> sync() override {
        if (::fdatasync(file_.get()) != 0) return os_error("sync", path_, errno);
        return {};
    }

    Result<std::string> read_at(std::uint64_t offset, std::size_t size) override {
        std::string text;
        std::array<char, 65536> buffer;
        while (text.size() < size) {
            const std::size_t wanted = std::min(buffer.size(), size - text.size());
            const ssize_t count = ::pread(file_.get(), buffer.data(), wanted, static_cast<off_t>(offset + text.size()));
            if (count == 0) break;
            if (count > 0)
                text.append(buffer.data(), static_cast<std::size_t>(count));
            else if (errno != EINTR)
                return os_error("read", path_, errno);
        }
        return text;
    }

    Result<FileStatus> status() override {
        FileStat status{};
        if (::fstat(file_.get(), &status) != 0) return os_error("inspect", path_, errno);
        return status_from(status);
    }

    Result<void> change_owner(uid_t uid, gid_t gid) override {
        if (origin_.opened_as || origin_.is_own_descriptor) return {};
        const bool keeps_group = !origin_.is_new || origin_.has_group_of_directory;
        return set_owner_and_group(uid, keeps_group ? static_cast<gid_t>(-1) : gid);
    }

    Result<void> give_to_group(gid_t gid) override {
        if (origin_.is_own_descriptor) return {};
        FileStat status{};
        // Root hands over a file that belongs to that user, not one that the user can merely write.
        if (origin_.opened_as &&
            (::fstat(file_.get(), &status) != 0 || status.st_uid != *origin_.opened_as || status.st_nlink != 1))
            return os_error("change owner of", path_, EPERM);
        return set_owner_and_group(static_cast<uid_t>(-1), gid);
    }

    int descriptor() const override { return file_.get(); }
    bool is_own_descriptor() const override { return origin_.is_own_descriptor; }
    std::optional<Error> shortcoming() const override { return origin_.shortcoming; }

private:
    [[nodiscard]] Result<void> set_owner_and_group(uid_t uid, gid_t gid) const {
        FileStat status{};
        if (::fstat(file_.get(), &status) != 0) return os_error("inspect", path_, errno);
        // A terminal or another device is not the service's own, regardless of its owner.
        if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)) return {};
        const bool is_its = uid == static_cast<uid_t>(-1) || uid == status.st_uid;
        if (is_its && (gid == static_cast<gid_t>(-1) || gid == status.st_gid)) return {};
        if (::fchown(file_.get(), uid, gid) != 0) return os_error("change owner of", path_, errno);
        return {};
    }

    [[nodiscard]] Writing write_all(std::string_view bytes) const {
        std::size_t written = 0;
        while (written < bytes.size()) {
            // Not write(3), a cancellation point: a thread could be cancelled in the middle of
            // a line, holding the log's lock.
            const long count = ::syscall(SYS_write, file_.get(), bytes.data() + written, bytes.size() - written);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return failure(written, count < 0 ? errno : EIO);
            written += static_cast<std::size_t>(count);
        }
        return {written};
    }

    [[gnu::cold]] Writing write_to_stream(std::string_view bytes) const {
        // If the reader of the FIFO has gone, this write fails. SIGPIPE must not end the process.
        const SigpipeBlock block;
        return write_all(bytes);
    }

    [[gnu::cold]] Writing failure(std::size_t written, int errno_value) const {
        return {written, os_error("write", path_, errno_value)};
    }

    std::string path_;
    Descriptor file_;
    bool is_stream_;
    Origin origin_;
};

struct OpenFile {
    Descriptor descriptor;
    FileStat status;
    Origin origin = {};
};

Result<OpenFile> inspected(Descriptor descriptor, const std::string& path) {
    OpenFile file{std::move(descriptor), {}};
    if (!file.descriptor || ::fstat(file.descriptor.get(), &file.status) != 0) return os_error("open", path, errno);
    if (S_ISDIR(file.status.st_mode)) return os_error("open", path, EISDIR);
    // O_NONBLOCK was for open(2) only, which would wait for the other end of a FIFO.
    const int flags = ::fcntl(file.descriptor.get(), F_GETFL);
    if (flags < 0 || ::fcntl(file.descriptor.get(), F_SETFL, flags & ~O_NONBLOCK) != 0)
        return os_error("open", path, errno);
    return file;
}

std::unique_ptr<File> file_from(OpenFile opened, const std::string& path) {
    const bool is_stream = S_ISFIFO(opened.status.st_mode) || S_ISSOCK(opened.status.st_mode);
    return std::make_unique<PosixFile>(path, std::move(opened.descriptor), is_stream, std::move(opened.origin));
}

/// Waits until something writes to a FIFO: before its first writer it reads as empty.
Result<void> await_writer(const OpenFile& file, const std::string& path) {
    if (!S_ISFIFO(file.status.st_mode)) return {};
    pollfd awaited{.fd = file.descriptor.get(), .events = POLLIN, .revents = 0};
    if (uninterrupted([&] { return ::poll(&awaited, 1, -1); }) < 0) return os_error("read", path, errno);
    return {};
}

constexpr int always_with_files = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

Result<OpenFile> open_to_read(const std::string& path) {
    return inspected(Descriptor{open_uninterrupted(path.c_str(), O_RDONLY | always_with_files)}, path);
}

/// \pre the end is not followed
Result<OpenFile> open_to_read(const PathEnd& end, const std::string& path) {
    const Descriptor there{open_uninterrupted_at(end.directory(), end.name(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
    FileStat status{};
    if (!there || ::fstat(there.get(), &status) != 0) return os_error("open", path, errno);
    if (S_ISLNK(status.st_mode)) return os_error("open", path, ELOOP);
    if (auto refusal = end.refusal("open", path, status)) return *std::move(refusal);
    auto opened = inspected(
        Descriptor{open_uninterrupted_at(end.directory(), end.name(), O_RDONLY | O_NOFOLLOW | always_with_files)},
        path);
    // Checked again, as another file may be at the path by now.
    if (opened)
        if (auto refusal = end.refusal("open", path, opened->status)) return *std::move(refusal);
    return opened;
}

/// Duplicates a descriptor of this process.
Result<OpenFile> copy_to_append(int descriptor, const std::string& path) {
    const int flags = ::fcntl(descriptor, F_GETFL);
    if (flags < 0) return os_error("open", path, errno);
    if ((flags & O_ACCMODE) == O_RDONLY || (flags & O_PATH) != 0)
        return Error{ExitCode::permission, "open", path,
                     "descriptor " + std::to_string(descriptor) + " is not open for writing", EBADF};
    OpenFile file{.descriptor = Descriptor{::fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)},
                  .status = {},
                  .origin = {.is_own_descriptor = true}};
    if (!file.descriptor || ::fstat(file.descriptor.get(), &file.status) != 0) return os_error("open", path, errno);
    return file;
}

Result<OpenFile> opened_there(const PathEnd& end, const std::string& path, int flags) {
    if (end.is_trusted()) {
        auto opened = inspected(Descriptor{open_uninterrupted_at(end.directory(), end.name(), flags)}, path);
        if (opened) opened->origin.opened_as = end.on_behalf_of();
        return opened;
    }
    // Checked before open(2), which by itself may affect a device.
    const Descriptor there{open_uninterrupted_at(end.directory(), end.name(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
    FileStat status{};
    if (!there || ::fstat(there.get(), &status) != 0) return os_error("open", path, errno);
    if (auto refusal = end.refusal("open", path, status)) return *std::move(refusal);
    auto opened = inspected(Descriptor{open_uninterrupted_at(end.directory(), end.name(), flags)}, path);
    if (!opened) return opened;
    if (auto refusal = end.refusal("open", path, opened->status)) return *std::move(refusal);
    opened->origin.opened_as = end.on_behalf_of();
    return opened;
}

Result<OpenFile> created_there(const PathEnd& end, const std::string& path, int flags, mode_t permissions) {
    auto opened =
        inspected(Descriptor{open_uninterrupted_at(end.directory(), end.name(), flags | O_CREAT, permissions)}, path);
    if (!opened) return opened;
    opened->origin.is_new = true;
    opened->origin.opened_as = end.on_behalf_of();
    opened->origin.has_group_of_directory = end.gives_its_group();
    if (::fchmod(opened->descriptor.get(), permissions) != 0)
        opened->origin.shortcoming = os_error("change the permissions of", path, errno);
    return opened;
}

Result<OpenFile> open_to_append(const PathEnd& end, const std::string& path, mode_t permissions) {
    if (const auto descriptor = end.own_descriptor()) return copy_to_append(*descriptor, path);
    const int flags = O_WRONLY | O_APPEND | always_with_files | end.no_follow();
    // Another process may create or remove the file between the two calls.
    for (int attempts = 0; attempts < 3; ++attempts) {
        auto file = opened_there(end, path, flags);
        if (file || file.error().errno_value != ENOENT) return file;
        file = created_there(end, path, flags | O_EXCL, permissions);
        if (file || file.error().errno_value != EEXIST) return file;
    }
    // A symbolic link to a file that does not exist yet.
    if (end.no_follow() == 0) return created_there(end, path, flags, permissions);
    return os_error("open", path, EEXIST);
}

/// \pre nothing is at the path
Result<void> make_directory(const PathEnd& end, const std::string& path, mode_t permissions) {
    // If another user may replace the directory, only mkdirat(2) may set its permissions.
    if (!end.is_trusted())
        return ::mkdirat(end.directory(), end.name(), permissions) == 0 ? Result<void>{}
                                                                        : os_error("create directory", path, errno);
    // Private until fchmod(2) sets the permissions of this very directory, not of whatever is at the path by then.
    if (::mkdirat(end.directory(), end.name(), S_IRWXU) != 0) return os_error("create directory", path, errno);
    const Descriptor directory{
        open_uninterrupted_at(end.directory(), end.name(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!directory) return os_error("create directory", path, errno);
    if (::fchmod(directory.get(), permissions) == 0) return {};
    const Error error = os_error("create directory", path, errno);
    return is_refused_by_file_system(error) ? Result<void>{} : error;
}

class PosixFiles final : public Files {
public:
    Result<std::string> read(const std::string& path, std::size_t max_bytes) override {
        const Result<OpenFile> opened = open_to_read(path);
        if (!opened) return Error{opened.error()};
        if (auto awaited = await_writer(*opened, path); !awaited) return awaited.error();
        std::string text;
        std::array<char, 16384> buffer;
        while (true) {
            const ssize_t count = ::read(opened->descriptor.get(), buffer.data(), buffer.size());
            if (count == 0) return text;
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return os_error("read", path, errno);
            if (static_cast<std::size_t>(count) > max_bytes - text.size())
                return Error{ExitCode::os, "read", path, "it is larger than " + std::to_string(max_bytes) + " bytes",
                             EFBIG};
            text.append(buffer.data(), static_cast<std::size_t>(count));
        }
    }

    Result<std::unique_ptr<File>> open_for_reading(const std::string& path, Links links) override {
        Result<OpenFile> opened = links == Links::follow
                                      ? open_to_read(path)
                                      : at_path_end("open", path, LastLink::keep,
                                                    [&path](const PathEnd& end) { return open_to_read(end, path); });
        if (!opened) return opened.error();
        return file_from(*std::move(opened), path);
    }

    Result<std::unique_ptr<File>> open_for_appending(const std::string& path, mode_t permissions) override {
        const auto descriptor = named_descriptor(path);
        Result<OpenFile> opened = descriptor ? copy_to_append(*descriptor, path)
                                             : at_path_end("open", path, LastLink::follow, [&](const PathEnd& end) {
                                                   return open_to_append(end, path, permissions);
                                               });
        if (!opened) return opened.error();
        return file_from(*std::move(opened), path);
    }

    Result<std::optional<FileStatus>> status(const std::string& path, Links links) override {
        FileStat status{};
        const int flags = links == Links::follow ? 0 : AT_SYMLINK_NOFOLLOW;
        if (::fstatat(AT_FDCWD, path.c_str(), &status, flags) == 0) return std::optional{status_from(status)};
        if (is_missing(errno)) return std::optional<FileStatus>{};
        return os_error("inspect", path, errno);
    }

    Result<std::string> link_target(const std::string& path) override {
        std::error_code error;
        const auto target = std::filesystem::read_symlink(path, error);
        if (error) return os_error("read the link", path, error.value());
        return target.string();
    }

    Result<void> create_directories(const std::string& path, mode_t permissions) override {
        FileStat status{};
        if (::stat(path.c_str(), &status) == 0)
            return S_ISDIR(status.st_mode) ? Result<void>{} : os_error("create directory", path, ENOTDIR);
        if (errno != ENOENT || path.empty()) return os_error("create directory", path, errno);

        const std::filesystem::path whole{path};
        const std::filesystem::path parent = whole.parent_path();
        if (!parent.empty())
            if (auto made = create_directories(parent.string(), permissions); !made) return made;
        // "a/b/" and "a/b/." mean "a/b", which exists by now.
        if (whole.filename().empty() || whole.filename() == ".") return {};

        auto made = at_path_end("create directory", path, LastLink::keep,
                                [&](const PathEnd& end) { return make_directory(end, path, permissions); });
        // Another process may have created it first.
        const bool is_there = !made && made.error().errno_value == EEXIST && ::stat(path.c_str(), &status) == 0;
        return is_there && S_ISDIR(status.st_mode) ? Result<void>{} : made;
    }

    Result<void> remove(const std::string& path) override {
        return at_path_end("remove", path, LastLink::keep, [&path](const PathEnd& end) {
            if (::unlinkat(end.directory(), end.name(), 0) != 0) return Result<void>{os_error("remove", path, errno)};
            return Result<void>{};
        });
    }

    Result<void> rename(const std::string& from, const std::string& to) override {
        return at_path_end("rename", from, LastLink::keep, [&](const PathEnd& source) {
            return at_path_end("rename", to, LastLink::keep, [&](const PathEnd& goal) {
                if (::renameat(source.directory(), source.name(), goal.directory(), goal.name()) != 0)
                    return Result<void>{os_error("rename", from + "' to '" + to, errno)};
                return Result<void>{};
            });
        });
    }

    Result<std::vector<std::string>> list(const std::string& directory) override {
        const std::unique_ptr<DIR, int (*)(DIR*)> opened{uninterrupted([&] { return ::opendir(directory.c_str()); }),
                                                         &::closedir};
        if (!opened) return os_error("list directory", directory, errno);
        std::vector<std::string> names;
        errno = 0;
        for (const dirent* entry = nullptr; (entry = ::readdir(opened.get())) != nullptr; errno = 0)
            if (const std::string_view name = entry->d_name; name != "." && name != "..") names.emplace_back(name);
        if (errno != 0) return os_error("list directory", directory, errno);
        std::sort(names.begin(), names.end());
        return names;
    }
};

}  // namespace

std::optional<int> named_descriptor(std::string_view path) noexcept {
    constexpr std::array streams{std::string_view{"/dev/stdin"}, std::string_view{"/dev/stdout"},
                                 std::string_view{"/dev/stderr"}};
    for (std::size_t number = 0; number < streams.size(); ++number)
        if (path == streams[number]) return static_cast<int>(number);
    for (const std::string_view directory : {"/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/"}) {
        if (!path.starts_with(directory)) continue;
        path.remove_prefix(directory.size());
        const auto number = parse_number<int>(path);
        return number >= 0 ? number : std::nullopt;
    }
    return std::nullopt;
}

bool is_refused_by_file_system(const Error& error) noexcept {
    return error.errno_value == EPERM || error.errno_value == EOPNOTSUPP || error.errno_value == ENOSYS;
}

Files& posix_files() {
    static PosixFiles files;
    return files;
}

}  // namespace servicekit::os
