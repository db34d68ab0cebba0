#include "servicectl/top/detail_view.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "base/escaped_text.hpp"
#include "cli/reply_text.hpp"
#include "cli/text.hpp"
#include "servicectl/watch/listing_watch.hpp"
#include "servicectl/watch/log_lines.hpp"

namespace servicekit::servicectl::top {
namespace {

using State = Finding::State;

constexpr std::size_t longest_text = 400;
/// On a screen with fewer rows, one of the panes is shown at a time.
constexpr std::size_t rows_of_two_panes = 12;
constexpr std::size_t least_rows_of_log = 4;
constexpr std::size_t columns_of_one_step = 8;
constexpr std::size_t most_columns_left = 4000;
constexpr Style bar_style{.tone = Tone::plain, .reverse = true};

/// Returns what the list knows of a service, without what its own status says.
std::string known_from_list(const ServiceRow& row, const std::string& log_file) {
    const Object& fields = row.service.fields;
    std::vector<std::vector<std::string>> rows;
    const auto add = [&rows](std::string name, std::string text) {
        if (!text.empty()) rows.push_back({std::move(name), std::move(text)});
    };
    if (row.service.finding.state != State::answers) {
        add("name", row.service.place.name());
        add("state", state_in_words(row.service.finding));
        if (row.service.finding.pid > 0) add("pid", std::to_string(row.service.finding.pid));
    }
    const auto header = list_header(false);
    const auto cells = row.cells(false);
    const auto add_cell = [&](const char* name, std::string_view column) {
        const auto found = std::find(header.begin(), header.end(), column);
        add(name, cells.at(static_cast<std::size_t>(found - header.begin())));
    };
    add("reason", std::string{cli::cut(fields.get<std::string>("reason", {}), longest_text)});
    add_cell("user", "USER");
    add_cell("memory", "MEMORY");
    add_cell("cpu", "CPU");
    add_cell("health", "HEALTH");
    for (const char* const key : {"control-socket", "pid-file"})
        add(key, std::string{cli::cut(fields.get<std::string>(key, {}), longest_text)});
    add("log-file", log_file);
    return cli::table(std::move(rows));
}

}  // namespace

void DetailUpdate::add(DetailUpdate later) {
    if (later.events) events = std::move(later.events);
    if (!later.events_reason.empty()) events_reason = std::move(later.events_reason);
    if (!later.log_reason.empty()) log_reason = std::move(later.log_reason);
    for (std::string& line : later.log_lines) log_lines.push_back(std::move(line));
    keep_last_lines(log_lines);
}

DetailView::DetailView(ServiceRow row, std::string log_file)
    : row_{std::move(row)}, identity_{row_.identity()}, log_file_{std::move(log_file)} {
    describe();
}

void DetailView::take(const ServiceRow* row) {
    is_gone_ = row == nullptr;
    if (row != nullptr) row_ = *row;
    describe();
}

void DetailView::take(DetailUpdate update) {
    const bool is_described_anew = update.events || !update.events_reason.empty();
    if (update.events) events_ = with_short_texts(*update.events);
    if (!update.events_reason.empty()) events_reason_ = std::move(update.events_reason);
    if (!update.log_reason.empty()) log_reason_ = std::move(update.log_reason);
    for (const std::string& line : update.log_lines) log_.push_back(escaped(line));
    // What a person looks at stays where it is.
    if (log_after_ > 0) log_after_ += update.log_lines.size();
    while (log_.size() > most_log_lines) log_.pop_front();
    if (is_described_anew) describe();
}

void DetailView::describe() {
    description_.clear();
    const auto add_title = [this](const char* title) {
        if (!description_.empty()) description_.emplace_back();
        description_.push_back({{{title, {Tone::strong}}}, true});
    };
    const auto add_text = [this](std::string_view text) {
        for (std::string& line : lines_of(text)) description_.push_back({{{std::move(line)}}});
    };
    if (row_.service.finding.state == State::answers)
        add_text(cli::status_text(with_short_texts(row_.service.finding.status)));
    add_title("process and files");
    add_text(known_from_list(row_, log_file_));
    add_title("events");
    if (events_)
        add_text(cli::events_text(*events_));
    else
        description_.push_back({{{escaped(events_reason_), {Tone::faint}}}});
}

Wish DetailView::take(const Key& key) {
    constexpr std::ptrdiff_t beyond_all = 1'000'000'000;
    std::size_t& skipped = pane_ == Pane::status ? status_skipped_ : log_skipped_;
    const auto page = static_cast<std::ptrdiff_t>(pane_ == Pane::status ? rows_of_status_ : rows_of_log_);
    switch (key.name) {
        case Key::Name::escape:
            return Wish::go_back;
        case Key::Name::tab:
            pane_ = pane_ == Pane::status ? Pane::log : Pane::status;
            break;
        case Key::Name::up:
            scroll(pane_, -1);
            break;
        case Key::Name::down:
            scroll(pane_, 1);
            break;
        case Key::Name::page_up:
            scroll(pane_, -page);
            break;
        case Key::Name::page_down:
            scroll(pane_, page);
            break;
        case Key::Name::home:
            scroll(pane_, -beyond_all);
            break;
        case Key::Name::end:
            scroll(pane_, beyond_all);
            break;
        case Key::Name::left:
            skipped -= std::min(skipped, columns_of_one_step);
            break;
        case Key::Name::right:
            skipped = std::min(skipped + columns_of_one_step, most_columns_left);
            break;
        case Key::Name::character:
            if (key.text == "q") return Wish::go_back;
            if (key.text == "h" || key.text == "?") return Wish::open_help;
            if (key.text == " ") return Wish::refresh;
            if (key.text == "j") scroll(pane_, 1);
            if (key.text == "k") scroll(pane_, -1);
            break;
        default:
            break;
    }
    return Wish::nothing;
}

void DetailView::scroll(Pane pane, std::ptrdiff_t lines) {
    if (pane == Pane::status) {
        const auto now = static_cast<std::ptrdiff_t>(status_first_);
        const std::size_t most = description_.size() - std::min(description_.size(), rows_of_status_);
        status_first_ =
            static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(now + lines, 0, static_cast<std::ptrdiff_t>(most)));
        return;
    }
    const auto now = static_cast<std::ptrdiff_t>(log_after_);
    const std::size_t most = log_.size() - std::min(log_.size(), rows_of_log_);
    log_after_ =
        static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(now - lines, 0, static_cast<std::ptrdiff_t>(most)));
}

