#include "policies/daemon/start_report.hpp"

#include <cstdint>
#include <limits>
#include <utility>

#include "servicekit/base/json.hpp"
#include "servicekit/base/value.hpp"

namespace servicekit::policies {
namespace {

constexpr std::string_view pid_key = "pid";
constexpr std::string_view log_key = "log";
constexpr std::string_view extended_key = "extended-ms";
constexpr std::string_view ready_key = "ready";
constexpr std::string_view exit_code_key = "exit-code";
constexpr std::string_view action_key = "action";
constexpr std::string_view object_key = "object";
constexpr std::string_view reason_key = "reason";
constexpr std::string_view errno_key = "errno";

Object fields_of(const Born& born) { return {{std::string{pid_key}, born.pid}}; }

Object fields_of(const LogsTo& log) { return {{std::string{log_key}, log.file}}; }

Object fields_of(const Extended& extended) { return {{std::string{extended_key}, extended.time.count()}}; }

Object fields_of(const Ready& /*ready*/) { return {{std::string{ready_key}, true}}; }

Object fields_of(const Error& error) {
    return {{std::string{exit_code_key}, to_int(error.exit_code)},
            {std::string{action_key}, error.action},
            {std::string{object_key}, error.object},
            {std::string{reason_key}, error.reason},
            {std::string{errno_key}, error.errno_value}};
}

std::optional<int> integer_in(const Object& fields, std::string_view key, int minimum, int maximum) {
    const Value* value = fields.find(key);
    if (value == nullptr || !value->is_integer()) return std::nullopt;
    const std::int64_t number = value->as_integer();
    if (number < minimum || number > maximum) return std::nullopt;
    return static_cast<int>(number);
}

std::string line_of(const Crashed& crash) { return std::string{crash_line_begin} + crash.what; }

template <class Fact>
std::string line_of(const Fact& fact) {
    return to_json(fields_of(fact));
}

}  // namespace

std::string to_line(const StartReport& report) {
    return std::visit([](const auto& fact) { return line_of(fact); }, report) + '\n';
}

std::optional<StartReport> start_report_from(std::string_view line) {
    if (line.starts_with(crash_line_begin)) return Crashed{std::string{line.substr(crash_line_begin.size())}};
    const auto parsed = parse_json(line);
    const Value* value = std::get_if<Value>(&parsed);
    if (value == nullptr || !value->is_object()) return std::nullopt;
    const Object& fields = value->as_object();

    if (const auto pid = integer_in(fields, pid_key, 1, std::numeric_limits<pid_t>::max())) return Born{*pid};
    if (auto file = fields.get<std::string>(log_key, {}); !file.empty()) return LogsTo{std::move(file)};
    if (const auto time = integer_in(fields, extended_key, 0, std::numeric_limits<int>::max()))
        return Extended{std::chrono::milliseconds{*time}};
    if (fields.contains(ready_key)) return Ready{};
    const auto exit_code = integer_in(fields, exit_code_key, 1, 255);
    if (!exit_code) return std::nullopt;
    return Error{.exit_code = static_cast<ExitCode>(*exit_code),
                 .action = fields.get<std::string>(action_key, {}),
                 .object = fields.get<std::string>(object_key, {}),
                 .reason = fields.get<std::string>(reason_key, {}),
                 .errno_value = integer_in(fields, errno_key, 0, std::numeric_limits<int>::max()).value_or(0)};
}

}  // namespace servicekit::policies
