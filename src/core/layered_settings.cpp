#include "core/layered_settings.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <variant>

#include "base/json_pointer.hpp"
#include "base/names.hpp"
#include "core/object_path.hpp"
#include "core/setting_kind.hpp"
#include "core/setting_table.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit {
namespace {

/// Returns why a config file cannot have the key.
std::string refusal_of_key(std::string_view key, SettingScope scope) {
    if (key == setting::config.name) return "a config file can't name another";
    auto known = setting_names(scope);
    known.emplace_back("app");
    return "unknown key" + did_you_mean(key, known);
}

/// Returns true if the key, or the one that was probably meant, determines the place of a service.
bool is_about_the_place(std::string_view key, SettingScope scope) {
    if (find_setting(key, scope) == nullptr) {
        const auto known = setting_names(scope);
        key = nearest_name(key, known);
    }
    return key == setting::name.name || key == setting::run_directory.name || key == setting::pid_file.name ||
           key == setting::control_socket.name;
}

bool takes(const ConfigKey& key, const Value& value) {
    try {
        key.check(value);
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

/// Parses a text. A string is taken as it is. All other types are JSON; a list may also be separated by commas.
Value value_from_text(const ConfigKey& key, std::string_view text) {
    const std::string type = key.json_schema.get<std::string>("type", {});
    if (type == "string") return text;
    if (type == "array" && !text.starts_with('[')) {
        Value::List items;
        // A list that does not take texts probably takes numbers.
        const bool takes_texts = takes(key, Value{Value::List{"text"}});
        for (std::size_t begin = 0; begin <= text.size() && !text.empty();) {
            const std::size_t end = std::min(text.find(',', begin), text.size());
            const std::string_view item = text.substr(begin, end - begin);
            const auto number = parse_json(item);
            const auto* const parsed = std::get_if<Value>(&number);
            items.push_back(parsed != nullptr && parsed->is_number() && !takes_texts ? *parsed : Value{item});
            begin = end + 1;
        }
        return items;
    }
    if (type == "boolean") return value_from_text(SettingKind::flag, text);
    // A type that the program parses itself gets the text, if it takes texts.
    if (type.empty() && takes(key, text)) return text;
    auto parsed = parse_json(text);
    if (auto* const value = std::get_if<Value>(&parsed)) return std::move(*value);
    return text;
}

[[noreturn]] void refuse_unset(const std::string& where, const std::string& variable) {
    throw ConfigurationError{where + ": the environment variable '" + variable + "' is not set"};
}

/// Returns the text with each `${NAME}` replaced by the value of the variable, once. `$${` becomes `${`.
std::string expanded_text(std::string_view text, const LayeredSettings::Variables& variables,
                          const std::string& where) {
    std::string result;
    while (true) {
        const std::size_t begin = text.find("${");
        if (begin == std::string_view::npos) return result += text;
        if (begin > 0 && text[begin - 1] == '$') {
            result += text.substr(0, begin - 1);
            result += "${";
            text.remove_prefix(begin + 2);
            continue;
        }
        const std::size_t end = text.find('}', begin);
        if (end == std::string_view::npos) throw ConfigurationError{where + ": '${' has no '}'"};
        const std::string name{text.substr(begin + 2, end - begin - 2)};
        const auto value = variables(name);
        if (!value) refuse_unset(where, name);
        result += text.substr(0, begin);
        result += *value;
        text.remove_prefix(end + 1);
    }
}

/// \param where the file and the pointer of the value, for messages
Value expanded(const Value& value, const LayeredSettings::Variables& variables, const std::string& where) {
    if (value.is_string()) return expanded_text(value.as_string(), variables, where);
    if (value.is_list()) {
        Value::List items;
        const std::string prefix = where + "/";
        for (const Value& item : value.as_list())
            items.push_back(expanded(item, variables, prefix + std::to_string(items.size())));
        return items;
    }
    if (!value.is_object()) return value;
    Object members;
    for (const auto& [key, member] : value.as_object())
        members.append(key, expanded(member, variables, where + pointer_token(key)));
    return members;
}

/// Returns how many steps of a pointer below `app` exist in the object.
std::size_t depth_of(const Value& app, std::string_view pointer) {
    std::size_t depth = 0;
    for (const Value* found = &app; !pointer.empty() && found->is_object(); ++depth) {
        const std::string_view token = pointer.substr(0, pointer.find('/', 1));
        const auto& members = found->as_object();
        const auto member = std::find_if(members.begin(), members.end(), [token](const Object::Member& known) {
            return pointer_token(known.first) == token;
        });
        if (member == members.end()) break;
        found = &member->second;
        pointer.remove_prefix(token.size());
    }
    return depth;
}

}  // namespace

void LayeredSettings::set_text(std::string_view name, std::string_view text, SettingsLayer layer) {
    const SettingRow* row = find_setting(name, scope());
    set_value(name, row != nullptr ? value_from_text(row->kind, text) : Value{}, layer);
}

LayeredSettings::Contents LayeredSettings::parse_config(std::string_view text, const std::string& path,
                                                        const Variables& variables) {
    const auto parsed = parse_json_with_comments(text);
    if (const auto* error = std::get_if<JsonError>(&parsed))
        throw ConfigurationError{path + ":" + std::to_string(error->line) + ":" + std::to_string(error->column) + ": " +
                                 error->reason};
    const Value& root = std::get<Value>(parsed);
    if (!root.is_object())
        throw ConfigurationError{path + ": expected an object, found " + std::string{root.type_name()}};

    Contents contents;
    const auto fault = [&](const std::string& key, const std::string& reason) {
        std::string message = path + ": " + pointer_token(key) + ": " + reason;
        if (!is_client_ || is_about_the_place(key, scope())) throw ConfigurationError{message};
        app_notes_.tolerated.push_back(std::move(message));
    };
    for (const auto& [key, value] : root.as_object()) {
        try {
            const SettingRow* row = find_setting(key, scope());
            if (key == "app")
                contents.app = value.as_object();
            else if (row == nullptr || row->name == setting::config.name)
                fault(key, refusal_of_key(key, scope()));
            else
                contents.settings.append(key, checked(row->kind, value));
        } catch (const TypeError& error) {
            fault(key, error.what());
        }
    }
    try {
        if (variables) contents.app = expanded(contents.app, variables, path + ": /app");
    } catch (const ConfigurationError& unset) {
        // The caller of `stop` may not have the variables of the service.
        if (!is_client_) throw;
        app_notes_.tolerated.emplace_back(unset.what());
    }
    return contents;
}

void LayeredSettings::read_config(std::string_view text, const std::string& path, const Variables& variables) {
    Contents contents = parse_config(text, path, variables);
    layers_[static_cast<std::size_t>(SettingsLayer::config_file)] = std::move(contents.settings);
    file_app_ = contents.app;
    app_files_ = {{path, std::move(contents.app)}};
    config_path_ = path;
    override_app();
}

void LayeredSettings::add_config(std::string_view text, const std::string& path, const Variables& variables) {
    Contents contents = parse_config(text, path, variables);
    layers_[static_cast<std::size_t>(SettingsLayer::config_file)].merge(std::move(contents.settings));
    if (!contents.app.is_null()) file_app_ = merged(file_app_, contents.app);
    app_files_.emplace_back(path, std::move(contents.app));
    override_app();
}

void LayeredSettings::clear_layer(SettingsLayer layer) {
    layers_[static_cast<std::size_t>(layer)] = {};
    if (layer == SettingsLayer::config_file) {
        file_app_ = {};
        app_files_.clear();
    }
    std::erase_if(app_overrides_, [layer](const AppOverride& given) { return given.layer == layer; });
    override_app();
}

const Value* LayeredSettings::value_in(SettingsLayer layer, std::string_view name) const {
    return layers_.at(static_cast<std::size_t>(layer)).find(name);
}

void LayeredSettings::set_app(const ConfigKey& key, Value value, SettingsLayer layer) {
    try {
        key.check(value);
    } catch (const std::exception& fault) {
        throw ConfigurationError{key.pointer() + ": " + fault.what()};
    }
    app_overrides_.push_back({key.path, std::move(value), layer});
    std::stable_sort(app_overrides_.begin(), app_overrides_.end(),
                     [](const AppOverride& one, const AppOverride& other) { return one.layer < other.layer; });
    override_app();
}

void LayeredSettings::set_app_text(const ConfigKey& key, std::string_view text, SettingsLayer layer) {
    set_app(key, value_from_text(key, text), layer);
}

SettingsLayer LayeredSettings::app_layer_of(const ConfigKey& key) const {
    for (auto given = app_overrides_.rbegin(); given != app_overrides_.rend(); ++given)
        if (given->path == key.path) return given->layer;
    return find_at(file_app_, key.path) != nullptr ? SettingsLayer::config_file : SettingsLayer::built_in;
}

ConfigurationError LayeredSettings::app_fault(const InvalidKey& fault) const {
    // The last file that has the key, or the longest part of its path.
    std::string file = config_path_.empty() ? std::string{} : config_path_ + ": ";
    std::size_t depth = 0;
    for (const auto& [path, app] : app_files_) {
        const std::size_t its_depth = depth_of(app, fault.pointer());
        if (its_depth < depth || its_depth == 0) continue;
        depth = its_depth;
        file = path + ": ";
    }
    const bool lacks_file = config_path_.empty() && std::string_view{fault.what()} == "missing";
    return ConfigurationError{file + "/app" + fault.pointer() + ": " + fault.what() +
                              (lacks_file ? ", and there is no config file" : "")};
}

void LayeredSettings::override_app() {
    app_ = file_app_;
    for (const AppOverride& given : app_overrides_) app_ = with_value_at(app_, given.path, given.value);
}

}  // namespace servicekit
