#include "servicectl/web/pages/log_lines.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "servicectl/web/pages/limits.hpp"
#include "servicectl/web/pages/words.hpp"
#include "servicekit/base/log_level.hpp"

namespace servicekit::servicectl::web {
namespace {

/// Returns the time at the start of the line: "2026-11-22T06:10:00.123456Z". Empty if it does not begin with one.
std::string_view time_of(std::string_view line) {
    const std::string_view first = line.substr(0, std::min(line.find(' '), line.size()));
    const bool is_time = first.size() >= std::string_view{"2026-11-22T06:10:00Z"}.size() && first.back() == 'Z' &&
                         first.find_first_not_of("0123456789-:.TZ") == std::string_view::npos;
    return is_time ? first : std::string_view{};
}

/// \param time at the start of the line
std::optional<LogLevel> level_after(std::string_view time, std::string_view line) {
    line.remove_prefix(std::min(time.size() + 1, line.size()));
    return log_level_from(line.substr(0, std::min(line.find(' '), line.size())));
}

/// Returns the level of a line in JSON. A message cannot have the same text, because its quotes are escaped.
std::optional<LogLevel> level_in_json(std::string_view line) {
    constexpr std::string_view key = R"("level":")";
    const std::size_t begin = line.find(key);
    if (line.empty() || line.front() != '{' || begin == std::string_view::npos) return std::nullopt;
    const std::string_view rest = line.substr(begin + key.size());
    return log_level_from(rest.substr(0, std::min(rest.find('"'), rest.size())));
}

}  // namespace

Html log_line(const std::string& line) {
    const std::string text = shortened(line, limits::log_line);
    const std::string_view time = time_of(text);
    const std::optional<LogLevel> level = time.empty() ? level_in_json(text) : level_after(time, text);
    const std::string name = level ? " " + std::string{to_string(*level)} : std::string{};
    return element("div", {{"class", "line" + name}},
                   time.empty() ? Html{} : element("span", {{"class", "time"}}, time),
                   std::string_view{text}.substr(time.size()));
}

Html log_lines(const std::vector<std::string>& lines) {
    const std::size_t shown = std::min(lines.size(), limits::log_lines);
    Html html;
    for (std::size_t i = lines.size() - shown; i < lines.size(); ++i) html += log_line(lines[i]);
    return html;
}

Html skipped_lines(std::size_t count) {
    if (count == 0) return {};
    return element("div", {{"class", "line gap"}}, counted(count, "line"), count == 1 ? " is" : " are",
                   " left out here");
}

}  // namespace servicekit::servicectl::web
