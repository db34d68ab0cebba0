#include "servicectl/web/options.hpp"

#include <algorithm>
#include <utility>

#include "base/parse_number.hpp"
#include "servicectl/web/messages.hpp"

namespace servicekit::servicectl::web {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t longest_host = 253;

Error fault(std::string reason) { return {ExitCode::usage, "run", "web", std::move(reason)}; }

/// Returns true for what can be the name or the number of a host: no spaces, and nothing that separates parts of a URL.
bool is_host(std::string_view text) noexcept {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_';
    };
    return !text.empty() && text.size() <= longest_host && std::all_of(text.begin(), text.end(), fits);
}

bool is_v6(std::string_view text) noexcept {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' || c == '.';
    };
    return text.find(':') != std::string_view::npos && std::all_of(text.begin(), text.end(), fits);
}

std::optional<milliseconds> interval_of(const std::string& text) {
    constexpr double shortest = 0.5;
    constexpr double longest = 60;
    const auto seconds = parse_number<double>(text);
    if (!seconds || !(*seconds >= shortest) || !(*seconds <= longest)) return std::nullopt;
    return milliseconds{static_cast<milliseconds::rep>(*seconds * 1000)};
}

Result<void> check_combination(const Options& options) {
    const bool is_tcp = options.listen && !options.listen->is_unix();
    if (options.certificate.empty() != options.key.empty()) return fault("--tls-cert and --tls-key belong together");
    if (!is_tcp && !options.certificate.empty()) return fault("TLS is for an address of TCP: --listen HOST:PORT");
    if (!is_tcp && options.insecure) return fault("--insecure is for an address of TCP: --listen HOST:PORT");
    if (options.insecure && !options.certificate.empty()) return fault("--insecure contradicts --tls-cert");
    if (options.read_only && options.allow_actions) return fault("--read-only contradicts --allow-actions");
    if (!options.read_token_file.empty() && options.token_file.empty())
        return fault("--read-token-file needs --token-file");
    if (is_tcp && options.token_file.empty())
        return fault(
            "a TCP socket needs a token, as every user of this machine can connect to it. Make one: "
            "(umask 077; head -c 24 /dev/urandom | base64 >token), and use --token-file token");
    if (is_tcp && !options.listen->is_loopback() && options.certificate.empty() && !options.insecure)
        return fault("'" + options.listen->host +
                     "' is not a loopback address, so the token would cross the network in clear text; use --tls-cert "
                     "and --tls-key, or --insecure behind a server that adds TLS");
    return {};
}

}  // namespace

bool Address::is_loopback() const {
    // However many zeros are written: "::1", "0:0:0:0:0:0:0:1".
    if (host.find(':') != std::string::npos)
        return host.find_first_not_of("0:") == host.size() - 1 && host.back() == '1';
    return equals_ignoring_case(host, "localhost") || (host.starts_with("127.") && is_v4(host));
}

bool is_v4(std::string_view host) {
    const auto numbers = parts_of(host, '.');
    constexpr std::size_t bytes = 4;
    return numbers.size() == bytes && std::all_of(numbers.begin(), numbers.end(), [](std::string_view number) {
               return parse_number<unsigned char>(number).has_value();
           });
}

std::optional<Address> parse_address(std::string_view text) {
    if (text.find('/') != std::string_view::npos) return Address{.path = std::string{text}};
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
    std::string_view host = text.substr(0, colon);
    const bool has_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (has_brackets) host = host.substr(1, host.size() - 2);
    if (!port || !(has_brackets ? is_v6(host) : is_host(host))) return std::nullopt;
    return Address{.host = std::string{host}, .port = *port};
}

Result<Options> options_of(const Command& command) {
    Options options{.patterns = command.targets, .all_users = command.all_users};
    for (const auto& [name, text] : command.own_options) {
        if (name == "--insecure") {
            options.insecure = true;
        } else if (name == "--read-only") {
            options.read_only = true;
        } else if (name == "--allow-actions") {
            options.allow_actions = true;
        } else if (text.empty()) {
            return fault(name + " takes a value that is not empty");
        } else if (name == "--listen") {
            options.listen = parse_address(text);
            if (!options.listen)
                return fault("--listen takes a path with a slash, HOST:PORT or [ADDRESS]:PORT, not '" + text + "'");
        } else if (name == "--token-file") {
            options.token_file = text;
        } else if (name == "--read-token-file") {
            options.read_token_file = text;
        } else if (name == "--tls-cert") {
            options.certificate = text;
        } else if (name == "--tls-key") {
            options.key = text;
        } else if (name == "--host") {
            if (!is_host(text)) return fault("--host takes the name of a host, not '" + text + "'");
            options.hosts.push_back(text);
        } else if (name == "--interval") {
            const auto interval = interval_of(text);
            if (!interval) return fault("--interval takes a number of seconds from 0.5 to 60, not '" + text + "'");
            options.interval = *interval;
        }
    }
    if (auto checked = check_combination(options); !checked) return checked.error();
    return options;
}

std::optional<std::string> check_web(Command& command) {
    if (command.json) return "'web' has no JSON; 'servicectl list --json' has it";
    const auto options = options_of(command);
    return options ? std::nullopt : std::optional{options.error().reason};
}

}  // namespace servicekit::servicectl::web
