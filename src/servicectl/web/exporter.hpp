#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/metrics_text.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/core/metric_family.hpp"

namespace servicekit::servicectl::web {

/// What a scrape found out about one service.
struct ScrapedService {
    std::string name = {};
    std::string user = {};            ///< of a service of another user; empty for those of this user and root
    std::string control_socket = {};  ///< tells services of one name and user apart
    std::optional<bool> is_up = {};   ///< nothing if that is not known
    std::optional<bool> is_ready = {};
    std::string state = {};  ///< as `servicectl list` prints it
    std::vector<MetricFamily> families = {};
    std::string fault = {};  ///< why there are no families, as a label: `invalid`, `too-long`; empty: no fault
};

/// Returns the families of a reply to `metrics`, as far as their number is within the limits. Then the reply is not kept.
/// \param most_series of all families
[[nodiscard]] std::optional<std::vector<MetricFamily>> bounded_families(const Object& reply, std::size_t most_series);

/// Merges the metrics of services into one page: one head for each family, and on each series the label `service`. Its
/// value is NAME for a service of this user or root, NAME@USER for one of another user, and NAME@SOCKET if that is not
/// unique. What would make the page invalid is left out and counted by `servicekit_exporter_dropped_families`: a family
/// whose type differs from the first one of this name, one whose samples have the name of another, and one that has
/// reserved labels. Services of this user and root come first, so that another user cannot displace them.
/// \param seconds how long the scrape took
[[nodiscard]] std::string exported_text(std::vector<ScrapedService> services, double seconds, MetricsFormat format);

/// Returns the format that a client prefers. \param accept its header Accept
[[nodiscard]] MetricsFormat negotiated_format(std::string_view accept);
/// Returns the header Content-Type of the format.
[[nodiscard]] std::string_view content_type_of(MetricsFormat format) noexcept;

}  // namespace servicekit::servicectl::web
