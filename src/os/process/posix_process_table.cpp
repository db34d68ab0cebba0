#include "servicekit/os/process_table.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

#include "base/parse_number.hpp"
#include "os/deadline.hpp"
#include "os/descriptor.hpp"
#include "os/proc_file.hpp"

namespace servicekit::os {
namespace {

// By number, since glibc has wrappers for these calls only since 2.36.
Descriptor open_pidfd(pid_t pid) { return Descriptor{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))}; }

int send_through(const Descriptor& pidfd, int signal_number) {
    return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd.get(), signal_number, nullptr, 0));
}

// pidfd_open() itself never fails with EPERM: a container's seccomp filter that is older than the call does.
bool lacks_pidfds(int errno_value) { return errno_value == ENOSYS || errno_value == EPERM; }

// EINVAL, or ENOENT in newer kernels: the number is a thread's, so the process that had it is gone.
bool is_gone(int errno_value) { return errno_value == ESRCH || errno_value == EINVAL || errno_value == ENOENT; }

/// Also returns true for a zombie.
bool has_ended(pid_t pid) {
    if (::kill(pid, 0) != 0 && errno == ESRCH) return true;
    const auto status = read_proc_file("/proc/" + std::to_string(pid) + "/status");
    const auto state = status ? proc_line(*status, "State:") : std::nullopt;
    return state && (state->starts_with('Z') || state->starts_with('X'));
}

bool poll_for_end(pid_t pid, const Deadline& deadline) {
    while (!has_ended(pid)) {
        if (deadline.passed()) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    return true;
}

class PosixProcessTable final : public ProcessTable {
public:
    std::optional<uid_t> effective_user_of(pid_t pid) const override {
        // The owner of /proc/PID would be wrong: it is root for a process that may not dump core.
        const auto status = read_proc_file("/proc/" + std::to_string(pid) + "/status");
        auto ids = status ? proc_line(*status, "Uid:") : std::nullopt;
        if (!ids) return std::nullopt;
        static_cast<void>(next_word(*ids));  // skips the real uid
        return parse_number<uid_t>(next_word(*ids));
    }

    std::optional<ProcessUsage> usage_of(pid_t pid) const override {
        const auto text = read_proc_file("/proc/" + std::to_string(pid) + "/stat");
        const auto name_end = text ? text->rfind(')') : std::string::npos;
        if (name_end == std::string::npos) return std::nullopt;
        std::string_view rest = std::string_view{*text}.substr(name_end + 1);
        // The numbers of the fields in proc(5); the first one after the name is 3.
        constexpr int user_time = 14;
        constexpr int system_time = 15;
        constexpr int threads = 20;
        constexpr int virtual_memory = 23;
        constexpr int resident_pages = 24;
        ProcessUsage usage;
        std::uint64_t ticks = 0;
        std::uint64_t pages = 0;
        for (int field = 3; field <= resident_pages; ++field) {
            const auto number = parse_number<std::uint64_t>(next_word(rest)).value_or(0);
            if (field == user_time || field == system_time) ticks += number;
            if (field == threads) usage.threads = number;
            if (field == virtual_memory) usage.virtual_memory = number;
            if (field == resident_pages) pages = number;
        }
        const auto ticks_a_second = static_cast<std::uint64_t>(std::max(::sysconf(_SC_CLK_TCK), 1L));
        const auto page_size = static_cast<std::uint64_t>(std::max(::sysconf(_SC_PAGESIZE), 1L));
        usage.memory = pages * page_size;
        usage.cpu = std::chrono::milliseconds{ticks * 1000 / ticks_a_second};
        return usage;
    }

    Result<bool> signal(pid_t pid, int signal_number, const std::function<bool()>& still_meant) override {
        constexpr const char* action = "signal process";
        const std::string object = std::to_string(pid);
        if (pid <= 0)  // kill(2) takes these numbers for process groups
            return Error{ExitCode::os, action, object, "not the number of a process", EINVAL};

        const Descriptor pidfd = open_pidfd(pid);
        const int open_errno = errno;
        if (!pidfd && is_gone(open_errno)) return false;
        if (!pidfd && !lacks_pidfds(open_errno)) return os_error(action, object, open_errno);
        if (!still_meant()) return false;
        const int outcome = pidfd ? send_through(pidfd, signal_number) : ::kill(pid, signal_number);
        if (outcome == 0) return true;
        if (errno == ESRCH) return false;
        return os_error(action, object, errno);
    }

    bool wait_for_end(pid_t pid, std::chrono::milliseconds at_most) override {
        if (pid <= 0) return false;
        const Deadline deadline{at_most};
        const Descriptor pidfd = open_pidfd(pid);
        if (!pidfd) return is_gone(errno) || poll_for_end(pid, deadline);
        while (true) {
            pollfd ended{pidfd.get(), POLLIN, 0};
            const int count = ::poll(&ended, 1, deadline.poll_timeout());
            if (count > 0) return true;
            if (count == 0 && deadline.passed()) return false;
            if (count < 0 && errno != EINTR) return poll_for_end(pid, deadline);
        }
    }
};

}  // namespace

ProcessTable& posix_process_table() {
    static PosixProcessTable table;
    return table;
}

}  // namespace servicekit::os
