#include "servicectl/top/help_view.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace servicekit::servicectl::top {
namespace {

constexpr std::array<std::string_view, 24> lines{
    "Keys of the list",
    "",
    "  arrows, j, k          select a service",
    "  PgUp, PgDn, Home, End select further away",
    "  left, right           scroll the columns",
    "  Enter                 details of the selected service",
    "  /                     search: show only names with a text;",
    "                        Enter keeps it, Esc ends it",
    "  Esc                   show all services again",
    "  n s c                 sort by name, state, CPU",
    "  m u b                 sort by memory, uptime, busy time",
    "  r                     reverse the order",
    "  space                 ask the services now",
    "  ? h                   these keys",
    "  q, Ctrl-C             quit",
    "",
    "Keys of the details",
    "",
    "  arrows, j, k, ...     scroll",
    "  Tab                   choose the pane that scrolls",
    "  Esc, q                back to the list",
    "",
    "CPU is the percentage of one processor since the",
    "last answers. No key changes a service.",
};

}  // namespace

Wish HelpView::take(const Key& key) {
    const bool is_down = key.name == Key::Name::down || key.name == Key::Name::page_down || key.text == "j";
    const bool is_up = key.name == Key::Name::up || key.name == Key::Name::page_up || key.text == "k";
    if (!is_down && !is_up) return Wish::go_back;
    if (is_down) ++first_;
    if (is_up && first_ > 0) --first_;
    return Wish::nothing;
}

Page HelpView::page(Size size, const Width& width) {
    const std::size_t rows = size.rows > 1 ? size.rows - 1 : size.rows;
    first_ = std::min(first_, lines.size() - std::min(lines.size(), rows));
    Page page;
    for (std::size_t i = first_; i < lines.size() && page.size() < rows; ++i)
        page.push_back({{std::string{lines.at(i)}}});
    page.resize(rows);
    if (size.rows > 1) page.push_back({{"Esc back  arrows scroll", {Tone::faint}}});
    for (Line& line : page) line = window(line, 0, size.columns, width);
    return page;
}

}  // namespace servicekit::servicectl::top
