#include "servicekit/policies/log/file_log.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "base/scratch_text.hpp"
#include "policies/log/crash_line.hpp"
#include "policies/log/file/log_archive.hpp"
#include "policies/log/file/log_tidying.hpp"
#include "policies/log/file/rotating_file.hpp"
#include "policies/log/json_line.hpp"
#include "policies/log/line_buffer.hpp"
#include "policies/log/log_line.hpp"

#include "policies/log/stream_output.hpp"
#include "policies/log/terminal_line.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {
namespace {

/// How long reopen() waits for a line that hangs in the kernel.
constexpr std::chrono::milliseconds reopen_limit{1'000};
/// How long a line waits for a terminal that does not accept it.
constexpr std::chrono::milliseconds terminal_patience{200};
/// How long a stop waits for the work on rotated files. The next run of the service finishes it.
constexpr std::chrono::milliseconds tidying_patience{250};

}  // namespace

struct FileLog::State {
    State(Options the_options, const os::Host& host)
        : options{the_options},
          files{host.files},
          streams{host.streams},
          clock{host.clock},
          process{host.process},
          users{host.users},
          environment{host.environment},
          threads{host.threads},
          terminal{*host.streams, os::Stream::error, terminal_patience} {}

    void put(const LogRecord& record);
    void render(std::string& out, const LogRecord& record) const;
    [[nodiscard]] std::string warning(std::chrono::system_clock::time_point time, std::string_view message) const;
    [[nodiscard]] Result<void> open_file();
    void open_terminal();
    /// Starts the work that is due on rotated files.
    void tidy_up();
    void warn(const Error& error) noexcept;

    Options options;
    os::Files* files;
    os::StandardStreams* streams;
    const os::Clock* clock;
    const os::Process* process;
    os::Users* users;
    const os::Environment* environment;
    os::Threads* threads;

    std::string name;
    std::string path;
    std::string group;
    bool background = true;
    bool shows_source = false;
    pid_t pid = 0;
    std::string source;  ///< name and pid
    std::atomic<LogLevel> level{LogLevel::info};

