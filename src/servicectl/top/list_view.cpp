#include "servicectl/top/list_view.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/durations.hpp"
#include "base/escaped_text.hpp"
#include "base/rfc3339.hpp"

namespace servicekit::servicectl::top {
namespace {

/// On a screen with fewer rows the services need all of them.
constexpr std::size_t rows_of_whole_layout = 8;
/// Columns that an arrow key scrolls.
constexpr std::size_t scroll_step = 8;
constexpr std::size_t most_scrolled = 400;
constexpr std::size_t longest_filter = 64;
constexpr std::string_view gap = "  ";
/// Not reversed: the selected row below it is.
constexpr Style header_style{.tone = Tone::plain, .underlined = true};

/// Returns for example "22:33:43 UTC".
std::string time_of_day(std::chrono::system_clock::time_point time) {
    constexpr std::size_t begin_of_time = 11;
    constexpr std::size_t length_of_time = 8;
    return rfc3339(time).substr(begin_of_time, length_of_time) + " UTC";
}

Tone tone_of(const ServiceRow& row) {
    switch (row.service.finding.state) {
        case Finding::State::hung:
            return Tone::hung;
        case Finding::State::dead:
            return Tone::dead;
        case Finding::State::answers:
            return Tone::plain;
        default:
            return Tone::faint;
    }
}

void remove_last_character(std::string& text) {
    while (!text.empty()) {
        const bool continues = (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U;
        text.pop_back();
        if (!continues) break;
    }
}

}  // namespace

Wish ListView::take(const Key& key) {
    if (is_searching_) return take_in_search(key);
    if (move(key)) return Wish::nothing;
    switch (key.name) {
        case Key::Name::enter:
            return table_.selected() != nullptr ? Wish::open_details : Wish::nothing;
        case Key::Name::escape:
            table_.set_filter({});
            return Wish::nothing;
        case Key::Name::left:
            skipped_ -= std::min(skipped_, scroll_step);
            return Wish::nothing;
        case Key::Name::right:
            skipped_ = std::min(skipped_ + scroll_step, most_scrolled);
            return Wish::nothing;
        case Key::Name::character:
            return key.text.size() == 1 ? take_letter(key.text.front()) : Wish::nothing;
        default:
            return Wish::nothing;
    }
}

Wish ListView::take_letter(char letter) {
    switch (letter) {
        case 'q':
            return Wish::quit;
        case 'h':
        case '?':
            return Wish::open_help;
        case ' ':
            return Wish::refresh;
        case '/':
            is_searching_ = true;
            break;
        case 'j':
            table_.move(1);
            break;
        case 'k':
            table_.move(-1);
            break;
        case 'n':
            table_.sort_by(SortKey::name);
            break;
        case 's':
            table_.sort_by(SortKey::state);
            break;
        case 'c':
            table_.sort_by(SortKey::cpu);
            break;
        case 'm':
            table_.sort_by(SortKey::memory);
            break;
        case 'u':
            table_.sort_by(SortKey::uptime);
            break;
        case 'b':
            table_.sort_by(SortKey::busy);
            break;
        case 'r':
            table_.reverse();
            break;
        default:
            break;
    }
    return Wish::nothing;
}

Wish ListView::take_in_search(const Key& key) {
    std::string text = table_.filter();
    switch (key.name) {
        case Key::Name::character:
            if (text.size() + key.text.size() <= longest_filter) table_.set_filter(text + key.text);
            break;
        case Key::Name::backspace:
            if (text.empty()) is_searching_ = false;
            remove_last_character(text);
            table_.set_filter(std::move(text));
            break;
        case Key::Name::enter:
            is_searching_ = false;
            break;
        case Key::Name::escape:
            is_searching_ = false;
            table_.set_filter({});
            break;
        default:
            move(key);
    }
    return Wish::nothing;
}

bool ListView::move(const Key& key) {
    const auto page = static_cast<std::ptrdiff_t>(rows_on_page_);
    const auto all = static_cast<std::ptrdiff_t>(table_.shown().size());
    switch (key.name) {
        case Key::Name::up:
            table_.move(-1);
            return true;
        case Key::Name::down:
            table_.move(1);
            return true;
        case Key::Name::page_up:
            table_.move(-page);
            return true;
        case Key::Name::page_down:
            table_.move(page);
            return true;
        case Key::Name::home:
            table_.move(-all);
            return true;
        case Key::Name::end:
            table_.move(all);
            return true;
        default:
            return false;
    }
}

Line ListView::summary() const {
    if (!table_.has_listing()) return {{"asking the services"}};
    const ServiceCounts counts = table_.counts();
    Line line{{std::to_string(counts.all) + (counts.all == 1 ? " service, " : " services, "), {Tone::strong}},
              {std::to_string(counts.running) + " running, "},
              {std::to_string(counts.hung) + " hung", {counts.hung > 0 ? Tone::hung : Tone::plain}},
              {", "},
              {std::to_string(counts.dead) + " dead", {counts.dead > 0 ? Tone::dead : Tone::plain}}};
    if (table_.not_asked() > 0) line.push_back({", " + std::to_string(table_.not_asked()) + " not asked"});
    line.push_back({"; answers of " + time_of_day(table_.answered())});
    return line;
}

Line ListView::order_and_filter() const {
    Line line{{"sorted by " + std::string{sort_key_in_words(table_.sort_key())} +
               (table_.is_reversed() ? ", reversed" : "") + "; every " + time_in_words(interval_)}};
    if (!table_.filter().empty()) line.push_back({"; only names with '" + escaped(table_.filter()) + "'"});
    return line;
}

Line ListView::prompt() const {
    return {{"search: ", {Tone::strong}}, {escaped(table_.filter())}, {" ", {.tone = Tone::plain, .reverse = true}}};
}

Line ListView::footer() const {
    if (is_searching_) return prompt();
    if (!table_.failure().empty()) return {{escaped(table_.failure()), {Tone::dead}}};
    return {{"q quit  ? keys  / search  Enter details  sort: n s c m u b  r reverse", {Tone::faint}}};
}

void ListView::add_table(Page& page, std::size_t rows, Size size, const Width& width) {
    const auto& shown = table_.shown();
    const bool has_roles = table_.has_roles();
    const std::vector<std::string> header = list_header(has_roles);
    first_ = std::min(first_, table_.selected_index());
    if (table_.selected_index() >= first_ + rows) first_ = table_.selected_index() + 1 - rows;
    if (shown.size() >= rows) first_ = std::min(first_, shown.size() - rows);
    if (shown.size() < rows) first_ = 0;

    std::vector<std::size_t> widths;
    for (const std::string& name : header) widths.push_back(columns_of(name, width));
    std::vector<std::vector<std::string>> cells;
    for (const ServiceRow* row : shown) {
        cells.push_back(row->cells(has_roles));
        for (std::size_t i = 0; i < widths.size(); ++i)
            widths[i] = std::max(widths[i], columns_of(cells.back()[i], width));
    }
    const auto add_line = [&](const Line& line, bool is_filled) {
        Line cut = window(line, skipped_, size.columns, width);
        page.push_back(is_filled ? filled(std::move(cut), size.columns, width) : std::move(cut));
    };
    Line titles;
    for (std::size_t i = 0; i < header.size(); ++i) {
        Style style = header_style;
        if (header[i] == sorted_column(table_.sort_key())) style.tone = Tone::strong;
        titles.push_back({header[i], style});
        titles.push_back({std::string(widths[i] - columns_of(header[i], width) + gap.size(), ' '), header_style});
    }
    add_line(titles, true);
    for (std::size_t i = first_; i < shown.size() && i < first_ + rows; ++i) {
        std::string text;
        for (std::size_t cell = 0; cell < widths.size(); ++cell)
            text += padded(std::move(cells[i][cell]), widths[cell], width) + std::string{gap};
        const bool is_selected = i == table_.selected_index();
        add_line({{std::move(text), {.tone = tone_of(*shown[i]), .reverse = is_selected}}}, is_selected);
    }
    if (!shown.empty() || !table_.has_listing()) return;
    const bool has_filter = table_.counts().all > 0;
    page.push_back({{has_filter ? "no name has this text" : "no services run", {Tone::faint}}});
}

Page ListView::page(Size size, const Width& width) {
    const bool is_whole = size.rows >= rows_of_whole_layout;
    Page page;
    page.push_back(!is_whole && is_searching_ ? prompt() : summary());
    if (is_whole) page.push_back(order_and_filter());
    constexpr std::size_t rows_around_if_whole = 4;
    constexpr std::size_t rows_around = 2;
    const std::size_t around = is_whole ? rows_around_if_whole : rows_around;
    rows_on_page_ = size.rows > around ? size.rows - around : 1;
    add_table(page, rows_on_page_, size, width);
    if (is_whole) {
        page.resize(size.rows - 1);
        page.push_back(footer());
    }
    page.resize(std::min(page.size(), size.rows));
    for (Line& line : page) line = window(line, 0, size.columns, width);
    return page;
}

}  // namespace servicekit::servicectl::top
