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

/// Compresses and removes a log's rotated files in a thread that exists while there is work. The disk may take seconds,
/// and no other thread should wait for it.
class LogTidying {
public:
    using Tell = std::function<void(const Error& error)>;

    LogTidying(os::Files& files, const os::Clock& clock, const std::string& log_path,
               const LogArchive::Options& options, os::Threads& threads, Tell tell);
    LogTidying(const LogTidying&) = delete;
    LogTidying& operator=(const LogTidying&) = delete;
    ~LogTidying();

    /// Errors are reported in this loop, which also starts the thread.
    void start(os::EventLoop& loop);
    /// Looks for work. From any thread; does nothing before start().
    void look();
    /// Makes the thread end after its current step. The next run of the service does the rest. \pre the loop has ended
    void stop() noexcept;
    /// Abandons a step that takes longer.
    void close(std::chrono::milliseconds at_most) noexcept;

private:
    struct Work;

    void start_thread();
    void tell_failure();

    std::shared_ptr<Work> work_;
    os::Threads* threads_;
    Tell tell_;
    std::unique_ptr<os::Thread> thread_;  ///< used by the loop, and after its end by the caller
};

}  // namespace servicekit::policies
