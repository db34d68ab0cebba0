#pragma once

#include <chrono>
#include <vector>

#include "core/candidacy.hpp"
#include "core/event_pool.hpp"
#include "core/event_queue.hpp"
#include "core/event_runner.hpp"
#include "core/health_checks.hpp"
#include "core/instance.hpp"
#include "core/log_router.hpp"
#include "core/runs.hpp"
#include "core/service_metrics.hpp"
#include "servicekit/core/metrics.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/policy/policy_references.hpp"

namespace servicekit {

/// All metrics of a service: those of the application, what the library counts, and what the system knows of the
/// process. Thread-safe.
class MetricsReport {
public:
    MetricsReport(const Metrics& application, const ServiceMetrics& library, const HealthChecks& health_checks,
                  const Candidacy& candidacy, const Instance& instance, const LogRouter& log_router,
                  const EventQueue& queue, const EventRunner& runner, const EventPool& pool, const Runs& runs,
                  const PolicyReferences& policies, const os::Host& host)
        : application_{application},
          library_{library},
          health_checks_{health_checks},
          candidacy_{candidacy},
          instance_{instance},
          log_router_{log_router},
          queue_{queue},
          runner_{runner},
          pool_{pool},
          runs_{runs},
          policies_{policies},
          host_{host} {}

    /// Reads also /proc.
    [[nodiscard]] std::vector<MetricFamily> collect() const;

private:
    using Families = std::vector<MetricFamily>;

    void add_work(Families& families) const;
    /// Returns for how long the oldest of the present runs has run: of an event, of work that the program has posted, or
    /// of a start, reload or stop. 0 if nothing runs.
    [[nodiscard]] std::chrono::steady_clock::duration longest_run() const;
    void add_log(Families& families) const;
    void add_connections(Families& families) const;
    void add_earlier_lives(Families& families) const;
    void add_build(Families& families) const;
    void add_role(Families& families) const;
    void add_process(Families& families) const;

    const Metrics& application_;
    const ServiceMetrics& library_;
    const HealthChecks& health_checks_;
    const Candidacy& candidacy_;
    const Instance& instance_;
    const LogRouter& log_router_;
    const EventQueue& queue_;
    const EventRunner& runner_;
    const EventPool& pool_;
    const Runs& runs_;
    const PolicyReferences& policies_;
    const os::Host& host_;
};

}  // namespace servicekit
