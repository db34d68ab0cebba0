#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstddef>

namespace servicekit::os::test {

/// Makes a system call fail with `errno_value` in this thread and in the threads that it starts, as in an older kernel
/// or under a container's filter. Call it in a child, since it can't be undone.
/// \param flags of seccomp(2)
/// \returns false if that is not possible here
inline bool deny_system_call(long number, int errno_value, unsigned flags = 0) {
    std::array<sock_filter, 4> program{{
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, static_cast<__u32>(number)},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | static_cast<__u32>(errno_value)},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    }};
    const sock_fprog filter{program.size(), program.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter) == 0;
}

/// Does the same for all threads of the process.
inline bool deny_system_call_in_all_threads(long number, int errno_value) {
    return deny_system_call(number, errno_value, SECCOMP_FILTER_FLAG_TSYNC);
}

}  // namespace servicekit::os::test