    // The log has all of these if it has a file.
    std::unique_ptr<policies::LogArchive> archive;  ///< only asked for free paths
    std::unique_ptr<policies::LogTidying> tidying;
    std::unique_ptr<policies::RotatingFile> file;
    std::unique_ptr<policies::LineBuffer> buffer;
    policies::CrashLine crash_line;
    policies::StreamOutput terminal;
    bool to_terminal = false;
};

inline void FileLog::State::render(std::string& out, const LogRecord& record) const {
    if (options.format == LineFormat::json)
        policies::append_json_line(out, record, name, pid);
    else
        policies::append_log_line(out, record, source);
}

std::string FileLog::State::warning(std::chrono::system_clock::time_point time, std::string_view message) const {
    std::string line;
    render(line, {.time = time, .level = LogLevel::warning, .message = message});
    return line;
}

inline void FileLog::State::put(const LogRecord& record) {
    if (to_terminal) terminal.write(record);
    if (!buffer || !buffer->is_open()) return;
    ScratchText line;
    render(line.text(), record);
    buffer->append(record.level, record.time, line.text(), !record.is_of_control_thread);
}

Result<void> FileLog::State::open_file() {
    std::optional<gid_t> gid;
    if (!group.empty()) {
        const auto found = users->find_group(group);
        if (!found) return found.error();
        if (!*found)
            return Error{ExitCode::configuration, "give the log to the group", group, "there is no such group"};
        gid = **found;
    }
    const policies::LogArchive::Options archive_options{.keep_files = options.keep_files,
                                                        .keep_bytes = options.keep_bytes,
                                                        .compress = options.compress,
                                                        .permissions = options.permissions,
                                                        .group = gid};
    archive = std::make_unique<policies::LogArchive>(*files, *clock, path, archive_options);
    tidying = std::make_unique<policies::LogTidying>(*files, *clock, path, archive_options, *threads,
                                                     [this](const Error& error) { warn(error); });
    file = std::make_unique<policies::RotatingFile>(
        *files, *clock, *archive,
        policies::RotatingFile::Options{.path = path,
                                        .permissions = options.permissions,
                                        .group = gid,
                                        .rotate_size = options.rotate_size,
                                        .rotate_every = options.rotate_every},
        [this](const Error& error) { return warning(clock->system_now(), error.message()); }, [this] { tidy_up(); });
    if (auto opened = file->open(); !opened) return opened;
    crash_line.prepare(source.size());
    buffer = std::make_unique<policies::LineBuffer>(*file, policies::LineBuffer::Options{.delay = options.delay});
    buffer->open([this](std::string& out, std::chrono::system_clock::time_point time, std::uint64_t count,
                        std::string_view reason) {
        out += warning(time,
                       std::to_string(count) + (count == 1 ? " line lost: " : " lines lost: ") + std::string{reason});
    });
    return {};
}

void FileLog::State::open_terminal() {
    const bool coloured = policies::takes_colours(*streams, os::Stream::error, *environment);
    terminal.open(
        [this, coloured](std::string& out, const LogRecord& record) {
            if (coloured)
                policies::append_coloured_line(out, record, source);
            else if (path.empty())
                render(out, record);
            else
                policies::append_log_line(out, record, source);
        },
        source.size());
    to_terminal = true;
}

void FileLog::State::tidy_up() {
    const bool removes = options.keep_files != 0 || options.keep_bytes != 0;
    if (removes || options.compress) tidying->look();
}

void FileLog::State::warn(const Error& error) noexcept {
    try {
        put({.time = clock->system_now(), .level = LogLevel::warning, .message = error.message()});
    } catch (...) {
        buffer->count_loss("out of memory");
    }
}

FileLog::FileLog() : FileLog{Options{}} {}

FileLog::FileLog(Options options, const os::Host& host) : state_{std::make_unique<State>(options, host)} {}

FileLog::FileLog(FileLog&& other) noexcept = default;
FileLog& FileLog::operator=(FileLog&& other) noexcept = default;

FileLog::~FileLog() = default;

void FileLog::configure(const Deployment& deployment) {
    State& state = *state_;
    Options& options = state.options;
    const LogPlan& plan = deployment.log_plan;
    state.name = deployment.name;
    state.path = deployment.log_file;
    state.background = deployment.background;
    state.group = plan.group;
    state.shows_source = plan.shows_source.value_or(false);
    options.permissions = plan.permissions.value_or(options.permissions);
    options.format = plan.format.value_or(options.format);
    options.delay = plan.delay.value_or(options.delay);
    options.rotate_size = plan.rotate_size.value_or(options.rotate_size);
    options.rotate_every = plan.rotate_every.value_or(options.rotate_every);
    options.keep_files = plan.keep_files.value_or(options.keep_files);
    options.keep_bytes = plan.keep_bytes.value_or(options.keep_bytes);
    options.compress = plan.compress.value_or(options.compress);
    options.copies_to_terminal = plan.copies_to_terminal.value_or(options.copies_to_terminal);
    set_level(deployment.log_level);
}

LogPlan FileLog::plan() const {
    const Options& options = state_->options;
    return {.format = options.format,
            .shows_source = state_->shows_source,
            .copies_to_terminal = options.copies_to_terminal,
            .delay = options.delay,
            .permissions = options.permissions,
            .group = state_->group,
            .rotate_size = options.rotate_size,
            .rotate_every = options.rotate_every,
            .keep_files = options.keep_files,
            .keep_bytes = options.keep_bytes,
            .compress = options.compress};
}

std::vector<std::string> FileLog::files() const {
    return state_->path.empty() ? std::vector<std::string>{} : std::vector{state_->path};
}

bool FileLog::drops_lines() const noexcept { return state_->background && state_->path.empty(); }

std::optional<LogCounts> FileLog::counts() const {
    if (drops_lines()) return std::nullopt;
    LogCounts counts;
    // A line that only the copy on the terminal lacks is not lost.
    (state_->buffer ? state_->buffer->losses() : state_->terminal.losses()).add_to(counts);
    if (state_->file) counts.rotations = state_->file->rotations();
    return counts;
}

Result<void> FileLog::open() {
    State& state = *state_;
    state.pid = state.process->id();
    state.source = state.name + '[' + std::to_string(state.pid) + ']';
    if (!state.path.empty())
        if (auto opened = state.open_file(); !opened) return opened;
    const bool is_there_already = state.file && state.streams->leads_to(os::Stream::error, state.file->descriptor());
    const bool copies =
        state.options.copies_to_terminal && !is_there_already && state.streams->is_terminal(os::Stream::error);
    if (!state.background && (state.path.empty() || copies)) state.open_terminal();
    return {};
}

Result<void> FileLog::start(os::EventLoop& loop) {
    State& state = *state_;
    if (!state.buffer) return {};
    state.buffer->start(loop);
    state.tidying->start(loop);
    // Finishes what an earlier run of the service left undone.
    state.tidy_up();
    return {};
}

void FileLog::stop() noexcept {
    if (!state_->buffer) return;
    state_->buffer->stop();
    state_->tidying->stop();
}

[[gnu::hot]] void FileLog::write(const LogRecord& record) noexcept {
    State& state = *state_;
    if (record.level < state.level.load(std::memory_order_relaxed)) return;
    try {
        LogRecord shown = record;
        if (!state.shows_source) shown.source = {};
        state.put(shown);
    } catch (...) {
        if (state.buffer) state.buffer->count_loss("out of memory");
    }
}

void FileLog::flush(std::chrono::milliseconds at_most) {
    if (state_->buffer) state_->buffer->flush(at_most);
}

Result<void> FileLog::reopen() {
    State& state = *state_;
    if (!state.file) return {};
    std::optional<Error> failure;
    const bool changed = state.buffer->change_sink(reopen_limit, [&] {
        const auto reopened = state.file->reopen();
        if (!reopened) failure = reopened.error();
        return reopened && *reopened;
    });
    if (!changed)
        return Error{ExitCode::timeout, "reopen the log", state.path,
                     "a line is still being written into the old file"};
    if (failure) return *failure;
    return {};
}

void FileLog::set_level(LogLevel level) noexcept { state_->level.store(level, std::memory_order_relaxed); }

StreamUse FileLog::stream_use() const noexcept {
    if (!state_->path.empty()) return StreamUse::captured;
    return state_->background ? StreamUse::none : StreamUse::own;
}

Result<void> FileLog::change_owner(uid_t uid, gid_t gid) {
    return state_->file ? state_->file->change_owner(uid, gid) : Result<void>{};
}

void FileLog::write_at_crash(std::span<const LogRecord> records) noexcept {
    State& state = *state_;
    if (state.to_terminal)
        for (const LogRecord& record : records) state.terminal.write_at_crash(record);
    if (!state.buffer || !state.buffer->is_open()) return;
    if (records.empty()) state.buffer->write_at_crash({});
    const auto append = [&state](std::string& out, const LogRecord& record) { state.render(out, record); };
    for (const LogRecord& record : records) state.buffer->write_at_crash(state.crash_line.render(record, append));
}

void FileLog::close(std::chrono::milliseconds at_most) noexcept {
    State& state = *state_;
    const auto now = state.clock->system_now();
    const auto until = state.clock->steady_now() + at_most;
    if (state.to_terminal) state.terminal.close(now, at_most);
    if (!state.buffer) return;
    // A thread that hangs in the kernel still uses all of these if it ever returns.
    if (!state.buffer->close(now, at_most)) {
        static_cast<void>(state.file.release());     // NOLINT(bugprone-unused-return-value)
        static_cast<void>(state.buffer.release());   // NOLINT(bugprone-unused-return-value)
        static_cast<void>(state.archive.release());  // NOLINT(bugprone-unused-return-value)
    }
    const auto left = std::chrono::floor<std::chrono::milliseconds>(until - state.clock->steady_now());
    state.tidying->close(std::clamp(left, std::chrono::milliseconds{0}, tidying_patience));
}

}  // namespace servicekit
