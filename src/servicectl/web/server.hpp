#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "servicectl/web/loop.hpp"
#include "servicectl/web/messages.hpp"
#include "servicekit/base/result.hpp"

namespace servicekit::servicectl::web {

/// What a server listens on, and its limits.
struct ServerPlan {
    int unix_socket = -1;          ///< a listening socket, which stays open; -1: TCP
    std::string host = {};         ///< for TCP
    std::uint16_t port = 0;        ///< for TCP; 0: the system chooses one
    std::string certificate = {};  ///< a file in PEM; empty: no TLS
    std::string key = {};          ///< a file in PEM
    std::size_t most_connections = 600;
    std::size_t most_waiting_of_client = 64;  ///< without a request, of one address of TCP
    std::size_t longest_header = std::size_t{16} << 10U;
    std::size_t longest_body = std::size_t{1} << 20U;
    std::chrono::milliseconds request_timeout{10'000};  ///< for the whole request
    std::chrono::milliseconds idle_timeout{60'000};     ///< until the next request of a connection
    std::chrono::milliseconds write_timeout{30'000};    ///< for a reader that reads nothing
    std::chrono::milliseconds heartbeat{15'000};        ///< between two messages of a stream without news
};

/// Serves HTTP on the calling thread until the process gets INT, TERM or HUP. The handler is destroyed before it returns.
/// \param make_handler called once the server listens, before the first request. \param port of TCP
/// \returns why it cannot listen
using ServeHttp = std::function<Result<void>(
    const ServerPlan& plan,
    const std::function<Result<std::unique_ptr<Handler>>(Loop& loop, std::uint16_t port)>& make_handler)>;

}  // namespace servicekit::servicectl::web
