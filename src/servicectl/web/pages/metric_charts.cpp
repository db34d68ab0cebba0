#include "servicectl/web/pages/metric_charts.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "base/rfc3339.hpp"
#include "servicectl/web/pages/chart.hpp"
#include "servicectl/web/pages/limits.hpp"
#include "servicectl/web/pages/words.hpp"

namespace servicekit::servicectl::web {
namespace {

constexpr std::string_view library_prefix = "servicekit_";
constexpr std::string_view process_prefix = "process_";

/// Returns the name with its labels apart, so that a narrow card can break between them.
Html name_of_metric(const std::string& name) {
    const std::string shown = shortened(name, 2 * limits::word);
    const std::size_t brace = std::min(shown.find('{'), shown.size());
    Html html = element("span", {{"class", "name"}}, shown.substr(0, brace));
    if (brace < shown.size()) html += element("span", {{"class", "labels"}}, shown.substr(brace));
    return html;
}

/// Returns the unit of the values in the chart: changes of a counter are counted in its unit a second.
std::string value_of(double value, const MetricChart& metric) {
    return value_in_words(value, metric.unit) + (metric.is_rate ? "/s" : "");
}

Html card_of(const MetricChart& metric) {
    const std::string unit = shortened(metric.unit, limits::word);
    const bool has_history = !metric.history.empty();
    const double now = has_history ? metric.history.back() : metric.last;
    const ChartRange range = range_of(metric.history);
    const std::string highest = value_of(range.highest, metric);
    const std::string shown = has_history ? value_of(now, metric) : value_in_words(metric.last, unit);

    Html figures = element("span", {{"class", "now"}}, shown);
    if (metric.is_rate) figures += element("span", {{"class", "total"}}, value_in_words(metric.last, unit), " in all");
    if (has_history) figures += element("span", {{"class", "range"}}, "max ", highest);
    return element("figure", {{"class", "metric"}, {"title", shortened(metric.help, limits::sentence)}},
                   element("figcaption", {}, name_of_metric(metric.name)),
                   element("p", {{"class", "figures"}}, figures),
                   chart(metric.history, {.width = 240, .height = 44, .slots = 120},
                         has_history ? "history: now " + shown + ", at most " + highest : ""));
}

/// How a metric is shown.
enum class Form {
    chart,
    date,   ///< its value is a time: a chart of it says nothing
    fact,   ///< its labels are what it says, and its value is always 1
    quiet,  ///< it has been 0 all the time
};

std::string_view family_of(const MetricChart& metric) {
    return std::string_view{metric.name}.substr(0, metric.name.find('{'));
}

bool is_date(const MetricChart& metric) {
    constexpr double year_2001 = 1e9;
    constexpr double year_9999 = 253'402'300'799;
    const std::string_view family = family_of(metric);
    const bool is_named_so = family.ends_with("_time_seconds") || family.ends_with("_timestamp_seconds");
    return is_named_so && metric.last > year_2001 && metric.last < year_9999;
}

bool is_quiet(const MetricChart& metric) {
    const auto is_zero = [](double value) { return value == 0; };
    return is_zero(metric.last) && std::all_of(metric.history.begin(), metric.history.end(), is_zero);
}

Form form_of(const MetricChart& metric) {
    const std::string_view family = family_of(metric);
    if ((family.ends_with("_info") || family == "servicekit_lock_role") && metric.last == 1) return Form::fact;
    if (is_date(metric)) return Form::date;
    return is_quiet(metric) ? Form::quiet : Form::chart;
}

Html date_card(const MetricChart& metric) {
    const std::chrono::system_clock::time_point time{std::chrono::seconds{static_cast<std::int64_t>(metric.last)}};
    return element("figure", {{"class", "metric"}, {"title", shortened(metric.help, limits::sentence)}},
                   element("figcaption", {}, name_of_metric(metric.name)),
                   element("p", {{"class", "figures"}}, element("span", {{"class", "now date"}}, rfc3339(time))));
}

struct Group {
    const char* id;
    const char* title;
    std::vector<const MetricChart*> metrics = {};

    [[nodiscard]] std::vector<const MetricChart*> of(Form form) const {
        std::vector<const MetricChart*> found;
        std::copy_if(metrics.begin(), metrics.end(), std::back_inserter(found),
                     [form](const MetricChart* metric) { return form_of(*metric) == form; });
        return found;
    }
};

Html names_of(const std::vector<const MetricChart*>& metrics) {
    return element(
        "ul", {{"class", "names"}}, each(metrics, [](const MetricChart* metric) {
            return element("li", {{"title", shortened(metric->help, limits::sentence)}}, name_of_metric(metric->name));
        }));
}

/// Returns the names of metrics that are 0. Many counters are, and would hide those that count something.
Html quiet_ones(const Group& group) {
    const std::vector<const MetricChart*> quiet = group.of(Form::quiet);
    if (quiet.empty()) return {};
    return element(
        "details", {{"class", "zeros"}, {"id", std::string{group.id} + "-quiet"}},
        element("summary", {}, std::to_string(quiet.size()), quiet.size() == 1 ? " series is 0" : " series are 0"),
        names_of(quiet));
}

Html group_of(const Group& group) {
    if (group.metrics.empty()) return {};
    const Html cards = each(group.of(Form::chart), [](const MetricChart* metric) { return card_of(*metric); }) +
                       each(group.of(Form::date), [](const MetricChart* metric) { return date_card(*metric); });
    const std::vector<const MetricChart*> facts = group.of(Form::fact);
    return element("details", {{"class", "metrics"}, {"id", group.id}, {"open", true}},
                   element("summary", {}, group.title, " ",
                           element("span", {{"class", "count"}}, std::to_string(group.metrics.size()))),
                   cards.empty() ? Html{} : element("div", {{"class", "grid"}}, cards),
                   facts.empty() ? Html{} : names_of(facts), quiet_ones(group));
}

}  // namespace

Html metric_charts(const std::vector<MetricChart>& metrics) {
    Group groups[] = {
        {"metrics-application", "Application"}, {"metrics-process", "Process"}, {"metrics-library", "servicekit"}};
    const std::size_t shown = std::min(metrics.size(), limits::charts);
    for (std::size_t i = 0; i < shown; ++i) {
        const std::string& name = metrics[i].name;
        Group& group = groups[name.starts_with(process_prefix) ? 1 : name.starts_with(library_prefix) ? 2 : 0];
        group.metrics.push_back(&metrics[i]);
    }
    Html html = each(groups, group_of);
    if (shown < metrics.size())
        html += element("p", {{"class", "missing"}}, std::to_string(metrics.size() - shown),
                        " more series are not shown. The verb metrics prints all.");
    return html;
}

}  // namespace servicekit::servicectl::web
