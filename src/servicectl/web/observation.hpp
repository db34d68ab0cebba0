#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "servicectl/listing.hpp"
#include "servicectl/watch/background.hpp"
#include "servicectl/watch/service_table.hpp"
#include "servicectl/web/exporter.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::servicectl::web {

/// All services at one time.
struct Observation {
    std::chrono::steady_clock::time_point begun = {};  ///< what has changed before is in it
    TimedListing listing = {};
    /// The requests that a service has counted since its start, by its identity.
    std::map<std::string, double> requests = {};
};

/// Until when somebody looks at a page. Thread-safe.
class Attention {
public:
    using TimePoint = std::chrono::steady_clock::time_point;
    void extend(TimePoint until) noexcept { until_ = until.time_since_epoch().count(); }
    [[nodiscard]] bool lasts(TimePoint now) const noexcept { return now.time_since_epoch().count() < until_; }

private:
    std::atomic<TimePoint::rep> until_{TimePoint::min().time_since_epoch().count()};
};

/// Returns work that lists the services and asks each for its metrics, at each interval while somebody looks. Then it
/// waits for Background::hurry(). \param deliver called on the thread of the work
[[nodiscard]] Background::Work observe_at_intervals(ListingScope scope, std::chrono::milliseconds interval,
                                                    std::shared_ptr<const Attention> attention, os::Host host,
                                                    std::function<void(Observation)> deliver);

/// What an exporter needs of all services. Waits for the timeout of the scope at most, and then for those that have just
/// answered.
struct Scrape {
    std::vector<ScrapedService> services = {};
    std::vector<std::string> asked = {};  ///< identities of the services that counted a request for it, twice if two
    double seconds = 0;                   ///< how long it took
    std::string failure = {};             ///< why there is none
};
[[nodiscard]] Scrape scrape(const ListingScope& scope, const os::Host& host, const std::stop_token& stop);

}  // namespace servicekit::servicectl::web
