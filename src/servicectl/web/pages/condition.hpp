#pragma once

#include <string>
#include <vector>

#include "servicectl/web/pages/html.hpp"
#include "servicectl/web/views.hpp"

namespace servicekit::servicectl::web {

/// How a state is shown: each has a shape and a colour besides its word.
enum class Condition {
    good,       ///< a tick in a circle
    attention,  ///< an exclamation mark in a triangle
    failed,     ///< a cross in a square
    ended,      ///< an empty circle: nothing runs, and nothing is wrong
    unknown,    ///< a dashed circle
};

/// Returns the condition as a class of the style sheet and as a filter of the list: "good".
[[nodiscard]] std::string to_string(Condition condition);

/// Of the state alone: a service that runs is good, whatever its health.
[[nodiscard]] Condition condition_of_state(const ServiceLine& line);
/// Of the state and the health.
[[nodiscard]] Condition condition_of(const ServiceLine& line);
[[nodiscard]] Condition condition_of(RunView::State state);

/// Returns false if the state says it all: a service that is hung or does not run is not ready either.
[[nodiscard]] bool has_health(const ServiceLine& line);
/// Returns why there is no status, and why the service is not ready.
[[nodiscard]] std::vector<std::string> reasons_of(const ServiceLine& line);

/// Returns the shape and the word.
[[nodiscard]] Html badge(Condition condition, const std::string& word);
[[nodiscard]] Html state_badge(const ServiceLine& line);
/// Returns "ready" or "not ready"; empty if the health is unknown, or if the state says it all.
[[nodiscard]] Html health_badge(const ServiceLine& line);
[[nodiscard]] Html run_badge(const RunView& run);
[[nodiscard]] std::string run_state_in_words(RunView::State state);

/// Returns the state and the health as a sentence for a screen reader: "greeter is running and ready".
[[nodiscard]] std::string condition_in_words(const ServiceLine& line);

}  // namespace servicekit::servicectl::web
