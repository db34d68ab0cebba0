#include "os/passed_by_manager.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace servicekit::os {
namespace {

constexpr int first_listen_descriptor = 3;  // SD_LISTEN_FDS_START
constexpr const char* take_over_action = "take over the service manager's sockets";

/// \returns nothing for an empty variable, which counts as unset.
std::optional<std::string> take_variable(const char* name) {
    const char* const value = std::getenv(name);
    if (value == nullptr) return std::nullopt;
    std::string taken{value};
    ::unsetenv(name);
    return taken.empty() ? std::nullopt : std::optional{std::move(taken)};
}

template <class Number>
std::optional<Number> number_in(const std::optional<std::string>& text) {
    if (!text) return std::nullopt;
    Number number{};
    const auto [end, fault] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (fault != std::errc{} || end != text->data() + text->size()) return std::nullopt;
    return number;
}

std::vector<std::string> split_at_colons(std::string_view text) {
    std::vector<std::string> parts;
    for (;;) {
        const auto colon = text.find(':');
        parts.emplace_back(text.substr(0, colon));
        if (colon == std::string_view::npos) return parts;
        text.remove_prefix(colon + 1);
    }
}

}  // namespace

Result<std::vector<ListenSocket>> take_listen_sockets_by_ourselves() {
    const auto pid = take_variable("LISTEN_PID");
    const auto listed = take_variable("LISTEN_FDS");
    const auto listed_names = take_variable("LISTEN_FDNAMES");
    std::vector<ListenSocket> sockets;
    if (!pid || !listed || number_in<pid_t>(pid) != ::getpid()) return sockets;

    const auto count = number_in<int>(listed);
    if (!count || *count <= 0) return os_error(take_over_action, "LISTEN_FDS=" + *listed, EINVAL);
    std::vector<std::string> names(static_cast<std::size_t>(*count), "unknown");
    if (listed_names) names = split_at_colons(*listed_names);
    if (names.size() != static_cast<std::size_t>(*count))
        return os_error(take_over_action, "LISTEN_FDNAMES=" + *listed_names, EINVAL);

    int descriptor = first_listen_descriptor;
    for (std::string& name : names) {
        const int flags = ::fcntl(descriptor, F_GETFD);
        if (flags < 0 || ::fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) != 0)
            return os_error(take_over_action, "descriptor " + std::to_string(descriptor), errno);
        sockets.push_back({.name = std::move(name), .descriptor = descriptor++});
    }
    return sockets;
}

std::optional<std::chrono::microseconds> take_watchdog_by_ourselves() {
    const auto interval = number_in<std::int64_t>(take_variable("WATCHDOG_USEC"));
    const auto pid = take_variable("WATCHDOG_PID");
    if (!interval || *interval <= 0) return std::nullopt;
    if (pid && number_in<pid_t>(pid) != ::getpid()) return std::nullopt;
    return std::chrono::microseconds{*interval};
}

}  // namespace servicekit::os
