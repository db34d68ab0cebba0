#include "servicekit/policies/log/journal_log.hpp"

#include <atomic>
#include <optional>
#include <utility>

#include "base/escaped_text.hpp"
#include "policies/log/crash_line.hpp"
#include "policies/log/journal_entry.hpp"
#include "policies/log/log_line.hpp"
#include "policies/log/message_output.hpp"
#include "policies/log/stream_output.hpp"
#include "policies/log/syslog_level.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/os/message_sockets.hpp"
#include "servicekit/os/process.hpp"
#include "servicekit/os/service_manager.hpp"
#include "servicekit/os/standard_streams.hpp"

namespace servicekit {
namespace {

/// Appends a line in the format of sd-daemon(3).
void append_line_for_manager(std::string& out, const LogRecord& record) {
    out += '<';
    out += policies::syslog_level(record.level);
    out += '>';
    append_escaped(out, record.message);
    policies::append_fields(out, record);
    out += '\n';
}

}  // namespace

struct JournalLog::State {
    State(Options the_options, const os::Host& host)
        : options{std::move(the_options)},
          streams{host.streams},
          manager{host.service_manager},
          clock{host.clock},
          process{host.process},
          entries{*host.message_sockets, *host.clock},
          lines{*host.streams, os::Stream::error, options.patience} {}

    void open_journal();
    [[nodiscard]] LogRecord as_line(const LogRecord& record) const {
        LogRecord shown = record;
        if (!shows_source) shown.source = {};
        return shown;
    }
    [[nodiscard]] bool write_line(const LogRecord& record);

    Options options;
    os::StandardStreams* streams;
    const os::ServiceManager* manager;
    const os::Clock* clock;
    const os::Process* process;

    std::string name;
    bool shows_source = false;  ///< in lines; entries always show it
    bool to_journal = false;    ///< set before threads start
    std::atomic<LogLevel> level{LogLevel::info};
    policies::MessageOutput entries;
    policies::StreamOutput lines;
    policies::CrashLine crash_line;  ///< for a line in place of an entry
    bool line_stuck = false;         ///< the last such line did not get out; guarded by the lock of the entries
};

void JournalLog::State::open_journal() {
    const auto render = [this, pid = process->id()](std::string& out, const LogRecord& record,
                                                    os::MessageSocket::Kind /*kind*/) {
        policies::append_journal_entry(out, record, name, pid);
    };
    const auto send_long = [this](os::MessageSocket& socket, const std::string& entry) {
        return socket.send_in_file(entry, options.patience);
    };
    crash_line.prepare(0);
    entries.open({.path = options.socket,
                  .patience = options.patience,
                  .retry_after = options.retry_after,
                  .render = render,
                  .head = name.size(),
                  .send_long = send_long,
                  .instead = [this](const LogRecord& record) { return write_line(record); }});
}

bool JournalLog::State::write_line(const LogRecord& record) {
    std::string line;
    append_line_for_manager(line, as_line(record));
    const auto done = streams->write_within(os::Stream::error, line,
                                            line_stuck ? std::chrono::milliseconds::zero() : options.patience);
    line_stuck = done.bytes < line.size();
    return !line_stuck;
}

JournalLog::JournalLog() : JournalLog{Options{}} {}

JournalLog::JournalLog(Options options, const os::Host& host)
    : state_{std::make_unique<State>(std::move(options), host)} {}

JournalLog::JournalLog(JournalLog&& other) noexcept = default;
JournalLog& JournalLog::operator=(JournalLog&& other) noexcept = default;

JournalLog::~JournalLog() = default;

void JournalLog::configure(const Deployment& deployment) {
    state_->name = deployment.name;
    state_->shows_source = deployment.log_plan.shows_source.value_or(false);
    set_level(deployment.log_level);
}

LogPlan JournalLog::plan() const { return {.shows_source = state_->shows_source}; }

std::optional<LogCounts> JournalLog::counts() const {
    LogCounts counts;
    state_->entries.losses().add_to(counts);
    state_->lines.losses().add_to(counts);
    return counts;
}

Result<void> JournalLog::open() {
    State& state = *state_;
    state.to_journal = state.manager->has_journal_on_stderr();
    if (state.to_journal) {
        state.open_journal();
    } else if (state.streams->is_terminal(os::Stream::error)) {
        state.lines.open(
            [source = state.name + '[' + std::to_string(state.process->id()) + ']'](
                std::string& out, const LogRecord& record) { policies::append_log_line(out, record, source); },
            state.name.size());
    } else {
        state.lines.open(append_line_for_manager);
    }
    return {};
}

void JournalLog::write(const LogRecord& record) noexcept {
    State& state = *state_;
    if (record.level < state.level.load(std::memory_order_relaxed)) return;
    if (state.to_journal)
        state.entries.write(record);
    else
        state.lines.write(state.as_line(record));
}

void JournalLog::set_level(LogLevel level) noexcept { state_->level.store(level, std::memory_order_relaxed); }

void JournalLog::write_at_crash(std::span<const LogRecord> records) noexcept {
    State& state = *state_;
    for (const LogRecord& record : records) {
        if (!state.to_journal)
            state.lines.write_at_crash(record);
        else if (!state.entries.write_at_crash(record))
            state.streams->write_at_crash(os::Stream::error, state.crash_line.render(record, append_line_for_manager),
                                          state.options.patience);
    }
}

void JournalLog::close(std::chrono::milliseconds at_most) noexcept {
    state_->entries.close(at_most);
    state_->lines.close(state_->clock->system_now(), at_most);
}

}  // namespace servicekit
