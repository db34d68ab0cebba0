#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/text.hpp"
#include "cli/verbs/verb_functions.hpp"
#include "core/configuration.hpp"
#include "core/service_core.hpp"
#include "core/settings_in_force.hpp"
#include "servicekit/policy/control_policy.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit::cli {
namespace {

constexpr std::chrono::seconds longest_settings_answer{2};

/// The settings of a start.
struct Planned {
    std::vector<SettingInForce> settings;
    Value app;
    struct OwnKey {
        const ConfigKey* key;
        Value value;  ///< as shown: a secret is hidden
        std::string_view origin;
    };
    std::vector<OwnKey> own = {};  ///< the keys that the application has declared
};

/// The settings that the running service reports.
struct Running {
    std::string who;  ///< "pid 4711"; empty: no service runs
    Object settings;
    Value app;
};

const Value* row_member(const Value* value, std::string_view key) {
    return value != nullptr && value->is_object() ? value->as_object().find(key) : nullptr;
}

Planned planned_settings(Session& session, const Paths& paths) {
    const LayeredSettings& settings = session.core.configuration().settings();
    const PolicyReferences& policies = session.core.policies();
    if (const auto deployment = make_deployment(settings, paths, session.tools.host)) {
        policies.lock.configure(*deployment);
        policies.log.configure(*deployment);
        policies.control.configure(*deployment);
    }
    Planned planned{.settings = settings_in_force(settings, paths, policies),
                    .app = app_in_words(settings.app_value(), own_schema(session))};
    if (const ConfigSchema* own = own_schema(session))
        for (const ConfigKey& key : own->keys())
            planned.own.push_back({&key, key.value_in(planned.app), to_string(settings.app_layer_of(key))});
    for (SettingInForce& row : planned.settings)
        if (row.name == setting::config.name && row.value.is_string())
            if (auto path = absolute_path(row.value.as_string(), session.tools.host)) row.value = *std::move(path);
    return planned;
}

Result<Running> ask_running(Session& session) {
    Running answer;
    auto running = running_service(session);
    if (!running) return running.error();
    const auto instance = find_instance(session, *running);
    if (!instance) return instance.error();
    if (!*instance) return answer;
    answer.who = (*instance)->in_words();
    auto client = connect_to(session, **instance);
    if (!client) return client.error();
    auto reply = client->call("settings", {}, {.timeout = longest_settings_answer});
    if (!reply && reply.error().is_reply())
        return Error{ExitCode::permission, "see what the running service runs with", "", reply.error().what()};
    if (!reply) return reply.error().error();
    if (const Value* settings = reply->find("settings"); settings != nullptr && settings->is_object())
        answer.settings = settings->as_object();
    if (const Value* app = reply->find("app")) answer.app = *app;
    return answer;
}

/// Returns the row of the running service if its value differs.
const Value* other_row(const SettingInForce& planned, const Running& running) {
    const Value* row = running.settings.find(planned.name);
    const Value* value = row_member(row, "value");
    return value != nullptr && !(*value == planned.value) ? row : nullptr;
}

std::string own_name(const ConfigKey& key) {
    std::string name = "app";
    for (const std::string& step : key.path) name += "." + step;
    return name;
}

std::string in_words(const Value* value) {
    std::string text = value == nullptr || value->is_null() ? std::string{} : plain_text(*value);
    return text.empty() ? "-" : text;
}

std::string as_table(const Planned& planned, const Running& running) {
    std::vector<std::vector<std::string>> rows;
    for (const SettingInForce& setting : planned.settings) {
        rows.push_back({std::string{setting.name}, in_words(&setting.value), std::string{setting.origin}});
        if (const Value* row = other_row(setting, running))
            rows.back().push_back("running: " + in_words(row_member(row, "value")) + " (" +
                                  in_words(row_member(row, "origin")) + ")");
    }
    for (const auto& [key, value, origin] : planned.own) {
        rows.push_back({own_name(*key), in_words(&value), std::string{origin}});
        const Value& its = key->value_in(running.app);
        if (!running.who.empty() && !(its == value)) rows.back().push_back("running: " + in_words(&its));
    }
    if (!planned.own.empty()) return table(rows);
    if (!planned.app.is_null())
        rows.push_back({"app", plain_text(planned.app), std::string{to_string(SettingsLayer::config_file)}});
    else if (!running.app.is_null())
        rows.push_back({"app", "-", "not set"});
    if (!running.who.empty() && !(running.app == planned.app))
        rows.back().push_back("running: " + in_words(&running.app));
    return table(rows);
}

Object as_json(const Planned& planned, const Running& running) {
    Object settings;
    for (const SettingInForce& setting : planned.settings) {
        Object row{{"value", setting.value}, {"origin", setting.origin}};
        if (const Value* other = other_row(setting, running)) row.append("running", *other);
        settings.append(std::string{setting.name}, std::move(row));
    }
    Object whole{{"settings", std::move(settings)}, {"app", planned.app}};
    if (!planned.own.empty()) {
        Object keys;
        for (const auto& [key, value, origin] : planned.own)
            keys.append(key->pointer(), Object{{"value", value}, {"origin", origin}});
        whole.append("app-keys", std::move(keys));
    }
    if (!running.who.empty() && !(running.app == planned.app)) whole.append("running-app", running.app);
    whole.append("is-running", !running.who.empty());
    return whole;
}

}  // namespace

int where(Session& session) {
    Console& console = session.console;
    int code = fill_settings(session);
    const auto loaded = session.core.load();
    if (!loaded) code = console.fail(loaded.error());
    auto paths = resolve_paths(session.service.settings(), session.tools.host);
    if (!paths) {
        code = console.fail(paths.error());
        paths = Paths{};
    }
    const Planned planned = planned_settings(session, *paths);
    Running running;
    // A source that could not be loaded may have named the place of the service.
    if (code == 0) {
        auto answer = ask_running(session);
        if (answer)
            running = *std::move(answer);
        else
            console.warn(answer.error());
    }
    console.tell(as_table(planned, running), as_json(planned, running));
    return code;
}

}  // namespace servicekit::cli
