#include "servicectl/web/pages/chart.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace servicekit::servicectl::web {
namespace {

/// Appends a coordinate in tenths. \pre it is between 0 and some thousands
void append_coordinate(std::string& out, double number) {
    std::array<char, 32> digits;
    const auto tenths = static_cast<long>(std::lround(number * 10));
    auto written = std::to_chars(digits.data(), digits.data() + digits.size(), tenths / 10);
    out.append(digits.data(), written.ptr);
    if (tenths % 10 != 0) (out += '.') += static_cast<char>('0' + tenths % 10);
}

struct Point {
    double x = 0;
    double y = 0;
};

void append_point(std::string& out, char command, Point point) {
    out += command;
    append_coordinate(out, point.x);
    out += ' ';
    append_coordinate(out, point.y);
}

/// The values that are finite and have no gap between them.
using Run = std::vector<Point>;

std::vector<Run> runs_of(const std::vector<double>& values, const ChartShape& shape) {
    constexpr double margin = 1.5;  // for half the width of the line
    const std::size_t shown = std::min(values.size(), shape.slots);
    const double step =
        static_cast<double>(shape.width) / static_cast<double>(std::max<std::size_t>(shape.slots, 2) - 1);
    const double height = static_cast<double>(shape.height) - 2 * margin;
    const ChartRange range = range_of({values.end() - static_cast<std::ptrdiff_t>(shown), values.end()});
    const double span = range.highest - range.lowest;

    std::vector<Run> runs(1);
    for (std::size_t i = 0; i < shown; ++i) {
        const double value = values[values.size() - shown + i];
        if (!std::isfinite(value)) {
            if (!runs.back().empty()) runs.emplace_back();
            continue;
        }
        const double part = span > 0 && std::isfinite(span) ? (value - range.lowest) / span : 0;
        runs.back().push_back({static_cast<double>(shape.width) - step * static_cast<double>(shown - 1 - i),
                               margin + height * (1 - part)});
    }
    if (runs.back().empty()) runs.pop_back();
    return runs;
}

std::string line_of(const std::vector<Run>& runs) {
    std::string path;
    for (const Run& run : runs) {
        append_point(path, 'M', run.front());
        // A path of one point is not drawn, but one with a line of length zero is.
        if (run.size() == 1) append_point(path, 'L', run.front());
        for (std::size_t i = 1; i < run.size(); ++i) append_point(path, 'L', run[i]);
    }
    return path;
}

std::string area_of(const std::vector<Run>& runs, double bottom) {
    std::string path;
    for (const Run& run : runs) {
        append_point(path, 'M', {run.front().x, bottom});
        for (const Point& point : run) append_point(path, 'L', point);
        append_point(path, 'L', {run.back().x, bottom});
        path += 'Z';
    }
    return path;
}

}  // namespace

ChartRange range_of(const std::vector<double>& values) {
    ChartRange range;
    for (const double value : values) {
        if (!std::isfinite(value)) continue;
        range.lowest = std::min(range.lowest, value);
        range.highest = std::max(range.highest, value);
    }
    return range;
}

Html chart(const std::vector<double>& values, const ChartShape& shape, const std::string& label) {
    Attributes attributes{{"class", "chart"},
                          {"viewBox", "0 0 " + std::to_string(shape.width) + " " + std::to_string(shape.height)},
                          {"preserveAspectRatio", "none"},
                          {"focusable", "false"}};
    if (label.empty())
        attributes.add({"aria-hidden", "true"});
    else
        attributes.add({"role", "img"}).add({"aria-label", label});
    const std::vector<Run> runs = runs_of(values, shape);
    if (runs.empty()) return element("svg", attributes);
    return element("svg", attributes,
                   element("path", {{"class", "area"}, {"d", area_of(runs, static_cast<double>(shape.height))}}),
                   element("path", {{"class", "line"}, {"d", line_of(runs)}}));
}

}  // namespace servicekit::servicectl::web
