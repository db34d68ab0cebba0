// Queries running greeters (example 01): client NAME SOCKET...
// A single greeter with a blocking call, several at the same time from an event loop.
#include <servicekit/async_client.hpp>
#include <servicekit/client.hpp>

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using servicekit::AsyncClient;

namespace {

/// \returns true if the reply is a greeting
template <class Reply>
bool print(const Reply& reply) {
    if (reply)
        std::cout << reply->template get<std::string>("text") << '\n';
    else  // reply.error().code() is empty if there was no answer at all
        std::cerr << reply.error().what() << '\n';
    return reply.has_value();
}

bool ask(const std::string& socket, const std::string& name) {
    return print(servicekit::call(socket, "greet", {{"name", name}}, {.timeout = 10s}));
}

/// Returns the shorter of two poll(2) timeouts. -1 means no timeout.
int shorter(int one, int other) { return one < 0 || other < 0 ? std::max(one, other) : std::min(one, other); }

bool ask_all(const std::vector<std::string>& sockets, const std::string& name) {
    bool have_all_replied = true;
    std::vector<AsyncClient> greeters;
    for (const std::string& socket : sockets) {
        greeters.emplace_back(socket).call("greet", {{"name", name}}, {.timeout = 10s},
                                           [&](const auto& reply) { have_all_replied &= print(reply); });
    }
    const auto is_pending = [](const AsyncClient& greeter) { return greeter.pending() > 0; };
    while (std::any_of(greeters.begin(), greeters.end(), is_pending)) {
        std::vector<pollfd> watched;  // add here what else the program waits for
        int timeout = -1;
        for (const AsyncClient& greeter : greeters) {
            const short direction = greeter.wants_to_write() ? POLLOUT : POLLIN;
            watched.push_back({greeter.descriptor(), direction, 0});  // poll(2) ignores the descriptor -1
            timeout = shorter(timeout, greeter.poll_timeout());
        }
        poll(watched.data(), watched.size(), timeout);
        for (AsyncClient& greeter : greeters) greeter.proceed();
    }
    return have_all_replied;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::cerr << "usage: client NAME SOCKET...\n";
        return 64;
    }
    const std::vector<std::string> sockets(argv + 2, argv + argc);
    return (sockets.size() == 1 ? ask(sockets[0], argv[1]) : ask_all(sockets, argv[1])) ? 0 : 1;
}
