#include "policies/log/log_line.hpp"

#include <algorithm>
#include <cstddef>

#include "base/escaped_text.hpp"
#include "base/rfc3339.hpp"

namespace servicekit::policies {
namespace {

/// Appends the key so that a reader can tell it from the value after it.
void append_key(std::string& out, std::string_view key) {
    while (!key.empty()) {
        const std::size_t length = plain_character(key);
        const bool fits = length > 0 && key.front() != ' ' && key.front() != '=' && key.front() != '"';
        if (fits)
            out += key.substr(0, length);
        else
            out += '_';
        key.remove_prefix(std::max<std::size_t>(length, 1));
    }
}

/// Appends the text as it is if it reads as one word, else in quotes.
void append_value(std::string& out, std::string_view text) {
    const auto breaks_word = [](char letter) {
        return static_cast<unsigned char>(letter) <= ' ' || letter == '"' || letter == '\\' || letter == '=';
    };
    if (!text.empty() && std::none_of(text.begin(), text.end(), breaks_word)) return append_escaped(out, text);
    out += '"';
    for (std::size_t plain = 0; plain < text.size();) {
        const std::size_t special = std::min(text.find_first_of("\"\\", plain), text.size());
        append_escaped(out, text.substr(plain, special - plain));
        if (special < text.size()) (out += '\\') += text[special];
        plain = special + 1;
    }
    out += '"';
}

}  // namespace

void append_fields(std::string& out, const LogRecord& record) {
    const auto append = [&out](std::string_view key, std::string_view value) {
        out += ' ';
        append_key(out, key);
        out += '=';
        append_value(out, value);
    };
    for (const LogField& field : record.fields) {
        std::string value;
        field.value.append_to(value);
        append(field.key, value);
    }
    if (!record.channel.empty()) append("channel", record.channel);
    if (record.source.file != nullptr)
        append("source", std::string{record.source.file} + ':' + std::to_string(record.source.line));
}

[[gnu::hot]] void append_log_line(std::string& out, const LogRecord& record, std::string_view source) {
    append_rfc3339(out, record.time, TimePrecision::microseconds);
    // Single letters are appended as texts, so that one function appends everything.
    out += " ";
    out += to_string(record.level);
    out += " ";
    out += source;
    out += ": ";
    append_escaped(out, record.message);
    if (!record.fields.empty() || !record.channel.empty() || record.source.file != nullptr) append_fields(out, record);
    out += "\n";
}

}  // namespace servicekit::policies
