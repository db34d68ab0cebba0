#include "policies/log/json_line.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/rfc3339.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::policies {
namespace {

constexpr std::array<std::string_view, 7> own_keys{"time", "level", "service", "pid", "message", "channel", "source"};

void append_json_key(std::string& out, std::string_view key) {
    out += ',';
    append_json_string(out, key);
    out += ':';
}

/// Appends numbers and Booleans as such, all else as text.
void append_value(std::string& out, const LogValue& value) {
    const bool is_number = value.kind() == LogValue::Kind::integer || value.kind() == LogValue::Kind::natural ||
                           (value.kind() == LogValue::Kind::number && std::isfinite(value.number()));
    if ((is_number && value.suffix().empty()) || value.kind() == LogValue::Kind::boolean) return value.append_to(out);
    std::string text;
    value.append_to(text);
    append_json_string(out, text);
}

void append_field(std::string& out, std::span<const LogField> fields, std::size_t at) {
    std::string key{fields[at].key};
    const auto earlier = fields.first(at);
    const auto is_taken = [&] {
        return std::find(own_keys.begin(), own_keys.end(), key) != own_keys.end() ||
               std::any_of(earlier.begin(), earlier.end(), [&](const LogField& other) { return other.key == key; });
    };
    while (is_taken()) key += '_';
    append_json_key(out, key);
    append_value(out, fields[at].value);
}

}  // namespace

void append_json_line(std::string& out, const LogRecord& record, std::string_view service, pid_t pid) {
    out += R"({"time":")";
    append_rfc3339(out, record.time, TimePrecision::microseconds);
    out += R"(","level":")";
    out += to_string(record.level);
    out += R"(","service":)";
    append_json_string(out, service);
    out += R"(,"pid":)";
    out += std::to_string(pid);
    out += R"(,"message":)";
    append_json_string(out, record.message);
    if (!record.channel.empty()) {
        append_json_key(out, "channel");
        append_json_string(out, record.channel);
    }
    for (std::size_t at = 0; at < record.fields.size(); ++at) append_field(out, record.fields, at);
    if (record.source.file != nullptr) {
        append_json_key(out, "source");
        append_json_string(out, std::string{record.source.file} + ':' + std::to_string(record.source.line));
    }
    out += "}\n";
}

}  // namespace servicekit::policies
