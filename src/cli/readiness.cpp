#include "cli/readiness.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "cli/text.hpp"

namespace servicekit::cli {
namespace {

/// Checks that are named, and how much of each text is shown. The service escapes its texts and limits them.
constexpr std::size_t most_named_checks = 3;
constexpr std::size_t longest_shown_name = 64;
constexpr std::size_t longest_shown_reason = 400;

std::string text_in(const Object& check, const char* key, std::size_t longest) {
    return std::string{cut(check.get<std::string>(key, {}), longest)};
}

bool has_text(const Object& object, const char* key) {
    const Value* const value = object.find(key);
    return value != nullptr && value->is_string();
}

/// Returns true for a check as the library reports it. An application without checks may have a field of this name.
bool is_check(const Value& value) {
    constexpr std::array<std::string_view, 4> results{"pending", "ok", "failed", "timed-out"};
    if (!value.is_object() || !has_text(value.as_object(), "name") || !has_text(value.as_object(), "result"))
        return false;
    const auto result = value.as_object().get<std::string>("result");
    return std::find(results.begin(), results.end(), result) != results.end();
}

bool is_critical(const Object& check) {
    const Value* const critical = check.find("critical");
    return critical != nullptr && *critical == Value{true};
}

std::string in_words(const Object& check) {
    const std::string subject = "check '" + text_in(check, "name", longest_shown_name) + "' ";
    const std::string result = text_in(check, "result", longest_shown_name);
    if (result == "pending") return subject + "has no result yet";
    const std::string reason = has_text(check, "reason") ? text_in(check, "reason", longest_shown_reason) : "";
    return subject + (result == "timed-out" ? "timed out" : result) + (reason.empty() ? "" : ": " + reason);
}

/// Names the checks of the list for which `is_meant` returns true.
template <class IsMeant>
std::string name_checks(const Object& status, const IsMeant& is_meant) {
    std::string text;
    std::size_t count = 0;
    for (const Value& check : checks_in(status)) {
        if (!is_meant(check.as_object()) || ++count > most_named_checks) continue;
        text += (count == 1 ? "" : "; ") + in_words(check.as_object());
    }
    return count > most_named_checks ? text + "; and " + std::to_string(count - most_named_checks) + " more" : text;
}

}  // namespace

Value::List checks_in(const Object& status) {
    const Value* const found = status.find("checks");
    Value::List checks;
    if (found == nullptr || !found->is_list()) return checks;
    for (const Value& check : found->as_list()) {
        if (!is_check(check)) return {};
        checks.push_back(check);
    }
    return checks;
}

std::string obstacle_to_readiness(const Object& status) {
    const Value* const busy = status.find("busy");
    // If the application replaces the reload event, the state does not change.
    if (busy != nullptr && busy->is_object() && busy->as_object().get<std::string>("event", {}) == "reload")
        return "reloading";
    if (const std::string state = status.get<std::string>("state", {}); state != "running")
        return state.empty() ? "in an unknown state" : state;
    return name_checks(status, [](const Object& check) {
        return is_critical(check) && text_in(check, "result", longest_shown_name) != "ok";
    });
}

std::string failing_checks(const Object& status) {
    return name_checks(status, [](const Object& check) {
        const std::string result = text_in(check, "result", longest_shown_name);
        return result != "ok" && result != "pending";
    });
}

}  // namespace servicekit::cli
