#include "servicectl/web/service_lines.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/sip_hash.hpp"
#include "cli/readiness.hpp"
#include "cli/text.hpp"
#include "servicectl/places.hpp"
#include "servicectl/survey.hpp"

namespace servicekit::servicectl::web {
namespace {

using State = Finding::State;

constexpr std::size_t longest_cell = 1024;
constexpr std::size_t most_status_fields = 200;
constexpr std::size_t most_events = 300;
constexpr std::size_t most_parameters = 64;
constexpr std::size_t most_choices = 64;

/// Returns 12 hexadecimal digits that depend on the place of the service.
std::string hash_of(const ServiceRow& row) {
    constexpr std::array<std::uint64_t, 2> key{0x7365727669636563, 0x746c2d7765622d31};
    constexpr std::string_view digits = "0123456789abcdef";
    constexpr std::size_t length = 12;
    std::uint64_t rest = sip_hash(row.identity(), key);
    std::string text;
    for (std::size_t i = 0; i < length; ++i, rest >>= 4U) text += digits[rest & 0xfU];
    return text;
}

std::string cut(std::string_view text) { return std::string{cli::cut(text, longest_cell)}; }
std::string text_in(const Object& object, std::string_view key) {
    return cut(object.get<std::string>(key, std::string{}));
}

/// Returns true for events without a form: they only read, have a button, or end the service without a question.
bool has_other_place(std::string_view event) {
    constexpr std::array<std::string_view, 16> others{
        "start",     "stop",      "kill",    "load",    "reload", "status", "events",         "settings",
        "log-level", "log-flush", "crashes", "metrics", "cancel", "follow", "interrupt-eval", "health"};
    return std::find(others.begin(), others.end(), event) != others.end();
}

std::optional<std::string> text_of(const Object& object, const char* key) {
    const Value* const value = object.find(key);
    if (value == nullptr || value->is_null()) return std::nullopt;
    return cut(cli::plain_text(*value));
}

ParameterField field_of(const Object& parameter) {
    ParameterField field{.name = text_in(parameter, "name"),
                         .type = text_in(parameter, "type"),
                         .help = text_in(parameter, "description"),
                         .is_required = parameter.get<bool>("required", false),
                         .is_secret = parameter.get<bool>("secret", false),
                         .minimum = text_of(parameter, "minimum"),
                         .maximum = text_of(parameter, "maximum")};
    if (!field.is_secret) field.default_value = text_of(parameter, "default");
    if (const Value* const choices = parameter.find("choices"); choices != nullptr && choices->is_list())
        for (const Value& choice : choices->as_list())
            if (field.choices.size() < most_choices) field.choices.push_back(cut(cli::plain_text(choice)));
    return field;
}

}  // namespace

ServiceIds::ServiceIds(const std::vector<const ServiceRow*>& rows, const os::Host& host) {
    const auto is_others = [&host](const ServiceRow* row) { return is_of_another_user(row->service.place, host); };
    std::map<std::string, std::vector<const ServiceRow*>> by_name;
    for (const ServiceRow* row : rows) by_name[row->service.place.name()].push_back(row);
    for (const auto& [name, same] : by_name) {
        auto trusted = same;
        if (same.size() > 1) std::erase_if(trusted, is_others);
        for (const ServiceRow* row : same) {
            std::string longer = name + "." + hash_of(*row);
            ids_[row] = trusted.size() == 1 && trusted.front() == row ? name : longer;
            rows_.emplace(std::move(longer), row);
        }
    }
    // A service may be named like the longer id of another. Those of this user come first.
    for (const bool others : {false, true})
        for (const auto& [row, id] : ids_)
            if (is_others(row) == others) rows_.emplace(id, row);
}

std::string ServiceIds::of(const ServiceRow& row) const { return ids_.at(&row); }

const ServiceRow* ServiceIds::find(std::string_view id) const {
    const auto found = rows_.find(id);
    return found == rows_.end() ? nullptr : found->second;
}

ServiceLine line_of(const ServiceRow& row, std::string id) {
    const Object& fields = row.service.fields;
    const Finding& finding = row.service.finding;
    ServiceLine line{.id = std::move(id),
                     .name = row.service.place.name(),
                     .state = cut(state_in_words(finding)),
                     .reason = text_in(fields, "reason"),
                     .is_running = is_running(finding),
                     .user = text_in(fields, "user"),
                     .cpu = row.cpu,
                     .version = text_in(fields, "version")};
    const std::string health = fields.get<std::string>("health", {});
    if (health == "ready")
        line.health = ServiceLine::Health::ready;
    else if (!health.empty())
        line.health = ServiceLine::Health::not_ready;
    if (line.health == ServiceLine::Health::not_ready) {
        if (finding.state == State::answers) line.health_reason = cut(cli::obstacle_to_readiness(finding.status));
        if (line.health_reason.empty()) line.health_reason = cut(health);
    }
    if (finding.pid > 0) line.pid = finding.pid;
    if (fields.contains("uptime")) line.uptime = std::chrono::seconds{fields.get<std::int64_t>("uptime", 0)};
    if (finding.usage) line.memory = finding.usage->memory;
    if (const Value* const busy = fields.find("busy"); busy != nullptr && busy->is_object())
        line.busy = text_in(busy->as_object(), "event");
    return line;
}

std::vector<std::pair<std::string, std::string>> status_fields(const Object& status) {
    constexpr std::array<std::string_view, 6> in_line{"pid", "name", "state", "uptime", "version", "checks"};
    std::vector<std::pair<std::string, std::string>> fields;
    for (const auto& [key, value] : status) {
        if (std::find(in_line.begin(), in_line.end(), key) != in_line.end()) continue;
        if (fields.size() == most_status_fields) break;
        fields.emplace_back(cut(key), cut(cli::plain_text(value)));
    }
    return fields;
}

std::vector<std::string> checks_in_words(const Object& status) {
    constexpr std::size_t most_checks = 100;
    std::vector<std::string> words;
    const Value* const checks = status.find("checks");
    if (checks == nullptr || !checks->is_list()) return words;
    for (const Value& one : checks->as_list()) {
        if (words.size() == most_checks) break;
        if (!one.is_object()) continue;
        const Object& check = one.as_object();
        std::string text = text_in(check, "name") + ": " + text_in(check, "result");
        if (const std::string reason = text_in(check, "reason"); !reason.empty()) text += ": " + reason;
        if (check.contains("age")) text += " (" + std::to_string(check.get<std::int64_t>("age", 0)) + " s ago)";
        if (!check.get<bool>("critical", false)) text += ", not critical";
        words.push_back(cut(text));
    }
    return words;
}

std::vector<EventForm> event_forms(const Object& reply, const std::string& why_not) {
    std::vector<EventForm> forms;
    const Value* const events = reply.find("events");
    if (events == nullptr || !events->is_list()) return forms;
    for (const Value& one : events->as_list()) {
        if (forms.size() == most_events) break;
        if (!one.is_object()) continue;
        const Object& event = one.as_object();
        EventForm form{.name = text_in(event, "name"),
                       .help = text_in(event, "description"),
                       .role = text_in(event, "needs"),
                       .why_not = why_not};
        if (form.name.empty() || has_other_place(form.name)) continue;
        if (form.role == "owner") form.why_not = "events that need the role owner are never offered here";
        if (const Value* const parameters = event.find("parameters"); parameters != nullptr && parameters->is_list()) {
            for (const Value& parameter : parameters->as_list()) {
                if (!parameter.is_object()) continue;
                if (form.parameters.size() == most_parameters)
                    form.why_not = "it has too many parameters for a form";
                else
                    form.parameters.push_back(field_of(parameter.as_object()));
            }
        }
        forms.push_back(std::move(form));
    }
    return forms;
}

bool may_run(const std::vector<EventForm>& forms, std::string_view event) {
    return std::any_of(forms.begin(), forms.end(),
                       [event](const EventForm& form) { return form.name == event && form.why_not.empty(); });
}

Unit unit_in(std::string_view cgroups) {
    constexpr std::string_view suffix = ".service";
    while (!cgroups.empty()) {
        const std::size_t end = std::min(cgroups.find('\n'), cgroups.size());
        const std::string_view line = cgroups.substr(0, end);
        cgroups.remove_prefix(std::min(end + 1, cgroups.size()));
        // The unified hierarchy, or that of systemd beside others.
        if (!line.starts_with("0::/") && line.find(":name=systemd:/") == std::string_view::npos) continue;
        Unit unit;
        std::string_view rest = line.substr(line.find(":/") + 1);
        std::string_view last;
        while (!rest.empty()) {
            rest.remove_prefix(1);
            const std::size_t slash = std::min(rest.find('/'), rest.size());
            last = rest.substr(0, slash);
            if (last.starts_with("user@") && last.ends_with(suffix)) unit.is_of_user = true;
            if (last.ends_with(suffix) && !last.starts_with("user@")) unit.name = last;
            // A scope, such as that of a session, was not started as a unit.
            if (last.ends_with(".scope")) return {};
            rest.remove_prefix(slash);
        }
        return unit.name.empty() ? Unit{} : unit;
    }
    return {};
}

}  // namespace servicekit::servicectl::web
