#include "servicectl/web/exporter.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <set>
#include <tuple>
#include <utility>
#include <variant>

#include "base/parse_number.hpp"
#include "core/metrics_json.hpp"
#include "servicectl/web/messages.hpp"

namespace servicekit::servicectl::web {
namespace {

using Kind = MetricFamily::Kind;
using Series = MetricFamily::Series;

constexpr std::size_t longest_name = 200;
constexpr std::size_t most_labels = 32;
constexpr std::size_t longest_label_value = 1024;
/// What state_in_words() returns, as far as services report their own states.
constexpr std::array<std::string_view, 14> states{"running",   "starting",  "standby",   "reloading", "stopping",
                                                  "stopped",   "hung",      "dead",      "too long",  "no access",
                                                  "no socket", "on demand", "not asked", "unknown"};

/// Returns the names that the samples of a family have in one of the formats, and its own.
std::vector<std::string> names_of(const MetricFamily& family) {
    switch (family.kind) {
        case Kind::counter:
            return {family.name, family.name + "_total", family.name + "_created"};
        case Kind::histogram:
            return {family.name, family.name + "_bucket", family.name + "_sum", family.name + "_count",
                    family.name + "_created"};
        case Kind::gauge:
            break;
    }
    return {family.name};
}

bool is_reserved(std::string_view label) noexcept {
    constexpr std::array<std::string_view, 3> reserved{"service", "le", "quantile"};
    return label.starts_with("__") || std::find(reserved.begin(), reserved.end(), label) != reserved.end();
}

/// Returns true if a histogram has ascending bounds to infinity, and counts that do not fall.
bool is_valid(const MetricFamily::Distribution& distribution) {
    const auto& buckets = distribution.buckets;
    if (buckets.empty() || !std::isinf(buckets.back().first) || buckets.back().first < 0) return false;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
        if (std::isnan(buckets[i].first)) return false;
        if (i > 0 && !(buckets[i - 1].first < buckets[i].first)) return false;
        if (i > 0 && buckets[i - 1].second > buckets[i].second) return false;
    }
    return true;
}

/// Returns why a family cannot be on a page; null if it can.
const char* fault_of(const MetricFamily& family) {
    if (family.name.size() > longest_name || family.labels.size() > most_labels) return "too-long";
    if (std::any_of(family.labels.begin(), family.labels.end(), &is_reserved)) return "label";
    if (std::set<std::string>(family.labels.begin(), family.labels.end()).size() != family.labels.size())
        return "label";
    // Each text format has rules for these names.
    if (family.name.ends_with("_total") || family.name.ends_with("_created") || family.name.ends_with("_bucket"))
        return "name";
    if (!family.unit.empty() && !family.name.ends_with("_" + family.unit)) return "name";
    std::set<std::vector<std::string>> seen;
    for (const Series& series : family.series) {
        if (!seen.insert(series.label_values).second) return "duplicate";
        const auto is_long = [](const std::string& value) { return value.size() > longest_label_value; };
        if (std::any_of(series.label_values.begin(), series.label_values.end(), is_long)) return "too-long";
        const auto* const distribution = std::get_if<MetricFamily::Distribution>(&series.number);
        if (distribution != nullptr && !is_valid(*distribution)) return "histogram";
        const auto* const real = std::get_if<double>(&series.number);
        if (family.kind == Kind::counter && real != nullptr && !(*real >= 0)) return "number";
    }
    return nullptr;
}

/// Collects the families of all services.
class Merging {
public:
    explicit Merging(std::vector<ScrapedService> services) : services_{std::move(services)} {
        std::stable_sort(services_.begin(), services_.end(), [](const auto& one, const auto& other) {
            return std::tuple{!one.user.empty(), one.name, one.user, one.control_socket} <
                   std::tuple{!other.user.empty(), other.name, other.user, other.control_socket};
        });
        for (const ScrapedService& service : services_) ++count_of_[short_label_of(service)];
    }

    std::string text(double seconds, MetricsFormat format) {
        add_own(seconds);
        for (ScrapedService& service : services_) {
            const std::string label = label_of(service);
            if (!service.fault.empty()) ++dropped_[service.fault];
            for (MetricFamily& family : service.families) add(std::move(family), label);
        }
        MetricFamily& dropped = families_.at("servicekit_exporter_dropped_families").front();
        for (const auto& [reason, count] : dropped_)
            dropped.series.push_back({.label_values = {reason}, .number = std::uint64_t{count}});
        std::vector<MetricFamily> all;
        // The families of one name follow each other, and their heads come from the first.
        for (const std::string& name : order_)
            for (MetricFamily& family : families_.at(name)) all.push_back(std::move(family));
        return metrics_text(all, format);
    }

private:
    static std::string short_label_of(const ScrapedService& service) {
        return service.user.empty() ? service.name : service.name + "@" + service.user;
    }
    [[nodiscard]] std::string label_of(const ScrapedService& service) const {
        std::string label = short_label_of(service);
        return count_of_.at(label) > 1 ? service.name + "@" + service.control_socket : label;
    }

