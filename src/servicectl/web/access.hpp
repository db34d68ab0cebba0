#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "servicectl/web/messages.hpp"
#include "servicekit/os/clock.hpp"

namespace servicekit::servicectl::web {

/// What a visitor may do.
enum class Right { none, read, act };

/// Returns random bytes that nobody can guess. \throws std::runtime_error if there are none
using Random = std::function<std::string(std::size_t bytes)>;
[[nodiscard]] std::string random_bytes(std::size_t bytes);
/// Returns the bytes as hexadecimal digits.
[[nodiscard]] std::string in_hexadecimal(std::string_view bytes);

/// Compares two tokens in a time that depends only on the length of `given`.
[[nodiscard]] bool is_same_token(std::string_view given, std::string_view expected) noexcept;

/// Why a request is refused.
struct Refusal {
    unsigned status = 403;
    std::string title = {};
    std::string text = {};
};

struct AccessRules {
    std::string token = {};               ///< empty: everybody who can connect may act
    std::string read_token = {};          ///< of those who may only read; empty: none
    std::string why_no_actions = {};      ///< empty: those with the token may act
    std::vector<std::string> hosts = {};  ///< names in the header Host; numbers of addresses are accepted, too
    bool is_secure = false;               ///< the server has TLS
    std::uint16_t port = 0;               ///< 0: a unix socket
};

/// Who made a request.
struct Visitor {
    Right right = Right::none;
    std::string session = {};     ///< empty: there is none
    std::string form_token = {};  ///< that each of its forms must contain; empty: it may not act
    bool has_header = false;      ///< it sent its token in a header, which no other site can make a browser do
    bool was_wrong = false;       ///< it sent a token that is not valid
};

/// Decides who may do what. Keeps the sessions of browsers: at most 256, each for 24 hours at most, and for two hours
/// without a request. For one thread.
class Access {
public:
    static constexpr std::size_t most_sessions = 256;
    static constexpr std::chrono::hours longest_session{24};
    static constexpr std::chrono::hours longest_idle{2};

    Access(AccessRules rules, const os::Clock& clock, Random random = &random_bytes);

    [[nodiscard]] const AccessRules& rules() const noexcept { return rules_; }
    [[nodiscard]] bool needs_token() const noexcept { return !rules_.token.empty(); }

    /// Returns why the request was not meant for this server: its header Host names another one. A page of another site
    /// whose name was made to point to this machine sends such a request (DNS rebinding).
    [[nodiscard]] std::optional<Refusal> refuse_host(const Request& request) const;
    /// Returns why a request that changes something does not come from a page of this server. It must have the visitor's
    /// form token, unless it has its token in a header.
    [[nodiscard]] std::optional<Refusal> refuse_origin(const Request& request, const Visitor& visitor,
                                                       std::string_view form_token) const;
    /// Does the same for requests that need no form token.
    [[nodiscard]] static std::optional<Refusal> refuse_origin(const Request& request);

    /// Finds out who made the request, by a token in the header Authorization or by a session.
    [[nodiscard]] Visitor visitor_of(const Request& request);

    /// Begins a session. \returns the header Set-Cookie for it; nothing if the token is wrong
    [[nodiscard]] std::optional<std::string> log_in(std::string_view token);
    /// Ends a session. \returns the header Set-Cookie that removes the cookie
    std::string log_out(const std::string& session);
    /// Returns true while the session lasts, which counts as a use of it. Always true for an empty one.
    [[nodiscard]] bool is_live(const std::string& session);

private:
    using TimePoint = std::chrono::steady_clock::time_point;
    struct Session {
        Right right = Right::none;
        std::string form_token = {};
        TimePoint begun = {};
        TimePoint used = {};
    };
    using Sessions = std::map<std::string, Session, std::less<>>;

    [[nodiscard]] Right right_of(std::string_view token) const noexcept;
    [[nodiscard]] Right limited(Right right) const noexcept;
    /// Removes the sessions that are over. \returns an iterator of the one that remains; the end if it does not
    Sessions::iterator find(std::string_view session);
    void remove_expired();
    [[nodiscard]] std::string cookie_name() const;
    [[nodiscard]] std::string cookie(const std::string& value, std::chrono::seconds age) const;

    AccessRules rules_;
    const os::Clock* clock_;
    Random random_;
    std::string shared_form_token_;  ///< of those who need no token
    Sessions sessions_;
};

/// Limits how often each client may try a token. For one thread.
class LoginLimit {
public:
    explicit LoginLimit(const os::Clock& clock) : clock_{&clock} {}

    /// Returns how long no token of the client may be compared. Otherwise guesses in parallel would cost no time.
    [[nodiscard]] std::chrono::milliseconds left(const std::string& client) const;
    /// Counts a wrong token. \returns the pause until the next one may be compared: none for the first three, then 1 s
    /// and twice as long each time, up to 30 s
    std::chrono::milliseconds failed(const std::string& client);

private:
    static constexpr std::size_t most_clients = 1024;
    struct Failures {
        unsigned count = 0;
        std::chrono::steady_clock::time_point last = {};
        std::chrono::steady_clock::time_point not_before = {};
    };
    const os::Clock* clock_;
    std::map<std::string, Failures> clients_;
};

}  // namespace servicekit::servicectl::web
