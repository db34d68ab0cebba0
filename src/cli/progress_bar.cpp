#include "cli/progress_bar.hpp"

#include <algorithm>

#include "base/escaped_text.hpp"
#include "cli/text.hpp"

namespace servicekit::cli {
namespace {

constexpr std::string_view green = "\033[32m";
constexpr std::string_view plain = "\033[0m";
constexpr std::string_view erase_rest_of_line = "\033[K";

constexpr std::size_t longest_bar = 40;

std::string bar(double fraction, std::size_t length, Colours colours) {
    const auto filled = static_cast<std::size_t>(fraction * static_cast<double>(length));
    std::string text = "[";
    if (colours == Colours::yes) text += green;
    text.append(filled, '#');
    if (colours == Colours::yes) text += plain;
    text.append(length - filled, '.');
    return text + "]";
}

}  // namespace

std::string render_progress(const Progress& progress, std::string_view pace, unsigned width, Colours colours) {
    // Some terminals begin a new line after the last column.
    const std::size_t room = width > 1 ? width - 1 : 1;
    std::string text;
    std::size_t used = 0;
    if (progress.total > 0) {
        const double fraction = std::min(1.0, static_cast<double>(progress.done) / static_cast<double>(progress.total));
        std::string percent = std::to_string(static_cast<int>(fraction * 100)) + "%";
        percent.insert(0, 4 - percent.size(), ' ');
        // The bar takes a third of the line, so that the message has room. If it would be too short, it is omitted.
        const std::size_t length = std::min(longest_bar, room / 3);
        if (length >= 5) {
            text = bar(fraction, length, colours) + " ";
            used = length + 3;
        }
        text += percent;
        used += percent.size();
    } else {
        text = std::to_string(progress.done);
        used = text.size();
    }
    if (!pace.empty() && used + 2 + pace.size() <= room) {
        text += "  " + std::string{pace};
        used += 2 + pace.size();
    }
    if (progress.message.empty() || used + 2 >= room) return text;
    return text + "  " + std::string{cut(escaped(progress.message), room - used - 2)};
}

void ProgressBar::show(const Progress& progress) {
    pace_.note(progress, clock_.steady_now());
    progress_ = progress;
    refresh();
}

void ProgressBar::refresh() {
    if (!progress_) return;
    const auto colours = console_.shows_colours(os::Stream::error) ? Colours::yes : Colours::no;
    draw(render_progress(*progress_, pace_.in_words(clock_.steady_now()),
                         console_.streams().terminal_width(os::Stream::error), colours));
}

void ProgressBar::show(std::string_view text) {
    progress_.reset();
    const unsigned width = console_.streams().terminal_width(os::Stream::error);
    draw(std::string{cut(escaped(text), width > 1 ? width - 1 : 1)});
}

void ProgressBar::draw(std::string line) {
    if (line == shown_) return;
    console_.streams().write(os::Stream::error, "\r" + line + std::string{erase_rest_of_line});
    shown_ = std::move(line);
}

void ProgressBar::clear() {
    progress_.reset();
    if (shown_.empty()) return;
    console_.streams().write(os::Stream::error, "\r" + std::string{erase_rest_of_line});
    shown_.clear();
}

}  // namespace servicekit::cli
