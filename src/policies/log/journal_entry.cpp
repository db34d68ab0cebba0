#include "policies/log/journal_entry.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/escaped_text.hpp"
#include "policies/log/syslog_level.hpp"

namespace servicekit::policies {
namespace {

constexpr std::size_t longest_name = 64;
/// Field names that journald uses for the message itself.
constexpr std::array<std::string_view, 10> taken{
    "MESSAGE",          "PRIORITY",           "SYSLOG_IDENTIFIER", "SYSLOG_PID", "SYSLOG_FACILITY",
    "SYSLOG_TIMESTAMP", "SERVICEKIT_CHANNEL", "CODE_FILE",         "CODE_LINE",  "CODE_FUNC"};

char upper(char letter) { return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter; }

bool is_letter(char letter) { return letter >= 'A' && letter <= 'Z'; }

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

// A value with a newline is preceded by its length, as 64 bits with the least byte first.
void append_field(std::string& out, std::string_view name, std::string_view value) {
    constexpr std::size_t length_bytes = 8;
    const bool has_lines = value.find('\n') != std::string_view::npos;
    out += name;
    out += has_lines ? '\n' : '=';
    if (has_lines) out.append(length_bytes, '\0');
    const std::size_t begin = out.size();
    append_escaped(out, value, Breaks::allow);
    if (has_lines)
        for (std::uint64_t at = begin - length_bytes, size = out.size() - begin; at < begin; ++at, size >>= 8U)
            out[at] = static_cast<char>(size & 0xffU);
    out += '\n';
}

}  // namespace

std::string journal_field_name(std::string_view key) {
    std::string name;
    for (const char letter : key.substr(0, longest_name)) {
        const char wanted = upper(letter);
        name += is_letter(wanted) || is_digit(wanted) ? wanted : '_';
    }
    const bool is_own = std::find(taken.begin(), taken.end(), name) != taken.end();
    if (is_own || name.empty() || !is_letter(name.front())) name.insert(0, "FIELD_");
    name.resize(std::min(name.size(), longest_name));
    return name;
}

void append_journal_entry(std::string& out, const LogRecord& record, std::string_view service, pid_t pid) {
    append_field(out, "PRIORITY", std::string_view{std::array{syslog_level(record.level)}.data(), 1});
    append_field(out, "SYSLOG_IDENTIFIER", service);
    append_field(out, "SYSLOG_PID", std::to_string(pid));
    if (record.source.file != nullptr) {
        append_field(out, "CODE_FILE", record.source.file);
        append_field(out, "CODE_LINE", std::to_string(record.source.line));
        if (record.source.function != nullptr) append_field(out, "CODE_FUNC", record.source.function);
    }
    if (!record.channel.empty()) append_field(out, "SERVICEKIT_CHANNEL", record.channel);
    std::string value;
    for (const LogField& field : record.fields) {
        value.clear();
        field.value.append_to(value);
        append_field(out, journal_field_name(field.key), value);
    }
    append_field(out, "MESSAGE", record.message);
}

}  // namespace servicekit::policies
