#include "os/files/file_rights.hpp"

#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <utility>

namespace servicekit::os {
namespace {

// A few architectures had 16-bit ids at first, and SYS_setgroups still means those there.
#ifdef SYS_setgroups32
constexpr long setgroups_number = SYS_setgroups32;
#else
constexpr long setgroups_number = SYS_setgroups;
#endif

/// The capabilities in the kernel's CAP_FS_SET: those that setfsuid(2) takes away from root.
constexpr std::uint32_t rights_of_root = (1U << CAP_CHOWN) | (1U << CAP_DAC_OVERRIDE) | (1U << CAP_DAC_READ_SEARCH) |
                                         (1U << CAP_FOWNER) | (1U << CAP_FSETID) | (1U << CAP_LINUX_IMMUTABLE) |
                                         (1U << CAP_MKNOD);
constexpr std::uint32_t rights_of_root_above = 1U << (CAP_MAC_OVERRIDE - 32);

class Intention {
public:
    void set(std::shared_ptr<const FileUser> user) {
        const std::lock_guard lock{mutex_};
        user_ = std::move(user);
    }
    std::shared_ptr<const FileUser> get() {
        const std::lock_guard lock{mutex_};
        return user_;
    }

private:
    std::mutex mutex_;
    std::shared_ptr<const FileUser> user_;
};

// Never destroyed: the log may be reopened until the very end of the process.
Intention& intention() {
    static auto& only = *new Intention;
    return only;
}

__user_cap_header_struct this_thread() { return {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0}; }

/// Sets the groups of the calling thread only. glibc's function sets those of all threads.
bool set_groups(const std::vector<gid_t>& groups) {
    return ::syscall(setgroups_number, groups.size(), groups.data()) == 0;
}

bool set_file_ids(uid_t uid, gid_t gid) {
    ::setfsgid(gid);
    ::setfsuid(uid);
    // Both return the previous id, whether or not they succeed. An invalid id changes nothing.
    return ::setfsgid(static_cast<gid_t>(-1)) == static_cast<int>(gid) &&
           ::setfsuid(static_cast<uid_t>(-1)) == static_cast<int>(uid);
}

}  // namespace

void set_file_user(std::shared_ptr<const FileUser> user) { intention().set(std::move(user)); }

std::shared_ptr<const FileUser> file_user() { return ::geteuid() == 0 ? intention().get() : nullptr; }

Result<std::unique_ptr<FileRights>> FileRights::of(const FileUser& user) {
    const auto failed = [&user](int errno_value) {
        return os_error("take on the rights of the user", std::to_string(user.uid), errno_value);
    };
    const int count = ::getgroups(0, nullptr);
    if (count < 0) return failed(errno);
    std::vector<gid_t> groups(static_cast<std::size_t>(count));
    if (::getgroups(count, groups.data()) < 0) return failed(errno);
    auto header = this_thread();
    CapabilitySets before;
    if (::syscall(SYS_capget, &header, before.halves) != 0) return failed(errno);

    // From now on the destructor of `rights` restores the previous rights.
    std::unique_ptr<FileRights> rights{new FileRights};
    rights->groups_ = std::move(groups);
    rights->uid_ = static_cast<uid_t>(::setfsuid(static_cast<uid_t>(-1)));
    rights->gid_ = static_cast<gid_t>(::setfsgid(static_cast<gid_t>(-1)));
    rights->capabilities_ = before;
    if (!set_groups(user.groups)) return failed(errno);
    if (!set_file_ids(user.uid, user.gid)) return failed(EPERM);
    // With securebits a process may keep its capabilities when its ids change.
    CapabilitySets left = before;
    left.halves[0].effective &= ~rights_of_root;
    left.halves[1].effective &= ~rights_of_root_above;
    if (::syscall(SYS_capset, &header, left.halves) != 0) return failed(errno);
    return rights;
}

FileRights::~FileRights() {
    auto header = this_thread();
    // A seccomp filter may refuse capset(2): setting root's file system id restores the capabilities, too.
    const auto has_capabilities = [this, &header] {
        CapabilitySets now;
        return ::syscall(SYS_capset, &header, capabilities_.halves) == 0 ||
               (::syscall(SYS_capget, &header, now.halves) == 0 &&
                std::memcmp(now.halves, capabilities_.halves, sizeof now.halves) == 0);
    };
    const bool is_back = set_file_ids(uid_, gid_) && set_groups(groups_) && has_capabilities();
    // With the wrong rights the process must not go on.
    if (!is_back) std::abort();
}

}  // namespace servicekit::os
