#pragma once

#include <sys/types.h>

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "servicekit/base/log_level.hpp"
#include "servicekit/base/log_record.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/policy/deployment.hpp"
#include "servicekit/policy/policy.hpp"

namespace servicekit::os {
class EventLoop;
}  // namespace servicekit::os

namespace servicekit {

/// What a log has to do with stdout and stderr.
enum class StreamUse {
    captured,  ///< what is printed there comes to it as records, with a field `stream`
    own,       ///< it writes there itself, so they stay what they are
    none,      ///< it keeps nothing of them
};

/// Where log lines go.
///
/// A log policy derives from this and overrides open(), write() and close(), and what else it can do.
/// In the order of a life: configure(), open(), change_owner() where the user changes, start(), and at the end stop(), close().
/// write() comes from any thread, several at a time, flush() too, write_at_crash() from a signal
/// handler; the rest never two at a time.
class LogPolicy : public Policy {
public:
    /// What is in force after configure(): what the deployment says, and the log's own defaults for the rest. Empty is what
    /// this log does not use.
    [[nodiscard]] virtual LogPlan plan() const { return {}; }
    /// The files that open() opens, by name.
    [[nodiscard]] virtual std::vector<std::string> files() const { return {}; }
    /// Whether nobody will ever read what is written, though nobody has asked for that. A start warns of it.
    [[nodiscard]] virtual bool drops_lines() const { return false; }
    /// Has lines written from here on, in the calling thread: there is no other yet.
    virtual Result<void> open() = 0;
    /// Whether it needs start(): a log that does all its work in write() costs the service no thread.
    [[nodiscard]] virtual bool works_in_background() const { return false; }
    /// From here on there may be threads: `loop` is the log's own, for timers, descriptors and whatever may take its
    /// time. It is about to turn.
    virtual Result<void> start(os::EventLoop& /*loop*/) { return {}; }
    /// The loop has ended: gives up all timers and watches that it has of it. Comes before close(), unless the service is
    /// killed.
    virtual void stop() noexcept {}
    /// Never throws, never ends the service: what can't be written is counted and told later.
    virtual void write(const LogRecord& record) noexcept = 0;
    /// Puts what was accepted until now where readers find it, as far as that takes no longer than `at_most`.
    /// Between start() and stop(), from any thread, several at a time, and while write() or reopen() runs.
    virtual void flush(std::chrono::milliseconds /*at_most*/) {}
    /// Opens its file anew, after somebody moved it. On an error it goes on with the old one.
    virtual Result<void> reopen() { return {}; }
    /// Nothing below this level comes any more; it may come from some channels only.
    virtual void set_level(LogLevel /*level*/) {}
    [[nodiscard]] virtual StreamUse stream_use() const { return StreamUse::captured; }
    /// Hands what it holds to a user that the process is about to become.
    virtual Result<void> change_owner(uid_t /*uid*/, gid_t /*gid*/) { return {}; }
    /// The process is about to die of a fatal signal: puts what it still holds into the kernel, then `records`, of which
    /// there may be none. May come several times. Async-signal-safe; may be called while any other member runs.
    virtual void write_at_crash(std::span<const LogRecord> /*records*/) noexcept {}
    /// Everything that was accepted is in the kernel when it returns, or the time was up.
    virtual void close(std::chrono::milliseconds at_most) noexcept = 0;
};

}  // namespace servicekit
