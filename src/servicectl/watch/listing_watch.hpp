#pragma once

#include <chrono>
#include <functional>

#include "servicectl/listing.hpp"
#include "servicectl/watch/background.hpp"
#include "servicectl/watch/service_table.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::servicectl {

/// Lists the services now, as list_services() does, and shortens what other users report.
[[nodiscard]] TimedListing list_now(const ListingScope& scope, const os::Host& host, const std::stop_token& stop);

/// Returns work that lists the services at each interval. \param deliver called on the thread of the work
[[nodiscard]] Background::Work list_at_intervals(ListingScope scope, std::chrono::milliseconds interval, os::Host host,
                                                 std::function<void(TimedListing)> deliver);

/// Returns a copy of a reply whose texts are short enough for a table. A hostile service could otherwise make one that
/// needs more memory than the machine has.
[[nodiscard]] Object with_short_texts(const Object& reply);

}  // namespace servicekit::servicectl
