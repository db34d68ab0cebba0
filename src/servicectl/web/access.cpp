#include "servicectl/web/access.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "servicectl/web/options.hpp"

namespace servicekit::servicectl::web {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t bytes_of_session = 32;

/// Returns the host of `HOST`, `HOST:PORT` or `[V6]:PORT`; empty if the text is not one of them.
std::string_view host_of(std::string_view authority) noexcept {
    if (authority.starts_with('[')) {
        const auto end = authority.find(']');
        if (end == std::string_view::npos) return {};
        const std::string_view rest = authority.substr(end + 1);
        return rest.empty() || rest.front() == ':' ? authority.substr(0, end + 1) : std::string_view{};
    }
    return authority.substr(0, authority.find(':'));
}

/// Returns true for the number of an address. A site cannot have such a name, so no rebinding leads to it.
bool is_number(std::string_view host) {
    if (host.size() > 2 && host.front() == '[')
        return host.find_first_not_of("0123456789abcdefABCDEF:.[]") == std::string_view::npos;
    return is_v4(host);
}

Refusal from_elsewhere() {
    return {.status = 403,
            .title = "The request comes from another site",
            .text = "Only pages of this server may change services. Reload the page and try again."};
}

}  // namespace

std::string random_bytes(std::size_t bytes) {
    std::random_device device{"/dev/urandom"};
    std::string random;
    while (random.size() < bytes) random += static_cast<char>(device() & 0xffU);
    return random;
}

std::string in_hexadecimal(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char byte : bytes) {
        const auto number = static_cast<unsigned char>(byte);
        text += digits[number >> 4U];
        text += digits[number & 0xfU];
    }
    return text;
}

bool is_same_token(std::string_view given, std::string_view expected) noexcept {
    if (expected.empty()) return false;
    auto difference = static_cast<unsigned>(given.size() != expected.size());
    for (std::size_t i = 0; i < given.size(); ++i)
        difference |= static_cast<unsigned>(static_cast<unsigned char>(given[i]) ^
                                            static_cast<unsigned char>(expected[i % expected.size()]));
    return difference == 0;
}

Access::Access(AccessRules rules, const os::Clock& clock, Random random)
    : rules_{std::move(rules)},
      clock_{&clock},
      random_{std::move(random)},
      shared_form_token_{in_hexadecimal(random_(bytes_of_session))} {}

std::optional<Refusal> Access::refuse_host(const Request& request) const {
    const auto named = request.header("host");
    if (!named || request.count("host") != 1)
        return Refusal{.status = 400,
                       .title = "The request does not name its host",
                       .text = "A request needs exactly one header Host."};
    const std::string_view host = host_of(*named);
    const auto is_host = [host](const std::string& name) { return equals_ignoring_case(name, host); };
    if (is_number(host) || std::any_of(rules_.hosts.begin(), rules_.hosts.end(), is_host)) return std::nullopt;
    return Refusal{.status = 421,
                   .title = "The request is for another host",
                   .text = "This server does not have that name. 'servicectl web --host NAME' adds a name."};
}

std::optional<Refusal> Access::refuse_origin(const Request& request) {
    if (const auto site = request.header("sec-fetch-site"); site && *site != "same-origin" && *site != "none")
        return from_elsewhere();
    const auto origin = request.header("origin");
    if (!origin) return std::nullopt;
    // A server in front of this one may add TLS, so the scheme may differ.
    const auto scheme = origin->find("://");
    const auto host = request.header("host");
    if (scheme == std::string_view::npos || !host || !equals_ignoring_case(origin->substr(scheme + 3), *host))
        return from_elsewhere();
    return std::nullopt;
}

std::optional<Refusal> Access::refuse_origin(const Request& request, const Visitor& visitor,
                                             std::string_view form_token) const {
    if (auto refusal = refuse_origin(request)) return refusal;
    if (visitor.has_header || is_same_token(form_token, visitor.form_token)) return std::nullopt;
    return Refusal{.status = 403,
                   .title = "The form is out of date",
                   .text = "It does not belong to this session. Go back, reload the page and try again."};
}

Right Access::limited(Right right) const noexcept {
    return right == Right::act && !rules_.why_no_actions.empty() ? Right::read : right;
}

Right Access::right_of(std::string_view token) const noexcept {
    // Both are compared, whichever is right.
    const bool is_token = is_same_token(token, rules_.token);
    const bool is_read_token = is_same_token(token, rules_.read_token);
    return is_token ? Right::act : is_read_token ? Right::read : Right::none;
}

