#include "servicekit/async_client.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <deque>
#include <limits>
#include <utility>

#include "client/call_limits.hpp"
#include "client/exchange.hpp"
#include "client/idle_connection.hpp"
#include "client/server_check.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {

using std::chrono::milliseconds;
using TimePoint = std::chrono::steady_clock::time_point;

/// proceed() keeps it alive if a callback destroys the client.
class AsyncClient::State {
public:
    State(std::string path, std::vector<uid_t> users, os::Host host)
        : path_{std::move(path)}, users_{std::move(users)}, host_{std::move(host)} {}

    void call(std::string_view event, const Object& arguments, CallOptions options, OnReply on_reply) {
        const CallLimits limits{options, *host_.clock};
        calls_.push_back({.event = std::string{event},
                          .arguments = arguments,
                          .options = std::move(options),
                          .on_reply = std::move(on_reply),
                          .limits = limits});
    }
    void close() noexcept { is_closed_ = true; }
    void proceed() {
        if (std::exchange(is_proceeding_, true)) return;
        struct Over {
            bool& is_proceeding;
            ~Over() { is_proceeding = false; }
        } const over{is_proceeding_};
        while (!is_closed_ && (end_one() || advance())) {
        }
    }

    [[nodiscard]] int descriptor() const noexcept { return exchange_ ? exchange_->connection().descriptor() : -1; }
    [[nodiscard]] bool wants_to_write() const noexcept { return exchange_ && exchange_->wants_to_send(); }
    [[nodiscard]] std::optional<TimePoint> next_deadline() const;
    [[nodiscard]] int poll_timeout() const;
    [[nodiscard]] std::size_t pending() const noexcept { return calls_.size(); }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    struct Call {
        std::string event;
        Object arguments;
        CallOptions options;
        OnReply on_reply;
        CallLimits limits;
    };
    using Outcome = Exchange::Outcome;

    /// Returns true if the call is with the service. That is the first call, if there is an exchange.
    [[nodiscard]] bool is_with_service(const Call& call) const { return exchange_ && &call == &calls_.front(); }
    [[nodiscard]] milliseconds grace_of(const Call& call) const {
        return is_with_service(call) ? call_grace : milliseconds::zero();
    }
    [[nodiscard]] std::optional<CallError> over(const Call& call) const;
    /// Ends a call whose time is up, or that is given up. \returns true if there was one
    bool end_one();
    /// Continues the first call. \returns true if more can be done
    bool advance();
    /// \returns true if the first call is with the service now, or has failed
    bool begin();
    void end(std::size_t number, Outcome outcome);
    /// Returns the options of the first call, with the time that is left.
    [[nodiscard]] CallOptions options_of_first();

    std::string path_;
    std::vector<uid_t> users_;
    os::Host host_;
    std::deque<Call> calls_;
    std::unique_ptr<Exchange> exchange_;
    std::unique_ptr<os::LocalConnection> idle_;  ///< for the next call
    TimePoint last_used_{};
    std::optional<TimePoint> connect_at_;  ///< set if the service's backlog was full
    bool is_proceeding_ = false;
    bool is_closed_ = false;
};

std::optional<CallError> AsyncClient::State::over(const Call& call) const {
    if (const auto over = call.limits.over(*host_.clock, grace_of(call))) return call_failure(call.event, path_, *over);
    if (call.options.is_given_up && call.options.is_given_up())
        return call_failure(call.event, path_, os_error({}, {}, EINTR));
    return std::nullopt;
}

bool AsyncClient::State::end_one() {
    // Uses indices, as is_given_up() may add calls. Leaves the call that is with the service to advance(), as its reply
    // may have arrived already.
    for (std::size_t i = exchange_ ? 1 : 0; i < calls_.size(); ++i) {
        auto error = over(calls_[i]);
        if (is_closed_) return false;
        if (error) {
            end(i, *std::move(error));
            return true;
        }
    }
    return false;
}

bool AsyncClient::State::advance() {
    if (calls_.empty() || (!exchange_ && !begin())) return false;
    if (!exchange_) return true;  // begin() has failed, and the call is over
    std::optional<Outcome> outcome;
    try {
        outcome = exchange_->advance();
    } catch (...) {
        exchange_.reset();
        calls_.pop_front();
        throw;
    }
    if (is_closed_) return false;
    if (outcome) {
        idle_ = exchange_->take_connection();
        last_used_ = host_.clock->steady_now();
    } else if (auto error = over(calls_.front())) {
        outcome = *std::move(error);
    } else {
        return false;
    }
    if (is_closed_) return false;
    exchange_.reset();
    end(0, *std::move(outcome));
    return true;
}

