#include "core/service_metrics.hpp"

#include "core/metric_entry.hpp"

namespace servicekit {
namespace {

constexpr std::array<std::string_view, ServiceMetrics::outcome_count> outcomes{"done", "failed", "cancelled",
                                                                               "never-ran"};

/// The errors by which a request is refused before its event runs. docs/protocol.md describes them.
constexpr std::array<std::string_view, 8> refusal_codes{
    "malformed-request", "request-too-large", "event-not-found", "bad-argument",
    "event-error",       "not-allowed",       "not-ready",       "busy"};

std::vector<double> buckets() { return {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300}; }

}  // namespace

// Each event has all its outcomes, and `other` has them, too.
static_assert((ServiceMetrics::most_events + 1) * ServiceMetrics::outcome_count <= MetricEntry::most_series);

ServiceMetrics::ServiceMetrics()
    : events_{metrics_.labelled_counter("servicekit_events", "events and posted work that ended",
                                        {"event", "outcome"})},
      times_{metrics_.labelled_histogram("servicekit_event_duration", "time from the start of an event to its end",
                                         {"event"}, buckets(), "seconds")},
      waits_{metrics_.histogram("servicekit_event_wait", "time from the request of an event to its start", buckets(),
                                "seconds")},
      errors_{metrics_.labelled_counter("servicekit_request_errors", "requests that the service refused", {"code"})} {
    const auto requests =
        metrics_.labelled_counter("servicekit_requests", "requests of clients, by the role of the client", {"role"});
    for (const ControlRole role :
         {ControlRole::none, ControlRole::read, ControlRole::operate, ControlRole::admin, ControlRole::owner})
        requests_.push_back(requests.with({to_string(role)}));
    // A series that begins with its first error would hide it: increase() needs a value before.
    for (const std::string_view code : refusal_codes) static_cast<void>(errors_.with({code}));
    const auto reloads = metrics_.labelled_counter("servicekit_reloads", "reloads that ended", {"outcome"});
    reloads_done_ = reloads.with({"done"});
    reloads_failed_ = reloads.with({"failed"});
}

[[gnu::hot]] ServiceMetrics::OfEvent ServiceMetrics::of(std::string_view event) {
    const std::lock_guard guard{mutex_};
    const auto found = of_events_.find(event);
    if (found != of_events_.end()) return found->second;
    if (of_events_.size() < most_events) return of_events_.emplace(event, make(event)).first->second;
    if (!of_others_) of_others_ = make("other");
    return *of_others_;
}

ServiceMetrics::OfEvent ServiceMetrics::make(std::string_view event) {
    OfEvent made{.outcomes = {}, .times = times_.with({event})};
    for (std::size_t i = 0; i < outcomes.size(); ++i) made.outcomes.at(i) = events_.with({event, outcomes.at(i)});
    return made;
}

[[gnu::hot]] void ServiceMetrics::event_ended(std::string_view event, Outcome outcome,
                                              std::chrono::steady_clock::duration took) {
    const OfEvent metrics = of(event);
    metrics.outcomes.at(static_cast<std::size_t>(outcome)).add();
    metrics.times.observe(took);
}

void ServiceMetrics::event_never_ran(std::string_view event) {
    of(event).outcomes.at(static_cast<std::size_t>(Outcome::never_ran)).add();
}

void ServiceMetrics::refused(std::string_view code) const { errors_.with({code}).add(); }

}  // namespace servicekit
