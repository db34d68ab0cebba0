#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "servicectl/listing.hpp"
#include "servicectl/top/background.hpp"
#include "servicectl/top/detail_view.hpp"
#include "servicectl/top/service_table.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::servicectl::top {

/// Returns work that lists the services at each interval. \param deliver called on the thread of the work
[[nodiscard]] Background::Work list_at_intervals(ListingScope scope, std::chrono::milliseconds interval, os::Host host,
                                                 std::function<void(TimedListing)> deliver);

/// Returns work that asks a service for its events, and follows its log. Neither changes the service. It opens no log of
/// a service of another user: this process has other rights than the owner of the service, who can redirect the path.
/// \param timeout how long to wait for the events
/// \param deliver called on the thread of the work
[[nodiscard]] Background::Work look_closely(Place place, std::chrono::milliseconds timeout, os::Host host,
                                            std::function<void(DetailUpdate)> deliver);

/// Returns the log file of a service by the record of its start; empty if there is no record, or no log file.
[[nodiscard]] std::string log_file_of(const Place& place);

}  // namespace servicekit::servicectl::top
