#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/escaped_text.hpp"
#include "base/json_pointer.hpp"
#include "base/utf8.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit {
namespace {

/// Bytes that a JSON string contains unescaped: neither special nor part of a longer UTF-8 sequence.
constexpr std::array<bool, 256> plain_bytes() {
    std::array<bool, 256> plain{};
    for (std::size_t byte = 0x20; byte < 0x7F; ++byte) plain[byte] = byte != '"' && byte != '\\';
    return plain;
}
constexpr std::array<bool, 256> is_plain = plain_bytes();

/// Returns true if the sixteen bytes need no escape.
[[gnu::hot]] bool are_plain(const char* sixteen) {
    using Bytes [[gnu::vector_size(16)]] = signed char;
    Bytes bytes;
    std::memcpy(&bytes, sixteen, sizeof bytes);
    // The bytes of longer UTF-8 sequences are negative.
    const auto special = (bytes < 0x20) | (bytes == 0x7F) | (bytes == '"') | (bytes == '\\');
    std::array<std::uint64_t, 2> halves;
    std::memcpy(halves.data(), &special, sizeof halves);
    return (halves[0] | halves[1]) == 0;
}

/// Returns the number of bytes at the start that need no escape. It checks sixteen at a time, since most texts need no
/// escape at all.
[[gnu::hot]] std::size_t plain_prefix(std::string_view text) {
    constexpr std::size_t step = 16;
    std::size_t run = 0;
    while (run + step <= text.size() && are_plain(text.data() + run)) run += step;
    // Checks the remaining bytes together with some that were checked already, if there are any.
    if (run > 0 && run + step > text.size() && are_plain(text.data() + text.size() - step)) return text.size();
    while (run < text.size() && is_plain[static_cast<unsigned char>(text[run])]) ++run;
    return run;
}

class JsonPrinter {
public:
    enum class Layout { one_line, pretty };

    JsonPrinter(std::string& out, Layout layout) : out_{&out}, layout_{layout} {}

    [[gnu::hot]] void print(const Value& value) {
        if (value.is_string())
            print(std::string_view{value.as_string()});
        else if (value.is_integer())
            print(value.as_integer());
        else if (value.is_object())
            print(value.as_object());
        else if (value.is_list())
            print(value.as_list());
        else if (value.is_bool())
            *out_ += value.as_bool() ? "true" : "false";
        else if (value.is_wide_integer())
            *out_ += value.wide_digits();
        else if (value.is_number())
            print(value.as_number());
        else
            *out_ += "null";
    }

    void print(const Object& object) {
        print_all('{', object, '}', [this](const Object::Member& member) { print(member); });
    }

    void print(const Object::Member& member) {
        print(std::string_view{member.first});
        *out_ += layout_ == Layout::pretty ? ": " : ":";
        print(member.second);
    }

    [[gnu::hot]] void print(std::string_view text) {
        *out_ += '"';
        while (!text.empty()) {
            const std::size_t run = plain_prefix(text);
            out_->append(text.data(), run);
            text.remove_prefix(run);
            if (!text.empty()) text.remove_prefix(print_special(text));
        }
        *out_ += '"';
    }

private:
    void print(const Value::List& list) {
        print_all('[', list, ']', [this](const Value& item) { print(item); });
    }

    template <class Items, class Print>
    void print_all(char opening, const Items& items, char closing, Print print_item) {
        *out_ += opening;
        ++depth_;
        bool first = true;
        for (const auto& item : items) {
            if (!first) *out_ += ',';
            first = false;
            break_line();
            print_item(item);
        }
        --depth_;
        if (!first) break_line();
        *out_ += closing;
    }

    void break_line() {
        if (layout_ == Layout::pretty) out_->append(1, '\n').append(2 * depth_, ' ');
    }

