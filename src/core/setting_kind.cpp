#include "core/setting_kind.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/log_level_names.hpp"
#include "base/names.hpp"
#include "base/parse_number.hpp"
#include "base/peer_rule.hpp"
#include "base/take_up_to.hpp"
#include "servicekit/base/json.hpp"
#include "servicekit/base/log_level.hpp"

namespace servicekit {
namespace {

constexpr double longest_seconds = 1e9;
constexpr std::int64_t highest_descriptor = 1 << 30;

bool is_time(SettingKind kind) { return kind == SettingKind::seconds || kind == SettingKind::interval; }

constexpr std::array<std::string_view, 2> formats{"text", "json"};
constexpr std::array<std::string_view, 2> readinesses{"standby", "active"};
constexpr std::array<std::string_view, 2> loss_actions{"exit", "standby"};
constexpr std::array<std::string_view, 2> cluster_starts{"wait", "required"};

std::string quoted_choices(SettingKind kind) {
    std::string text;
    for (const std::string_view choice : choices_of(kind))
        text += (text.empty() ? "\"" : " or \"") + std::string{choice} + "\"";
    return text;
}

std::string words(SettingKind kind) {
    switch (kind) {
        case SettingKind::name:
            return std::string{name_rule()};
        case SettingKind::path:
            return "a path";
        case SettingKind::log_level:
            return "one of " + std::string{log_level_list};
        case SettingKind::account:
            return "a name or a number in quotes";
        case SettingKind::file_mask:
            return "an octal mask in quotes, \"000\" to \"777\"";
        case SettingKind::seconds:
            return "a number of seconds from 0 to 1000000000";
        case SettingKind::interval:
            return "a number of seconds from 1 to 1000000000";
        case SettingKind::limit:
            return "a whole number, or \"unlimited\"";
        case SettingKind::paths:
            return "a list of paths";
        case SettingKind::peers:
            return "a list of 'user:NAME', 'group:NAME', 'socket-group' or 'everyone'";
        case SettingKind::descriptor:
            return "the number of a descriptor, 3 or above";
        case SettingKind::line_format:
        case SettingKind::readiness:
        case SettingKind::loss_action:
        case SettingKind::cluster_start:
            return quoted_choices(kind);
        case SettingKind::urls:
            return "a list of URLs such as \"https://host:2379\", without a user or a password";
        case SettingKind::text:
            return "a text without control characters";
        case SettingKind::size:
            return "a number of bytes, or a text as \"64M\"";
        case SettingKind::period:
            return "a number of seconds, or \"hourly\", \"daily\" or \"weekly\"";
        case SettingKind::count:
            return "a whole number";
        case SettingKind::words:
            return "a list of a program and its arguments";
        case SettingKind::stream:
            return "\"log\", \"null\", \"inherit\", a path, or an object with \"path\", \"mode\", \"open\" and "
                   "\"fifo\"";
        case SettingKind::flag:
            break;
    }
    return "true or false";
}

/// Returns the value that was found instead, short enough for a message.
std::string found(SettingKind kind, const Value& value) {
    // A URL may have a password.
    if (kind == SettingKind::urls) return value.is_list() ? "another list" : std::string{value.type_name()};
    constexpr std::size_t longest = 80;
    if (value.is_number()) return to_json(value);
    if (value.is_string() && value.as_string().size() <= longest) return to_json(value);
    return std::string{value.type_name()};
}

bool is_text(const Value& value) {
    return value.is_string() && !value.as_string().empty() && value.as_string().find('\0') == std::string::npos;
}

bool is_control(char letter) { return (letter >= 0 && letter < ' ') || letter == 127; }

bool is_plain_text(const Value& value) {
    return is_text(value) && std::none_of(value.as_string().begin(), value.as_string().end(), &is_control);
}

/// Returns true for "http://HOST..." and "https://HOST...". A user or a password in it would be visible to others.
bool is_url(const Value& value) {
    if (!value.is_string()) return false;
    std::string_view text = value.as_string();
    constexpr std::array<std::string_view, 2> schemes{"http://", "https://"};
    const auto scheme = std::find_if(schemes.begin(), schemes.end(),
                                     [text](std::string_view known) { return text.starts_with(known); });
    if (scheme == schemes.end()) return false;
    text.remove_prefix(scheme->size());
    if (text.empty() || text.front() == '/' || text.front() == ':') return false;
    return std::none_of(text.begin(), text.end(),
                        [](char letter) { return letter <= ' ' || letter >= 127 || letter == '@' || letter == ','; });
}

bool is_file_mask(std::string_view text) {
    while (text.size() > 3 && text.front() == '0') text.remove_prefix(1);
    return !text.empty() && text.size() <= 3 &&
           std::all_of(text.begin(), text.end(), [](char digit) { return digit >= '0' && digit <= '7'; });
}

std::string three_digits(std::string mask) {
    mask.insert(0, 3, '0');
    return mask.substr(mask.size() - 3);
}

/// Returns true for a limit of setrlimit(2): a number, or "unlimited".
bool is_limit(const Value& value) {
    if (value.is_integer()) return value.as_integer() >= 0;
    if (!value.is_string()) return false;
    const std::string& text = value.as_string();
    return text == "unlimited" || parse_number<std::int64_t>(text) >= 0;
}

/// Returns a limit in the form in which it is kept: "07" and 7 are the same.
std::string limit_text(const Value& value) {
    if (value.is_integer()) return std::to_string(value.as_integer());
    return value.as_string() == "unlimited" ? "unlimited"
                                            : std::to_string(parse_number<std::int64_t>(value.as_string()).value());
}

bool all_of(const Value& value, bool (*fits)(const Value&)) {
    return value.is_list() && std::all_of(value.as_list().begin(), value.as_list().end(), fits);
}

bool is_peer(const Value& value) { return value.is_string() && parse_peer_rule(value.as_string()).has_value(); }

constexpr std::int64_t greatest_size = std::int64_t{1} << 53;

/// Parses a size such as "64M". \returns nothing if the text is not a size
std::optional<std::int64_t> size_from(std::string_view text) {
    constexpr std::string_view units = "KMG";
    const std::size_t unit = text.empty() ? std::string_view::npos : units.find(text.back());
    const std::size_t shift = unit == std::string_view::npos ? 0 : 10 * (unit + 1);
    if (shift > 0) text.remove_suffix(1);
    const auto number = parse_number<std::int64_t>(text);
    if (!number || *number < 0 || *number > (greatest_size >> shift)) return std::nullopt;
    return *number << shift;
}

std::optional<std::int64_t> period_from(std::string_view text) {
    if (text == "hourly") return 3600;
    if (text == "daily") return 86400;
    if (text == "weekly") return 7 * 86400;
    return std::nullopt;
}

bool is_count(const Value& value) {
    return value.is_integer() && value.as_integer() >= 0 && value.as_integer() <= greatest_size;
}

/// Splits a text at the separators. An empty text has no parts.
Value::List split(std::string_view text, char separator) {
    Value::List parts;
    while (!text.empty()) parts.emplace_back(take_up_to(separator, text));
    return parts;
}

bool is_stream_file(const Object& object) {
    const Value* const path = object.find("path");
    if (path == nullptr || !is_text(*path)) return false;
    return std::all_of(object.begin(), object.end(), [](const Object::Member& member) {
        const auto& [key, value] = member;
        if (key == "path") return true;
        if (key == "mode") return value.is_string() && is_file_mask(value.as_string());
        if (key == "fifo") return value.is_bool();
        return key == "open" && value.is_string() &&
               (value.as_string() == "append" || value.as_string() == "truncate" || value.as_string() == "create");
    });
}

bool is_choice(SettingKind kind, const Value& value) {
    const auto choices = choices_of(kind);
    return value.is_string() && std::find(choices.begin(), choices.end(), value.as_string()) != choices.end();
}

bool fits(SettingKind kind, const Value& value) {
    switch (kind) {
        case SettingKind::name:
            return value.is_string() && is_valid_name(value.as_string());
        case SettingKind::path:
        case SettingKind::account:
            return is_text(value);
        case SettingKind::log_level:
            return value.is_string() && log_level_from(value.as_string()).has_value();
        case SettingKind::file_mask:
            return value.is_string() && is_file_mask(value.as_string());
        case SettingKind::seconds:
            // Both comparisons are false for NaN.
            return value.is_number() && value.as_number() >= 0 && value.as_number() <= longest_seconds;
        case SettingKind::interval:
            return value.is_number() && value.as_number() >= 1 && value.as_number() <= longest_seconds;
        case SettingKind::limit:
            return is_limit(value);
        case SettingKind::paths:
            return all_of(value, &is_text);
        case SettingKind::peers:
            return all_of(value, &is_peer);
        case SettingKind::descriptor:
            // 0, 1 and 2 are the standard streams, and no process has descriptors above the limit.
            return value.is_integer() && value.as_integer() > 2 && value.as_integer() <= highest_descriptor;
        case SettingKind::line_format:
        case SettingKind::readiness:
        case SettingKind::loss_action:
        case SettingKind::cluster_start:
            return is_choice(kind, value);
        case SettingKind::urls:
            return all_of(value, &is_url) && !value.as_list().empty();
        case SettingKind::text:
            return is_plain_text(value);
        case SettingKind::size:
            return is_count(value) || (value.is_string() && size_from(value.as_string()).has_value());
        case SettingKind::period:
            return is_count(value) || (value.is_string() && period_from(value.as_string()).has_value());
        case SettingKind::count:
            return is_count(value);
        case SettingKind::words:
            return all_of(value, &is_text) && !value.as_list().empty();
        case SettingKind::stream:
            return is_text(value) || (value.is_object() && is_stream_file(value.as_object()));
        case SettingKind::flag:
            break;
    }
    return value.is_bool();
}

}  // namespace

std::span<const std::string_view> choices_of(SettingKind kind) noexcept {
    switch (kind) {
        case SettingKind::line_format:
            return formats;
        case SettingKind::readiness:
            return readinesses;
        case SettingKind::loss_action:
            return loss_actions;
        case SettingKind::cluster_start:
            return cluster_starts;
        default:
            return {};
    }
}

Value checked(SettingKind kind, Value value) {
    if (!fits(kind, value)) throw TypeError{words(kind), found(kind, value)};
    if (kind == SettingKind::file_mask) return three_digits(value.as_string());
    if (kind == SettingKind::limit) return limit_text(value);
    if (kind == SettingKind::size && value.is_string()) return *size_from(value.as_string());
    if (kind == SettingKind::period && value.is_string()) return *period_from(value.as_string());
    if (is_time(kind)) return detail::plain_number(value.as_number());
    return value;
}

Value value_from_text(SettingKind kind, std::string_view text) {
    if (kind == SettingKind::flag) {
        constexpr std::array<std::string_view, 4> yes{"1", "true", "yes", "on"};
        constexpr std::array<std::string_view, 4> no{"0", "false", "no", "off"};
        if (std::find(yes.begin(), yes.end(), text) != yes.end()) return true;
        if (std::find(no.begin(), no.end(), text) != no.end()) return false;
    } else if (kind == SettingKind::words) {
        Value::List words = split(text, ' ');
        std::erase_if(words, [](const Value& word) { return word.as_string().empty(); });
        return words;
    } else if (kind == SettingKind::descriptor || kind == SettingKind::count || kind == SettingKind::period) {
        if (const auto number = parse_number<std::int64_t>(text)) return *number;
    } else if (is_time(kind)) {
        const std::string_view digits = !text.empty() && text.back() == 's' ? text.substr(0, text.size() - 1) : text;
        const auto seconds = parse_number<double>(digits);
        // A text that is refused stays as it is, so that the message shows it as it was written.
        if (seconds && *seconds >= 0 && *seconds <= longest_seconds) return *seconds;
    } else if (kind == SettingKind::stream && text.starts_with('{')) {
        auto parsed = parse_json(text);
        if (auto* const value = std::get_if<Value>(&parsed)) return std::move(*value);
    } else if (kind == SettingKind::paths) {
        return split(text, ':');
    } else if (kind == SettingKind::peers || kind == SettingKind::urls) {
        return split(text, ',');
    }
    return text;
}

std::optional<std::string> text_from_value(SettingKind kind, const Value& value) {
    std::string text;
    if (value.is_list()) {
        const char separator = kind == SettingKind::paths                                ? ':'
                               : kind == SettingKind::peers || kind == SettingKind::urls ? ','
                                                                                         : ' ';
        for (const Value& part : value.as_list()) {
            if (!text.empty()) text += separator;
            text += part.as_string();
        }
    } else {
        text = value.is_string() ? value.as_string() : to_json(value);
    }
    if (!(checked(kind, value_from_text(kind, text)) == value)) return std::nullopt;
    return text;
}

mode_t mode_from_octal(const std::string& mask) { return parse_number<mode_t>(mask, 8).value(); }

std::string octal_from_mode(mode_t permissions) {
    std::string digits;
    for (int shift = 6; shift >= 0; shift -= 3) digits += static_cast<char>('0' + (permissions >> shift & 7U));
    return digits;
}

}  // namespace servicekit
