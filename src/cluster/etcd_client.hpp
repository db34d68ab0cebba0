#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cluster/etcd_messages.hpp"
#include "servicekit/base/error.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/cluster/transport.hpp"

namespace servicekit::cluster {

/// Why a request to etcd failed.
struct EtcdFault {
    enum class Kind {
        unreachable,    ///< no answer in time, or the member cannot serve now; another one may, or this one later
        misconfigured,  ///< files, certificates or an endpoint that is not etcd
        denied,         ///< the user, the password or the rights
        lease_gone,     ///< the lease of the request does not exist
        refused,        ///< anything else that etcd says
        unfit,          ///< etcd granted a lease that cannot be used; no fault of an endpoint
    };
    Kind kind = Kind::unreachable;
    Error error;
};

/// Requests to etcd by its JSON gateway, one at a time on each channel. It chooses the endpoint, logs in, and reads the
/// replies. It has no thread and no clock: EtcdClient::take() gets what the transport returned.
class EtcdClient {
public:
    enum class Channel : std::size_t { main, renewal, watch };
    struct Options {
        std::vector<std::string> endpoints = {};  ///< URLs, without a slash at the end
        std::string user = {};                    ///< empty: no login
        std::function<Result<std::string>()> password = {};
    };
    struct Answer {
        Channel channel;
        std::variant<EtcdFault, EtcdReply> what;
    };
    struct Endpoint {
        std::string url;
        std::string state = "not asked";  ///< "ok", or the reason of the last failure
        EtcdFault failure = {};           ///< the last one
        bool has_failed = false;          ///< since an endpoint last answered
    };

    EtcdClient(Options options, HttpTransport& transport);

    /// Starts a request, and drops an earlier one of this channel. A watch goes on until it is dropped or fails.
    void ask(Channel channel, EtcdRequest request, std::chrono::milliseconds timeout);
    void drop(Channel channel);
    /// Returns the answers that an event completes.
    [[nodiscard]] std::vector<Answer> take(const HttpEvent& event);
    /// Returns the answers to requests that could not be sent.
    [[nodiscard]] std::vector<Answer> take_unsent() { return std::exchange(unsent_, {}); }

    [[nodiscard]] bool has_unsent() const noexcept { return !unsent_.empty(); }

    [[nodiscard]] const std::vector<Endpoint>& endpoints() const noexcept { return endpoints_; }
    /// \returns true if a request to each endpoint has failed since one of them last answered
    [[nodiscard]] bool have_all_failed() const noexcept;

private:
    struct Exchange {
        EtcdRequest request;
        std::chrono::milliseconds timeout{0};
        std::uint64_t id = 0;
        std::size_t endpoint = 0;
        bool is_login = false;     ///< the login that comes before the request
        bool was_renewed = false;  ///< the token was refused once, and a new one is used
        std::string token = {};    ///< that the request has sent
        std::string received = {};
    };

    void post(Channel channel);
    void log_in(Channel channel);
    /// Hands a request of the channel to the transport. If that cannot take it, the exchange ends with a fault.
    void send(Channel channel, const HttpRequest& request);
    [[nodiscard]] std::vector<Answer> finish(Channel channel, const HttpEvent& event);
    [[nodiscard]] std::vector<Answer> finish_login(Channel channel, const HttpEvent& event);
    [[nodiscard]] std::vector<Answer> stream(Channel channel, const HttpEvent& event);
    /// Reads a reply. A fault does not quote what may repeat a secret of the request.
    [[nodiscard]] std::variant<EtcdFault, EtcdReply> read(const Exchange& exchange, const EtcdRequest& request,
                                                          int status, std::string_view body) const;
    [[nodiscard]] EtcdFault fault_of(const Exchange& exchange, EtcdFault::Kind kind, std::string reason) const;
    /// Ends the exchange of the channel with a fault.
    [[nodiscard]] Answer fail(Channel channel, EtcdFault fault);
    [[nodiscard]] std::optional<Exchange>& slot(Channel channel) {
        return exchanges_[static_cast<std::size_t>(channel)];
    }

    Options options_;
    HttpTransport* transport_;
    std::vector<Endpoint> endpoints_;
    std::size_t current_ = 0;
    std::string token_;
    std::array<std::optional<Exchange>, 3> exchanges_;
    std::vector<Answer> unsent_;
};

}  // namespace servicekit::cluster
