// Measured by bench/control: a server made with Poco::Net that answers each request on a unix socket with the bytes of a
// servicekit status. Like bare_control it neither parses nor checks anything.
//
//   poco_server SOCKET threads    TCPServer: a thread for each connection
//   poco_server SOCKET reactor    SocketReactor: one thread for all connections
#include <Poco/AutoPtr.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAcceptor.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/SocketNotification.h>
#include <Poco/Net/SocketReactor.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/Net/TCPServer.h>
#include <Poco/Net/TCPServerConnection.h>
#include <Poco/Net/TCPServerConnectionFactory.h>
#include <Poco/Net/TCPServerParams.h>
#include <Poco/Observer.h>
#include <Poco/ThreadPool.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <string>
#include <string_view>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int backlog = 1024;
constexpr int most_connections = 1024;

std::string path;  // set before any thread starts
const Clock::time_point started = Clock::now();

std::string_view text_of_start() {
    static const std::string text = [] {
        std::array<char, 32> time{};
        const std::time_t now = std::time(nullptr);
        std::tm parts{};
        std::strftime(time.data(), time.size(), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
        return std::string{time.data()};
    }();
    return text;
}

void answer(Poco::Net::StreamSocket& client) {
    std::array<char, 512> reply{};
    const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - started).count();
    const int size = std::snprintf(
        reply.data(), reply.size(),
        "{\"pid\":%d,\"control-socket\":\"%s\",\"uptime\":%ld,\"name\":\"bench-service\",\"version\":\"1.0\","
        "\"state\":\"running\",\"started-at\":\"%s\",\"pid-file\":\"%s.pid\"}\n",
        static_cast<int>(getpid()), path.c_str(), static_cast<long>(uptime), text_of_start().data(), path.c_str());
    client.sendBytes(reply.data(), size);
}

/// Reads what has arrived, and answers each line. \returns false at the end of the connection
bool serve(Poco::Net::StreamSocket& client) {
    std::array<char, 4096> request;
    try {
        const int size = client.receiveBytes(request.data(), static_cast<int>(request.size()));
        for (auto lines = std::count(request.begin(), request.begin() + std::max(size, 0), '\n'); lines > 0; --lines)
            answer(client);
        return size > 0;
    } catch (const Poco::Net::NetException&) {  // the client has closed
        return false;
    }
}

class Connection final : public Poco::Net::TCPServerConnection {
public:
    using TCPServerConnection::TCPServerConnection;
    void run() override {
        while (serve(socket())) {
        }
    }
};

class Handler {
public:
    Handler(const Poco::Net::StreamSocket& socket, Poco::Net::SocketReactor& reactor)
        : socket_{socket}, reactor_{reactor} {
        reactor_.addEventHandler(socket_, observer_);
    }
    ~Handler() { reactor_.removeEventHandler(socket_, observer_); }
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;

private:
    void on_readable(Poco::Net::ReadableNotification* notification) {
        const Poco::AutoPtr<Poco::Net::ReadableNotification> released{notification};
        if (!serve(socket_)) delete this;
    }

    Poco::Net::StreamSocket socket_;
    Poco::Net::SocketReactor& reactor_;
    Poco::Observer<Handler, Poco::Net::ReadableNotification> observer_{*this, &Handler::on_readable};
};

[[noreturn]] void serve_by_threads(Poco::Net::ServerSocket& listener) {
    Poco::ThreadPool threads{2, most_connections + 1};
    Poco::Net::TCPServerParams::Ptr parameters{new Poco::Net::TCPServerParams};
    parameters->setMaxThreads(most_connections);
    parameters->setMaxQueued(most_connections);
    // bench/control adds up the processor time of the threads that there are.
    parameters->setThreadIdleTime(Poco::Timespan{3600, 0});
    Poco::Net::TCPServer server{new Poco::Net::TCPServerConnectionFactoryImpl<Connection>, threads, listener,
                                parameters};
    server.start();
    for (;;) pause();
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view mode = argc == 3 ? argv[2] : "";
    if (mode != "threads" && mode != "reactor") return 64;
    path = argv[1];
    text_of_start();
    try {
        Poco::Net::ServerSocket listener;
        listener.bind(Poco::Net::SocketAddress{Poco::Net::SocketAddress::UNIX_LOCAL, path}, false);
        listener.listen(backlog);
        if (mode == "threads") serve_by_threads(listener);
        Poco::Net::SocketReactor reactor;
        const Poco::Net::SocketAcceptor<Handler> acceptor{listener, reactor};
        reactor.run();
    } catch (const Poco::Exception& fault) {
        std::cerr << fault.displayText() << '\n';
        return 71;
    }
    return 0;
}
