#include "servicekit/os/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "os/descriptor.hpp"
#include "os/sigpipe_block.hpp"

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

class PosixFile final : public File {
public:
    PosixFile(std::string path, Descriptor file, bool is_stream)
        : path_{std::move(path)}, file_{std::move(file)}, is_stream_{is_stream} {}

    [[gnu::hot]] Writing write(std::string_view bytes) override {
        if (is_stream_) return write_to_stream(bytes);
        return write_all(bytes);
    }

    void write_last_words(std::string_view bytes) noexcept override {
        while (!bytes.empty()) {
            const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
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

    Result<void> hand_to(uid_t uid, gid_t gid) override {
        if (::fchown(file_.get(), uid, gid) != 0) return os_error("change owner of", path_, errno);
        return {};
    }

    int descriptor() const override { return file_.get(); }

private:
    [[nodiscard]] Writing write_all(std::string_view bytes) const {
        std::size_t written = 0;
        while (written < bytes.size()) {
            // Not by write(3), where a thread can be cancelled: in the midst of a line, and with the log's turn in hand.
            const long count = ::syscall(SYS_write, file_.get(), bytes.data() + written, bytes.size() - written);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return failure(written, count < 0 ? errno : EIO);
            written += static_cast<std::size_t>(count);
        }
        return {written};
    }

    [[gnu::cold]] Writing write_to_stream(std::string_view bytes) const {
        // A reader of the FIFO that has gone is an error of this write, not the end of the process.
        const SigpipeBlock block;
        return write_all(bytes);
    }

    [[gnu::cold]] Writing failure(std::size_t written, int errno_value) const {
        return {written, os_error("write", path_, errno_value)};
    }

    std::string path_;
    Descriptor file_;
    bool is_stream_;
};

struct OpenFile {
    Descriptor descriptor;
    FileStat status;
};

Result<OpenFile> inspected(Descriptor descriptor, const std::string& path) {
    OpenFile file{std::move(descriptor), {}};
    if (!file.descriptor || ::fstat(file.descriptor.get(), &file.status) != 0) return os_error("open", path, errno);
    if (S_ISDIR(file.status.st_mode)) return os_error("open", path, EISDIR);
    // Non-blocking was for the opening alone, which for a FIFO would wait until somebody opens its other end.
    const int flags = ::fcntl(file.descriptor.get(), F_GETFL);
    if (flags < 0 || ::fcntl(file.descriptor.get(), F_SETFL, flags & ~O_NONBLOCK) != 0)
        return os_error("open", path, errno);
    return file;
}

std::unique_ptr<File> file_from(OpenFile opened, const std::string& path) {
    const bool is_stream = S_ISFIFO(opened.status.st_mode) || S_ISSOCK(opened.status.st_mode);
    return std::make_unique<PosixFile>(path, std::move(opened.descriptor), is_stream);
}

constexpr int always_with_files = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

Result<OpenFile> open_to_read(const std::string& path) {
    return inspected(Descriptor{::open(path.c_str(), O_RDONLY | always_with_files)}, path);
}

Descriptor open_to_append(const std::string& path, mode_t permissions) {
    constexpr int flags = O_WRONLY | O_APPEND | always_with_files;
    const auto create = [&](int how) {
        Descriptor file{::open(path.c_str(), flags | O_CREAT | how, permissions)};
        if (file && ::fchmod(file.get(), permissions) != 0) file.reset();
        return file;
    };
    // Each of the two may find that another process has just made or removed the file.
    for (int attempts = 0; attempts < 3; ++attempts) {
        Descriptor file{::open(path.c_str(), flags)};
        if (file || errno != ENOENT) return file;
        file = create(O_EXCL);
        if (file || errno != EEXIST) return file;
    }
    return create(0);  // a symbolic link to a file that is still to be made
}

/// \pre nothing is at the path
Result<void> make_directory(const std::string& path, mode_t permissions) {
    // Private until it has its permissions, and those are set on what was made, not on what is at the path by then.
    if (::mkdir(path.c_str(), S_IRWXU) != 0) return os_error("create folder", path, errno);
    const Descriptor folder{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!folder || ::fchmod(folder.get(), permissions) != 0) return os_error("create folder", path, errno);
    return {};
}

class PosixFiles final : public Files {
public:
    Result<std::string> read(const std::string& path, std::size_t max_bytes) override {
        const Result<OpenFile> opened = open_to_read(path);
        if (!opened) return Error{opened.error()};
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

    Result<std::unique_ptr<File>> open_for_reading(const std::string& path) override {
        Result<OpenFile> opened = open_to_read(path);
        if (!opened) return opened.error();
        return file_from(*std::move(opened), path);
    }

    Result<std::unique_ptr<File>> open_for_appending(const std::string& path, mode_t permissions) override {
        Result<OpenFile> opened = inspected(open_to_append(path, permissions), path);
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
            return S_ISDIR(status.st_mode) ? Result<void>{} : os_error("create folder", path, ENOTDIR);
        if (errno != ENOENT || path.empty()) return os_error("create folder", path, errno);

        const std::filesystem::path whole{path};
        const std::filesystem::path parent = whole.parent_path();
        if (!parent.empty())
            if (auto made = create_directories(parent.string(), permissions); !made) return made;
        // "a/b/" and "a/b/." are "a/b", which is there by now.
        if (whole.filename().empty() || whole.filename() == ".") return {};

        auto made = make_directory(path, permissions);
        // Somebody else may have been faster.
        const bool is_there = !made && made.error().errno_value == EEXIST && ::stat(path.c_str(), &status) == 0;
        return is_there && S_ISDIR(status.st_mode) ? Result<void>{} : made;
    }

    Result<void> remove(const std::string& path) override {
        if (::unlink(path.c_str()) != 0) return os_error("remove", path, errno);
        return {};
    }

    Result<void> rename(const std::string& from, const std::string& to) override {
        if (::rename(from.c_str(), to.c_str()) != 0) return os_error("rename", from + "' to '" + to, errno);
        return {};
    }

    Result<std::vector<std::string>> list(const std::string& folder) override {
        std::error_code error;
        std::vector<std::string> names;
        std::filesystem::directory_iterator entry{folder, error};
        for (; !error && entry != std::filesystem::directory_iterator{}; entry.increment(error))
            names.push_back(entry->path().filename().string());
        if (error) return os_error("list folder", folder, error.value());
        std::sort(names.begin(), names.end());
        return names;
    }
};

}  // namespace

Files& posix_files() {
    static PosixFiles files;
    return files;
}

}  // namespace servicekit::os
