#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "servicekit/base/error.hpp"
#include "servicekit/base/result.hpp"

namespace servicekit::cluster {

/// A POST request with a JSON body.
struct HttpRequest {
    std::string url = {};            ///< "https://10.0.0.1:2379/v3/kv/range"
    std::string body = {};           ///< the JSON text
    std::string authorization = {};  ///< value of the header of that name; a secret; empty: the header is not sent
    std::chrono::milliseconds timeout{0};  ///< for the whole exchange; for a stream, for the connection only
    bool is_stream = false;                ///< the reply has no end, and its parts are wanted as they arrive
};

/// The reason why an exchange failed.
enum class HttpFault {
    none,           ///< it did not fail
    unreachable,    ///< the server does not answer, or ended the connection
    untrusted,      ///< one side does not accept the certificate of the other
    misconfigured,  ///< a file for TLS cannot be used, or the URL
    foreign,        ///< the peer does not speak the protocol of the URL, or sends too much
};

/// What arrived for a request.
struct HttpEvent {
    std::uint64_t exchange = 0;         ///< as HttpTransport::post() returned it
    bool is_end = false;                ///< the exchange is over; nothing more arrives for it
    HttpFault fault = HttpFault::none;  ///< why it failed; only at its end
    Error error = {};                   ///< the same in words, if it failed
    int status = 0;                     ///< of HTTP; 0 if it is not known
    std::string body = {};              ///< of a stream: the next bytes; otherwise the whole body, at the end
};

/// HTTP requests of one thread at a time. Connections are kept for later requests.
class HttpTransport {
public:
    virtual ~HttpTransport() = default;
    /// Starts a request. It ends within its time-out, by an event of its own.
    /// \returns a number that identifies it; it is not used again
    virtual std::uint64_t post(const HttpRequest& request) = 0;
    /// Ends a request. No event of it is returned any more.
    virtual void cancel(std::uint64_t exchange) = 0;
    /// Waits until something arrives, until wake() is called, or until the time is over.
    virtual std::vector<HttpEvent> wait(std::chrono::milliseconds at_most) = 0;
    /// Ends the wait of another thread, or the next one if none waits. May be called from any thread.
    virtual void wake() noexcept = 0;
};

/// What a transport needs to know of the servers.
struct TransportOptions {
    std::string ca_file = {};                         ///< PEM; empty: the authorities that the system trusts
    std::string certificate_file = {};                ///< PEM; empty: the client has no certificate
    std::string key_file = {};                        ///< PEM; empty: the key is in the certificate's file
    std::size_t reply_limit = std::size_t{1} << 20U;  ///< in bytes, of one reply; a longer one fails
    std::chrono::milliseconds idle_probe{5'000};      ///< silence on a connection before TCP asks whether it is alive
    bool uses_proxy = false;                          ///< use a proxy that environment variables name
};

/// Makes a transport. \returns an error of ExitCode::configuration if the options cannot be used
using TransportFactory = std::function<Result<std::unique_ptr<HttpTransport>>(const TransportOptions& options)>;

/// Makes a transport on libcurl.
[[nodiscard]] Result<std::unique_ptr<HttpTransport>> make_curl_transport(const TransportOptions& options);

}  // namespace servicekit::cluster
