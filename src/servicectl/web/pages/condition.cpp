#include "servicectl/web/pages/condition.hpp"

#include "servicectl/web/pages/limits.hpp"
#include "servicectl/web/pages/words.hpp"

namespace servicekit::servicectl::web {
namespace {

using Health = ServiceLine::Health;

/// Returns the paths of a shape in a square of 16.
Html shape_of(Condition condition) {
    const auto filled = [](const char* path) { return element("path", {{"class", "filled"}, {"d", path}}); };
    const auto drawn = [](const char* path) { return element("path", {{"class", "drawn"}, {"d", path}}); };
    constexpr const char* circle = "M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13Z";
    switch (condition) {
        case Condition::good:
            return filled(circle) + element("path", {{"class", "cut"}, {"d", "M4.8 8.2l2.2 2.3l4.2-4.7"}});
        case Condition::attention:
            return filled("M8 1L15.5 14.5H.5Z") + element("path", {{"class", "cut"}, {"d", "M8 5.5v4.2M8 11.7v1"}});
        case Condition::failed:
            return filled("M3 1.5h10q1.5 0 1.5 1.5v10q0 1.5-1.5 1.5h-10q-1.5 0-1.5-1.5v-10q0-1.5 1.5-1.5Z") +
                   element("path", {{"class", "cut"}, {"d", "M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6"}});
        case Condition::ended:
            return drawn(circle);
        case Condition::unknown:
            break;
    }
    return element("path", {{"class", "drawn dashed"}, {"d", circle}});
}

std::string health_in_words(Health health) {
    switch (health) {
        case Health::ready:
            return "ready";
        case Health::not_ready:
            return "not ready";
        case Health::unknown:
            break;
    }
    return {};
}

}  // namespace

bool has_health(const ServiceLine& line) {
    const Condition condition = condition_of_state(line);
    return condition != Condition::failed && condition != Condition::ended && line.state != "standby";
}

std::vector<std::string> reasons_of(const ServiceLine& line) {
    std::vector<std::string> reasons;
    // Of a service that was stopped, only errors of the system could be shown: it has left no socket.
    if (condition_of_state(line) == Condition::ended) return reasons;
    if (!line.reason.empty()) reasons.push_back(line.reason);
    const bool says_more = !line.health_reason.empty() && line.health_reason != health_in_words(line.health);
    if (says_more && has_health(line)) reasons.push_back(line.health_reason);
    return reasons;
}

std::string to_string(Condition condition) {
    switch (condition) {
        case Condition::good:
            return "good";
        case Condition::attention:
            return "attention";
        case Condition::failed:
            return "failed";
        case Condition::ended:
            return "ended";
        case Condition::unknown:
            break;
    }
    return "unknown";
}

Condition condition_of_state(const ServiceLine& line) {
    if (line.state == "hung" || line.state == "dead" || line.state == "not trusted") return Condition::failed;
    if (line.state == "running" || line.state == "standby") return Condition::good;
    if (line.state == "stopped" || line.state == "on demand") return Condition::ended;
    if (line.state == "starting" || line.state == "reloading" || line.state == "stopping") return Condition::attention;
    return Condition::unknown;
}

Condition condition_of(const ServiceLine& line) {
    const Condition by_state = condition_of_state(line);
    // A service that stands by is not ready for requests, and should not be.
    if (line.state == "standby") return by_state;
    if (by_state == Condition::good && line.health == Health::not_ready) return Condition::attention;
    return by_state;
}

Condition condition_of(RunView::State state) {
    switch (state) {
        case RunView::State::done:
            return Condition::good;
        case RunView::State::failed:
            return Condition::failed;
        case RunView::State::running:
            return Condition::unknown;
        case RunView::State::waiting:
            break;
    }
    return Condition::ended;
}

Html badge(Condition condition, const std::string& word) {
    return element(
        "span", {{"class", "badge " + to_string(condition)}},
        element("svg", {{"class", "shape"}, {"viewBox", "0 0 16 16"}, {"aria-hidden", "true"}, {"focusable", "false"}},
                shape_of(condition)),
        element("span", {}, shortened(word, limits::word)));
}

Html state_badge(const ServiceLine& line) { return badge(condition_of_state(line), line.state); }

Html health_badge(const ServiceLine& line) {
    if (line.health == Health::unknown || !has_health(line)) return {};
    return badge(line.health == Health::ready ? Condition::good : Condition::attention, health_in_words(line.health));
}

std::string run_state_in_words(RunView::State state) {
    switch (state) {
        case RunView::State::waiting:
            return "waiting";
        case RunView::State::running:
            return "running";
        case RunView::State::done:
            return "done";
        case RunView::State::failed:
            break;
    }
    return "failed";
}

Html run_badge(const RunView& run) { return badge(condition_of(run.state), run_state_in_words(run.state)); }

std::string condition_in_words(const ServiceLine& line) {
    std::string words = shortened(line.name, limits::word) + " is " + shortened(line.state, limits::word);
    const std::string health = has_health(line) ? health_in_words(line.health) : "";
    return health.empty() ? words : words + " and " + health;
}

}  // namespace servicekit::servicectl::web
