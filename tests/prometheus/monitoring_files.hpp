#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "integration/support/command.hpp"
#include "prometheus/prometheus_server.hpp"
#include "servicekit/base/value.hpp"

namespace servicekit::test {

/// The directory of the shipped files for Prometheus and Grafana.
inline const std::string monitoring_files = SERVICEKIT_DOCS_DIR "/monitoring";

/// Runs promtool in that directory.
[[nodiscard]] Outcome promtool(const Strings& arguments);
/// The shipped dashboard; empty if it is not JSON.
[[nodiscard]] Object dashboard();
/// Calls `see` with each text of this key, at any depth.
void for_each_text(const Value& value, std::string_view key, const std::function<void(const std::string& text)>& see);
/// The expressions of the dashboard, with its variables as Grafana would fill them in.
[[nodiscard]] Strings dashboard_expressions();
/// The expressions of the alerts, as a Prometheus understands them.
[[nodiscard]] Strings alert_expressions(const PrometheusServer& prometheus);

}  // namespace servicekit::test
