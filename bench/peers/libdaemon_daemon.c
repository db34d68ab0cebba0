/* Measured by bench/start: what bare_daemon does, with libdaemon where it has the step: double fork, readiness, pidfile,
 * signals, log. The log goes to a file instead of syslog.
 *
 *   libdaemon_daemon DIRECTORY     writes DIRECTORY/libdaemon.pid, DIRECTORY/libdaemon.control, DIRECTORY/libdaemon.log
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <libdaemon/daemon.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char pid_path[512];

static const char *path_of_pid_file(void) { return pid_path; }

/* Ends the daemon, and its parent with the same code. */
static void check(int ok, const char *what) {
    if (ok) return;
    daemon_log(LOG_ERR, "%s: %m", what);
    daemon_retval_send(71);
    daemon_pid_file_remove();
    _exit(71);
}

int main(int argc, char **argv) {
    if (argc != 2) return 64;
    char socket_path[100], log_path[512];
    snprintf(pid_path, sizeof pid_path, "%s/libdaemon.pid", argv[1]);
    snprintf(socket_path, sizeof socket_path, "%s/libdaemon.control", argv[1]);
    snprintf(log_path, sizeof log_path, "%s/libdaemon.log", argv[1]);

    daemon_log_ident = "libdaemon";
    daemon_log_use = DAEMON_LOG_STDERR;
    daemon_pid_file_proc = path_of_pid_file;
    if (daemon_reset_sigs(-1) < 0 || daemon_unblock_sigs(-1) < 0) return 71;
    if (daemon_pid_file_is_running() >= 0) return 69;
    if (daemon_retval_init() < 0) return 71;
    pid_t child = daemon_fork();
    if (child < 0) return 71;
    if (child > 0) {
        int code = daemon_retval_wait(20);
        return code < 0 ? 70 : code;
    }

    daemon_close_all(-1);
    umask(022);
    int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    check(log >= 0, log_path);
    dup2(log, 1);
    dup2(log, 2);
    check(daemon_pid_file_create() == 0, pid_path);

    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, socket_path, sizeof address.sun_path - 1);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    unlink(socket_path);
    check(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 1024) == 0, socket_path);
    check(daemon_signal_init(SIGTERM, SIGINT, SIGHUP, 0) == 0, "signals");

    int poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = daemon_signal_fd()};
    epoll_ctl(poller, EPOLL_CTL_ADD, daemon_signal_fd(), &interest);
    interest.data.fd = listener;
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &interest);

    daemon_log(LOG_INFO, "ready");
    daemon_retval_send(0);
    for (;;) {
        struct epoll_event event;
        if (epoll_wait(poller, &event, 1, -1) == 1 && event.data.fd == daemon_signal_fd() && daemon_signal_next() > 0) break;
    }
    unlink(socket_path);
    daemon_signal_done();
    daemon_pid_file_remove();
    return 0;
}