Line DetailView::title() const {
    const Finding& finding = row_.service.finding;
    const Tone tone = finding.state == State::hung   ? Tone::hung
                      : finding.state == State::dead ? Tone::dead
                                                     : Tone::plain;
    Line line{{row_.service.place.name(), {Tone::strong}}, {"  "}};
    if (is_gone_) {
        line.push_back({"is gone", {Tone::dead}});
        return line;
    }
    line.push_back({escaped(cli::cut(state_in_words(finding), longest_text)), {tone}});
    const Value* const busy = row_.service.fields.find("busy");
    if (busy != nullptr && busy->is_object())
        line.push_back({", busy with '" +
                        escaped(cli::cut(busy->as_object().get<std::string>("event", {}), longest_text)) + "' for " +
                        cli::short_duration(std::chrono::seconds{busy->as_object().get<std::int64_t>("seconds", 0)})});
    return line;
}

Line DetailView::bar(Pane pane, std::string_view name, std::size_t first, std::size_t shown, std::size_t all) const {
    Line line{{std::string{name}, {.tone = pane_ == pane ? Tone::strong : Tone::plain, .reverse = true}},
              {"", bar_style}};
    if (shown < all)
        line.back().text =
            ", " + std::to_string(first + 1) + "-" + std::to_string(first + shown) + " of " + std::to_string(all);
    return line;
}

void DetailView::add_status(Page& page, std::size_t rows, Size size, const Width& width) {
    rows_of_status_ = rows;
    scroll(Pane::status, 0);
    const std::size_t shown = std::min(description_.size() - status_first_, rows);
    if (size.rows >= rows_of_two_panes)
        page.push_back(filled(bar(Pane::status, "status and events", status_first_, shown, description_.size()),
                              size.columns, width));
    for (std::size_t i = status_first_; i < status_first_ + shown; ++i)
        page.push_back(
            window(description_[i].line, description_[i].is_title ? 0 : status_skipped_, size.columns, width));
    page.resize(page.size() + rows - shown);
}

void DetailView::add_log(Page& page, std::size_t rows, Size size, const Width& width) {
    rows_of_log_ = rows;
    scroll(Pane::log, 0);
    const std::size_t end = log_.size() - log_after_;
    const std::size_t begin = end - std::min(end, rows);
    if (size.rows >= rows_of_two_panes)
        page.push_back(filled(bar(Pane::log, "log", begin, end - begin, log_.size()), size.columns, width));
    for (std::size_t i = begin; i < end; ++i) page.push_back(window({{log_[i]}}, log_skipped_, size.columns, width));
    if (log_.empty() && rows > 0) page.push_back({{escaped(log_reason_), {Tone::faint}}});
    const std::size_t used = log_.empty() && rows > 0 ? 1 : end - begin;
    page.resize(page.size() + rows - used);
}

Page DetailView::page(Size size, const Width& width) {
    constexpr std::size_t rows_around = 2;  // the title and the footer
    const std::size_t rows = size.rows > rows_around ? size.rows - rows_around : 1;
    Page page{title()};
    if (size.rows >= rows_of_two_panes) {
        const std::size_t of_log = std::max(least_rows_of_log, rows * 2 / 5);
        add_status(page, rows - of_log - 1, size, width);
        add_log(page, of_log - 1, size, width);
    } else if (pane_ == Pane::status) {
        add_status(page, rows, size, width);
    } else {
        add_log(page, rows, size, width);
    }
    page.push_back({{"Esc back  Tab other pane  arrows scroll  ? keys", {Tone::faint}}});
    page.resize(std::min(page.size(), size.rows));
    for (Line& line : page) line = window(line, 0, size.columns, width);
    return page;
}

}  // namespace servicekit::servicectl::top
