#pragma once

#include <sys/types.h>

#include <chrono>

#include "servicekit/base/result.hpp"
#include "servicekit/contract/deployment.hpp"
#include "servicekit/contract/log.hpp"
#include "servicekit/os/standard_streams.hpp"

namespace servicekit {

/// Log policy that keeps nothing.
class NoLog {
public:
    struct Options {};

    NoLog() : NoLog{Options{}} {}
    explicit NoLog(Options /*options*/, os::StandardStreams& streams = os::posix_standard_streams()) noexcept
        : streams_{&streams} {}

    void configure(const contract::Deployment& deployment) noexcept { background_ = deployment.background; }
    Result<void> open() { return {}; }
    void write(const contract::LogRecord& /*record*/) noexcept {}
    Result<void> reopen() { return {}; }
    void set_level(LogLevel /*level*/) noexcept {}
    /// In the background stdout and stderr go to /dev/null; in the foreground they stay what they are.
    Result<void> redirect(contract::StreamTarget target) {
        if (!background_ || target == contract::StreamTarget::inherit) return {};
        if (auto done = streams_->redirect_to_null(os::Stream::out); !done) return done;
        return streams_->redirect_to_null(os::Stream::error);
    }
    Result<void> hand_to(uid_t /*uid*/, gid_t /*gid*/) { return {}; }
    void close(std::chrono::milliseconds /*at_most*/) noexcept {}

private:
    os::StandardStreams* streams_;
    bool background_ = true;
};

}  // namespace servicekit
