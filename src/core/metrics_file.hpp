#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "servicekit/core/logger.hpp"
#include "servicekit/core/metric_family.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/os/threads.hpp"

namespace servicekit {

/// Writes the metrics to a file at an interval, for the textfile collector of node_exporter. Each time it replaces the
/// file as a whole. The loop's thread collects the metrics. A separate thread writes them, so that a disk that hangs does
/// not block the loop.
class MetricsFile {
public:
    MetricsFile(const os::Host& host, Logger& log);
    MetricsFile(const MetricsFile&) = delete;
    MetricsFile& operator=(const MetricsFile&) = delete;
    ~MetricsFile();

    /// What is written where.
    struct Plan {
        std::string path;
        std::chrono::milliseconds interval;
        std::string service;  ///< the label `service` of each series: several services may have files in one directory
        std::function<std::vector<MetricFamily>()> collect;  ///< called on the loop's thread
    };
    /// Begins to write. \pre the service has done its last fork(2), and runs as its own user
    void start(os::EventLoop& loop, Plan plan);
    /// Ends the thread and removes the file. If the disk hangs, it gives up after 2 s. \pre the loop still runs
    void stop();
    /// Removes the file before the process exits at once. If the thread writes the file now, it stays. On the loop's
    /// thread.
    void abandon();

private:
    class Writing;

    /// Collects the metrics, and calls itself again after the interval. On the loop's thread.
    void collect();
    /// Logs a change of the fault. On the loop's thread.
    void note(std::string fault);

    const os::Host& host_;
    Logger& log_;
    Plan plan_ = {};
    os::EventLoop* loop_ = nullptr;
    std::unique_ptr<os::Timer> timer_;     ///< of the loop's thread; null once it has stopped
    std::string last_fault_;               ///< of the loop's thread
    std::shared_ptr<Writing> to_abandon_;  ///< of the loop's thread; null unless it collects
    std::shared_ptr<Writing> writing_;     ///< the thread has it, too: it may outlive this object
    std::unique_ptr<os::Thread> thread_;
};

}  // namespace servicekit
