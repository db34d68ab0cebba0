#pragma once

#include <sys/types.h>

#include <chrono>

#include "servicekit/base/result.hpp"
#include "servicekit/contract/deployment.hpp"
#include "servicekit/contract/log.hpp"

namespace servicekit {

/// Log policy that keeps nothing.
class NoLog {
public:
    struct Options {};

    NoLog() = default;
    explicit NoLog(Options /*options*/) noexcept {}

    void configure(const contract::Deployment& /*deployment*/) noexcept {}
    Result<void> open() { return {}; }
    void write(const contract::LogRecord& /*record*/) noexcept {}
    Result<void> reopen() { return {}; }
    void set_level(LogLevel /*level*/) noexcept {}
    /// In the background stdout and stderr go to /dev/null; in the foreground they stay what they are.
    [[nodiscard]] contract::StreamUse stream_use() const noexcept { return contract::StreamUse::none; }
    Result<void> hand_to(uid_t /*uid*/, gid_t /*gid*/) { return {}; }
    void close(std::chrono::milliseconds /*at_most*/) noexcept {}
};

}  // namespace servicekit
