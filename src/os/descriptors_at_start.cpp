#include "os/descriptors_at_start.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <vector>

#include "base/parse_number.hpp"
#include "os/uninterrupted.hpp"

namespace servicekit::os::descriptors_at_start {
namespace {

/// What a descriptor refers to.
struct Referred {
    dev_t device = 0;
    ino_t inode = 0;
    mode_t type = 0;
    dev_t special = 0;
    int mode = 0;
    /// The text of its link in /proc if it has no inode of its own: eventfd(2), epoll_create(2)...
    std::array<char, 32> kind{};
    bool has_own_inode = false;  ///< a pipe or a socket, which cannot be opened a second time

    friend bool operator==(const Referred&, const Referred&) = default;
};

struct Noted {
    int descriptor = -1;
    Referred refers_to;
};

// Allocated, since it is used before this library's constructors run. Never destroyed.
constinit std::vector<Noted>* noted = nullptr;
constinit bool is_complete = false;

bool look_at(int descriptor, Referred& found) noexcept {
    struct stat status {};
    const int flags = ::fcntl(descriptor, F_GETFL);
    if (flags < 0 || ::fstat(descriptor, &status) != 0) return false;
    found = {.device = status.st_dev,
             .inode = status.st_ino,
             .type = status.st_mode & S_IFMT,
             .special = status.st_rdev,
             .mode = flags & (O_ACCMODE | O_PATH | O_APPEND)};
    std::array<char, 32> path{};
    std::array<char, 32> text{};
    static_cast<void>(std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", descriptor));
    const ssize_t size = ::readlink(path.data(), text.data(), text.size());
    const std::string_view link{text.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
    if (link.starts_with("anon_inode:")) found.kind = text;
    found.has_own_inode = S_ISSOCK(status.st_mode) || link.starts_with("pipe:");
    return true;
}

void note_one(int descriptor) {
    const int flags = ::fcntl(descriptor, F_GETFD);
    // exec(2) closes descriptors marked so. A constructor of a shared library must have opened this one.
    if (flags < 0 || (flags & FD_CLOEXEC) != 0) return;
    if (Referred found; look_at(descriptor, found)) noted->push_back({descriptor, found});
}

/// For systems without /proc.
void note_one_by_one() {
    rlimit limit{};
    constexpr rlim_t most = 65'536;
    const rlim_t end = ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? std::min(limit.rlim_cur, most) : most;
    for (int descriptor = 0; descriptor < static_cast<int>(end); ++descriptor) note_one(descriptor);
}

void note_all() {
    DIR* const directory = uninterrupted([&] { return ::opendir("/proc/self/fd"); });
    if (directory == nullptr) return note_one_by_one();
    while (const dirent* const entry = ::readdir(directory)) {
        const int descriptor = parse_number<int>(entry->d_name).value_or(-1);
        if (descriptor >= 0 && descriptor != ::dirfd(directory)) note_one(descriptor);
    }
    ::closedir(directory);
}

/// Returns true if the descriptor still refers to what was noted.
bool is_unchanged(const Noted& one) noexcept {
    Referred now;
    if (!look_at(one.descriptor, now) || now != one.refers_to) return false;
    return now.has_own_inode || (::fcntl(one.descriptor, F_GETFD) & FD_CLOEXEC) == 0;
}

void open_closed_standard_streams() noexcept {
    for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
        // open(2) returns the lowest free number, which is this one.
        const int opened = open_uninterrupted("/dev/null", O_RDWR);
        if (opened > descriptor) ::close(opened);
    }
}

void note_unless_noted() noexcept {
    if (!is_complete) note();
}

// For programs that are linked without before_constructors.cpp. The lowest number runs first. The attribute
// `constructor` cannot be used, as it rejects numbers below 101, and a program may use 101.
[[gnu::used, gnu::section(".init_array.00001")]] void (*first_constructor)() noexcept = &note_unless_noted;

}  // namespace

void note() noexcept {
    is_complete = false;
    try {
        if (noted == nullptr) noted = new std::vector<Noted>;
        noted->clear();
        note_all();
        is_complete = true;
    } catch (...) {  // NOLINT(bugprone-empty-catch): are_known() reports it
    }
    open_closed_standard_streams();
}

bool are_known() noexcept { return is_complete; }

bool still_has(int descriptor) noexcept {
    return are_known() && std::any_of(noted->begin(), noted->end(), [=](const Noted& one) {
               return one.descriptor == descriptor && is_unchanged(one);
           });
}

void close_all_but(std::span<const int> keep) noexcept {
    if (!are_known()) return;
    for (const Noted& one : *noted) {
        const bool is_kept = std::find(keep.begin(), keep.end(), one.descriptor) != keep.end();
        if (one.descriptor > STDERR_FILENO && !is_kept && is_unchanged(one)) ::close(one.descriptor);
    }
}

}  // namespace servicekit::os::descriptors_at_start
