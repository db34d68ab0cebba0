/* The floor for servicekit in bench/start: the steps of a service's start and stop, with raw system calls alone, in a
 * program that is as large. It reads no command line and no settings, and can do nothing but end.
 *
 * Beyond bare_daemon: each directory is walked without following links, since another user may own a part of the path.
 * There are a handler with its own stack for each signal of a crash, a file for its report, a record of the start, a
 * note of the stop, pipes for what the program prints, and a second thread that waits for clients.
 *
 *   bare_service DIRECTORY     writes DIRECTORY/bare.pid, .control, .log, .json and .stop
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { handler_stack = 128 * 1024, pipe_size = 1024 * 1024 };

static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGTRAP, SIGABRT};
static const int endings[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGXCPU};

static sem_t is_asked_to_end;
static int poller, listener, taken, ends, log_file, stop_note, errors = 2;

static void check(int ok, const char *what) {
    if (ok) return;
    dprintf(errors, "bare_service: %s: %s\n", what, strerror(errno));
    _exit(71);
}

/* Opens a directory without following links. */
static int walk(const char *path) {
    int directory = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat found;
    char copy[512], *rest = copy;
    snprintf(copy, sizeof copy, "%s", path);
    for (char *name; (name = strsep(&rest, "/"));) {
        if (!*name) continue;
        int next = openat(directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        check(next >= 0 && fstat(next, &found) == 0, path);
        close(directory);
        directory = next;
    }
    return directory;
}

static int create(const char *directory, const char *name, int flags, mode_t mode) {
    int in = walk(directory);
    struct stat found;
    int file = openat(in, name, O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC | flags, mode);
    check(file >= 0 && fchmod(file, mode) == 0 && fstat(file, &found) == 0, name);
    close(in);
    return file;
}

static void say(const char *line) {
    struct timespec now;
    struct tm day;
    char stamp[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &day);
    strftime(stamp, sizeof stamp, "%FT%T", &day);
    dprintf(log_file, "%s.%06ldZ info  %s\n", stamp, now.tv_nsec / 1000, line);
}

static void on_crash(int number) { _exit(128 + number); }

static void guard_this_thread(void) {
    char *memory =
        mmap(NULL, handler_stack + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    check(memory != MAP_FAILED && mprotect(memory, 4096, PROT_NONE) == 0, "stack");
    stack_t stack = {.ss_sp = memory + 4096, .ss_size = handler_stack};
    sigaltstack(&stack, NULL);
}

static void watch(int descriptor) {
    struct epoll_event interest = {.events = EPOLLIN | EPOLLET, .data.fd = descriptor};
    check(epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &interest) == 0, "epoll_ctl");
}

static int redirect(int stream) {
    int ends_of_pipe[2];
    check(pipe2(ends_of_pipe, O_CLOEXEC) == 0, "pipe");
    fcntl(ends_of_pipe[0], F_SETFL, O_NONBLOCK);
    fcntl(ends_of_pipe[1], F_SETPIPE_SZ, pipe_size);
    dup2(ends_of_pipe[1], stream);
    close(ends_of_pipe[1]);
    return ends_of_pipe[0];
}

static void *control(void *unused) {
    prctl(PR_SET_NAME, "control");
    guard_this_thread();
    for (;;) {
        struct epoll_event event;
        if (epoll_wait(poller, &event, 1, -1) != 1) continue;
        if (event.data.fd == taken) sem_post(&is_asked_to_end);
        if (event.data.fd == ends) return unused;
        if (event.data.fd == taken) epoll_ctl(poller, EPOLL_CTL_DEL, taken, NULL);
    }
}

static void write_record(const char *directory) {
    char text[640], name[64];
    memset(text, ' ', sizeof text);
    snprintf(name, sizeof name, ".bare.json.%d", (int)getpid());
    int file = create(directory, name, O_WRONLY | O_EXCL, 0644);
    check(write(file, text, sizeof text) == (ssize_t)sizeof text, name);
    close(file);
    int in = walk(directory);
    check(renameat(in, name, in, "bare.json") == 0, "bare.json");
    unlinkat(in, "bare.stop", 0);
    close(in);
    stop_note = create(directory, "bare.stop", O_WRONLY | O_APPEND, 0644);
}

int main(int argc, char **argv) {
    if (argc != 2) return 64;
    const char *directory = argv[1];
    sigset_t signals, all;
    sigemptyset(&signals);
    sigfillset(&all);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; ++i) sigaddset(&signals, endings[i]);
    int ready[2];
    check(pipe2(ready, O_CLOEXEC) == 0, "pipe");
    sigprocmask(SIG_BLOCK, &signals, NULL);

    pid_t child = fork();
    check(child >= 0, "fork");
    if (child > 0) {
        char word = 0;
        close(ready[1]);
        waitpid(child, NULL, 0);
        while (read(ready[0], &word, 1) == 1 && word != 'r') continue;
        _exit(word == 'r' ? 0 : 70);
    }
    check(setsid() > 0, "setsid");
    child = fork();
    check(child >= 0, "fork");
    if (child > 0) _exit(0);
    check(write(ready[1], "p", 1) == 1, "report");

    check(chdir("/") == 0, "chdir");
    umask(022);
    close(ready[0]);
    struct sigaction crash = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK};
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; ++i) sigaction(crashes[i], &crash, NULL);
    guard_this_thread();

    int pid_file = create(directory, "bare.pid", O_RDWR, 0644);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    check(fcntl(pid_file, F_SETLK, &whole) == 0 && flock(pid_file, LOCK_EX | LOCK_NB) == 0, "bare.pid");
    char path[512];
    snprintf(path, sizeof path, "%s/bare.pid", directory);
    struct stat held, found;
    check(fstat(pid_file, &held) == 0 && stat(path, &found) == 0 && held.st_ino == found.st_ino, path);
    check(ftruncate(pid_file, 0) == 0 && dprintf(pid_file, "%d\n", (int)getpid()) > 0, path);

    errors = fcntl(2, F_DUPFD_CLOEXEC, 3);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, 0);
    close(null);
    log_file = create(directory, "bare.log", O_WRONLY | O_APPEND, 0640);
    check(write(ready[1], "l", 1) == 1, "report");
    say("starts");

    poller = epoll_create1(EPOLL_CLOEXEC);
    ends = eventfd(0, EFD_CLOEXEC);
    taken = signalfd(-1, &signals, SFD_CLOEXEC);
    watch(ends);
    watch(taken);
    watch(redirect(1));
    watch(redirect(2));
    write_record(directory);
    int in = walk(directory);
    int crash_file = openat(in, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0640);
    close(in);

    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/bare.control", directory);
    in = walk(directory);
    unlinkat(in, "bare.control", 0);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    fchmod(listener, 0600);
    check(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 8) == 0, "bare.control");
    close(in);
    watch(listener);

    sem_init(&is_asked_to_end, 0, 0);
    pthread_t thread;
    sigset_t before;
    pthread_sigmask(SIG_SETMASK, &all, &before);
    check(pthread_create(&thread, NULL, control, NULL) == 0, "pthread_create");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    say("ready");
    check(write(ready[1], "r", 1) == 1, "report");
    close(ready[1]);

    while (sem_wait(&is_asked_to_end) != 0) continue;
    say("stops");
    in = walk(directory);
    unlinkat(in, "bare.control", 0);
    close(in);
    close(listener);
    say("stopped");
    check(dprintf(stop_note, "stopped\n") > 0, "bare.stop");
    check(ftruncate(pid_file, 0) == 0, "bare.pid");
    const uint64_t one = 1;
    check(write(ends, &one, sizeof one) == (ssize_t)sizeof one, "eventfd");
    pthread_join(thread, NULL);
    crash.sa_handler = SIG_DFL;
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; ++i) sigaction(crashes[i], &crash, NULL);
    close(crash_file);
    return 0;
}
