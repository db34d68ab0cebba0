/* The measure for bench/control: an epoll server that answers requests on a unix socket with the bytes of a servicekit
 * status, and does nothing else. No JSON is parsed, nothing is checked, there are no limits: what the kernel costs.
 *
 *   bare_control SOCKET
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { max_events = 256, max_request = 4096 };

static const char *path;
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
                        "\"state\":\"running\",\"started-at\":\"%s\"}\n",
                        (int)getpid(), path, (long)(seconds() - started), started_at);
    return send(client, reply, (size_t)size, MSG_NOSIGNAL | MSG_DONTWAIT) == size;
}

/* Answers each line; a request comes in one piece from the clients of this benchmark. Returns 0 to close. */
static int serve(int client) {
    char request[max_request];
    ssize_t size = recv(client, request, sizeof request, MSG_DONTWAIT);
    if (size < 0) return errno == EAGAIN;
    if (size == 0) return 0;
    for (char *line = request, *end; (end = memchr(line, '\n', (size_t)(request + size - line))) != NULL; line = end + 1) {
        if ((size_t)(end - line) != strlen("[\"status\"]") || memcmp(line, "[\"status\"]", (size_t)(end - line)) != 0) return 0;
        if (!answer(client)) return 0;
    }
    return 1;
}

int main(int argc, char **argv) {
    if (argc != 2) return 64;
    path = argv[1];
    started = seconds();
    time_t now = time(NULL);
    strftime(started_at, sizeof started_at, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));

    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    unlink(path);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 1024) != 0) {
        perror(path);
        return 73;
    }
    int poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &interest);
    for (;;) {
        struct epoll_event events[max_events];
        int ready = epoll_wait(poller, events, max_events, -1);
        for (int i = 0; i < ready; i++) {
            int descriptor = events[i].data.fd;
            if (descriptor != listener) {
                if (!serve(descriptor)) close(descriptor);
                continue;
            }
            int client;
            while ((client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
                interest.data.fd = client;
                epoll_ctl(poller, EPOLL_CTL_ADD, client, &interest);
            }
        }
    }
}
