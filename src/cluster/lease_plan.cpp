#include "cluster/lease_plan.hpp"

#include <algorithm>
#include <string>

#include "base/durations.hpp"

namespace servicekit::cluster {

using std::chrono::milliseconds;

milliseconds LeasePlan::margin_of(milliseconds ttl) { return std::max(milliseconds{100}, ttl / 10); }

Result<LeasePlan> LeasePlan::of(milliseconds ttl, std::optional<milliseconds> loss_stop, std::size_t endpoints) {
    LeasePlan plan{.ttl = ttl, .margin = margin_of(ttl), .loss_stop = loss_stop.value_or(ttl / 3), .period = ttl / 3};
    constexpr milliseconds report_of_etcd{1'000};  // it has whole seconds
    const milliseconds drift = milliseconds{10} + ttl / 1'000;
    plan.give_up = std::max(plan.loss_stop, report_of_etcd + drift - plan.margin);
    // One endpoint that hangs must not cost the lock: another one is asked, by two requests if it is in another term.
    const int requests = endpoints > 1 ? 3 : 2;
    const milliseconds least_patience = std::max(milliseconds{10}, ttl / 50);
    plan.patience = (ttl - plan.margin - plan.give_up - plan.period) / requests;
    plan.long_patience = std::max(plan.patience, std::min(ttl / 4, milliseconds{2'000}));
    if (plan.patience >= least_patience) return plan;
    const milliseconds needed = plan.period + requests * least_patience + plan.give_up + plan.margin;
    return Error{ExitCode::configuration, "use", "a lease of " + time_in_words(ttl),
                 "the time between renewals (" + time_in_words(plan.period) + "), " + std::to_string(requests) +
                     " requests of " + time_in_words(least_patience) + ", loss-stop-timeout (" +
                     time_in_words(plan.give_up) + ") and a margin of " + time_in_words(plan.margin) + " need " +
                     time_in_words(needed) + "; raise cluster-ttl or lower loss-stop-timeout"};
}

}  // namespace servicekit::cluster
