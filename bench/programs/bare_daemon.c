/* The baseline for bench/start: what a careful C program does to become a service, with raw system calls alone: double
 * fork, readiness pipe, fcntl and flock lock, pidfile, log file, listening socket, signals by signalfd.
 *
 *   bare_daemon DIRECTORY     writes DIRECTORY/bare.pid, DIRECTORY/bare.control, DIRECTORY/bare.log
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(int ok, const char *what) {
    if (ok) return;
    perror(what);
    _exit(71);
}

int main(int argc, char **argv) {
    if (argc != 2) return 64;
    char pid_path[512], socket_path[100], log_path[512];
    snprintf(pid_path, sizeof pid_path, "%s/bare.pid", argv[1]);
    snprintf(socket_path, sizeof socket_path, "%s/bare.control", argv[1]);
    snprintf(log_path, sizeof log_path, "%s/bare.log", argv[1]);

    int ready[2];
    check(pipe2(ready, O_CLOEXEC) == 0, "pipe");
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);

    pid_t child = fork();
    check(child >= 0, "fork");
    if (child > 0) {
        char word = 0;
        close(ready[1]);
        waitpid(child, NULL, 0);
        _exit(read(ready[0], &word, 1) == 1 && word == 'r' ? 0 : 70);
    }
    check(setsid() > 0, "setsid");
    child = fork();
    check(child >= 0, "fork");
    if (child > 0) _exit(0);

    check(chdir("/") == 0, "chdir");
    umask(022);
    close(ready[0]);

    int pid_file = open(pid_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    check(pid_file >= 0 && fcntl(pid_file, F_SETLK, &whole) == 0 && flock(pid_file, LOCK_EX | LOCK_NB) == 0, pid_path);
    struct stat held, found;
    check(fstat(pid_file, &held) == 0 && stat(pid_path, &found) == 0 && held.st_ino == found.st_ino, pid_path);
    check(ftruncate(pid_file, 0) == 0 && dprintf(pid_file, "%d\n", (int)getpid()) > 0, pid_path);

    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    check(log >= 0, log_path);
    dup2(null, 0);
    dup2(log, 1);
    dup2(log, 2);

    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, socket_path, sizeof address.sun_path - 1);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    unlink(socket_path);
    check(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 1024) == 0, socket_path);

    int poller = epoll_create1(EPOLL_CLOEXEC);
    int taken = signalfd(-1, &signals, SFD_CLOEXEC);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = taken};
    epoll_ctl(poller, EPOLL_CTL_ADD, taken, &interest);
    interest.data.fd = listener;
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &interest);

    dprintf(log, "ready\n");
    check(write(ready[1], "r", 1) == 1, "report");
    close(ready[1]);
    for (;;) {
        struct epoll_event event;
        if (epoll_wait(poller, &event, 1, -1) == 1 && event.data.fd == taken) break;
    }
    unlink(socket_path);
    check(ftruncate(pid_file, 0) == 0, pid_path);
    return 0;
}