    void print(std::int64_t integer) {
        std::array<char, 24> digits;
        const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), integer);
        out_->append(digits.data(), written.ptr);
    }

    /// Prints the fewest digits that read back as the same number, and as a number that is not an integer.
    void print(double number) {
        if (!std::isfinite(number)) {
            *out_ += "null";
            return;
        }
        std::array<char, 32> digits;
        const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
        const std::string_view text{digits.data(), static_cast<std::size_t>(written.ptr - digits.data())};
        *out_ += text;
        if (text.find_first_of(".e") == std::string_view::npos) *out_ += ".0";
    }

    /// \returns the number of bytes of the text that it printed
    std::size_t print_special(std::string_view text) {
        const auto byte = static_cast<unsigned char>(text.front());
        if (byte < 0x80) {
            escape(byte);
            return 1;
        }
        const std::size_t length = utf8_length(text);
        if (length == 0)
            *out_ += "\xEF\xBF\xBD";
        else if (plain_character(text) > 0)
            *out_ += text.substr(0, length);
        else  // controls how other text is shown: \u009b
            append_escaped(*out_, text.substr(0, length));
        return length > 0 ? length : 1;
    }

    void escape(unsigned char byte) {
        constexpr std::string_view hexadecimal = "0123456789abcdef";
        switch (byte) {
            case '"':
                *out_ += "\\\"";
                break;
            case '\\':
                *out_ += "\\\\";
                break;
            case '\b':
                *out_ += "\\b";
                break;
            case '\f':
                *out_ += "\\f";
                break;
            case '\n':
                *out_ += "\\n";
                break;
            case '\r':
                *out_ += "\\r";
                break;
            case '\t':
                *out_ += "\\t";
                break;
            default:
                *out_ += "\\u00";
                *out_ += hexadecimal[byte / 16U];
                *out_ += hexadecimal[byte % 16U];
        }
    }

    std::string* out_;
    Layout layout_;
    std::size_t depth_ = 0;
};

[[gnu::hot]] bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        text.remove_prefix(plain_prefix(text));
        if (text.empty()) break;
        const std::size_t length = utf8_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

[[gnu::hot]] std::optional<NotJson> find_not_json_in(const Value& value) {
    if (value.is_string())
        return is_utf8(value.as_string()) ? std::nullopt : std::optional{NotJson{{}, "it is not UTF-8"}};
    if (value.is_object()) return find_not_json(value.as_object());
    if (value.is_list()) {
        for (std::size_t i = 0; i < value.as_list().size(); ++i) {
            auto found = find_not_json_in(value.as_list()[i]);
            if (!found) continue;
            found->pointer.insert(0, "/" + std::to_string(i));
            return found;
        }
        return std::nullopt;
    }
    const bool is_double = value.is_number() && !value.is_integer();
    if (!is_double || std::isfinite(value.as_number())) return std::nullopt;
    return NotJson{{}, "it is not a finite number"};
}

}  // namespace

[[gnu::hot]] std::optional<NotJson> find_not_json(const Object& object) {
    for (const auto& [key, value] : object) {
        auto found = is_utf8(key) ? find_not_json_in(value) : std::optional{NotJson{{}, "its name is not UTF-8"}};
        if (!found) continue;
        found->pointer.insert(0, pointer_token(escaped(key)));
        return found;
    }
    return std::nullopt;
}

[[gnu::hot]] void append_json(std::string& out, const Object& object) {
    JsonPrinter{out, JsonPrinter::Layout::one_line}.print(object);
}

void append_json_members(std::string& out, const Object& object) {
    JsonPrinter printer{out, JsonPrinter::Layout::one_line};
    for (const Object::Member& member : object) {
        out += ',';
        printer.print(member);
    }
}

void append_json_string(std::string& out, std::string_view text) {
    JsonPrinter{out, JsonPrinter::Layout::one_line}.print(text);
}

void append_json_value(std::string& out, const Value& value) {
    JsonPrinter{out, JsonPrinter::Layout::one_line}.print(value);
}

std::string to_json(const Value& value) {
    std::string text;
    append_json_value(text, value);
    return text;
}

std::string to_json(const Object& object) {
    std::string text;
    append_json(text, object);
    return text;
}

std::string to_pretty_json(const Value& value) {
    std::string text;
    JsonPrinter{text, JsonPrinter::Layout::pretty}.print(value);
    return text;
}

}  // namespace servicekit
