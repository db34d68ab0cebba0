#include "servicectl/web/pages/service_page.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "cli/text.hpp"
#include "core/built_in_events.hpp"
#include "servicectl/web/pages/chart.hpp"
#include "servicectl/web/pages/condition.hpp"
#include "servicectl/web/pages/event_form.hpp"
#include "servicectl/web/pages/figures.hpp"
#include "servicectl/web/pages/limits.hpp"
#include "servicectl/web/pages/log_lines.hpp"
#include "servicectl/web/pages/metric_charts.hpp"
#include "servicectl/web/pages/page.hpp"
#include "servicectl/web/pages/run_page.hpp"
#include "servicectl/web/pages/words.hpp"

namespace servicekit::servicectl::web {
namespace {

/// Returns what `make` returns for the first items, and a note if there are more.
template <class Item, class Make>
Html first_of(const std::vector<Item>& items, std::size_t most, const Make& make) {
    Html html;
    const std::size_t shown = std::min(items.size(), most);
    for (std::size_t i = 0; i < shown; ++i) html += make(items[i]);
    return html;
}

template <class Item>
Html note_of_rest(const std::vector<Item>& items, std::size_t most) {
    if (items.size() <= most) return {};
    return missing(std::to_string(items.size() - most) + " more are not shown.");
}

Html path_to(const ServiceView& view) {
    return element("nav", {{"class", "path"}, {"aria-label", "Path"}},
                   element("ol", {}, element("li", {}, element("a", {href({})}, "Services")),
                           element("li", {{"aria-current", "page"}}, shortened(view.line.name, limits::word))));
}

// The head

Html fact(const char* title, const Html& value) {
    if (value.empty()) return {};
    return element("div", {}, element("dt", {}, title), element("dd", {}, value));
}

Html facts_of(const ServiceView& view) {
    const ServiceLine& line = view.line;
    Html requests;
    if (line.requests) requests += element("span", {}, number_in_words(*line.requests));
    if (!line.request_history.empty()) requests += chart(line.request_history, {.width = 96, .height = 24}, {});
    return element("dl", {{"class", "facts"}},
                   fact("Uptime", line.uptime ? Html{cli::short_duration(*line.uptime)} : Html{}),
                   fact("CPU", line.cpu ? Html{percent_in_words(*line.cpu)} : Html{}),
                   fact("Memory", line.memory ? Html{bytes_in_words(static_cast<double>(*line.memory))} : Html{}),
                   fact("Requests/s", requests), fact("Version", shortened(line.version, limits::word)),
                   fact("PID", line.pid ? Html{std::to_string(*line.pid)} : Html{}),
                   fact("User", shortened(line.user, limits::word)), fact("Unit", shortened(view.unit, limits::word)),
                   fact("Log level", shortened(view.log_level, limits::word)));
}

Html head_of(const ServiceView& view) {
    const ServiceLine& line = view.line;
    Html reasons = each(reasons_of(line), [](const std::string& reason) {
        return element("p", {{"class", "reason"}}, shortened(reason, limits::sentence));
    });
    const Html busy = busy_with(line);
    if (!busy.empty()) reasons += element("p", {{"class", "now"}}, "Busy with ", busy);
    const std::string name = shortened(line.name, limits::word);
    return element("div",
                   {{"id", "head"},
                    {"class", "head " + to_string(condition_of(line))},
                    {"data-announce", condition_in_words(line)},
                    {"data-title", name + ": " + shortened(line.state, limits::word) + " · " + view.frame.host}},
                   element("div", {{"class", "title"}}, element("h1", {}, name),
                           element("p", {{"class", "badges"}}, state_badge(line), health_badge(line)), reasons),
                   facts_of(view));
}

// The actions

/// Returns a button that does nothing, and why.
Html not_offered(const char* id, const char* title, const std::string& why_not) {
    return element("span", {{"class", "why-not"}},
                   element("button", {{"type", "button"}, {"disabled", true}, {"aria-describedby", id}}, title),
                   element("span", {{"id", id}}, shortened(why_not, limits::sentence)));
}

Html reload_of(const ServiceView& view) {
    if (!view.reload.is_offered()) return not_offered("why-no-reload", "Reload", view.reload.why_not);
    return post_form(view.frame, {"services", view.line.id, "reload"}, "reload",
                     element("button", {{"type", "submit"}}, "Reload"));
}

Html log_level_of(const ServiceView& view) {
    if (!view.set_log_level.is_offered())
        return not_offered("why-no-log-level", "Log level", view.set_log_level.why_not);
    return post_form(view.frame, {"services", view.line.id, "log-level"}, "log-level",
                     element("label", {{"for", "log-level"}}, "Log level"),
                     element("select", {{"id", "log-level"}, {"name", "level"}},
                             each(view.log_levels,
                                  [&view](const std::string& level) {
                                      return element("option",
                                                     {{"value", level}, {"selected", level == view.log_level}},
                                                     shortened(level, limits::word));
                                  })),
                     element("button", {{"type", "submit"}}, "Set"));
}

/// An action that asks before it acts, also without script: its form is in an element that has to be opened.
struct GraveAction {
    const char* name;   ///< in its path
    const char* title;  ///< "Stop"
    const char* question;
};

Html grave_action(const ServiceView& view, const Offer& offer, const GraveAction& grave) {
    const std::string why_id = std::string{"why-no-"} + grave.name;
    if (!offer.is_offered()) return not_offered(why_id.c_str(), grave.title, offer.why_not);
    const std::string service = shortened(view.line.name, limits::word);
    return element("details", {{"class", "confirm"}, {"id", grave.name}}, element("summary", {}, grave.title, "..."),
                   post_form(view.frame, {"services", view.line.id, grave.name}, "confirmation",
                             element("p", {}, element("b", {}, grave.title, " ", service, "?"), " ", grave.question),
                             element("button", {{"type", "submit"}, {"class", "grave"}}, grave.title, " ", service)));
}

Html actions_of(const ServiceView& view) {
    const Attribute offers{"data-offers", offers_of(view)};
    if (!view.frame.may_act)
        return element(
            "p", {{"class", "note"}, {"id", "actions"}, offers},
            view.frame.why_not.empty() ? "This page is read-only." : shortened(view.frame.why_not, limits::sentence));
    return element(
        "div", {{"id", "actions"}, {"class", "actions"}, {"role", "group"}, {"aria-label", "Actions"}, offers},
        reload_of(view), log_level_of(view),
        grave_action(view, view.restart, {"restart", "Restart", "The service manager stops it and starts it again."}),
        grave_action(view, view.stop, {"stop", "Stop", "Events that run are waited for, then the process ends."}));
}

// The other parts

Html sections_list(const ServiceView& view) {
    const auto to = [](const char* id, const char* title) {
        return element("li", {}, element("a", {href(Url::within_page(id))}, title));
    };
    return element("nav", {{"class", "sections"}, {"aria-label", "On this page"}},
                   element("ul", {}, to("log", "Log"), view.checks.empty() ? Html{} : to("checks", "Health"),
                           to("runs", "Runs"), to("events", "Events"), to("metrics", "Metrics"),
                           to("settings", "Settings"), to("status", "Status"), to("crashes", "Crashes")));
}

Html events_of(const ServiceView& view) {
    if (view.events.empty())
        return section("events", "Events", missing(view.events_reason.empty() ? "It has none." : view.events_reason));
    // The events of the program first, then those that every service has.
    Html own;
    Html built_in;
    const std::size_t shown = std::min(view.events.size(), limits::events);
    for (std::size_t i = 0; i < shown; ++i) {
        Html& events = find_built_in(view.events[i].name) == nullptr ? own : built_in;
        events += event_form(view.frame, view.line.id, view.events[i], i + 1);
    }
    return section("events", "Events", element("div", {{"class", "events"}}, own, built_in),
                   note_of_rest(view.events, limits::events));
}

Html runs_of(const ServiceView& view) {
    if (view.runs.empty()) return section("runs", "Runs", missing("Nothing was run from this page."));
    return section("runs", "Runs",
                   element("ol", {{"class", "runs"}, {"id", "runs-list"}},
                           first_of(view.runs, limits::runs,
                                    [&view](const RunView& run) { return run_in_list(view.line.id, run); })));
}

Html checks_of(const ServiceView& view) {
    if (view.checks.empty()) return element("div", {{"id", "checks"}, {"hidden", true}});
    return section("checks", "Health checks",
                   element("ul", {{"class", "checks"}},
                           first_of(view.checks, limits::checks,
                                    [](const std::string& check) {
                                        return element("li", {}, shortened(check, limits::sentence));
                                    })),
                   note_of_rest(view.checks, limits::checks));
}

/// The script shows these and makes them work.
Html log_controls() {
    return element("div", {{"class", "log-controls"}, {"id", "log-controls"}, {"hidden", true}},
                   element("label", {{"for", "log-filter"}}, "Show lines with"),
                   element("input", {{"type", "search"},
                                     {"id", "log-filter"},
                                     {"autocomplete", "off"},
                                     {"spellcheck", "false"},
                                     {"aria-controls", "log-lines"}}),
                   element("button", {{"type", "button"}, {"id", "log-pause"}, {"aria-pressed", "false"}}, "Pause"));
}

Html log_of(const ServiceView& view) {
    return section("log", "Log", log_controls(), view.log_reason.empty() ? Html{} : missing(view.log_reason),
                   element("div",
                           {{"class", "log"},
                            {"id", "log-lines"},
                            {"role", "log"},
                            {"aria-live", "off"},
                            {"tabindex", "0"},
                            {"aria-labelledby", "log-title"}},
                           log_lines(view.log)));
}

Html metrics_of(const ServiceView& view) {
    if (view.metrics.empty())
        return section("metrics", "Metrics",
                       missing(view.metrics_reason.empty() ? "It has none." : view.metrics_reason));
    Html charts = metric_charts(view.metrics);
    // Some are left out, or these are of a time when it answered.
    if (!view.metrics_reason.empty()) charts = missing(view.metrics_reason) + charts;
    return section("metrics", "Metrics", charts);
}

Html settings_of(const ServiceView& view) {
    if (view.settings.empty())
        return section("settings", "Settings",
                       missing(view.settings_reason.empty() ? "It has none." : view.settings_reason));
    const auto row = [](const SettingRow& setting) {
        return element("tr",
                       {{"class", setting.origin == "default" || setting.origin == "built-in" ? "default" : "set"}},
                       element("th", {{"scope", "row"}}, shortened(setting.name, limits::word)),
                       element("td", {}, element("code", {}, shortened(setting.value, limits::value))),
                       element("td", {{"class", "origin"}}, shortened(setting.origin, limits::sentence)));
    };
    const auto title = [](const char* text) { return element("th", {{"scope", "col"}}, text); };
    return section(
        "settings", "Settings",
        element("div",
                {{"class", "table"}, {"tabindex", "0"}, {"role", "group"}, {"aria-labelledby", "settings-title"}},
                element("table", {{"class", "settings"}},
                        element("thead", {}, element("tr", {}, title("Setting"), title("Value"), title("Origin"))),
                        element("tbody", {}, first_of(view.settings, limits::settings, row)))),
        note_of_rest(view.settings, limits::settings));
}

Html status_of(const ServiceView& view) {
    using Field = std::pair<std::string, std::string>;
    if (view.status.empty()) return section("status", "Status", missing("It reports nothing else."));
    return section("status", "Status",
                   element("dl", {{"class", "status"}},
                           first_of(view.status, limits::status,
                                    [](const Field& field) {
                                        return element("div", {},
                                                       element("dt", {}, shortened(field.first, limits::word)),
                                                       element("dd", {}, shortened(field.second, limits::value)));
                                    })),
                   note_of_rest(view.status, limits::status));
}

Html crashes_of(const ServiceView& view) {
    if (view.crashes.empty())
        return section("crashes", "Crashes",
                       missing(view.crashes_reason.empty() ? "No crash was reported." : view.crashes_reason));
    return section(
        "crashes", "Crashes",
        first_of(view.crashes, limits::crashes,
                 [](const CrashRow& crash) {
                     return element(
                         "details", {{"class", "crash"}},
                         element("summary", {}, element("time", {}, shortened(crash.time, limits::word)), " ",
                                 shortened(crash.summary, limits::sentence)),
                         element("pre", {{"tabindex", "0"}}, text_of_lines(shortened(crash.text, limits::crash))));
                 }),
        note_of_rest(view.crashes, limits::crashes));
}

}  // namespace

std::string offers_of(const ServiceView& view) {
    std::string offers = view.line.pid ? std::to_string(*view.line.pid) : "none";
    for (const Offer* offer : {&view.reload, &view.set_log_level, &view.stop, &view.restart})
        offers += offer->is_offered() ? " yes" : " no";
    const auto level = std::find(view.log_levels.begin(), view.log_levels.end(), view.log_level);
    for (const std::ptrdiff_t number :
         {std::ssize(view.events), std::ssize(view.settings), level - view.log_levels.begin()})
        offers += " " + std::to_string(number);
    return offers;
}

std::string id_in_list(const RunView& run) { return "run-row-" + run.id; }

Html run_in_list(const std::string& service_id, const RunView& run) {
    const std::string event = shortened(run.event, limits::word);
    Html progress;
    if (run.state == RunView::State::running) progress += progress_bar(run.percent, "progress of " + event);
    if (!run.progress.empty() && !has_ended(run))
        progress += element("span", {{"class", "text"}}, shortened(run.progress, limits::word));
    return element("li", {{"id", id_in_list(run)}},
                   element("a", {href({"services", service_id, "runs", run.id})}, event), run_badge(run),
                   element("span", {{"class", "age"}}, cli::short_duration(run.age), " ago"),
                   progress.empty() ? Html{} : element("span", {{"class", "progress"}}, progress));
}

std::vector<ServicePart> service_parts(const ServiceView& view) {
    return {{"head", head_of(view)},       {"runs", runs_of(view)},     {"checks", checks_of(view)},
            {"metrics", metrics_of(view)}, {"status", status_of(view)}, {"crashes", crashes_of(view)}};
}

std::string service_page(const ServiceView& view) {
    const Html top = element("div", {{"class", "top"}}, head_of(view), actions_of(view));
    const Html side = element("div", {{"class", "side"}}, checks_of(view), runs_of(view));
    const Html bottom = element("div", {{"class", "columns"}}, settings_of(view), status_of(view));
    return page(view.frame,
                {.title = shortened(view.line.name, limits::word) + ": " + shortened(view.line.state, limits::word),
                 .live = Url{"services", view.line.id, "live"}},
                path_to(view) + top + sections_list(view) + element("div", {{"class", "columns"}}, log_of(view), side) +
                    events_of(view) + metrics_of(view) + bottom + crashes_of(view));
}

}  // namespace servicekit::servicectl::web
