#include "servicekit/policies/log/pipe_log.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <optional>
#include <system_error>
#include <utility>

#include "base/escaped_text.hpp"
#include "policies/log/crash_line.hpp"
#include "policies/log/json_line.hpp"
#include "policies/log/log_line.hpp"
#include "policies/log/log_process.hpp"
#include "policies/log/piped_lines.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/os/process.hpp"
#include "servicekit/os/programs.hpp"
#include "servicekit/os/standard_streams.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using policies::PipedLines;

/// How long the last lines wait for room before the log checks that the program still runs.
constexpr auto look_period = 100ms;
constexpr auto word_limit = 100ms;

}  // namespace

struct PipeLog::State {
    State(Options the_options, const os::Host& host)
        : options{std::move(the_options)},
          programs{host.programs},
          streams{host.streams},
          clock{host.clock},
          process{host.process},
          lines{options.memory} {}
    ~State() { close(0ms); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    /// Waits for time or room in the loop. Belongs to the loop's thread.
    struct Waiting {
        std::unique_ptr<os::Timer> time = {};
        std::unique_ptr<os::Watch> room = {};
    };

    [[nodiscard]] Result<void> open();
    [[nodiscard]] Result<void> start_program();
    [[nodiscard]] Result<void> start(os::EventLoop& the_loop);
    void render(std::string& out, const LogRecord& record) const;
    [[nodiscard]] std::string render(const LogRecord& record) const;
    void put(const LogRecord& record);
    /// Logs a message of the log itself.
    void say(const std::string& message);
    void see_to(PipedLines::Need need);
    void close(std::chrono::milliseconds at_most) noexcept;
    void write_the_last(std::chrono::steady_clock::time_point until);
    void see_out(std::chrono::steady_clock::time_point until);
    [[nodiscard]] std::chrono::milliseconds left_until(std::chrono::steady_clock::time_point end) const;

    Options options;
    os::Programs* programs;
    os::StandardStreams* streams;
    const os::Clock* clock;
    const os::Process* process;

    std::string name;
    std::string source;  ///< name and pid
    pid_t pid = 0;
    bool background = true;
    bool shows_source = false;
    bool starts_late = false;
    std::atomic<LogLevel> level{LogLevel::info};

    std::unique_ptr<os::ProgramInput> input;
    PipedLines lines;
    policies::CrashLine crash_line;
    std::optional<policies::LogProcess> program;
    os::EventLoop* loop = nullptr;
    std::shared_ptr<Waiting> waiting;
    std::weak_ptr<Waiting> waiting_while_open;  ///< the same; not changed after threads start
};

Result<void> PipeLog::State::open() {
    if (options.command.empty() || options.command.front().empty())
        return Error{ExitCode::configuration, "start the log's program", "", "none is set (log-command)"};
    pid = process->id();
    source = name + '[' + std::to_string(pid) + ']';
    auto opened = programs->open_input(options.pipe_size);
    if (!opened) return opened.error().at_stage(ExitCode::cannot_create);
    input = std::move(*opened);
    program.emplace(
        policies::LogProcess::Plan{.command = options.command,
                                   .output = background ? os::ProgramOutput::null : os::ProgramOutput::inherit,
                                   .start_wait = options.start_wait,
                                   .first_pause = options.first_pause,
                                   .longest_pause = options.longest_pause,
                                   .proven_after = options.proven_after},
        *input, *programs, *clock, [this](const std::string& message) { say(message); });
    if (!starts_late)
        if (auto started = program->start(); !started) return started;
    crash_line.prepare(source.size());
    lines.open(*input, [this](std::uint64_t count) {
        return render({.time = clock->system_now(),
                       .level = LogLevel::warning,
                       .message = std::to_string(count) + (count == 1 ? " line lost: '" : " lines lost: '") +
                                  program->name() + "' does not keep up"});
    });
    return {};
}

Result<void> PipeLog::State::start(os::EventLoop& the_loop) {
    if (!program->was_started())
        if (auto started = program->start(); !started) return started;
    try {
        waiting = std::make_shared<Waiting>(Waiting{.time = the_loop.timer(), .room = the_loop.watch(input->writer())});
    } catch (const std::system_error& error) {
        return os_error("watch the input of the log's program", program->name(), error.code().value());
    }
    loop = &the_loop;
    waiting_while_open = waiting;
    program->watch(the_loop);
    lines.begin_to_wait();
    see_to(lines.flush_in_time());
    return {};
}

void PipeLog::State::render(std::string& out, const LogRecord& record) const {
    if (options.format == Format::json)
        policies::append_json_line(out, record, name, pid);
    else
        policies::append_log_line(out, record, source);
}

std::string PipeLog::State::render(const LogRecord& record) const {
    std::string line;
    render(line, record);
    return line;
}

void PipeLog::State::put(const LogRecord& record) {
    see_to(lines.put(render(record), record.level >= LogLevel::warning || options.delay == 0ms));
}

void PipeLog::State::say(const std::string& message) {
    put({.time = clock->system_now(), .level = LogLevel::warning, .message = message});
}

void PipeLog::State::see_to(PipedLines::Need need) {
    if (need == PipedLines::Need::nothing) return;
    loop->post([this, need, weak = waiting_while_open] {
        const auto alive = weak.lock();
        if (!alive) return;
        if (need == PipedLines::Need::time)
            alive->time->start(options.delay, [this] { see_to(lines.flush_in_time()); });
        else
            alive->room->await_writable([this] { see_to(lines.flush_into_room()); });
    });
}

void PipeLog::State::close(std::chrono::milliseconds at_most) noexcept {
    if (!lines.close()) return;
    try {
        program->leave_alone();
        if (!program->was_started()) return;
        const auto until = clock->steady_now() + std::min<std::chrono::milliseconds>(at_most, 24h);
        write_the_last(until);
        input->close_writer();
        see_out(until);
    } catch (...) {
        return;  // out of memory; the program still reads what is in the pipe
    }
}

void PipeLog::State::write_the_last(std::chrono::steady_clock::time_point until) {
    while (!lines.drain() && left_until(until) > 0ms) {
        static_cast<void>(program->revive());
        static_cast<void>(input->wait_until_writable(std::min(left_until(until), look_period)));
    }
}

void PipeLog::State::see_out(std::chrono::steady_clock::time_point until) {
    const auto ask_at = clock->steady_now() + std::min(options.stop_wait, left_until(until) * 4 / 5);
    bool was_asked = false;
    bool has_ended = false;
    for (;;) {
        has_ended = program->wait_for_end(left_until(was_asked ? until : ask_at));
        if (has_ended) {
            if (input->unread() == 0 || left_until(until) == 0ms || !program->revive()) break;
        } else if (was_asked || left_until(until) == 0ms) {
            break;
        } else {
            was_asked = true;
            if (input->unread() == 0) static_cast<void>(program->signal(SIGTERM));
        }
    }
    const std::size_t unread = input->unread();
    if (has_ended && unread == 0) return;
    const std::string state = has_ended ? " has ended" : " still runs";
    const std::string rest = unread > 0 ? ", with " + std::to_string(unread) + " bytes of the log unread" : "";
    static_cast<void>(streams->write_within(
        os::Stream::error, escaped(name + ": the log's program " + program->in_words() + state + rest) + "\n",
        word_limit));
}

std::chrono::milliseconds PipeLog::State::left_until(std::chrono::steady_clock::time_point end) const {
    return std::max(0ms, std::chrono::ceil<std::chrono::milliseconds>(end - clock->steady_now()));
}

PipeLog::PipeLog() : PipeLog{Options{}} {}

PipeLog::PipeLog(Options options, const os::Host& host) : state_{std::make_unique<State>(std::move(options), host)} {}

PipeLog::PipeLog(PipeLog&& other) noexcept = default;
PipeLog& PipeLog::operator=(PipeLog&& other) noexcept = default;

PipeLog::~PipeLog() = default;

void PipeLog::configure(const Deployment& deployment) {
    State& state = *state_;
    state.name = deployment.name;
    state.background = deployment.background;
    state.starts_late = deployment.gives_up_rights;
    const LogPlan& plan = deployment.log_plan;
    if (!plan.command.empty()) state.options.command = plan.command;
    state.options.format = plan.format.value_or(state.options.format);
    state.shows_source = plan.shows_source.value_or(false);
    state.options.delay = plan.delay.value_or(state.options.delay);
    set_level(deployment.log_level);
}

LogPlan PipeLog::plan() const {
    const Options& options = state_->options;
    return {.format = options.format,
            .shows_source = state_->shows_source,
            .delay = options.delay,
            .command = options.command};
}

std::optional<LogCounts> PipeLog::counts() const {
    LogCounts counts;
    state_->lines.losses().add_to(counts);
    return counts;
}

Result<void> PipeLog::open() { return state_->open(); }

Result<void> PipeLog::start(os::EventLoop& loop) { return state_->start(loop); }

void PipeLog::stop() noexcept {
    state_->waiting.reset();
    if (state_->program) state_->program->unwatch();
}

void PipeLog::write(const LogRecord& record) noexcept {
    if (record.level < state_->level.load(std::memory_order_relaxed)) return;
    try {
        if (state_->shows_source || record.source.file == nullptr) return state_->put(record);
        LogRecord shown = record;
        shown.source = {};
        state_->put(shown);
    } catch (...) {
        state_->lines.count_loss();  // out of memory
    }
}

// If the pipe is full, this does not wait.
void PipeLog::flush(std::chrono::milliseconds /*at_most*/) { state_->see_to(state_->lines.flush_in_time()); }

Result<void> PipeLog::reopen() {
    if (state_->options.reopen_signal == 0 || !state_->program) return {};
    return state_->program->signal(state_->options.reopen_signal);
}

void PipeLog::set_level(LogLevel level) noexcept { state_->level.store(level, std::memory_order_relaxed); }

Result<void> PipeLog::change_owner(uid_t uid, gid_t gid) {
    return state_->input ? state_->input->change_owner(uid, gid) : Result<void>{};
}

void PipeLog::write_at_crash(std::span<const LogRecord> records) noexcept {
    State& state = *state_;
    if (records.empty()) state.lines.write_at_crash({});
    const auto append = [&state](std::string& out, const LogRecord& record) { state.render(out, record); };
    for (const LogRecord& record : records) state.lines.write_at_crash(state.crash_line.render(record, append));
}

void PipeLog::close(std::chrono::milliseconds at_most) noexcept { state_->close(at_most); }

}  // namespace servicekit