Visitor Access::visitor_of(const Request& request) {
    if (!needs_token()) {
        const Right right = limited(Right::act);
        return {.right = right, .form_token = right == Right::act ? shared_form_token_ : ""};
    }
    if (const auto header = request.header("authorization")) {
        constexpr std::string_view scheme = "bearer ";
        const bool is_bearer = equals_ignoring_case(header->substr(0, scheme.size()), scheme);
        const Right right = is_bearer ? right_of(trimmed(header->substr(scheme.size()))) : Right::none;
        return {.right = limited(right), .has_header = right != Right::none, .was_wrong = right == Right::none};
    }
    const auto found = find(request.cookie(cookie_name()));
    if (found == sessions_.end()) return {};
    found->second.used = clock_->steady_now();
    const Right right = limited(found->second.right);
    return {.right = right,
            .session = found->first,
            .form_token = right == Right::act ? found->second.form_token : std::string{}};
}

std::optional<std::string> Access::log_in(std::string_view token) {
    const Right right = right_of(token);
    if (right == Right::none) return std::nullopt;
    remove_expired();
    if (sessions_.size() >= most_sessions)
        // Those who may only read cannot end the sessions of those who may act.
        sessions_.erase(
            std::min_element(sessions_.begin(), sessions_.end(), [right](const auto& one, const auto& other) {
                const auto order = [right](const Session& session) {
                    return std::pair{session.right != right, session.used};
                };
                return order(one.second) < order(other.second);
            }));
    std::string session = in_hexadecimal(random_(bytes_of_session));
    const auto now = clock_->steady_now();
    sessions_[session] = {
        .right = right, .form_token = in_hexadecimal(random_(bytes_of_session)), .begun = now, .used = now};
    return cookie(session, longest_session);
}

std::string Access::log_out(const std::string& session) {
    sessions_.erase(session);
    return cookie("", 0s);
}

bool Access::is_live(const std::string& session) {
    if (session.empty()) return true;
    const auto found = find(session);
    if (found == sessions_.end()) return false;
    found->second.used = clock_->steady_now();
    return true;
}

Access::Sessions::iterator Access::find(std::string_view session) {
    remove_expired();
    return sessions_.find(session);
}

void Access::remove_expired() {
    const auto now = clock_->steady_now();
    std::erase_if(sessions_, [now](const auto& row) {
        return now - row.second.begun >= longest_session || now - row.second.used >= longest_idle;
    });
}

// A browser keeps a cookie with this prefix from other sites of the domain. It sends the cookie to all ports of the host,
// so the port keeps the sessions of two servers apart.
std::string Access::cookie_name() const {
    const std::string port = rules_.port == 0 ? "" : "-" + std::to_string(rules_.port);
    return (rules_.is_secure ? "__Host-servicectl-session" : "servicectl-session") + port;
}

std::string Access::cookie(const std::string& value, std::chrono::seconds age) const {
    return cookie_name() + "=" + value + "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(age.count()) +
           (rules_.is_secure ? "; Secure" : "");
}

std::chrono::milliseconds LoginLimit::left(const std::string& client) const {
    const auto found = clients_.find(client);
    const auto now = clock_->steady_now();
    if (found == clients_.end() || found->second.not_before <= now) return 0ms;
    return std::chrono::ceil<std::chrono::milliseconds>(found->second.not_before - now);
}

std::chrono::milliseconds LoginLimit::failed(const std::string& client) {
    constexpr std::chrono::minutes memory{10};
    constexpr unsigned free = 3;
    constexpr unsigned most_doublings = 5;
    constexpr std::chrono::milliseconds longest = 30s;
    const auto now = clock_->steady_now();
    if (clients_.size() >= most_clients && !clients_.contains(client))
        clients_.erase(std::min_element(clients_.begin(), clients_.end(), [](const auto& one, const auto& other) {
            return one.second.last < other.second.last;
        }));
    Failures& failures = clients_[client];
    if (now - failures.last > memory) failures.count = 0;
    failures.last = now;
    ++failures.count;
    if (failures.count <= free) return 0ms;
    const auto pause =
        std::min(std::chrono::milliseconds{1s} * (1U << std::min(failures.count - free - 1, most_doublings)), longest);
    failures.not_before = now + pause;
    return pause;
}

}  // namespace servicekit::servicectl::web
