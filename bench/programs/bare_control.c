/* The baseline for bench/control: an epoll server that answers requests on a unix socket with the bytes of a servicekit
 * status. It parses no JSON, checks nothing and has no limits, so it shows the cost of the kernel.
 *
 *   bare_control SOCKET              one thread does everything
 *   bare_control SOCKET hand-over    one thread reads and hands each request to another, which sends the answer: the
 *                                    cost of reading while an answer is being made
 *   bare_control SOCKET as-servicekit
 *                                    one thread, with the system calls of servicekit's promises: its queue holds 8
 *                                    clients, and it reads the credentials of each
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { max_events = 256, max_request = 4096, max_waiting = 4096 };

static const char *path;
static int pid;
static time_t started;
static char started_at[32];

static time_t seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static int answer(int client) {
    char reply[512];
    int size = snprintf(reply, sizeof reply,
                        "{\"pid\":%d,\"control-socket\":\"%s\",\"uptime\":%ld,\"name\":\"bench-service\",\"version\":\"1.0\","
                        "\"state\":\"running\",\"started-at\":\"%s\",\"pid-file\":\"%s.pid\"}\n",
                        pid, path, (long)(seconds() - started), started_at, path);
    return send(client, reply, (size_t)size, MSG_NOSIGNAL | MSG_DONTWAIT) == size;
}

/* Descriptors of clients that wait for an answer from the other thread, if there is one. Each client has one request at
 * a time, so there are never more than clients. */
static int hands_over;
static int is_as_servicekit;
static int waiting[max_waiting];
static size_t first, next;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sem_t some_wait;

static int hand_over(int client) {
    pthread_mutex_lock(&mutex);
    waiting[next++ % max_waiting] = client;
    pthread_mutex_unlock(&mutex);
    return 1;
}

static void *answer_waiting(void *unused) {
    for (;;) {
        pthread_mutex_lock(&mutex);
        int client = first == next ? -1 : waiting[first++ % max_waiting];
        pthread_mutex_unlock(&mutex);
        if (client >= 0)
            answer(client);
        else
            sem_wait(&some_wait);
    }
    return unused;
}

/* Answers each line. The clients of this benchmark send a request in one piece. Returns 0 to close the connection. */
static int serve(int client) {
    char request[max_request];
    ssize_t size = recv(client, request, sizeof request, MSG_DONTWAIT);
    if (size < 0) return errno == EAGAIN;
    if (size == 0) return 0;
    for (char *line = request, *end; (end = memchr(line, '\n', (size_t)(request + size - line))) != NULL; line = end + 1) {
        if ((size_t)(end - line) != strlen("[\"status\"]") || memcmp(line, "[\"status\"]", (size_t)(end - line)) != 0) return 0;
        if (!(hands_over ? hand_over(client) : answer(client))) return 0;
    }
    return 1;
}

int main(int argc, char **argv) {
    if (argc != 2 && argc != 3) return 64;
    hands_over = argc == 3 && strcmp(argv[2], "hand-over") == 0;
    is_as_servicekit = argc == 3 && strcmp(argv[2], "as-servicekit") == 0;
    if (argc == 3 && !hands_over && !is_as_servicekit) return 64;
    path = argv[1];
    pid = (int)getpid();
    started = seconds();
    time_t now = time(NULL);
    strftime(started_at, sizeof started_at, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));

    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    unlink(path);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, is_as_servicekit ? 8 : 1024) != 0) {
        perror(path);
        return 73;
    }
    pthread_t other;
    if (hands_over && (sem_init(&some_wait, 0, 0) != 0 || pthread_create(&other, NULL, answer_waiting, NULL) != 0)) return 71;
    int poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &interest);
    for (;;) {
        struct epoll_event events[max_events];
        int ready = epoll_wait(poller, events, max_events, -1);
        size_t handed_over = next;
        for (int i = 0; i < ready; i++) {
            int descriptor = events[i].data.fd;
            if (descriptor != listener) {
                if (!serve(descriptor)) close(descriptor);
                continue;
            }
            int client;
            while ((client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
                struct ucred credentials;
                socklen_t credentials_size = sizeof credentials;
                if (is_as_servicekit)
                    getsockopt(client, SOL_SOCKET, SO_PEERCRED, &credentials, &credentials_size);
                interest.data.fd = client;
                epoll_ctl(poller, EPOLL_CTL_ADD, client, &interest);
            }
        }
        /* One post for all requests: the other thread takes each of them before it sleeps. */
        if (next != handed_over) sem_post(&some_wait);
    }
}
