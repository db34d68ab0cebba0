#include "simulation/errnos_of.hpp"

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <map>
#include <stdexcept>
#include <string>

namespace servicekit::simulation {
namespace {

using Errnos = std::vector<int>;

// ERRORS of the manual pages, in the same order. If two names have one number (EAGAIN, EWOULDBLOCK), the first one.
const Errnos accept_2{EAGAIN, EBADF,   ECONNABORTED, EFAULT,   EINTR,      EINVAL, EMFILE,
                      ENFILE, ENOBUFS, ENOMEM,       ENOTSOCK, EOPNOTSUPP, EPERM,  EPROTO};
const Errnos bind_2{EACCES, EADDRINUSE,   EBADF,  EINVAL, ENOTSOCK, EADDRNOTAVAIL, EFAULT,
                    ELOOP,  ENAMETOOLONG, ENOENT, ENOMEM, ENOTDIR,  EROFS};
const Errnos chdir_2{EACCES, EFAULT, EIO, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOTDIR};
const Errnos chmod_2{EACCES, EFAULT, EIO, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOTDIR, EPERM, EROFS};
const Errnos chown_2{EACCES, EBADF, EFAULT, EIO, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOTDIR, EPERM, EROFS};
const Errnos clone_for_threads{EAGAIN, EINVAL, EPERM};  // pthread_create(3)
const Errnos connect_2{EACCES,   EPERM,       EADDRINUSE,   EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN,
                       EALREADY, EBADF,       ECONNREFUSED, EFAULT,        EINPROGRESS,  EINTR,
                       EISCONN,  ENETUNREACH, ENOTSOCK,     EPROTOTYPE,    ETIMEDOUT};
const Errnos dup2_2{EBADF, EBUSY, EINTR, EINVAL, EMFILE, ENOMEM};
const Errnos epoll_create_2{EINVAL, EMFILE, ENFILE, ENOMEM};
const Errnos epoll_ctl_2{EBADF, EEXIST, EINVAL, ELOOP, ENOENT, ENOMEM, ENOSPC, EPERM};
const Errnos eventfd_2{EINVAL, EMFILE, ENFILE, ENODEV, ENOMEM};
const Errnos execve_2{E2BIG,  EACCES,       EAGAIN, EFAULT, EINVAL,  EIO,    EISDIR,  ELIBBAD, ELOOP,
                      EMFILE, ENAMETOOLONG, ENFILE, ENOENT, ENOEXEC, ENOMEM, ENOTDIR, EPERM,   ETXTBSY};
const Errnos fchown_2{EBADF, EIO, ENOENT, EPERM, EROFS};
const Errnos fcntl_2{EACCES, EAGAIN, EBADF, EBUSY, EDEADLK, EFAULT, EINTR, EINVAL, EMFILE, ENOLCK, EPERM};
const Errnos flock_2{EBADF, EINTR, EINVAL, ENOLCK, EAGAIN};
const Errnos fork_2{EAGAIN, ENOMEM, ENOSYS};
const Errnos ftruncate_2{EACCES, EFAULT, EFBIG, EINTR, EINVAL, EIO, EISDIR, EPERM, EROFS, ETXTBSY, EBADF};
const Errnos getcwd_3{EACCES, EFAULT, EINVAL, ENAMETOOLONG, ENOENT, ENOMEM, ERANGE};
const Errnos getdents_2{EBADF, EFAULT, EINVAL, ENOENT, ENOTDIR};
const Errnos getgrnam_3{ENOENT, EINTR, EIO, EMFILE, ENFILE, ENOMEM, ERANGE};
const Errnos getpwnam_3{ENOENT, EINTR, EIO, EMFILE, ENFILE, ENOMEM, ERANGE};
const Errnos listen_2{EADDRINUSE, EBADF, ENOTSOCK, EOPNOTSUPP};
const Errnos memfd_create_2{EFAULT, EINVAL, EMFILE, ENFILE, ENOMEM, EPERM};
const Errnos mkdir_2{EACCES,       EDQUOT, EEXIST, EFAULT, EINVAL,  ELOOP, EMLINK,
                     ENAMETOOLONG, ENOENT, ENOMEM, ENOSPC, ENOTDIR, EPERM, EROFS};
const Errnos open_2{EACCES, EBUSY,      EDQUOT,       EEXIST, EFAULT, EFBIG,   EINTR,  EINVAL, EISDIR,
                    ELOOP,  EMFILE,     ENAMETOOLONG, ENFILE, ENODEV, ENOENT,  ENOMEM, ENOSPC, ENOTDIR,
                    ENXIO,  EOPNOTSUPP, EOVERFLOW,    EPERM,  EROFS,  ETXTBSY, EAGAIN};
const Errnos pidfd_open_2{EINVAL, EMFILE, ENFILE, ENODEV, ENOMEM, ESRCH};
const Errnos pidfd_send_signal_2{EBADF, EINVAL, EPERM, ESRCH};
const Errnos pipe_2{EFAULT, EINVAL, EMFILE, ENFILE, ENOPKG};
const Errnos read_2{EAGAIN, EBADF, EFAULT, EINTR, EINVAL, EIO, EISDIR};
const Errnos readlink_2{EACCES, EINVAL, EIO, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOTDIR};
const Errnos recv_2{EAGAIN, EBADF, ECONNREFUSED, EFAULT, EINTR, EINVAL, ENOMEM, ENOTCONN, ENOTSOCK};
const Errnos rename_2{EACCES, EBUSY,  EDQUOT, EFAULT,  EINVAL,    EISDIR, ELOOP, EMLINK, ENAMETOOLONG,
                      ENOENT, ENOMEM, ENOSPC, ENOTDIR, ENOTEMPTY, EPERM,  EROFS, EXDEV};
const Errnos send_2{EACCES,  EAGAIN,   EALREADY, EBADF,  ECONNRESET, EDESTADDRREQ, EFAULT,     EINTR, EINVAL,
                    EISCONN, EMSGSIZE, ENOBUFS,  ENOMEM, ENOTCONN,   ENOTSOCK,     EOPNOTSUPP, EPIPE};
const Errnos setgroups_2{EFAULT, EINVAL, ENOMEM, EPERM};
const Errnos setresuid_2{EAGAIN, EINVAL, EPERM};
const Errnos setrlimit_2{EFAULT, EINVAL, EPERM};
const Errnos setsid_2{EPERM};
const Errnos sigaction_2{EFAULT, EINVAL};
const Errnos sigprocmask_2{EFAULT, EINVAL};
const Errnos socket_2{EACCES, EAFNOSUPPORT, EINVAL, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPROTONOSUPPORT};
const Errnos stat_2{EACCES, EBADF, EFAULT, EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOTDIR, EOVERFLOW};
const Errnos timer_create_2{EAGAIN, EINVAL, ENOMEM, ENOTSUP, EPERM};
const Errnos timerfd_create_2{EINVAL, EMFILE, ENFILE, ENODEV, ENOMEM, EPERM};
const Errnos unlink_2{EACCES, EBUSY, EFAULT, EIO, EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOTDIR, EPERM, EROFS};
const Errnos waitpid_2{ECHILD, EINTR, EINVAL};
const Errnos write_2{EAGAIN, EBADF, EDESTADDRREQ, EDQUOT, EFAULT, EFBIG, EINTR, EINVAL, EIO, ENOSPC, EPERM, EPIPE};

Errnos all_of(std::initializer_list<Errnos> pages) {
    Errnos all;
    for (const Errnos& page : pages) all.insert(all.end(), page.begin(), page.end());
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

std::map<std::string, Errnos, std::less<>> make_table() {
    return {
        {"captures.capture", all_of({pipe_2, fcntl_2, dup2_2})},
        {"captures.start", all_of({eventfd_2, clone_for_threads})},
        {"crashes.change_owner", all_of({chown_2})},
        {"crashes.install", all_of({sigaction_2})},
        {"crashes.open_report", all_of({open_2, stat_2, chmod_2})},
        {"event_loop.make", all_of({epoll_create_2, eventfd_2, epoll_ctl_2, timerfd_create_2})},
        {"event_loop.start", all_of({clone_for_threads})},
        {"event_loop.watch", all_of({epoll_ctl_2})},
        {"files.create_directories", all_of({stat_2, mkdir_2, open_2, chmod_2})},
        {"files.give_to_group", all_of({chown_2})},
        {"files.change_owner", all_of({chown_2})},
        {"files.link_target", all_of({readlink_2})},
        {"files.list", all_of({open_2, getdents_2})},
        {"files.open_for_appending", all_of({open_2, stat_2, chmod_2, fcntl_2})},
        {"files.open_for_reading", all_of({open_2, stat_2, fcntl_2})},
        {"files.read", all_of({open_2, stat_2, fcntl_2, read_2})},
        {"files.read_at", all_of({read_2})},
        {"files.remove", all_of({unlink_2})},
        {"files.rename", all_of({rename_2})},
        {"files.set_permissions", all_of({chmod_2})},
        {"files.status", all_of({stat_2})},
        {"files.write", all_of({write_2})},
        {"inherited.claim_for_writing", all_of({fcntl_2})},
        {"inherited.close_all_but", {ENOMEM}},
        {"inherited.write_and_close", all_of({write_2})},
        {"kill_timers.kill_at", all_of({timer_create_2})},
        {"locks.owner", all_of({open_2, stat_2, fcntl_2})},
        {"locks.try_lock", all_of({open_2, stat_2, fcntl_2, flock_2, chmod_2})},
        {"locks.write", all_of({ftruncate_2, write_2})},
        {"message_sockets.connect", all_of({socket_2, connect_2, open_2})},
        {"message_sockets.send", all_of({send_2})},
        {"message_sockets.send_in_file", all_of({send_2, memfd_create_2, write_2, fcntl_2})},
        {"pipes.open", all_of({pipe_2, fcntl_2})},
        {"pipes.write", all_of({write_2})},
        {"process.change_directory", all_of({chdir_2})},
        {"process.kill_after", all_of({timer_create_2})},
        {"process.current_directory", all_of({getcwd_3})},
        {"process.ensure_stack", all_of({setrlimit_2})},
        {"process.fork", all_of({fork_2})},
        {"process.start_session", all_of({setsid_2})},
        {"process.wait_for_child", all_of({waitpid_2})},
        {"processes.signal", all_of({pidfd_open_2, pidfd_send_signal_2})},
        {"programs.change_owner", all_of({fchown_2})},
        {"programs.open_input", all_of({pipe_2, fcntl_2})},
        {"programs.signal", all_of({pidfd_send_signal_2})},
        {"programs.start", all_of({fork_2, execve_2, open_2, fcntl_2})},
        {"programs.write", all_of({write_2})},
        {"service_manager.take_listen_sockets", all_of({fcntl_2})},
        {"signals.hold", all_of({sigprocmask_2})},
        {"signals.note", all_of({sigaction_2})},
        {"signals.take", all_of({sigaction_2, pipe_2})},
        {"sockets.accept", all_of({accept_2})},
        {"sockets.connect", all_of({socket_2, connect_2, open_2})},
        {"sockets.group", all_of({stat_2})},
        {"sockets.change_owner", all_of({chown_2})},
        {"sockets.listen", all_of({socket_2, bind_2, listen_2, chmod_2, chown_2, unlink_2, open_2})},
        {"sockets.probe", all_of({stat_2, socket_2, connect_2})},
        {"sockets.receive", all_of({recv_2})},
        {"sockets.remove_file", all_of({stat_2, unlink_2})},
        {"sockets.send", all_of({send_2})},
        {"sockets.try_connect", all_of({socket_2, connect_2, open_2})},
        {"streams.open_closed_ones", all_of({open_2, fcntl_2})},
        {"streams.change_owner", all_of({stat_2, chown_2})},
        {"streams.set_permissions", all_of({chmod_2})},
        {"streams.redirect_to_file", all_of({open_2, stat_2, dup2_2, chmod_2})},
        {"streams.redirect_to", all_of({dup2_2, fcntl_2})},
        {"streams.redirect_to_null", all_of({open_2, dup2_2, fcntl_2})},
        {"streams.write", all_of({write_2})},
        {"users.become", all_of({setgroups_2, setresuid_2})},
        {"users.find_group", all_of({getgrnam_3})},
        {"users.find_user", all_of({getpwnam_3})},
    };
}

}  // namespace

const std::vector<int>& errnos_of(std::string_view operation) {
    static const auto table = make_table();
    const auto found = table.find(operation);
    if (found == table.end()) throw std::out_of_range("no errors are known of '" + std::string{operation} + "'");
    return found->second;
}

}  // namespace servicekit::simulation
