#include "core/health_report.hpp"

#include <chrono>
#include <cstdint>
#include <utility>

#include "base/durations.hpp"

namespace servicekit {
namespace {

using Outcome = HealthResult::Outcome;

std::int64_t whole_seconds(std::chrono::milliseconds time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

}  // namespace

Value::List health_to_json(const std::vector<HealthResult>& results) {
    Value::List checks;
    for (const HealthResult& result : results) {
        Object check{{"name", result.check}, {"result", to_string(result.outcome)}, {"critical", result.critical}};
        if (!result.reason.empty()) check.append("reason", result.reason);
        if (result.outcome != Outcome::pending) {
            check.append("age", whole_seconds(result.age));
            if (result.took)
                check.append("took",
                             seconds_value(std::chrono::duration_cast<std::chrono::milliseconds>(*result.took)));
        }
        if (result.running) check.append("running", whole_seconds(*result.running));
        checks.emplace_back(std::move(check));
    }
    return checks;
}

void add_health(std::vector<MetricFamily>& families, const std::vector<HealthResult>& results) {
    using Seconds = std::chrono::duration<double>;
    if (results.empty()) return;
    MetricFamily outcomes{.name = "servicekit_health_check",
                          .help = "whether the last run of a health check succeeded",
                          .labels = {"check"}};
    MetricFamily durations{.name = "servicekit_health_check_duration_seconds",
                           .help = "duration of the last run of a health check",
                           .unit = "seconds",
                           .labels = {"check"}};
    MetricFamily times{.name = "servicekit_health_check_timestamp_seconds",
                       .help = "when the last result of a health check became known, since 1970-01-01",
                       .unit = "seconds",
                       .labels = {"check"}};
    for (const HealthResult& result : results) {
        if (result.outcome == Outcome::pending) continue;
        outcomes.series.push_back({{result.check}, std::uint64_t{result.outcome == Outcome::ok ? 1U : 0U}});
        if (result.took) durations.series.push_back({{result.check}, Seconds{*result.took}.count()});
        times.series.push_back({{result.check}, Seconds{result.at.time_since_epoch()}.count()});
    }
    families.push_back(std::move(outcomes));
    families.push_back(std::move(durations));
    families.push_back(std::move(times));
}

}  // namespace servicekit
