#include "servicectl/web/messages.hpp"

#include <algorithm>

namespace servicekit::servicectl::web {
namespace {

char in_lower_case(char letter) noexcept {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
}

}  // namespace

bool equals_ignoring_case(std::string_view one, std::string_view other) noexcept {
    return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                      [](char a, char b) { return in_lower_case(a) == in_lower_case(b); });
}

std::string_view trimmed(std::string_view text) noexcept {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::vector<std::string_view> parts_of(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(separator, begin), text.size());
        parts.push_back(trimmed(text.substr(begin, end - begin)));
        begin = end + 1;
    }
    return parts;
}

std::optional<std::string_view> Request::header(std::string_view name) const noexcept {
    for (const auto& [key, value] : headers)
        if (equals_ignoring_case(key, name)) return value;
    return std::nullopt;
}

std::size_t Request::count(std::string_view name) const noexcept {
    return static_cast<std::size_t>(std::count_if(
        headers.begin(), headers.end(), [name](const auto& row) { return equals_ignoring_case(row.first, name); }));
}

std::string_view Request::cookie(std::string_view name) const noexcept {
    std::string_view rest = header("cookie").value_or(std::string_view{});
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(';'), rest.size());
        const std::string_view pair = trimmed(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const auto equals = pair.find('=');
        if (equals != std::string_view::npos && pair.substr(0, equals) == name) return pair.substr(equals + 1);
    }
    return {};
}

Headers headers_of(const Response& response) {
    Headers headers{
        {"Content-Type", response.type},
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
         "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        // Without a referrer, browsers would not send the origin of a form.
        {"Referrer-Policy", "same-origin"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
    };
    bool has_cache_control = false;
    for (const auto& [name, value] : response.headers) {
        has_cache_control = has_cache_control || equals_ignoring_case(name, "cache-control");
        headers.emplace_back(name, value);
    }
    if (!has_cache_control) headers.emplace_back("Cache-Control", "no-store");
    return headers;
}

Headers headers_of_stream() { return headers_of({.type = "text/event-stream", .headers = {}}); }

Response plain(unsigned status, std::string text) {
    return {.status = status, .type = "text/plain; charset=utf-8", .body = std::move(text) + "\n"};
}

Response redirect(std::string path) {
    return {.status = 303, .type = "text/plain; charset=utf-8", .body = "", .headers = {{"Location", std::move(path)}}};
}

}  // namespace servicekit::servicectl::web
