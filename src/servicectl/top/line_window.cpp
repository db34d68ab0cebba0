#include "servicectl/top/line_window.hpp"

#include <algorithm>
#include <utility>

#include "base/utf8.hpp"

namespace servicekit::servicectl::top {
namespace {

struct Decoded {
    std::string_view bytes;
    char32_t code = 0;
};

/// Removes the first character from the text. \pre the text is not empty
Decoded take_character(std::string_view& text) {
    // The text was escaped, so it is valid. Any other byte counts as a character.
    const std::size_t length = std::max<std::size_t>(utf8_length(text), 1);
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    char32_t code = byte(0);
    if (length > 1) {
        code &= 0x7FU >> length;
        for (std::size_t i = 1; i < length; ++i) code = (code << 6U) | (byte(i) & 0x3FU);
    }
    Decoded decoded{text.substr(0, length), code};
    text.remove_prefix(length);
    return decoded;
}

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
    void add(const Decoded& character, std::string& text) {
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
