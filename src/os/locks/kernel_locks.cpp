#include "os/locks/kernel_locks.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <optional>
#include <string>

#include "base/parse_number.hpp"
#include "base/take_up_to.hpp"
#include "os/proc_file.hpp"

namespace servicekit::os {
namespace {

/// \param name "fe:00:131": the device in hexadecimal, the inode in decimal
bool names(std::string_view name, const KernelFile& file) {
    const auto device_major = parse_number<std::uint64_t>(take_up_to(':', name), 16);
    const auto device_minor = parse_number<std::uint64_t>(take_up_to(':', name), 16);
    const auto inode = parse_number<std::uint64_t>(name);
    return device_major == file.device_major && device_minor == file.device_minor && inode == file.inode;
}

std::optional<KernelLock::Kind> kind_from(std::string_view word) {
    if (word == "POSIX") return KernelLock::Kind::fcntl;
    if (word == "FLOCK") return KernelLock::Kind::flock;
    if (word == "OFDLCK") return KernelLock::Kind::open_file;
    return std::nullopt;
}

/// \param line "1: POSIX  ADVISORY  WRITE 4711 fe:00:131 0 EOF"; a waiting lock has "->" before its kind.
std::optional<KernelLock> parse_line(std::string_view line, const KernelFile& file) {
    static_cast<void>(next_word(line));
    const auto kind = kind_from(next_word(line));
    if (!kind) return std::nullopt;
    static_cast<void>(next_word(line));
    const bool exclusive = next_word(line) == "WRITE";
    const auto pid = parse_number<pid_t>(next_word(line));
    if (!pid || !names(next_word(line), file)) return std::nullopt;
    return KernelLock{*kind, exclusive, std::max(*pid, 0)};
}

/// Returns the device of the mount with this id from the mount table.
std::optional<std::string> device_of_mount(std::string_view mount_id) {
    const auto table = read_proc_file("/proc/self/mountinfo");
    std::string_view rest = table ? std::string_view{*table} : std::string_view{};
    while (!rest.empty()) {
        std::string_view line = take_up_to('\n', rest);
        if (next_word(line) != mount_id) continue;
        static_cast<void>(next_word(line));
        return std::string{next_word(line)};
    }
    return std::nullopt;
}

/// A file as /proc/locks identifies it. Differs from fstat(2): on btrfs and overlayfs that reports a device and an
/// inode other than the kernel's own.
class LockedFile {
public:
    static std::optional<LockedFile> of(int descriptor) {
        struct stat status {};
        if (::fstat(descriptor, &status) != 0) return std::nullopt;
        LockedFile locked;
        locked.file_ = {major(status.st_dev), minor(status.st_dev), status.st_ino};
        const auto info = read_proc_file("/proc/self/fdinfo/" + std::to_string(descriptor));
        if (!info) return locked;
        if (const auto line = proc_line(*info, "ino:"))  // since Linux 5.14
            locked.file_.inode = parse_number<std::uint64_t>(*line).value_or(status.st_ino);
        if (const auto id = proc_line(*info, "mnt_id:")) locked.mount_id_ = *id;
        return locked;
    }
    /// Returns true if the table may contain the file. If not, the mounts need not be searched for the device.
    [[nodiscard]] bool may_be_in(std::string_view table) const {
        return table.find(':' + std::to_string(file_.inode) + ' ') != std::string_view::npos;
    }
    [[nodiscard]] KernelFile identify() const;

private:
    KernelFile file_{};
    std::string mount_id_;
};

KernelFile LockedFile::identify() const {
    KernelFile file = file_;
    if (!mount_id_.empty()) {
        const std::string device = device_of_mount(mount_id_).value_or("");
        std::string_view rest = device;
        const auto device_major = parse_number<std::uint64_t>(take_up_to(':', rest));
        const auto device_minor = parse_number<std::uint64_t>(rest);
        if (device_major && device_minor) {
            file.device_major = *device_major;
            file.device_minor = *device_minor;
        }
    }
    return file;
}

}  // namespace

std::vector<KernelLock> parse_kernel_locks(std::string_view table, const KernelFile& file) {
    std::vector<KernelLock> locks;
    while (!table.empty())
        if (const auto lock = parse_line(take_up_to('\n', table), file)) locks.push_back(*lock);
    return locks;
}

std::vector<KernelLock> kernel_locks_on(int descriptor) {
    const auto file = LockedFile::of(descriptor);
    if (!file) return {};
    // The kernel returns the table a page at a time. If a lock disappears between two reads, the others move up, so
    // that one on the border can be missed. Three reads make that unlikely.
    for (int look = 0; look < 3; ++look) {
        const auto table = read_proc_file("/proc/locks");
        if (!table) return {};
        if (!file->may_be_in(*table)) continue;
        auto locks = parse_kernel_locks(*table, file->identify());
        if (locks.empty()) continue;
        if (!is_proc_of_own_namespace())
            for (KernelLock& lock : locks) lock.pid = 0;
        return locks;
    }
    return {};
}

}  // namespace servicekit::os
