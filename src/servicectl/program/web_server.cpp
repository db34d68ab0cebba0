#include "servicectl/program/web_server.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "servicectl/program/asio_loop.hpp"
#include "servicectl/program/web_connection.hpp"

namespace servicekit::servicectl {
namespace {

/// Returns an IPv4 address as such, also if an IPv6 socket has accepted its connection.
asio::ip::address without_mapping(const asio::ip::address& address) {
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
}

/// Accepts connections of one kind of socket.
template <class Protocol>
class Acceptor {
public:
    Acceptor(asio::io_context& context, Connections& shared, asio::ssl::context* tls)
        : acceptor_{context}, pause_{context}, shared_{shared}, tls_{tls} {}

    typename Protocol::acceptor& socket() { return acceptor_; }
    void close() {
        error_code ignored;
        acceptor_.close(ignored);
        pause_.cancel();
    }
    void accept() {
        acceptor_.async_accept([this](const error_code& error, typename Protocol::socket socket) {
            if (error == asio::error::operation_aborted || !acceptor_.is_open()) return;
            if (error) return accept_later();
            take(std::move(socket));
            accept();
        });
    }

private:
    /// There are too few descriptors, or the client has gone.
    void accept_later() {
        constexpr std::chrono::milliseconds pause{100};
        pause_.expires_after(pause);
        pause_.async_wait([this](const error_code& error) {
            if (!error && acceptor_.is_open()) accept();
        });
    }
    void take(typename Protocol::socket socket) {
        ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
        std::string client;
        if constexpr (std::is_same_v<Protocol, asio::ip::tcp>) {
            error_code failure;
            const auto peer = socket.remote_endpoint(failure);
            if (failure) return;
            client = without_mapping(peer.address()).to_string();
            socket.set_option(asio::ip::tcp::no_delay{true}, failure);
        }
        if (!shared_.make_room(client)) return;
        if (tls_ != nullptr)
            std::make_shared<Connection<SecureStream>>(shared_, std::move(client), PlainSocket{std::move(socket)},
                                                       *tls_)
                ->start();
        else
            std::make_shared<Connection<PlainSocket>>(shared_, std::move(client), PlainSocket{std::move(socket)})
                ->start();
    }

    typename Protocol::acceptor acceptor_;
    asio::steady_timer pause_;
    Connections& shared_;
    asio::ssl::context* tls_;
};

/// Each browser takes a descriptor, and each question to a service does, too.
void raise_descriptor_limit() {
    constexpr rlim_t wanted = 8192;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
    limit.rlim_cur = std::min(wanted, limit.rlim_max);
    static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

Result<void> load(asio::ssl::context& tls, const web::ServerPlan& plan) {
    error_code error;
    const auto refuse = [&error](const char* what, const std::string& file) {
        return Error{ExitCode::configuration, what, file, error.message()};
    };
    tls.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                        asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1,
                    error);
    tls.use_certificate_chain_file(plan.certificate, error);
    if (error) return refuse("use the certificate", plan.certificate);
    tls.use_private_key_file(plan.key, asio::ssl::context::pem, error);
    if (error) return refuse("use the key", plan.key);
    return {};
}

Result<void> listen(asio::ip::tcp::acceptor& acceptor, asio::io_context& context, const web::ServerPlan& plan) {
    error_code error;
    const std::string where = plan.host + ":" + std::to_string(plan.port);
    const auto refuse = [&] { return Error{ExitCode::cannot_create, "listen on", where, error.message()}; };
    asio::ip::tcp::resolver resolver{context};
    const auto found =
        resolver.resolve(plan.host, std::to_string(plan.port),
                         asio::ip::tcp::resolver::passive | asio::ip::tcp::resolver::numeric_service, error);
    if (error) return refuse();
    if (found.empty()) return Error{ExitCode::cannot_create, "listen on", where, "it has no address"};
    const auto endpoint = found.begin()->endpoint();
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address{true}, error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return refuse();
    ::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
    return {};
}

void run_until_stopped(asio::io_context& context) {
    while (!context.stopped()) {
        try {
            context.run();
        } catch (const std::exception& error) {
            // One request has failed. The others go on.
            std::cerr << "servicectl: web: " << error.what() << '\n';
        }
    }
}

}  // namespace

Result<void> serve_http(
    const web::ServerPlan& plan,
    const std::function<Result<std::unique_ptr<web::Handler>>(web::Loop& loop, std::uint16_t port)>& make_handler) {
    raise_descriptor_limit();
    // The order counts: what is destroyed first may refer to what was made before it.
    Connections shared{.plan = plan};
    std::optional<asio::ssl::context> tls;
    asio::io_context context{1};
    AsioLoop loop{context};
    if (!plan.certificate.empty()) {
        tls.emplace(asio::ssl::context::tls_server);
        if (auto loaded = load(*tls, plan); !loaded) return loaded;
    }
    asio::signal_set signals{context, SIGINT, SIGTERM, SIGHUP};
    Acceptor<asio::ip::tcp> tcp{context, shared, tls ? &*tls : nullptr};
    Acceptor<asio::local::stream_protocol> local{context, shared, nullptr};
    std::uint16_t port = 0;
    if (plan.unix_socket >= 0) {
        const int copy = ::fcntl(plan.unix_socket, F_DUPFD_CLOEXEC, 0);
        if (copy < 0) return os_error("listen on", "the unix socket", errno);
        local.socket().assign(asio::local::stream_protocol{}, copy);
        // Its queue is as short as that of a control socket. Browsers that connect at the same time must not be refused.
        error_code error;
        local.socket().listen(asio::socket_base::max_listen_connections, error);
        if (error) return Error{ExitCode::cannot_create, "listen on", "the unix socket", error.message()};
    } else {
        if (auto listening = listen(tcp.socket(), context, plan); !listening) return listening;
        port = tcp.socket().local_endpoint().port();
    }
    signals.async_wait([&](const error_code& error, int) {
        if (error) return;
        shared.is_ending = true;
        tcp.close();
        local.close();
        // A connection that is closed leaves the list.
        while (!shared.all.empty()) shared.all.front()->close();
        context.stop();
    });
    auto handler = make_handler(loop, port);
    if (!handler) return handler.error();
    shared.handler = *std::move(handler);
    plan.unix_socket >= 0 ? local.accept() : tcp.accept();
    run_until_stopped(context);
    shared.handler.reset();
    return {};
}

}  // namespace servicekit::servicectl
