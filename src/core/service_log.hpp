#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "core/log_router.hpp"
#include "core/stream_redirection.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit {

/// The log as a whole: the router, the log policy, and the standard streams that are captured or written to files. Only
/// one thread at a time changes or closes it.
class ServiceLog {
public:
    ServiceLog(LogRouter& router, LogPolicy& policy, StreamRedirection& streams, const os::Host& host)
        : router_{router}, policy_{policy}, streams_{streams}, host_{host} {}

    /// Lets the log have a thread of its own on demand if the policy works in the background. \pre the log is open
    /// \param starter as for os::EventLoop::start_on_demand()
    std::optional<Error> start(os::EventLoop& starter);
    /// Stops that thread and closes the log. Lines that are written later are dropped.
    void end(std::chrono::milliseconds at_most);

    // For any thread.
    Result<void> reopen();
    void set_level(LogLevel level);
    /// \param level nothing: removes the channel's own level
    /// \returns false if LogRouter::set_channel_level() does
    [[nodiscard]] bool set_level(std::string_view channel, std::optional<LogLevel> level);
    /// Writes out the lines that the policy holds back. Waits a second at most.
    void flush();
    /// Flushes in the log's own thread, so that a disk that hangs does not block the caller. A log that never has one
    /// holds no lines back.
    /// \param done is called after the flush, with the error object if it failed, else with null
    void flush_soon(std::function<void(const Object* error)> done);
    /// Closes the log, unless another thread hangs in it for `at_most`.
    void close(std::chrono::milliseconds at_most);

private:
    using Flushed = std::function<void(const Object* error)>;

    LogRouter& router_;
    LogPolicy& policy_;
    StreamRedirection& streams_;
    const os::Host& host_;
    std::unique_ptr<os::EventLoop> loop_;  ///< of the log's own thread; null if it never has one
    std::mutex mutex_;
    std::mutex flush_mutex_;
    std::vector<Flushed> wait_for_flush_;  ///< they share the next flush, which has not begun
};

}  // namespace servicekit