    /// Adds what this server says itself. No service can displace it.
    void add_own(double seconds) {
        MetricFamily up{.name = "servicekit_up",
                        .help = "1 if the service runs and answers, 0 if it is hung, dead or stopped",
                        .labels = {"service"}};
        MetricFamily ready{
            .name = "servicekit_ready", .help = "1 if the service is ready for requests", .labels = {"service"}};
        MetricFamily state{
            .name = "servicekit_state", .help = "1 for the state that the service has", .labels = {"service", "state"}};
        for (const ScrapedService& service : services_) {
            const std::string label = label_of(service);
            const auto add_flag = [&label](MetricFamily& family, bool flag) {
                family.series.push_back({.label_values = {label}, .number = std::int64_t{flag ? 1 : 0}});
            };
            if (service.is_up) add_flag(up, *service.is_up);
            if (service.is_ready) add_flag(ready, *service.is_ready);
            const bool is_known = std::find(states.begin(), states.end(), service.state) != states.end();
            // Each new word would be a new series, and another user could make them without end.
            const std::string word = is_known || service.user.empty() ? service.state : "unknown";
            for (const std::string_view possible : states) add_state(state, label, possible, possible == word);
            if (!is_known && service.user.empty()) add_state(state, label, word, true);
        }
        keep(std::move(up));
        keep(std::move(ready));
        keep(std::move(state));
        keep({.name = "servicekit_exporter_services",
              .help = "services that this scrape found",
              .series = {{.label_values = {}, .number = static_cast<std::int64_t>(services_.size())}}});
        keep({.name = "servicekit_exporter_scrape_seconds",
              .help = "how long this scrape took",
              .unit = "seconds",
              .series = {{.label_values = {}, .number = seconds}}});
        keep({.name = "servicekit_exporter_dropped_families",
              .help = "metrics that this scrape left out because they would make the page invalid",
              .labels = {"reason"}});
        own_ = taken_;
    }
    static void add_state(MetricFamily& state, const std::string& label, std::string_view word, bool has_it) {
        state.series.push_back({.label_values = {label, std::string{word}}, .number = std::int64_t{has_it ? 1 : 0}});
    }

    void add(MetricFamily family, const std::string& label) {
        const char* reason = fault_of(family);
        if (reason == nullptr) reason = conflict_of(family, label);
        if (reason != nullptr) {
            ++dropped_[reason];
            return;
        }
        family.labels.insert(family.labels.begin(), "service");
        for (Series& series : family.series) series.label_values.insert(series.label_values.begin(), label);
        keep(std::move(family));
    }
    /// Returns why a family does not fit those that are already on the page; null if it does.
    const char* conflict_of(const MetricFamily& family, const std::string& label) {
        const auto names = names_of(family);
        const auto is_in = [&names](const std::set<std::string>& taken) {
            return std::any_of(names.begin(), names.end(), [&](const auto& name) { return taken.contains(name); });
        };
        if (is_in(own_)) return "name";
        const auto same = families_.find(family.name);
        if (same == families_.end() && is_in(taken_)) return "name";
        if (same != families_.end() && same->second.front().kind != family.kind) return "type";
        // Only one family of each name of a service, as two could have the same series.
        return seen_.insert(family.name + '\0' + label).second ? nullptr : "duplicate";
    }
    void keep(MetricFamily family) {
        for (std::string& name : names_of(family)) taken_.insert(std::move(name));
        auto& all = families_[family.name];
        if (all.empty()) order_.push_back(family.name);
        if (!all.empty()) family.unit = all.front().unit;
        all.push_back(std::move(family));
    }

    std::vector<ScrapedService> services_;
    std::map<std::string, std::size_t> count_of_;  ///< by the short label
    std::map<std::string, std::vector<MetricFamily>> families_;
    std::vector<std::string> order_;
    std::set<std::string> taken_;  ///< names of families and samples
    std::set<std::string> own_;    ///< those of this server
    std::set<std::string> seen_;
    std::map<std::string, std::uint64_t> dropped_;
};

}  // namespace

std::optional<std::vector<MetricFamily>> bounded_families(const Object& reply, std::size_t most_series) {
    auto families = metrics_from_json(reply);
    if (!families) return std::nullopt;
    std::size_t count = 0;
    for (const MetricFamily& family : *families) count += family.series.size() + 1;
    if (count > most_series) return std::nullopt;
    return *std::move(families);
}

std::string exported_text(std::vector<ScrapedService> services, double seconds, MetricsFormat format) {
    return Merging{std::move(services)}.text(seconds, format);
}

MetricsFormat negotiated_format(std::string_view accept) {
    double openmetrics = 0;
    double others = 0;
    for (const std::string_view range : parts_of(accept, ',')) {
        const auto parts = parts_of(range, ';');
        double quality = 1;
        bool is_known_version = true;
        for (const std::string_view parameter : parts) {
            if (parameter.starts_with("q=")) quality = parse_number<double>(parameter.substr(2)).value_or(0);
            if (parameter.starts_with("version=")) is_known_version = parameter.substr(8) == "1.0.0";
        }
        if (!(quality >= 0)) quality = 0;
        if (!equals_ignoring_case(parts.front(), "application/openmetrics-text"))
            others = std::max(others, quality);
        else if (is_known_version)
            openmetrics = std::max(openmetrics, quality);
    }
    return openmetrics > 0 && openmetrics >= others ? MetricsFormat::openmetrics : MetricsFormat::prometheus;
}

std::string_view content_type_of(MetricsFormat format) noexcept {
    return format == MetricsFormat::openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                                : "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace servicekit::servicectl::web
