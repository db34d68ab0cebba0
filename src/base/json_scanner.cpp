#include "base/json_scanner.hpp"

#include <algorithm>

namespace servicekit {
namespace {

constexpr bool is_white_space(char byte) noexcept {
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

constexpr bool is_control(char byte) noexcept { return static_cast<unsigned char>(byte) < 0x20; }

constexpr bool is_plain_in_string(char byte) noexcept { return byte != '"' && byte != '\\' && !is_control(byte); }

constexpr bool is_plain_outside(char byte) noexcept {
    return byte != '"' && byte != '[' && byte != ']' && byte != '{' && byte != '}';
}

/// Returns the size of an array at the start of the text that is one short string without escapes, in the usual form
/// ["..."]; 0 for any other text. Most requests have this form.
[[gnu::hot]] std::size_t lone_string_array(std::string_view text) noexcept {
    constexpr std::string_view before = "[\"";
    constexpr std::string_view after = "\"]";
    // Bytes of longer strings, which are read again, would cost too much.
    constexpr std::size_t longest = 128;
    text = text.substr(0, longest);
    if (!text.starts_with(before)) return 0;
    std::size_t end = before.size();
    while (end < text.size() && is_plain_in_string(text[end])) ++end;
    return text.substr(end).starts_with(after) ? end + after.size() : 0;
}

}  // namespace

[[gnu::hot]] JsonScanner::Step JsonScanner::feed(std::string_view chunk) {
    if (state_ == State::malformed || state_ == State::too_large || state_ == State::too_deep) return {.state = state_};

    std::size_t position = 0;
    if (state_ != State::inside) {
        state_ = State::skipping;
        offset_ = 0;
        while (position < chunk.size() && is_white_space(chunk[position])) ++position;
        const std::size_t lone = lone_string_array(chunk.substr(position));
        if (lone > 0 && lone <= limits_.max_bytes && limits_.max_depth > 0) {
            state_ = State::complete;
            offset_ = lone;
            return {.state = state_, .begin = position, .end = position + lone};
        }
        if (position < chunk.size()) begin(chunk[position]);
    }
    const std::size_t first = position;
    const std::size_t end = position + std::min(chunk.size() - position, limits_.max_bytes - offset_);
    while (state_ == State::inside && position < end) {
        if (in_string_ && !after_backslash_)
            while (position < end && is_plain_in_string(chunk[position])) ++position;
        else if (!in_string_)
            while (position < end && is_plain_outside(chunk[position])) ++position;
        if (position == end) break;
        read(chunk[position]);
        if (state_ == State::inside || state_ == State::complete) ++position;
    }
    if (state_ == State::inside && end < chunk.size()) state_ = State::too_large;
    offset_ += position - first;
    return {.state = state_, .begin = first, .end = position};
}

[[gnu::hot]] void JsonScanner::begin(char byte) {
    if (byte != '[') return refuse("it does not begin with [");
    state_ = State::inside;
    in_string_ = false;
    after_backslash_ = false;
    open_objects_.clear();
}

[[gnu::hot]] void JsonScanner::read(char byte) {
    if (in_string_) return read_in_string(byte);
    switch (byte) {
        case '"':
            in_string_ = true;
            break;
        case '[':
            open(false);
            break;
        case '{':
            open(true);
            break;
        case ']':
            close(false);
            break;
        case '}':
            close(true);
            break;
        default:
            break;
    }
}

[[gnu::hot]] void JsonScanner::read_in_string(char byte) {
    if (is_control(byte)) return refuse("a string has a control character that is not escaped");
    if (after_backslash_)
        after_backslash_ = false;
    else if (byte == '\\')
        after_backslash_ = true;
    else if (byte == '"')
        in_string_ = false;
}

[[gnu::hot]] void JsonScanner::open(bool is_object) {
    if (open_objects_.size() == limits_.max_depth)
        state_ = State::too_deep;
    else
        open_objects_.push_back(is_object);
}

[[gnu::hot]] void JsonScanner::close(bool is_object) {
    if (open_objects_.back() != is_object)
        return refuse(is_object ? "a } closes what [ opened" : "a ] closes what { opened");
    open_objects_.pop_back();
    if (open_objects_.empty()) state_ = State::complete;
}

void JsonScanner::refuse(std::string_view reason) {
    state_ = State::malformed;
    reason_ = reason;
}

}  // namespace servicekit
