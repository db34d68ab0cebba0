#include "core/settings_in_force.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace servicekit {
namespace {

constexpr std::string_view hidden = "***";

Value octal_text(mode_t permissions) {
    std::string digits;
    for (int shift = 6; shift >= 0; shift -= 3) digits += static_cast<char>('0' + (permissions >> shift & 7U));
    return digits;
}

Value list_of(const std::vector<std::string>& texts) { return Value::List(texts.begin(), texts.end()); }

Value seconds_of(std::chrono::milliseconds time) {
    if (time.count() % 1000 == 0) return time.count() / 1000;
    return static_cast<double>(time.count()) / 1000.0;
}

/// What the policies say, by the names of the settings.
Object by_setting(const LogPlan& log, const ControlAccess& control) {
    Object values;
    const auto add = [&values]<class T>(std::string_view name, const std::optional<T>& found, auto as_value) {
        if (found) values.append(std::string{name}, as_value(*found));
    };
    const auto same = [](auto value) { return Value{value}; };
    const auto text = [&values](std::string_view name, const std::string& found) {
        if (!found.empty()) values.append(std::string{name}, found);
    };
    add(setting::control_mode.name, control.permissions, octal_text);
    text(setting::control_owner.name, control.owner);
    text(setting::control_group.name, control.group);
    add(setting::control_read.name, control.read, list_of);
    add(setting::control_operate.name, control.operate, list_of);
    add(setting::control_admin.name, control.admin, list_of);
    add(setting::log_format.name, log.format,
        [](LineFormat format) { return Value{format == LineFormat::json ? "json" : "text"}; });
    add(setting::log_source.name, log.shows_source, same);
    add(setting::no_log_copy.name, log.copies_to_terminal, [](bool copies) { return Value{!copies}; });
    add(setting::log_delay.name, log.delay, seconds_of);
    add(setting::log_mode.name, log.permissions, octal_text);
    text(setting::log_group.name, log.group);
    add(setting::log_rotate_size.name, log.rotate_size, same);
    add(setting::log_rotate_every.name, log.rotate_every,
        [](std::chrono::seconds time) { return Value{time.count()}; });
    add(setting::log_keep.name, log.keep_files, same);
    add(setting::log_keep_size.name, log.keep_bytes, same);
    add(setting::log_compress.name, log.compress, same);
    if (!log.command.empty()) values.append(std::string{setting::log_command.name}, list_of(log.command));
    return values;
}

/// What follows from other settings.
const std::string* place_of(std::string_view setting, const Paths& paths) {
    if (setting == setting::name.name) return &paths.name;
    if (setting == setting::run_directory.name) return &paths.run_directory;
    if (setting == setting::pid_file.name) return &paths.pid_file;
    if (setting == setting::control_socket.name) return &paths.control_socket;
    if (setting == setting::log_file.name) return &paths.log_file;
    if (setting == setting::crash_directory.name) return &paths.crash_directory;
    return nullptr;
}

/// Whether a policy has a default of its own for it, if it uses it.
bool is_of_policies(std::string_view name) {
    constexpr std::array<std::string_view, 14> settings{
        setting::control_mode.name,    setting::control_read.name,     setting::control_operate.name,
        setting::control_admin.name,   setting::log_format.name,       setting::log_source.name,
        setting::no_log_copy.name,     setting::log_delay.name,        setting::log_mode.name,
        setting::log_rotate_size.name, setting::log_rotate_every.name, setting::log_keep.name,
        setting::log_keep_size.name,   setting::log_compress.name};
    return std::find(settings.begin(), settings.end(), name) != settings.end();
}

bool looks_secret(std::string_view key) {
    std::string lower{key};
    for (char& letter : lower)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    constexpr std::array<std::string_view, 7> words{"password",   "passwd", "passphrase", "secret",
                                                    "credential", "token",  "private"};
    return lower.ends_with("key") || std::any_of(words.begin(), words.end(), [&](std::string_view word) {
               return lower.find(word) != std::string::npos;
           });
}

/// "https://me:***@host/"
std::string without_password(std::string text) {
    const auto scheme = text.find("://");
    if (scheme == std::string::npos) return text;
    const std::size_t begin = scheme + 3;
    const std::size_t end = std::min(text.find('/', begin), text.size());
    const auto at = text.rfind('@', end);
    if (at == std::string::npos || at < begin) return text;
    const auto colon = text.find(':', begin);
    if (colon < at) text.replace(colon + 1, at - colon - 1, hidden);
    return text;
}

Value for_people(const Value& value) {
    if (value.is_string()) return without_password(value.as_string());
    if (value.is_list()) {
        Value::List shown;
        for (const Value& item : value.as_list()) shown.push_back(for_people(item));
        return shown;
    }
    if (!value.is_object()) return value;
    Object shown;
    for (const auto& [key, member] : value.as_object())
        shown.append(key, looks_secret(key) ? Value{hidden} : for_people(member));
    return shown;
}

}  // namespace

std::vector<SettingInForce> settings_in_force(const Settings& settings, const Paths& paths, const LogPlan& log,
                                              const ControlAccess& control) {
    const Object of_policies = by_setting(log, control);
    std::vector<SettingInForce> rows;
    for (const std::string_view name : Settings::names()) {
        SettingInForce row{.name = name, .value = settings.value(name), .origin = to_string(settings.layer_of(name))};
        const bool is_set = !row.value.is_null();
        if (const std::string* place = place_of(name, paths); place != nullptr && !place->empty()) {
            row.value = *place;
            if (!is_set) row.origin = "follows from the others";
        } else if (!is_set) {
            const Value* found = of_policies.find(name);
            if (found != nullptr) row.value = *found;
            row.origin = found != nullptr ? "policy" : is_of_policies(name) ? "not used" : "not set";
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

Value app_in_words(const Value& app, const std::set<std::string>& secret_keys) {
    Value shown = for_people(app);
    if (!shown.is_object()) return shown;
    Object members = std::move(shown).as_object();
    for (const std::string& key : secret_keys)
        if (Value* value = members.find(key)) *value = hidden;
    return members;
}

}  // namespace servicekit
