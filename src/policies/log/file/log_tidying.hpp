#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "policies/log/file/log_archive.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/files.hpp"
#include "servicekit/os/threads.hpp"

namespace servicekit::policies {

/// Has a log's rotated files compressed and removed by a thread that is there while there is something to do. For a disk may
/// take seconds over it, and nobody else is to wait for that.
class LogTidying {
public:
    using Tell = std::function<void(const Error& error)>;

    LogTidying(os::Files& files, const os::Clock& clock, const std::string& log_path,
               const LogArchive::Options& options, os::Threads& threads, Tell tell);
    LogTidying(const LogTidying&) = delete;
    LogTidying& operator=(const LogTidying&) = delete;
    ~LogTidying();

    /// Errors are told in this loop, which starts the thread, too.
    void start(os::EventLoop& loop);
    /// There may be something to do. From any thread; does nothing before start().
    void look();
    /// Has it end after the step that it is at. The next life does the rest. \pre the loop has ended
    void stop() noexcept;
    /// Leaves a step alone that takes longer.
    void close(std::chrono::milliseconds at_most) noexcept;

private:
    struct Work;

    void start_thread();
    void tell_failure();

    std::shared_ptr<Work> work_;
    os::Threads* threads_;
    Tell tell_;
    std::unique_ptr<os::Thread> thread_;  ///< the loop's, and once that has ended the caller's
};

}  // namespace servicekit::policies
