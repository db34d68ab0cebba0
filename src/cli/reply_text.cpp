#include "cli/reply_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/readiness.hpp"
#include "cli/text.hpp"

namespace servicekit::cli {
namespace {

using Row = std::vector<std::string>;

/// Fields of the status that have a row of their own, or that are only for programs.
constexpr std::array<std::string_view, 9> not_own{"name",       "version",        "state", "pid",     "uptime",
                                                  "started-at", "control-socket", "busy",  "pid-file"};

std::string field_text(const Object& object, std::string_view key) {
    const Value* value = object.find(key);
    return value != nullptr ? plain_text(*value) : std::string{};
}

std::string seconds_in_words(const Object& object, std::string_view key) {
    constexpr double most = 1e15;
    const Value* value = object.find(key);
    if (value == nullptr || !value->is_number() || !(std::abs(value->as_number()) < most)) return {};
    return duration_in_words(std::chrono::seconds{static_cast<std::chrono::seconds::rep>(value->as_number())});
}

const Value::List& list_of(const Object& object, std::string_view key) {
    static const Value::List none;
    const Value* value = object.find(key);
    return value != nullptr && value->is_list() ? value->as_list() : none;
}

/// Returns for example "directory=PATH", in brackets if it is optional.
std::string signature(const Object& parameter) {
    std::string type = field_text(parameter, "type");
    std::transform(type.begin(), type.end(), type.begin(), [](char letter) {
        return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 32) : letter;
    });
    const std::string text = field_text(parameter, "name") + "=" + type;
    const Value* required = parameter.find("required");
    const bool is_required = required != nullptr && required->is_bool() && required->as_bool();
    return is_required ? text : "[" + text + "]";
}

/// Returns "1 to 9", "at least 1" or "at most 9"; empty if there are no limits.
std::string range_text(const Object& parameter) {
    const std::string minimum = field_text(parameter, "minimum");
    const std::string maximum = field_text(parameter, "maximum");
    if (!minimum.empty() && !maximum.empty()) return minimum + " to " + maximum;
    if (!minimum.empty()) return "at least " + minimum;
    return maximum.empty() ? maximum : "at most " + maximum;
}

/// Returns true for the service's list of its work; the application may have a field with the same name.
bool is_list_of_work(std::string_view key, const Value& value) {
    if ((key != "runs" && key != "queue" && key != "timers") || !value.is_list()) return false;
    return std::all_of(value.as_list().begin(), value.as_list().end(), [](const Value& item) {
        return item.is_object() && (item.as_object().contains("event") || item.as_object().contains("name"));
    });
}

/// Returns for example "database, critical, failed 3 seconds ago: connection refused".
std::string check_text(const Object& check) {
    std::string text = field_text(check, "name");
    const Value* const critical = check.find("critical");
    if (critical != nullptr && *critical == Value{true}) text += ", critical";
    text += ", " + field_text(check, "result");
    if (const std::string age = seconds_in_words(check, "age"); !age.empty()) text += " " + age + " ago";
    const std::string reason = field_text(check, "reason");
    return reason.empty() ? text : text + ": " + reason;
}

/// Returns for example "7 upload, for 3 s, by uid 0, pid 60" or "sweep, every 60 s, next 2026-11-30T12:00:00Z".
std::string work_text(const Object& work) {
    if (!work.contains("event")) {
        const std::string interval = field_text(work, "interval");
        return field_text(work, "name") + (interval.empty() ? "" : ", every " + interval + " s") + ", next " +
               field_text(work, "next");
    }
    std::string text =
        field_text(work, "id") + " " + field_text(work, "event") + ", for " + seconds_in_words(work, "seconds");
    const Value* caller = work.find("caller");
    if (caller == nullptr || !caller->is_object()) return text;
    const char* before = ", by ";
    for (const char* key : {"uid", "pid"})
        if (const std::string number = field_text(caller->as_object(), key); !number.empty())
            text += std::exchange(before, ", ") + std::string{key} + " " + number;
    return text;
}

}  // namespace

std::string status_text(const Object& reply) {
    std::vector<Row> rows;
    const auto add = [&rows](std::string name, std::string text) {
        if (!text.empty()) rows.push_back({std::move(name), std::move(text)});
    };
    const std::string version = field_text(reply, "version");
    add("name", field_text(reply, "name") + (version.empty() ? "" : " " + version));
    add("state", field_text(reply, "state"));
    add("pid", field_text(reply, "pid"));
    add("uptime", seconds_in_words(reply, "uptime"));
    if (const Value* busy = reply.find("busy"); busy != nullptr && busy->is_object())
        add("busy", field_text(busy->as_object(), "event") + ", for " + seconds_in_words(busy->as_object(), "seconds"));
    for (const auto& [key, value] : reply) {
        if (std::find(not_own.begin(), not_own.end(), key) != not_own.end()) continue;
        std::string name = key;
        const Value::List checks = key == "checks" ? checks_in(reply) : Value::List{};
        if (is_list_of_work(key, value))
            for (const Value& item : value.as_list()) add(std::exchange(name, {}), work_text(item.as_object()));
        else if (!checks.empty())
            for (const Value& check : checks) add(std::exchange(name, {}), check_text(check.as_object()));
        else
            add(key, plain_text(value));
    }
    return table(rows);
}

std::string parameter_text(const Object& parameter) {
    std::string text = field_text(parameter, "description");
    const auto add = [&text](const std::string& more) {
        if (!more.empty()) text += (text.empty() ? "" : "; ") + more;
    };
    add(range_text(parameter));
    const Value* secret = parameter.find("secret");
    if (secret != nullptr && *secret == Value{true}) add("secret");
    const Value* fallback = parameter.find("default");
    if (fallback != nullptr && !fallback->is_null()) add(plain_text(*fallback) + " unless given");
    return text;
}

std::string events_text(const Object& reply) {
    std::string text;
    for (const Value& item : list_of(reply, "events")) {
        if (!item.is_object()) continue;
        const Object& event = item.as_object();
        text += field_text(event, "name");
        std::vector<Row> rows;
        for (const Value& parameter : list_of(event, "parameters")) {
            if (!parameter.is_object()) continue;
            text += " " + signature(parameter.as_object());
            Row row{"      " + field_text(parameter.as_object(), "name")};
            if (std::string meaning = parameter_text(parameter.as_object()); !meaning.empty())
                row.push_back(std::move(meaning));
            rows.push_back(std::move(row));
        }
        text += "\n";
        if (const std::string description = field_text(event, "description"); !description.empty())
            text += "    " + description + "\n";
        if (const std::string role = field_text(event, "needs"); !role.empty()) text += "    role: " + role + "\n";
        text += table(rows);
    }
    return text;
}

std::string cancel_text(const Object& reply) {
    const std::string event = "'" + field_text(reply, "event") + "'";
    return field_text(reply, "result") == "cancelled" ? event + " was taken out of the queue"
                                                      : event + " runs, and was asked to end";
}

std::string reload_text(const Object& reply) {
    std::vector<Row> rows;
    for (const std::string_view key : {"applied", "needs-restart"}) {
        std::string names;
        for (const Value& name : list_of(reply, key)) names += (names.empty() ? "" : ", ") + plain_text(name);
        if (!names.empty()) rows.push_back({std::string{key}, names});
    }
    return rows.empty() ? "nothing changed\n" : table(rows);
}

}  // namespace servicekit::cli
