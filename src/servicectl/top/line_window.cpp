#include "servicectl/top/line_window.hpp"

#include <algorithm>
#include <utility>

#include "servicectl/top/characters.hpp"

namespace servicekit::servicectl::top {
namespace {

/// Copies the part of a line that is in a window.
class Copying {
public:
    Copying(std::size_t skipped, std::size_t columns, const Width& width)
        : begin_{skipped}, end_{skipped + columns}, width_{width} {}

    /// \returns false if the window is full
    bool add(const Span& span) {
        Span copy{{}, span.style};
        std::string_view rest = span.text;
        while (!rest.empty() && !is_full_) add(take_character(rest), copy.text);
        if (!copy.text.empty()) line_.push_back(std::move(copy));
        return !is_full_;
    }
    Line take() { return std::move(line_); }

private:
    void add(const Character& character, std::string& text) {
        const std::size_t columns = width_(character.code);
        // A mark belongs to the character before it.
        if (columns == 0) {
            if (at_ > begin_) text += character.bytes;
            return;
        }
        const std::size_t after = at_ + columns;
        if (after > end_) {
            is_full_ = true;
            return;
        }
        if (at_ >= begin_)
            text += character.bytes;
        else if (after > begin_)
            text.append(after - begin_, ' ');
        at_ = after;
    }

    std::size_t begin_;
    std::size_t end_;
    const Width& width_;
    std::size_t at_ = 0;
    bool is_full_ = false;
    Line line_;
};

std::size_t columns_of_line(const Line& line, const Width& width) {
    std::size_t columns = 0;
    for (const Span& span : line) columns += columns_of(span.text, width);
    return columns;
}

}  // namespace

std::size_t columns_of(std::string_view text, const Width& width) {
    std::size_t columns = 0;
    while (!text.empty()) columns += width(take_character(text).code);
    return columns;
}

std::string padded(std::string text, std::size_t columns, const Width& width) {
    const std::size_t used = columns_of(text, width);
    if (used < columns) text.append(columns - used, ' ');
    return text;
}

Line window(const Line& line, std::size_t skipped, std::size_t columns, const Width& width) {
    Copying copying{skipped, columns, width};
    for (const Span& span : line)
        if (!copying.add(span)) break;
    return copying.take();
}

Line filled(Line line, std::size_t columns, const Width& width) {
    const std::size_t used = columns_of_line(line, width);
    if (used >= columns) return line;
    if (line.empty()) line.emplace_back();
    line.back().text.append(columns - used, ' ');
    return line;
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

}  // namespace servicekit::servicectl::top
