#include "servicekit/base/json.hpp"

// RapidJSON adds to its stack's null pointer before the stack first grows.
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("pointer-overflow"))), apply_to = function)
#endif
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#ifdef __clang__
#pragma clang attribute pop
#endif

#include <algorithm>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/json_pointer.hpp"
#include "base/parse_number.hpp"
#include "base/throwing_allocator.hpp"

namespace servicekit {
namespace {

using JsonReader = rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, ThrowingAllocator>;

/// Returns true if a JSON number has neither a fraction nor an exponent.
bool is_whole(std::string_view number) noexcept { return number.find_first_of(".eE") == std::string_view::npos; }

/// Some editors write this mark at the start of a UTF-8 text.
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// Returns the encoding of a text that is not UTF-8, judged by its first bytes: a byte order mark, or the zeros next to
/// the first character, which is ASCII. Returns an empty text for any other input.
std::string_view foreign_encoding(std::string_view text) noexcept {
    const auto is_ascii = [](char byte) { return byte > '\0'; };
    if (text.size() >= 2 && is_ascii(text[0]) && is_ascii(text[1])) return {};
    const auto has = [text](std::string_view pattern, std::string_view zeros) {
        if (text.size() < pattern.size()) return false;
        for (std::size_t at = 0; at < pattern.size(); ++at) {
            if (zeros[at] == '0' && text[at] != '\0') return false;
            if (zeros[at] == 'x' && text[at] == '\0') return false;
            if (zeros[at] == '=' && text[at] != pattern[at]) return false;
        }
        return true;
    };
    using namespace std::string_view_literals;
    if (has("\xFF\xFE\0\0"sv, "====") || has("\0\0\xFE\xFF"sv, "====")) return "UTF-32";
    if (has("....", "x000") || has("....", "000x")) return "UTF-32";
    if (has("\xFF\xFE", "==") || has("\xFE\xFF", "==")) return "UTF-16";
    if (has("....", "x0x0") || has("....", "0x0x")) return "UTF-16";
    return {};
}

/// Returns true if a `\u` escape produced half of a surrogate pair, which RapidJSON accepts.
bool has_surrogate(std::string_view text) noexcept {
    for (auto at = text.find('\xED'); at != std::string_view::npos; at = text.find('\xED', at + 1))
        if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) >= 0xA0) return true;
    return false;
}

}  // namespace

/// Builds a Value from the events of RapidJSON's reader, each part in its place.
class detail::ValueBuilder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, ValueBuilder> {
public:
    ValueBuilder(const rapidjson::MemoryStream& stream, std::size_t max_depth)
        : stream_{&stream}, max_depth_{max_depth} {
        constexpr std::size_t usual_depth = 8;
        open_.reserve(usual_depth);
    }

    struct Fault {
        std::size_t offset = 0;
        std::string reason;
        std::string repeated_key = {};
    };
    /// Returns the fault that the builder itself found.
    [[nodiscard]] const std::optional<Fault>& fault() const noexcept { return fault_; }
    [[nodiscard]] Value take() { return std::move(root_); }

    // RapidJSON's Handler concept requires the names below. Returning false ends the parsing.

    bool Null() { return add(nullptr); }
    bool Bool(bool value) { return add(value); }

    bool RawNumber(const char* text, rapidjson::SizeType length, bool /*copy*/) {
        const std::string_view digits{text, length};
        if (const auto integer = parse_number<std::int64_t>(digits)) return add(*integer);
        if (const auto number = parse_number<double>(digits))
            return add(is_whole(digits) ? Value::wide_integer(digits) : Value{*number});
        return refuse(stream_->Tell() - length, "a number that is out of range");
    }

    bool String(const char* text, rapidjson::SizeType length, bool /*copy*/) {
        const std::string_view string{text, length};
        return has_surrogate(string) ? refuse_surrogate() : add(string);
    }

    bool Key(const char* text, rapidjson::SizeType length, bool /*copy*/) {
        const std::string_view key{text, length};
        if (has_surrogate(key)) return refuse_surrogate();
        key_ = key;
        if (!open_.back()->as_object().contains(key)) return true;
        std::string pointer;
        for (std::size_t depth = 0; depth + 1 < open_.size(); ++depth) pointer += token_of_last_part(*open_[depth]);
        pointer += pointer_token(key);
        fault_ = Fault{start_of_string(), "the key '" + pointer + "' is given twice", pointer};
        return false;
    }

    bool StartObject() { return open(Object{}); }
    bool StartArray() { return open(Value::List{}); }
    bool EndObject(rapidjson::SizeType /*members*/) { return close(); }
    bool EndArray(rapidjson::SizeType /*items*/) { return close(); }

private:
    bool add(Value&& value) {
        place(std::move(value));
        return true;
    }

    /// \returns the value in its place, valid until another one is placed into the same array or object
    Value& place(Value&& value) {
        if (open_.empty()) return root_ = std::move(value);
        Value& container = *open_.back();
        if (auto* object = std::get_if<Object>(&container.data_))
            return object->append(std::move(key_), std::move(value));
        auto& list = std::get<Value::List>(container.data_);
        constexpr std::size_t parts_of_a_request = 3;
        if (list.empty() && open_.size() == 1) list.reserve(parts_of_a_request);
        return list.emplace_back(std::move(value));
    }

