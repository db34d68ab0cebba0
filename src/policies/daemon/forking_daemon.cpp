#include "servicekit/policies/daemon/forking_daemon.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <thread>
#include <utility>

#include "policies/daemon/start_report.hpp"
#include "policies/daemon/start_watch.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/os/inherited_descriptors.hpp"
#include "servicekit/os/pipes.hpp"
#include "servicekit/os/process.hpp"
#include "servicekit/os/process_table.hpp"
#include "servicekit/os/standard_streams.hpp"

namespace servicekit {

namespace {

/// Length of the crash message and the path of its report.
constexpr std::size_t longest_crash_line = 6 * 1024;

}  // namespace

struct ForkingDaemon::Reports {
    std::unique_ptr<os::Pipe> pipe = {};  ///< until the start is reported
    std::atomic<bool> is_over{false};
    std::atomic<int> crashes{0};  ///< number of crashing threads that use the pipe
};

ForkingDaemon::ForkingDaemon() : ForkingDaemon{Options{}} {}

ForkingDaemon::ForkingDaemon(Options options, const os::Host& host)
    : options_{options},
      process_{host.process},
      pipes_{host.pipes},
      streams_{host.streams},
      processes_{host.processes},
      clock_{host.clock},
      inherited_{host.inherited} {}

ForkingDaemon::ForkingDaemon(ForkingDaemon&& other) noexcept = default;
ForkingDaemon& ForkingDaemon::operator=(ForkingDaemon&& other) noexcept = default;
ForkingDaemon::~ForkingDaemon() = default;

void ForkingDaemon::configure(const Deployment& deployment) { deployment_ = deployment; }

Result<Role> ForkingDaemon::enter() {
    if (!deployment_.background) return Role::service;
    if (process_->thread_count() > 1)
        return Error{.exit_code = ExitCode::internal,
                     .action = "start",
                     .object = deployment_.name,
                     .reason = "threads exist before the fork; start them in on_start"};

    auto pipe = pipes_->open();
    if (!pipe) return pipe.error();
    // Called before the fork, as the daemon may become an orphan at once. The child does not inherit it.
    process_->adopt_orphans();
    const auto child = process_->fork();
    if (!child) return child.error();
    if (*child != 0) {
        (*pipe)->close_writer();
        return wait_for_service(**pipe, *child);
    }

    reports_ = std::make_unique<Reports>();
    reports_->pipe = *std::move(pipe);
    reports_->pipe->close_reader();
    if (const auto done = become_daemon(); !done) {
        failed(done.error());
        process_->exit_now(to_int(done.error().exit_code));
    }
    return Role::service;
}

Result<Role> ForkingDaemon::wait_for_service(os::Pipe& pipe, pid_t child) {
    const policies::StartWatch::Limits limits{.until_ready = deployment_.start_timeout + options_.grace,
                                              .until_ended = deployment_.stop_timeout + options_.grace,
                                              .grace = options_.grace};
    return policies::StartWatch{deployment_.name, child, limits, pipe, *process_, *processes_, *clock_}.wait();
}

Result<void> ForkingDaemon::become_daemon() {
    if (auto done = process_->start_session(); !done) return done;
    // Only a session leader can acquire a controlling terminal by opening one; its child is not a leader.
    const auto daemon = process_->fork();
    if (!daemon) return daemon.error();
    if (*daemon != 0) process_->exit_now(0);

    os::Pipe& pipe = *reports_->pipe;
    pipe.keep_writer_from_children();
    // If the parent is gone, it can neither learn the result of the start nor end the daemon.
    if (auto done = pipe.write(policies::to_line(policies::Born{process_->id()})); !done) return done;
    if (auto done = process_->change_directory(deployment_.working_directory); !done) return done;
    process_->set_file_mask(deployment_.file_mask);
    if (!deployment_.keep_stdin)
        if (auto done = streams_->redirect_to_null(os::Stream::in); !done) return done;
    std::vector<int> keep = deployment_.keep_descriptors;
    keep.push_back(pipe.writer());
    return inherited_->close_all_but(keep);
}

void ForkingDaemon::ready() { report(policies::to_line(policies::Ready{})); }

void ForkingDaemon::failed(const Error& error) { report(policies::to_line(error)); }

void ForkingDaemon::logs_to(const std::vector<std::string>& files) {
    if (!files.empty()) tell(policies::to_line(policies::LogsTo{files.front()}));
}

void ForkingDaemon::extend(std::chrono::milliseconds time) {
    if (!reports_ || !reports_->pipe) return;
    // A stopped parent does not read, and all lines have to fit into the pipe. So a long start must write few of them.
    const auto until = clock_->steady_now() + time;
    if (until - extended_until_ < time / 2) return;
    extended_until_ = until;
    tell(policies::to_line(policies::Extended{time}));
}

void ForkingDaemon::crashed(std::string_view what) noexcept {
    if (!reports_) return;
    // Keeps the pipe open while it is used here, even if another thread is about to close it.
    ++reports_->crashes;
    if (!reports_->is_over) {
        std::array<char, longest_crash_line> line{};
        std::size_t size = 0;
        // The newline ends a line that this process may have been writing.
        for (const std::string_view part : {std::string_view{"\n"}, policies::crash_line_begin, what})
            size += part.copy(line.data() + size, line.size() - size - 1);
        std::replace(line.begin() + 1, line.begin() + static_cast<std::ptrdiff_t>(size), '\n', ' ');
        line[size++] = '\n';
        reports_->pipe->write_at_crash({line.data(), size});
    }
    --reports_->crashes;
}

void ForkingDaemon::tell(std::string_view line) {
    // If there is no reader left, an error is of no interest.
    if (reports_ && reports_->pipe) static_cast<void>(reports_->pipe->write(line));
}

void ForkingDaemon::report(std::string_view line) {
    if (!reports_ || !reports_->pipe) return;
    tell(line);
    reports_->is_over = true;
    while (reports_->crashes > 0) std::this_thread::yield();
    reports_->pipe.reset();
}

}  // namespace servicekit
