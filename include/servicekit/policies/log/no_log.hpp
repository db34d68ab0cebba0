#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>

#include "servicekit/base/result.hpp"
#include "servicekit/policy/deployment.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit {

/// Log policy that discards everything.
class NoLog final : public LogPolicy {
public:
    struct Options {};

    NoLog() = default;
    /// Takes options, as every policy does. It has none.
    explicit NoLog(Options /*options*/) noexcept {}

    /// Nothing: its lines are not lost, but unwanted.
    [[nodiscard]] std::optional<LogCounts> counts() const override { return std::nullopt; }
    Result<void> open() override { return {}; }
    void write(const LogRecord& /*record*/) noexcept override {}
    /// In the background stdout and stderr go to /dev/null; in the foreground they stay unchanged.
    [[nodiscard]] StreamUse stream_use() const noexcept override { return StreamUse::none; }
    void close(std::chrono::milliseconds /*at_most*/) noexcept override {}
};

}  // namespace servicekit
