#pragma once

#include <chrono>
#include <functional>

#include "servicectl/places.hpp"
#include "servicectl/top/detail_view.hpp"
#include "servicectl/watch/background.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::servicectl::top {

/// Returns work that asks a service for its events, and follows its log. Neither changes the service. It opens no log of
/// a service of another user: this process has other rights than the owner of the service, who can redirect the path.
/// \param timeout how long to wait for the events
/// \param deliver called on the thread of the work
[[nodiscard]] Background::Work look_closely(Place place, std::chrono::milliseconds timeout, os::Host host,
                                            std::function<void(DetailUpdate)> deliver);

}  // namespace servicekit::servicectl::top