bool AsyncClient::State::begin() {
    Call& first = calls_.front();
    const auto fail = [this](CallError error) {
        end(0, std::move(error));
        return true;
    };
    if (const auto refusal = refuse_arguments(first.event, first.arguments)) return fail(*refusal);
    auto connection = std::move(idle_);
    if (connection && !is_usable_again(*connection, last_used_, *host_.clock)) connection.reset();
    if (!connection) {
        auto connected = host_.sockets->try_connect(path_);
        if (!connected) return fail(connected.error());
        if (*connected == nullptr) {
            connect_at_ = host_.clock->steady_now() + connect_interval;
            return false;
        }
        connection = *std::move(connected);
    }
    connect_at_.reset();
    const Peer server = connection->peer();
    if (const auto refusal = refuse_server(path_, server, users_)) return fail(*refusal);
    if (const auto refusal = first.limits.refuses(server, *host_.process))
        return fail(call_failure(first.event, path_, *refusal));
    exchange_ = std::make_unique<Exchange>(std::move(connection), path_, first.event, std::move(first.arguments),
                                           options_of_first());
    return true;
}

CallOptions AsyncClient::State::options_of_first() {
    CallOptions options = calls_.front().options;
    options.timeout = calls_.front().limits.time_left(*host_.clock);
    // The connection may deliver more lines after a callback has destroyed the client.
    const auto while_open = [this](auto call) {
        return [this, call = std::move(call)](const auto& what) {
            if (!is_closed_) call(what);
        };
    };
    if (options.on_progress) options.on_progress = while_open(std::move(options.on_progress));
    if (options.on_turn) options.on_turn = while_open(std::move(options.on_turn));
    if (options.on_item) options.on_item = while_open(std::move(options.on_item));
    return options;
}

void AsyncClient::State::end(std::size_t number, Outcome outcome) {
    const auto call = calls_.begin() + static_cast<std::ptrdiff_t>(number);
    const OnReply on_reply = std::move(call->on_reply);
    calls_.erase(call);
    if (on_reply) on_reply(std::move(outcome));
}

std::optional<TimePoint> AsyncClient::State::next_deadline() const {
    if (calls_.empty()) return std::nullopt;
    std::optional<TimePoint> next = connect_at_;
    const bool goes_on_now = exchange_ ? exchange_->is_behind() : !next;
    if (goes_on_now) next = host_.clock->steady_now();
    for (const Call& call : calls_) {
        if (!call.limits.deadline()) continue;
        const TimePoint end = *call.limits.deadline() + grace_of(call);
        next = next ? std::min(*next, end) : end;
    }
    return next;
}

int AsyncClient::State::poll_timeout() const {
    const auto next = next_deadline();
    if (!next) return -1;
    const auto left = std::chrono::ceil<milliseconds>(*next - host_.clock->steady_now()).count();
    return static_cast<int>(std::clamp<milliseconds::rep>(left, 0, std::numeric_limits<int>::max()));
}

AsyncClient::AsyncClient(std::string path, const os::Host& host)
    : AsyncClient{std::move(path), own_users(host), host} {}

AsyncClient::AsyncClient(std::string path, std::vector<uid_t> users, const os::Host& host)
    : state_{std::make_shared<State>(std::move(path), std::move(users), host)} {}

AsyncClient::~AsyncClient() {
    if (state_) state_->close();
}

AsyncClient::AsyncClient(AsyncClient&&) noexcept = default;

AsyncClient& AsyncClient::operator=(AsyncClient&& other) noexcept {
    if (this == &other) return *this;
    if (state_) state_->close();
    state_ = std::move(other.state_);
    return *this;
}

void AsyncClient::call(std::string_view event, const Object& arguments, CallOptions options, OnReply on_reply) {
    state_->call(event, arguments, std::move(options), std::move(on_reply));
}

int AsyncClient::descriptor() const noexcept { return state_->descriptor(); }

bool AsyncClient::wants_to_write() const noexcept { return state_->wants_to_write(); }

std::optional<TimePoint> AsyncClient::next_deadline() const { return state_->next_deadline(); }

int AsyncClient::poll_timeout() const { return state_->poll_timeout(); }

void AsyncClient::proceed() {
    const auto state = state_;
    state->proceed();
}

std::size_t AsyncClient::pending() const noexcept { return state_->pending(); }

const std::string& AsyncClient::path() const noexcept { return state_->path(); }

}  // namespace servicekit
