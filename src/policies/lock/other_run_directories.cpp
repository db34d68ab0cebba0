#include "policies/lock/other_run_directories.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

#include "base/parse_number.hpp"
#include "base/path_parts.hpp"
#include "servicekit/os/closed_directory.hpp"

namespace servicekit::policies {
namespace {

constexpr std::chrono::milliseconds pause{5};
/// Most checks of an owner that neither gives way nor writes its pid, two seconds in all. It is stopped or in another
/// pid namespace.
constexpr int most_looks = 400;

/// Returns true if the pidfile cannot belong to this user or to any service.
bool is_foreign(const Error& error) {
    constexpr std::array reasons{EACCES, EPERM, ELOOP, EISDIR, EINVAL, ENOTDIR, ENAMETOOLONG};
    return std::find(reasons.begin(), reasons.end(), error.errno_value) != reasons.end();
}

bool has_written_its_pid(const os::LockOwner& owner) {
    const auto pid = parse_number<pid_t>(std::string_view{owner.content}.substr(0, owner.content.find('\n')));
    return pid > 0 && pid == owner.pid;
}

}  // namespace

Result<std::optional<OtherRunDirectories::Instance>> OtherRunDirectories::look(os::Look look) const {
    for (const std::string& pid_file : pid_files_) {
        auto owner = owner_of(pid_file, look);
        if (!owner) return owner.error();
        if (*owner) return std::optional{Instance{pid_file, **owner}};
    }
    return std::optional<Instance>{};
}

Result<std::optional<OtherRunDirectories::Instance>> OtherRunDirectories::give_way(const os::FileLock& own) const {
    const os::FileIdentity self = own.file();
    for (const std::string& pid_file : pid_files_) {
        for (int looks = 1;; ++looks) {
            auto owner = owner_of(pid_file, os::Look::thorough);
            if (!owner) return owner.error();
            // Two paths may name the same file.
            if (!*owner || (*owner)->file == self) break;
            if (has_written_its_pid(**owner) || (*owner)->file < self || looks == most_looks)
                return std::optional{Instance{pid_file, **owner}};
            pause_for(**owner);
        }
    }
    return std::optional<Instance>{};
}

Result<std::optional<os::LockOwner>> OtherRunDirectories::owner_of(const std::string& pid_file, os::Look look) const {
    auto owner = locks_.owner(pid_file, look);
    if (!owner && is_foreign(owner.error())) return std::optional<os::LockOwner>{};
    if (!owner || !*owner || counts(pid_file, **owner)) return owner;
    return std::optional<os::LockOwner>{};
}

bool OtherRunDirectories::counts(const std::string& pid_file, const os::LockOwner& owner) const {
    if (!owner.is_instance) return false;
    const uid_t self = process_.effective_user();
    if (owner.uid == self) return true;
    const auto is_closed = os::is_closed_directory(files_, directory_of(pid_file), {self});
    return is_closed && *is_closed;
}

void OtherRunDirectories::pause_for(const os::LockOwner& owner) const {
    if (owner.pid <= 0 || processes_.wait_for_end(owner.pid, pause)) std::this_thread::sleep_for(pause);
}

}  // namespace servicekit::policies
