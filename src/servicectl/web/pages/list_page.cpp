#include "servicectl/web/pages/list_page.hpp"

#include <algorithm>

#include "cli/text.hpp"
#include "servicectl/web/pages/chart.hpp"
#include "servicectl/web/pages/condition.hpp"
#include "servicectl/web/pages/figures.hpp"
#include "servicectl/web/pages/limits.hpp"
#include "servicectl/web/pages/page.hpp"
#include "servicectl/web/pages/words.hpp"

namespace servicekit::servicectl::web {
namespace {

// On a phone the table becomes a list of cards. Style sheets that do so take the meaning of a table away from its
// elements, so their roles are written out.

struct Column {
    const char* title;
    const char* kind;  ///< of the values that the script sorts by
};
constexpr Column columns_of_list[] = {{"Service", "text"},      {"State", "text"}, {"Health", "text"},
                                      {"Uptime", "number"},     {"CPU", "number"}, {"Memory", "number"},
                                      {"Requests/s", "number"}, {"Now", "text"}};

Html list_header() {
    return element(
        "thead", {{"role", "rowgroup"}},
        element(
            "tr", {{"role", "row"}}, each(columns_of_list, [](const Column& column) {
                return element(
                    "th",
                    {{"role", "columnheader"}, {"scope", "col"}, {"class", column.kind}, {"data-sort", column.kind}},
                    column.title);
            })));
}

/// \param value what the script sorts by
Html cell_of(const char* title, const char* kind, const std::string& value, const Html& content) {
    return element("td",
                   {{"role", "cell"},
                    {"class", content.empty() ? std::string{kind} + " nothing" : kind},
                    {"data-label", title},
                    {"data-value", shortened(value, limits::word)}},
                   content.empty() ? element("span", {{"class", "none"}}, "–") : content);
}

Html name_of(const ServiceLine& line) {
    Html details;
    const auto add = [&details](const std::string& text) {
        if (!text.empty()) details += element("span", {}, shortened(text, limits::word));
    };
    add(line.version);
    add(line.user);
    if (line.pid) add("pid " + std::to_string(*line.pid));
    return element("th",
                   {{"role", "rowheader"},
                    {"scope", "row"},
                    {"class", "service"},
                    {"data-value", shortened(line.name, limits::word)}},
                   element("a", {href({"services", line.id})}, shortened(line.name, limits::word)),
                   element("span", {{"class", "details"}}, details));
}

Html health_of_line(const ServiceLine& line) {
    return health_badge(line) + each(reasons_of(line), [](const std::string& reason) {
               return element("span", {{"class", "reason"}}, shortened(reason, limits::word));
           });
}

/// Returns the number and the line before it, so that the numbers of all rows are below each other.
Html requests_of(const ServiceLine& line) {
    if (!line.requests && line.request_history.empty()) return {};
    return element("span", {{"class", "trend"}}, chart(line.request_history, {.width = 96, .height = 24}, {}),
                   element("span", {}, line.requests ? number_in_words(*line.requests) : "–"));
}

std::string digits_if(bool is_known, double number) { return is_known ? digits_of(number) : std::string{}; }

Html row_of(const ServiceLine& line) {
    const Condition condition = condition_of(line);
    return element("tr",
                   {{"role", "row"},
                    {"id", "row-" + line.id},
                    {"class", to_string(condition)},
                    {"data-condition", to_string(condition)},
                    {"data-announce", condition_in_words(line)}},
                   name_of(line), cell_of("State", "text", line.state, state_badge(line)),
                   cell_of("Health", "text health", to_string(condition), health_of_line(line)),
                   cell_of("Uptime", "number", line.uptime ? std::to_string(line.uptime->count()) : "",
                           line.uptime ? Html{cli::short_duration(*line.uptime)} : Html{}),
                   cell_of("CPU", "number", digits_if(line.cpu.has_value(), line.cpu.value_or(0)),
                           line.cpu ? Html{percent_in_words(*line.cpu)} : Html{}),
                   cell_of("Memory", "number", line.memory ? std::to_string(*line.memory) : "",
                           line.memory ? Html{bytes_in_words(static_cast<double>(*line.memory))} : Html{}),
                   cell_of("Requests/s", "number requests",
                           digits_if(line.requests.has_value(), line.requests.value_or(0)), requests_of(line)),
                   cell_of("Now", "text busy-with", line.busy, busy_with(line)));
}

struct Count {
    const char* filter;  ///< a condition; "all"
    const char* title;
    std::size_t count;
};

/// Returns a button that the script enables: it shows only the services of this condition.
Html count_of(const Count& count) {
    return element(
        "li", {{"class", count.filter}, {"data-count", std::to_string(count.count)}},
        element("button", {{"type", "button"}, {"class", "count"}, {"data-filter", count.filter}, {"disabled", true}},
                element("b", {}, std::to_string(count.count)), " ", element("span", {}, count.title)));
}

std::size_t count_in(const ListView& view, Condition condition) {
    return static_cast<std::size_t>(
        std::count_if(view.services.begin(), view.services.end(),
                      [condition](const ServiceLine& line) { return condition_of(line) == condition; }));
}

Html counts_of(const ListView& view) {
    const std::size_t attention = count_in(view, Condition::attention);
    const std::size_t failed = count_in(view, Condition::failed);
    const Count counts[] = {{"all", "in all", view.services.size()},
                            {"good", "healthy", count_in(view, Condition::good)},
                            {"attention", "not ready", attention},
                            {"failed", "hung or dead", failed},
                            {"ended", "stopped", count_in(view, Condition::ended)},
                            {"unknown", "unknown", count_in(view, Condition::unknown)}};
    const std::string trouble = attention + failed > 0 ? "(" + std::to_string(attention + failed) + ") " : "";
    return element("ul",
                   {{"id", "counts"},
                    {"class", "counts"},
                    {"aria-label", "Services by condition"},
                    {"data-title", trouble + "Services · " + view.frame.host}},
                   each(counts, count_of));
}

Html rows_of(const ListView& view) {
    return element("tbody", {{"id", "services"}, {"role", "rowgroup"}}, each(view.services, row_of));
}

Html notes_of(const ListView& view) {
    Html notes;
    if (!view.failure.empty()) notes += element("p", {{"class", "note failed"}, {"role", "alert"}}, view.failure);
    if (view.services.empty() && view.failure.empty()) notes += missing("No service was found on this machine.");
    if (view.of_others > 0)
        notes += missing(counted(view.of_others, "service") + " of other users " +
                         (view.of_others == 1 ? "is" : "are") + " left out.");
    return element("div", {{"id", "notes"}}, notes);
}

/// The script shows it and makes it work.
Html filter_box() {
    return element("div", {{"class", "filter"}, {"id", "filter"}, {"hidden", true}},
                   element("label", {{"for", "filter-text"}}, "Filter"),
                   element("input", {{"type", "search"},
                                     {"id", "filter-text"},
                                     {"autocomplete", "off"},
                                     {"spellcheck", "false"},
                                     {"aria-controls", "services"},
                                     {"placeholder", "name, user, state"}}));
}

}  // namespace

ListParts list_parts(const ListView& view) {
    return {.counts = counts_of(view), .services = rows_of(view), .notes = notes_of(view)};
}

std::string list_page(const ListView& view) {
    const ListParts parts = list_parts(view);
    return page(view.frame, {.title = "Services", .live = Url{"live"}},
                element("h1", {{"class", "unseen"}}, "Services of ", view.frame.host) +
                    element("div", {{"class", "toolbar"}}, parts.counts, filter_box()) +
                    element("div", {{"class", "card table"}},
                            element("table", {{"role", "table"}, {"class", "services"}},
                                    element("caption", {{"class", "unseen"}}, "Services of this machine"),
                                    list_header(), parts.services)) +
                    parts.notes);
}

}  // namespace servicekit::servicectl::web
