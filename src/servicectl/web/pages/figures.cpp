#include "servicectl/web/pages/figures.hpp"

#include <algorithm>
#include <cmath>

#include "servicectl/web/pages/limits.hpp"
#include "servicectl/web/pages/words.hpp"

namespace servicekit::servicectl::web {

Html progress_bar(const std::optional<double>& percent, const std::string& label) {
    Attributes attributes{{"max", "100"}, {"aria-label", label}};
    if (!percent || !std::isfinite(*percent)) return element("progress", attributes);
    const double shown = std::clamp(*percent, 0.0, 100.0);
    return element("progress", attributes.add({"value", digits_of(shown)}));
}

Html busy_with(const ServiceLine& line) {
    if (line.busy.empty()) return {};
    const std::string event = shortened(line.busy, limits::word);
    Html busy = element("span", {{"class", "busy"}}, event);
    if (line.busy_percent) {
        busy += progress_bar(line.busy_percent, "progress of " + event);
        busy += element("span", {{"class", "share"}}, percent_in_words(std::clamp(*line.busy_percent, 0.0, 100.0)));
    }
    return busy;
}

}  // namespace servicekit::servicectl::web
