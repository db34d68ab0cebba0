#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "cli/text.hpp"
#include "cli/verb_functions.hpp"

namespace servicekit::cli {
namespace {

/// What a setting that nobody made follows from the others; empty where it does not.
std::string derived(std::string_view setting, const Places& places) {
    if (setting == setting::name.name) return places.name;
    if (setting == setting::run_directory.name) return places.run_directory;
    if (setting == setting::pid_file.name) return places.pid_file;
    if (setting == setting::control_socket.name) return places.control_socket;
    if (setting == setting::crash_directory.name) return places.crash_directory;
    return {};
}

/// Whether the control or log policy, as the program made it, has a value where nobody sets one.
bool is_left_to_policy(std::string_view name) {
    constexpr std::array<std::string_view, 14> left{
        setting::control_mode.name,    setting::control_read.name,     setting::control_operate.name,
        setting::control_admin.name,   setting::log_format.name,       setting::log_source.name,
        setting::no_log_copy.name,     setting::log_delay.name,        setting::log_mode.name,
        setting::log_rotate_size.name, setting::log_rotate_every.name, setting::log_keep.name,
        setting::log_keep_size.name,   setting::log_compress.name};
    return std::find(left.begin(), left.end(), name) != left.end();
}

}  // namespace

int where(Session& session) {
    int code = fill_settings(session);
    if (const auto loaded = session.service.load(); !loaded) code = session.console.fail(loaded.error());
    const Settings& settings = session.service.settings();
    const auto places = resolve_places(settings, session.tools.host);
    if (!places) code = session.console.fail(places.error());

    std::vector<std::vector<std::string>> rows;
    for (const std::string_view name : Settings::names()) {
        const Value& value = settings.value(name);
        std::string text = plain_text(value);
        std::string layer{to_string(settings.layer_of(name))};
        if (value.is_null() || text.empty()) {
            text = places ? derived(name, *places) : std::string{};
            layer = "follows from the others";
            if (text.empty()) layer = is_left_to_policy(name) ? "left to the policy" : "not set";
        }
        rows.push_back({std::string{name}, text.empty() ? "-" : text, layer});
    }
    if (!settings.app_value().is_null())
        rows.push_back({"app", plain_text(settings.app_value()), std::string{to_string(SettingsLayer::config_file)}});
    session.console.print(table(rows));
    return code;
}

}  // namespace servicekit::cli
