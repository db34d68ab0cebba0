#include "cluster/etcd_client.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "cluster/etcd_error.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::cluster {
namespace {

constexpr std::size_t longest_line = std::size_t{1} << 20U;
constexpr int http_ok = 200;
/// How many times longer than a request a login may take. etcd hashes the password with bcrypt, which is slow.
constexpr int patience_with_logins = 3;

ExitCode exit_code_of(EtcdFault::Kind kind) {
    switch (kind) {
        case EtcdFault::Kind::denied:
            return ExitCode::permission;
        case EtcdFault::Kind::misconfigured:
        case EtcdFault::Kind::refused:
            return ExitCode::configuration;
        default:
            return ExitCode::timeout;
    }
}

std::optional<Object> parse_object(std::string_view text) {
    auto parsed = parse_json(text);
    auto* const value = std::get_if<Value>(&parsed);
    if (value == nullptr || !value->is_object()) return std::nullopt;
    return std::move(*value).as_object();
}

bool is_streamed(const EtcdRequest& request) {
    return std::holds_alternative<KeepAlive>(request) || std::holds_alternative<WatchKeys>(request);
}

/// \returns true if the text can be the value of a header, and cannot begin another line
bool is_header_word(std::string_view text) {
    constexpr char first = 0x21;
    constexpr char last = 0x7e;
    return std::all_of(text.begin(), text.end(), [](char byte) { return byte >= first && byte <= last; });
}

}  // namespace

EtcdClient::EtcdClient(Options options, HttpTransport& transport)
    : options_{std::move(options)}, transport_{&transport} {
    for (const std::string& url : options_.endpoints) endpoints_.push_back({.url = url});
}

bool EtcdClient::have_all_failed() const noexcept {
    return std::all_of(endpoints_.begin(), endpoints_.end(),
                       [](const Endpoint& endpoint) { return endpoint.has_failed; });
}

void EtcdClient::ask(Channel channel, EtcdRequest request, std::chrono::milliseconds timeout) {
    drop(channel);
    std::erase_if(unsent_, [channel](const Answer& answer) { return answer.channel == channel; });
    slot(channel).emplace(Exchange{.request = std::move(request), .timeout = timeout});
    if (!options_.user.empty() && token_.empty())
        log_in(channel);
    else
        post(channel);
}

void EtcdClient::drop(Channel channel) {
    auto& exchange = slot(channel);
    if (exchange && exchange->id != 0) transport_->cancel(exchange->id);
    exchange.reset();
}

void EtcdClient::send(Channel channel, const HttpRequest& request) {
    Exchange& exchange = *slot(channel);
    exchange.id = 0;
    try {
        exchange.id = transport_->post(request);
    } catch (const std::bad_alloc&) {
        unsent_.push_back(
            fail(channel, fault_of(exchange, EtcdFault::Kind::unreachable, "there is no memory for the request")));
    }
}

void EtcdClient::post(Channel channel) {
    Exchange& exchange = *slot(channel);
    exchange.endpoint = current_;
    exchange.is_login = false;
    exchange.token = token_;
    exchange.received.clear();
    send(channel, {.url = endpoints_[current_].url + std::string{path_of(exchange.request)},
                   .body = body_of(exchange.request),
                   .authorization = token_,
                   .timeout = exchange.timeout,
                   .is_stream = std::holds_alternative<WatchKeys>(exchange.request)});
}

void EtcdClient::log_in(Channel channel) {
    Exchange& exchange = *slot(channel);
    exchange.endpoint = current_;
    exchange.is_login = true;
    const auto password = options_.password();
    if (!password) {
        unsent_.push_back(fail(channel, {EtcdFault::Kind::denied, password.error()}));
        return;
    }
    const Authenticate login{.user = options_.user, .password = *password};
    send(channel, {.url = endpoints_[current_].url + std::string{path_of(login)},
                   .body = body_of(login),
                   .timeout = exchange.timeout * patience_with_logins});
}

std::vector<EtcdClient::Answer> EtcdClient::take(const HttpEvent& event) {
    for (const Channel channel : {Channel::main, Channel::renewal, Channel::watch}) {
        const auto& exchange = slot(channel);
        if (!exchange || exchange->id != event.exchange) continue;
        if (exchange->is_login) return finish_login(channel, event);
        if (std::holds_alternative<WatchKeys>(exchange->request)) return stream(channel, event);
        return finish(channel, event);
    }
    return {};
}

EtcdFault EtcdClient::fault_of(const Exchange& exchange, EtcdFault::Kind kind, std::string reason) const {
    return {kind,
            Error{.exit_code = exit_code_of(kind),
                  .action = std::string{exchange.is_login ? action_of(Authenticate{}) : action_of(exchange.request)},
                  .object = endpoints_[exchange.endpoint].url,
                  .reason = std::move(reason)}};
}

EtcdClient::Answer EtcdClient::fail(Channel channel, EtcdFault fault) {
    auto& exchange = slot(channel);
    Endpoint& endpoint = endpoints_[exchange->endpoint];
    // What one member refuses, another may serve.
    if (fault.kind != EtcdFault::Kind::lease_gone) {
        endpoint.failure = fault;
        endpoint.state = fault.error.reason;
        endpoint.has_failed = true;
        if (current_ == exchange->endpoint) current_ = (current_ + 1) % endpoints_.size();
        // A member lets requests hang whose token it cannot know, such as one from before a restore.
        if (have_all_failed()) token_.clear();
    }
    exchange.reset();
    return {channel, std::move(fault)};
}

