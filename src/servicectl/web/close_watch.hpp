#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "servicectl/places.hpp"
#include "servicectl/watch/background.hpp"
#include "servicectl/web/views.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/core/metric_family.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::servicectl::web {

/// The answer to a question, or why there is none.
template <class T>
struct Learned {
    std::optional<T> value = {};
    std::string reason = {};
};

/// What was found out about one service since the last news.
struct ServiceNews {
    std::vector<std::string> log_lines = {};
    std::size_t log_skipped = 0;  ///< lines before these
    std::optional<std::string> log_reason = {};
    std::optional<Learned<Object>> events = {};
    std::optional<Learned<std::vector<SettingRow>>> settings = {};
    std::optional<Learned<std::vector<MetricFamily>>> metrics = {};
    std::optional<Learned<std::vector<CrashRow>>> crashes = {};
    std::optional<std::string> log_level = {};
    std::chrono::steady_clock::time_point measured = {};  ///< when the metrics were read
    std::size_t asked = 0;                                ///< requests that the service counts
    bool is_first_round = false;                          ///< each question was asked once
};

/// Returns work that asks a service for its events, settings, metrics and log level, reads its crash reports and follows
/// its log. Nothing of it changes the service. Files of another user's service are not opened, and neither are those in
/// a directory that another user can change: that user could redirect the path, and all who see the page would read what
/// this process may read.
/// \param interval time between two questions for the metrics
/// \param deliver called on the thread of the work
[[nodiscard]] Background::Work watch_closely(Place place, std::chrono::milliseconds timeout,
                                             std::chrono::milliseconds interval, os::Host host,
                                             std::function<void(ServiceNews)> deliver);

/// Returns the rows of a reply to the event `settings`. At most 500 rows, each with at most 1 KiB.
[[nodiscard]] std::vector<SettingRow> setting_rows(const Object& reply);

}  // namespace servicekit::servicectl::web