    bool open(Value&& container) {
        if (open_.size() == max_depth_)
            return refuse(stream_->Tell(), "nested deeper than " + std::to_string(max_depth_));
        open_.push_back(&place(std::move(container)));
        return true;
    }

    bool close() {
        open_.pop_back();
        return true;
    }

    /// \returns the token of a JSON Pointer to what was placed last into an array or object
    static std::string token_of_last_part(const Value& container) {
        if (container.is_object()) return pointer_token(std::prev(container.as_object().end())->first);
        return "/" + std::to_string(container.as_list().size() - 1);
    }

    bool refuse(std::size_t offset, std::string reason) {
        fault_ = Fault{offset, std::move(reason)};
        return false;
    }

    bool refuse_surrogate() { return refuse(start_of_string(), "half of a surrogate pair in a \\u escape"); }

    /// \returns the position of the opening quote of the string whose closing quote was read last
    [[nodiscard]] std::size_t start_of_string() const {
        const char* quote = stream_->src_ - 2;
        // A quote within the string follows a backslash, but the opening quote does not.
        while (*quote != '"' || (quote != stream_->begin_ && quote[-1] == '\\')) --quote;
        return static_cast<std::size_t>(quote - stream_->begin_);
    }

    const rapidjson::MemoryStream* stream_;
    std::size_t max_depth_;
    Value root_;
    std::vector<Value*> open_;  ///< the arrays and objects whose end has not been read, each in the one before it
    std::string key_;           ///< of the member whose value is read next
    std::optional<Fault> fault_;
};

namespace {

std::string_view reason_of(rapidjson::ParseErrorCode code, std::string_view text, std::size_t offset) {
    switch (code) {
        case rapidjson::kParseErrorDocumentEmpty:
            return "there is no value";
        case rapidjson::kParseErrorDocumentRootNotSingular:
            return "something follows the value";
        case rapidjson::kParseErrorObjectMissName:
            return "missing a key in quotes";
        case rapidjson::kParseErrorObjectMissColon:
            return "missing a colon after a key";
        case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket:
            return "missing a comma or } after an object member";
        case rapidjson::kParseErrorArrayMissCommaOrSquareBracket:
            return "missing a comma or ] after an array element";
        case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex:
            return "a \\u escape without four hexadecimal digits";
        case rapidjson::kParseErrorStringUnicodeSurrogateInvalid:
            return "half of a surrogate pair in a \\u escape";
        case rapidjson::kParseErrorStringEscapeInvalid:
            return text.substr(offset, 1) == "\\" ? "an unknown escape in a string"
                                                  : "a control character that is not escaped in a string";
        case rapidjson::kParseErrorStringMissQuotationMark:
            return "missing the closing quote of a string";
        case rapidjson::kParseErrorStringInvalidEncoding:
            return "invalid UTF-8 in a string";
        case rapidjson::kParseErrorNumberTooBig:
            return "a number that is out of range";
        case rapidjson::kParseErrorNumberMissFraction:
            return "missing digits after the point of a number";
        case rapidjson::kParseErrorNumberMissExponent:
            return "missing digits in the exponent of a number";
        default:
            return "invalid value";
    }
}

JsonError error_at(std::string_view text, std::size_t offset, std::string reason, std::string repeated_key = {}) {
    const std::string_view before = text.substr(0, offset);
    const auto line_break = before.rfind('\n');
    return {.offset = offset,
            .line = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')),
            .column = line_break == std::string_view::npos ? offset + 1 : offset - line_break,
            .reason = std::move(reason),
            .repeated_key = std::move(repeated_key)};
}

template <unsigned more_flags>
std::variant<Value, JsonError> parse(std::string_view text, std::size_t max_depth) {
    if (const std::string_view encoding = foreign_encoding(text); !encoding.empty())
        return error_at(text, 0, "the text is " + std::string{encoding} + ", expected UTF-8");
    if (text.starts_with(byte_order_mark)) {
        auto parsed = parse<more_flags>(text.substr(byte_order_mark.size()), max_depth);
        if (auto* error = std::get_if<JsonError>(&parsed)) error->offset += byte_order_mark.size();
        return parsed;
    }
    // Numbers are delivered as text: std::from_chars rounds correctly at any length and reports a number out of range.
    constexpr unsigned flags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag |
                               rapidjson::kParseNumbersAsStringsFlag | more_flags;
    rapidjson::MemoryStream stream{text.data(), text.size()};
    detail::ValueBuilder builder{stream, max_depth};
    JsonReader reader;
    const rapidjson::ParseResult result = reader.Parse<flags>(stream, builder);
    if (const auto& fault = builder.fault()) return error_at(text, fault->offset, fault->reason, fault->repeated_key);
    if (result.IsError())
        return error_at(text, result.Offset(), std::string{reason_of(result.Code(), text, result.Offset())});
    // RapidJSON treats a NUL as the end of the text.
    if (stream.Tell() != text.size()) return error_at(text, stream.Tell(), "something follows the value");
    return builder.take();
}

}  // namespace

std::variant<Value, JsonError> parse_json(std::string_view text, std::size_t max_depth) {
    return parse<rapidjson::kParseNoFlags>(text, max_depth);
}

std::variant<Value, JsonError> parse_json_with_comments(std::string_view text) {
    constexpr std::size_t max_depth = 64;
    return parse<rapidjson::kParseCommentsFlag>(text, max_depth);
}

}  // namespace servicekit
