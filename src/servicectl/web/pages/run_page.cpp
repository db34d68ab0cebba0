#include "servicectl/web/pages/run_page.hpp"

#include <algorithm>

#include "cli/text.hpp"
#include "servicectl/web/pages/condition.hpp"
#include "servicectl/web/pages/figures.hpp"
#include "servicectl/web/pages/limits.hpp"
#include "servicectl/web/pages/page.hpp"
#include "servicectl/web/pages/words.hpp"

namespace servicekit::servicectl::web {
namespace {

/// Returns the newest items that fit on the page together.
Html items_of(const RunView& run) {
    if (run.items.empty()) return {};
    std::size_t first = run.items.size();
    for (std::size_t size = 0; first > 0; --first) {
        size += std::min(run.items[first - 1].size(), limits::value);
        if (size > limits::items) break;
    }
    Html items;
    for (std::size_t i = first; i < run.items.size(); ++i)
        items += element("li", {}, element("code", {}, shortened(run.items[i], limits::value)));
    const std::string count = counted(run.items.size() - first, "item");
    return element("h2", {}, "Last ", count) +
           element("ol", {{"class", "items"}, {"tabindex", "0"}, {"aria-label", "Last items"}}, items);
}

Html outcome_of(const RunView& run) {
    if (!has_ended(run)) return {};
    const bool is_done = run.state == RunView::State::done;
    return element("h2", {}, is_done ? "Reply" : "Error") +
           element("pre", {{"class", is_done ? "outcome" : "outcome failed"}, {"tabindex", "0"}},
                   text_of_lines(shortened(run.outcome, limits::outcome)));
}

Html progress_of(const RunView& run) {
    Html progress;
    if (!has_ended(run)) {
        progress += progress_bar(run.percent, "progress");
        if (run.percent)
            progress += element("span", {{"class", "share"}}, percent_in_words(std::clamp(*run.percent, 0.0, 100.0)));
    }
    if (!run.progress.empty())
        progress += element("span", {{"class", "text"}}, shortened(run.progress, limits::sentence));
    return progress.empty() ? progress : element("div", {{"class", "progress"}}, progress);
}

std::string end_in_words(const RunView& run) {
    if (!has_ended(run)) return {};
    return shortened(run.event, limits::word) + (run.state == RunView::State::done ? " is done" : " has failed");
}

}  // namespace

bool has_ended(const RunView& run) { return run.state == RunView::State::done || run.state == RunView::State::failed; }

std::string id_in_full(const RunView& run) { return "run-" + run.id; }

Html run_in_full(const RunView& run) {
    return element("div",
                   {{"class", "card run"},
                    {"id", id_in_full(run)},
                    {"data-announce", end_in_words(run)},
                    {"data-title", shortened(run.event, limits::word) + ": " + run_state_in_words(run.state)}},
                   element("p", {{"class", "head"}}, run_badge(run),
                           element("span", {{"class", "age"}}, "requested ", cli::short_duration(run.age), " ago")),
                   progress_of(run), items_of(run), outcome_of(run));
}

std::string run_page(const Frame& frame, const ServiceLine& line, const RunView& run) {
    const std::string name = shortened(line.name, limits::word);
    const std::string event = shortened(run.event, limits::word);
    return page(frame,
                {.title = event + " · " + name, .live = Url{"services", line.id, "live"}, .reloads = !has_ended(run)},
                element("nav", {{"class", "path"}, {"aria-label", "Path"}},
                        element("ol", {}, element("li", {}, element("a", {href({})}, "Services")),
                                element("li", {}, element("a", {href({"services", line.id})}, name)),
                                element("li", {{"aria-current", "page"}}, event))) +
                    element("h1", {}, event, " ", element("span", {{"class", "of"}}, "of ", name)) + run_in_full(run));
}

}  // namespace servicekit::servicectl::web