std::variant<EtcdFault, EtcdReply> EtcdClient::read(const Exchange& exchange, const EtcdRequest& request, int status,
                                                    std::string_view body) const {
    if (is_streamed(request)) body = body.substr(0, body.find('\n'));
    const auto json = parse_object(body);
    if (json && (status != http_ok || json->contains("error"))) {
        const EtcdError error = etcd_error_in(*json, status);
        const auto repeats_token = [&](std::string_view text) {
            return !exchange.token.empty() && text.find(exchange.token) != std::string_view::npos;
        };
        const bool is_secret = exchange.is_login || repeats_token(body) || repeats_token(error.text);
        return fault_of(exchange, error.kind, is_secret ? without_quotes(error, status) : error.text);
    }
    const Value* result = json && is_streamed(request) ? json->find("result") : nullptr;
    if (json && status == http_ok && (result == nullptr || result->is_object())) {
        if (auto reply = reply_to(request, result != nullptr ? result->as_object() : *json)) return std::move(*reply);
    }
    const bool is_secret = exchange.is_login || !exchange.token.empty();
    return fault_of(exchange, EtcdFault::Kind::misconfigured,
                    foreign_reply(status, is_secret ? std::string_view{} : body));
}

std::vector<EtcdClient::Answer> EtcdClient::finish(Channel channel, const HttpEvent& event) {
    Exchange& exchange = *slot(channel);
    if (event.fault != HttpFault::none) {
        const auto kind =
            event.fault == HttpFault::unreachable ? EtcdFault::Kind::unreachable : EtcdFault::Kind::misconfigured;
        return {fail(channel, fault_of(exchange, kind, event.error.reason))};
    }
    if (event.status != http_ok && !options_.user.empty() && !exchange.was_renewed) {
        const auto json = parse_object(event.body);
        if (json && etcd_error_in(*json, event.status).wants_login) {
            token_.clear();
            exchange.was_renewed = true;
            log_in(channel);
            return {};
        }
    }
    auto what = read(exchange, exchange.request, event.status, event.body);
    if (auto* const fault = std::get_if<EtcdFault>(&what)) return {fail(channel, std::move(*fault))};
    endpoints_[exchange.endpoint].state = "ok";
    // What failed before this says nothing about now: each of them may be well again.
    for (Endpoint& endpoint : endpoints_) endpoint.has_failed = false;
    slot(channel).reset();
    return {{channel, std::move(what)}};
}

std::vector<EtcdClient::Answer> EtcdClient::finish_login(Channel channel, const HttpEvent& event) {
    Exchange& exchange = *slot(channel);
    if (event.fault != HttpFault::none) {
        const auto kind =
            event.fault == HttpFault::unreachable ? EtcdFault::Kind::unreachable : EtcdFault::Kind::misconfigured;
        return {fail(channel, fault_of(exchange, kind, event.error.reason))};
    }
    const auto json = parse_object(event.body);
    // etcd accepts requests without a login then.
    const bool is_open = json && event.status != http_ok && etcd_error_in(*json, event.status).has_no_login;
    if (!is_open) {
        auto what = read(exchange, Authenticate{}, event.status, event.body);
        if (auto* const fault = std::get_if<EtcdFault>(&what)) return {fail(channel, std::move(*fault))};
        std::string& token = std::get<Token>(std::get<EtcdReply>(what)).token;
        if (!is_header_word(token))
            return {fail(channel, fault_of(exchange, EtcdFault::Kind::misconfigured,
                                           "its token has characters that a header must not have"))};
        token_ = std::move(token);
    }
    post(channel);
    return {};
}

std::vector<EtcdClient::Answer> EtcdClient::stream(Channel channel, const HttpEvent& event) {
    Exchange& exchange = *slot(channel);
    exchange.received += event.body;
    std::vector<Answer> answers;
    for (;;) {
        const auto end = exchange.received.find('\n');
        if (event.status != http_ok || end == std::string::npos) break;
        auto what = read(exchange, exchange.request, event.status, std::string_view{exchange.received}.substr(0, end));
        if (auto* const fault = std::get_if<EtcdFault>(&what)) {
            transport_->cancel(exchange.id);
            answers.push_back(fail(channel, std::move(*fault)));
            return answers;
        }
        exchange.received.erase(0, end + 1);
        // That is also what etcd does if the token has expired.
        if (std::get<WatchReport>(std::get<EtcdReply>(what)).is_canceled) token_.clear();
        answers.push_back({channel, std::move(what)});
    }
    if (event.is_end) {
        const auto kind = event.fault == HttpFault::none || event.fault == HttpFault::unreachable
                              ? EtcdFault::Kind::unreachable
                              : EtcdFault::Kind::misconfigured;
        std::string reason = event.fault == HttpFault::none ? "the connection was closed" : event.error.reason;
        EtcdFault fault = fault_of(exchange, kind, std::move(reason));
        if (event.fault == HttpFault::none && event.status != http_ok) {
            const auto json = parse_object(exchange.received);
            if (json && etcd_error_in(*json, event.status).wants_login) token_.clear();
            auto what = read(exchange, exchange.request, event.status, exchange.received);
            if (auto* const told = std::get_if<EtcdFault>(&what)) fault = std::move(*told);
        }
        answers.push_back(fail(channel, std::move(fault)));
    } else if (exchange.received.size() > longest_line) {
        transport_->cancel(exchange.id);
        answers.push_back(fail(channel, fault_of(exchange, EtcdFault::Kind::misconfigured, "its reply is too long")));
    }
    return answers;
}

}  // namespace servicekit::cluster
