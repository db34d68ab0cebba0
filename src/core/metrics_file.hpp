#pragma once

#include <atomic>
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
/// file as a whole. It has a thread of its own, because a disk may hang. start() and stop() are for one thread.
class MetricsFile {
public:
    MetricsFile(const os::Host& host, Logger& log) : host_{host}, log_{log} {}

    /// What is written where.
    struct Plan {
        std::string path;
        std::chrono::milliseconds interval;
        std::string service;  ///< the label `service` of each series: several services may have files in one directory
        std::function<std::vector<MetricFamily>()> collect;
    };
    /// Begins to write. \pre the service has done its last fork(2), and runs as its own user
    void start(Plan plan);
    /// Ends the thread and removes the file. If the disk hangs, it gives up after 2 s.
    void stop();

private:
    void work();
    Result<void> write() const;

    const os::Host& host_;
    Logger& log_;
    Plan plan_ = {};
    std::string unfinished_;
    std::unique_ptr<os::Parking> parking_;
    std::atomic<bool> is_stopping_{false};
    std::unique_ptr<os::Thread> thread_;
};

}  // namespace servicekit
