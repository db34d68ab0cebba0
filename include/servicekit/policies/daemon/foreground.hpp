#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "servicekit/base/result.hpp"
#include "servicekit/contract/daemon.hpp"
#include "servicekit/contract/deployment.hpp"

namespace servicekit {

/// Daemon policy that never forks: whoever started the service (a container, a supervisor, a terminal) watches it.
/// Working directory, file mask and standard streams stay what they were.
class Foreground {
public:
    struct Options {};

    explicit Foreground(Options /*options*/ = {}) noexcept {}

    void configure(const contract::Deployment& /*deployment*/) noexcept {}
    [[nodiscard]] bool has_background() const noexcept { return false; }
    [[nodiscard]] bool notifies_manager() const noexcept { return false; }
    Result<contract::Role> enter() { return contract::Role::service; }
    void ready() noexcept {}
    void failed(const Error& /*error*/) noexcept {}
    void reloading() noexcept {}
    void stopping() noexcept {}
    void status(std::string_view /*text*/) noexcept {}
    void extend() noexcept {}
    [[nodiscard]] std::optional<std::chrono::milliseconds> alive_interval() const noexcept { return std::nullopt; }
    void alive() noexcept {}
};

}  // namespace servicekit
