#include "servicekit/policies/log/console_log.hpp"

#include <atomic>
#include <string>
#include <utility>

#include "policies/log/json_line.hpp"
#include "policies/log/log_line.hpp"
#include "policies/log/stream_output.hpp"
#include "policies/log/terminal_line.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {

struct ConsoleLog::State {
    State(Options the_options, const os::Host& host)
        : options{the_options},
          stream{options.target == Target::standard_output ? os::Stream::out : os::Stream::error},
          streams{host.streams},
          clock{host.clock},
          process{host.process},
          environment{host.environment},
          output{*host.streams, stream, options.patience} {}

    [[nodiscard]] bool writes_json() const {
        if (options.format != Format::automatic) return options.format == Format::json;
        return !streams->is_terminal(stream);
    }

    Options options;
    os::Stream stream;
    os::StandardStreams* streams;
    const os::Clock* clock;
    const os::Process* process;
    const os::Environment* environment;

    std::string name;
    bool shows_source = false;
    std::atomic<LogLevel> level{LogLevel::info};
    policies::StreamOutput output;
};

ConsoleLog::ConsoleLog() : ConsoleLog{Options{}} {}

ConsoleLog::ConsoleLog(Options options, const os::Host& host) : state_{std::make_unique<State>(options, host)} {}

ConsoleLog::ConsoleLog(ConsoleLog&& other) noexcept = default;
ConsoleLog& ConsoleLog::operator=(ConsoleLog&& other) noexcept = default;

ConsoleLog::~ConsoleLog() = default;

void ConsoleLog::configure(const Deployment& deployment) {
    state_->name = deployment.name;
    state_->shows_source = deployment.log_plan.shows_source.value_or(false);
    if (const auto format = deployment.log_plan.format)
        state_->options.format = *format == LineFormat::json ? Format::json : Format::text;
    set_level(deployment.log_level);
}

LogPlan ConsoleLog::plan() const {
    return {.format = state_->writes_json() ? LineFormat::json : LineFormat::text,
            .shows_source = state_->shows_source};
}

std::optional<LogCounts> ConsoleLog::counts() const {
    LogCounts counts;
    state_->output.losses().add_to(counts);
    return counts;
}

Result<void> ConsoleLog::open() {
    const pid_t pid = state_->process->id();
    const bool coloured = policies::takes_colours(*state_->streams, state_->stream, *state_->environment);
    if (state_->writes_json())
        state_->output.open(
            [name = state_->name, pid](std::string& out, const LogRecord& record) {
                policies::append_json_line(out, record, name, pid);
            },
            state_->name.size());
    else
        state_->output.open(
            [source = state_->name + '[' + std::to_string(pid) + ']', coloured](std::string& out,
                                                                                const LogRecord& record) {
                if (coloured)
                    policies::append_coloured_line(out, record, source);
                else
                    policies::append_log_line(out, record, source);
            },
            state_->name.size());
    return {};
}

void ConsoleLog::write(const LogRecord& record) noexcept {
    if (record.level < state_->level.load(std::memory_order_relaxed)) return;
    LogRecord shown = record;
    if (!state_->shows_source) shown.source = {};
    state_->output.write(shown);
}

void ConsoleLog::set_level(LogLevel level) noexcept { state_->level.store(level, std::memory_order_relaxed); }

void ConsoleLog::write_at_crash(std::span<const LogRecord> records) noexcept {
    for (const LogRecord& record : records) state_->output.write_at_crash(record);
}

void ConsoleLog::close(std::chrono::milliseconds at_most) noexcept {
    state_->output.close(state_->clock->system_now(), at_most);
}

}  // namespace servicekit
