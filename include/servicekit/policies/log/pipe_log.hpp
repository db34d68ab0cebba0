#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "servicekit/base/log_level.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/interfaces.hpp"
#include "servicekit/policy/deployment.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit {

/// Log policy for programs that keep and rotate logs: rotatelogs(8), multilog(8), svlogd(8), s6-log. The service starts
/// one, writes lines to its standard input, and starts it anew where it ends.
///
/// The pipe's reading end stays open in the service, too: what stands in the pipe when the program ends is read by its
/// successor, so no line is lost that the pipe had room for, but for those that the program had read and not written. A
/// line of which it had read a part is torn by that.
///
/// A program that does not read stops nobody: once the pipe is full, lines wait in memory, then they are lost and
/// counted; the first line that gets through afterwards says how many. Warnings and worse are in the pipe when write()
/// returns, where it has room; the others at most `delay` later.
///
/// The program runs in a session of its own, so that neither ^C nor a signal to the service's process group ends it
/// before it has the last lines; with the service's working directory, environment and limits, and in the background
/// with stdout and stderr at /dev/null. It always runs as the user and under the confinement that the service ends up
/// with, or its successor could not write its files: where the service becomes another user or confines itself, it is
/// started after that, and of a start that fails earlier no lines are kept. `writable` has to name its directory then.
///
/// At the end its input is closed and it is waited for. One that goes on `stop_wait` later though it has read everything
/// gets a TERM; one that has not is left alone, since every signal would cost lines. None is ever killed by us.
/// May be moved before open(), and not later.
class PipeLog final : public LogPolicy {
public:
    using Format = LineFormat;

    struct Options {
        /// The program, searched in PATH where it has no slash, and its arguments. What the settings say goes first.
        std::vector<std::string> command = {};
        Format format = Format::text;
        std::chrono::milliseconds delay{200};           ///< how long lines below a warning may wait
        std::size_t pipe_size = std::size_t{1} << 20U;  ///< in bytes; less where this user may not have as much
        std::size_t memory = std::size_t{4} << 20U;     ///< bytes of lines that wait while the pipe is full
        /// A program that ends within this time of the service's start has not started, and so the service neither.
        std::chrono::milliseconds start_wait{50};
        std::chrono::milliseconds first_pause{100};  ///< before it is started anew; twice as long each time
        std::chrono::milliseconds longest_pause{30'000};
        std::chrono::milliseconds proven_after{10'000};  ///< one that ran so long begins with the first pause again
        std::chrono::milliseconds stop_wait{5'000};
        /// What the program is sent when the log is to be opened anew, 0 for nothing: it keeps its own files. ALRM has
        /// multilog, svlogd and s6-log rotate; svlogd opens its files anew by HUP, which ends the others.
        int reopen_signal = 0;
    };

    PipeLog();
    explicit PipeLog(Options options, const os::Host& host = os::posix_host());
    PipeLog(PipeLog&& other) noexcept;
    PipeLog& operator=(PipeLog&& other) noexcept;
    ~PipeLog() override;

    void configure(const Deployment& deployment) override;
    [[nodiscard]] LogPlan plan() const override;
    /// Starts the program, unless that has to wait for start().
    Result<void> open() override;
    [[nodiscard]] bool works_in_background() const noexcept override { return true; }
    Result<void> start(os::EventLoop& loop) override;
    void stop() noexcept override;
    /// Lines before open() and after close() are dropped.
    void write(const LogRecord& record) noexcept override;
    void flush(std::chrono::milliseconds at_most) override;
    Result<void> reopen() override;
    void set_level(LogLevel level) noexcept override;
    Result<void> change_owner(uid_t uid, gid_t gid) override;
    void write_at_crash(std::span<const LogRecord> records) noexcept override;
    void close(std::chrono::milliseconds at_most) noexcept override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace servicekit
