#include "cli/unit/unit_options.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/paths.hpp"
#include "core/setting_table.hpp"

namespace servicekit::cli {
namespace {

bool is_stream_setting(std::string_view name) {
    return name == setting::standard_input.name || name == setting::standard_output.name ||
           name == setting::standard_error.name;
}

/// Makes the paths of values absolute.
class Resolution {
public:
    explicit Resolution(const os::Host& host) : host_{host} {}

    Result<Value> resolve(const SettingRow& setting, const Value& value) {
        const std::string_view name = setting.name;
        if (setting.kind == SettingKind::path) return path(value);
        if (is_stream_setting(name)) return stream(value);
        if (name == setting::writable.name) return list(value, value.as_list().size());
        // A program without a slash is searched for in $PATH; the meaning of its arguments is unknown.
        if (name == setting::log_command.name && value.as_list().front().as_string().find('/') != std::string::npos)
            return list(value, 1);
        return value;
    }
    /// Returns true if any path was relative.
    [[nodiscard]] bool has_changed() const noexcept { return has_changed_; }

private:
    Result<Value> path(const Value& value) {
        const std::string& text = value.as_string();
        if (text.empty() || text.starts_with('/')) return value;
        has_changed_ = true;
        auto whole = absolute_path(text, host_);
        return whole ? Result<Value>{Value{*std::move(whole)}} : whole.error();
    }
    Result<Value> stream(const Value& value) {
        if (value.is_object()) {
            auto whole = path(*value.as_object().find("path"));
            if (!whole) return whole;
            Object object = value.as_object();
            object.set("path", *std::move(whole));
            return Value{std::move(object)};
        }
        constexpr std::array<std::string_view, 3> words{"log", "null", "inherit"};
        const bool is_word = std::find(words.begin(), words.end(), value.as_string()) != words.end();
        return is_word ? Result<Value>{value} : path(value);
    }
    /// \param count number of paths among them
    Result<Value> list(const Value& value, std::size_t count) {
        Value::List whole;
        for (const Value& part : value.as_list()) {
            auto resolved = whole.size() < count ? path(part) : Result<Value>{part};
            if (!resolved) return resolved;
            whole.push_back(*std::move(resolved));
        }
        return Value{std::move(whole)};
    }

    const os::Host& host_;
    bool has_changed_ = false;
};

}  // namespace

Result<UnitOptions> unit_options(const LayeredSettings& settings, const ConfigSchema* own,
                                 const std::vector<std::string_view>& of_manager, const os::Host& host) {
    UnitOptions unit;
    for (const SettingRow& setting : setting_table(settings.scope())) {
        const std::string_view name = setting.name;
        const Value& value = settings.value(name);
        const bool has_line = std::find(of_manager.begin(), of_manager.end(), name) != of_manager.end();
        if (value.is_null() || has_line) continue;
        const SettingsLayer layer = settings.layer_of(name);
        const bool is_ours = layer == SettingsLayer::environment || layer == SettingsLayer::command_line;
        Resolution resolution{host};
        const auto resolved = resolution.resolve(setting, value);
        if (!resolved) return resolved.error();
        if (resolution.has_changed() && (!is_ours || name == setting::config.name)) unit.depends_on_directory = true;
        if (!is_ours && !resolution.has_changed()) continue;

        const std::string option = "--" + std::string{name};
        if (resolved->is_bool() && resolved->as_bool()) {
            unit.options.push_back(option);
            continue;
        }
        const auto text = text_from_value(setting.kind, *resolved);
        if (!text)
            return Error{ExitCode::configuration, "write a unit with the setting", std::string{name},
                         "no option can give " + to_json(*resolved)};
        unit.options.push_back(option + "=" + *text);
    }
    if (own == nullptr) return unit;
    for (const ConfigKey& key : own->keys()) {
        const SettingsLayer layer = settings.app_layer_of(key);
        if (layer != SettingsLayer::environment && layer != SettingsLayer::command_line) continue;
        if (key.options.secret)
            return Error{ExitCode::configuration, "write a unit with the secret", key.pointer(),
                         "everybody may read a unit; set it in the config file"};
        const Value& value = key.value_in(settings.app_value());
        unit.options.push_back("--" + key.option() + "=" + (value.is_string() ? value.as_string() : to_json(value)));
    }
    return unit;
}

Result<std::vector<std::string>> own_arguments(const std::vector<std::string>& rest, const os::Host& host) {
    auto all = host.process->command_line();
    // Without /proc the application's own arguments are unknown.
    if (!all || all->empty()) return std::vector<std::string>{};
    all->erase(all->begin());
    // The arguments of service_main() are matched from the end, because an application removes its own from the front.
    std::vector<std::string> own;
    auto given = rest.rbegin();
    for (auto word = all->rbegin(); word != all->rend(); ++word) {
        if (given != rest.rend() && *word == *given)
            ++given;
        else
            own.push_back(std::move(*word));
    }
    // If an application passes other arguments, its own cannot be identified.
    if (given != rest.rend()) return std::vector<std::string>{};
    std::reverse(own.begin(), own.end());
    for (std::string& word : own) {
        if (word.empty() || word.starts_with('/') || word.starts_with('-')) continue;
        const auto found = host.files->status(word, os::Links::follow);
        if (!found || !found->has_value()) continue;
        auto whole = absolute_path(word, host);
        if (!whole) return whole.error();
        word = *std::move(whole);
    }
    return own;
}

}  // namespace servicekit::cli
