#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
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
/// the program, writes lines to its standard input, and restarts it when it ends.
///
/// The service keeps the reading end of the pipe open too. When the program ends, its successor reads what is left in
/// the pipe. So no line in the pipe is lost, except those that the program had read but not written. A line that the
/// program had read in part is torn.
///
/// A program that does not read does not block the service. Once the pipe is full, lines wait in memory; then they are
/// dropped and counted, and the first line that gets through reports how many. When write() returns, a warning or worse
/// is in the pipe if there is room; other lines follow at most `delay` later.
///
/// The program runs in its own session, so that neither Ctrl-C nor a signal to the service's process group ends it
/// before it has the last lines. It has the service's working directory, environment and limits; in the background its
/// stdout and stderr are /dev/null. It always runs with the final user and confinement of the service, because
/// otherwise its successor could not write its files. If the service becomes another user or confines itself, the
/// program is therefore started after that, and the lines of a start that fails before are not kept. `writable` must
/// then contain the program's directory.
///
/// When the service stops, it closes the program's input and waits for the program. If the program has read everything
/// but still runs after `stop_wait`, it gets TERM. If it has not read everything, it is left running, because a signal
/// would lose lines. The service never kills it.
/// May be moved only before open().
class PipeLog final : public LogPolicy {
public:
    /// The form of a line.
    using Format = LineFormat;

    /// The options. `command` must be set, here or by the setting `log-command`.
    struct Options {
        /// The program and its arguments. The program is searched in PATH if it has no slash. `log-command` overrides
        /// it. Default: empty; the log then fails to open.
        std::vector<std::string> command = {};
        /// Change it to json for programs that parse the lines. `log-format` overrides it.
        Format format = Format::text;
        std::chrono::milliseconds delay{200};  ///< longest delay of lines below a warning; 0 writes each line at once
        std::size_t pipe_size = std::size_t{1} << 20U;  ///< in bytes; less if this user may not have as much
        /// Bytes of lines that wait while the pipe is full. Raise it to lose fewer lines.
        std::size_t memory = std::size_t{4} << 20U;
        /// A program that ends within this time has failed to start, and the start of the service fails.
        std::chrono::milliseconds start_wait{50};
        /// Pause before the first restart. Each further pause is twice as long.
        std::chrono::milliseconds first_pause{100};
        /// The longest pause between two restarts.
        std::chrono::milliseconds longest_pause{30'000};
        /// A program that ran at least this long restarts after the first pause again.
        std::chrono::milliseconds proven_after{10'000};
        /// How long a program that has read everything may run after a stop before it gets TERM; at most 80 % of the
        /// time left.
        std::chrono::milliseconds stop_wait{5'000};
        /// The signal for the program when the log is reopened; 0 for none, as the program keeps its own files. On
        /// ALRM, multilog, svlogd and s6-log rotate. On HUP, svlogd reopens its files, and the others end.
        int reopen_signal = 0;
    };

    PipeLog();
    /// \param host the operating system; tests pass fakes
    explicit PipeLog(Options options, const os::Host& host = os::posix_host());
    PipeLog(PipeLog&& other) noexcept;
    PipeLog& operator=(PipeLog&& other) noexcept;
    ~PipeLog() override;

    void configure(const Deployment& deployment) override;
    [[nodiscard]] LogPlan plan() const override;
    [[nodiscard]] std::optional<LogCounts> counts() const override;
    /// Starts the program, unless start() has to do it.
    Result<void> open() override;
    [[nodiscard]] bool works_in_background() const noexcept override { return true; }
    Result<void> start(os::EventLoop& loop) override;
    void stop() noexcept override;
    /// Writes a record. Records before open() and after close() are dropped.
    void write(const LogRecord& record) noexcept override;
    void flush(std::chrono::milliseconds at_most) override;
    /// Sends `reopen_signal` to the program, if it is set.
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
