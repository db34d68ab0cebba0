#pragma once

#include <vector>

#include "core/event_queue.hpp"
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
    MetricsReport(const Metrics& application, const ServiceMetrics& library, const Instance& instance,
                  const LogRouter& log_router, const EventQueue& queue, const Runs& runs,
                  const PolicyReferences& policies, const os::Host& host)
        : application_{application},
          library_{library},
          instance_{instance},
          log_router_{log_router},
          queue_{queue},
          runs_{runs},
          policies_{policies},
          host_{host} {}

    /// Reads also /proc.
    [[nodiscard]] std::vector<MetricFamily> collect() const;

private:
    using Families = std::vector<MetricFamily>;

    void add_work(Families& families) const;
    void add_log(Families& families) const;
    void add_build(Families& families) const;
    void add_process(Families& families) const;

    const Metrics& application_;
    const ServiceMetrics& library_;
    const Instance& instance_;
    const LogRouter& log_router_;
    const EventQueue& queue_;
    const Runs& runs_;
    const PolicyReferences& policies_;
    const os::Host& host_;
};

}  // namespace servicekit
