#include "core/configuration.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "base/json_pointer.hpp"
#include "core/caught_exception.hpp"
#include "core/changed_keys.hpp"
#include "core/object_path.hpp"
#include "core/paths.hpp"
#include "core/setting_table.hpp"
#include "core/settings_in_force.hpp"
#include "servicekit/policy/control_policy.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit {
namespace {

constexpr std::size_t largest_config = std::size_t{16} << 20U;

/// Returns the exception that is being handled as the error of a load.
Error unusable() {
    return {ExitCode::configuration, "load the configuration", "", describe_current_exception().message};
}

}  // namespace

/// Shows handlers the settings that are being loaded, while it exists.
class Configuration::Pending {
public:
    enum class Load { first, again };
    Pending(Configuration& configuration, LayeredSettings& settings, Load load) : configuration_{configuration} {
        configuration_.pending_ = &settings;
        configuration_.loads_again_ = load == Load::again;
    }
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;
    ~Pending() {
        configuration_.pending_ = nullptr;
        configuration_.loads_again_ = false;
        configuration_.own_.abandon();
    }

private:
    Configuration& configuration_;
};

Result<void> Configuration::read() {
    try {
        const std::string path = in_force_.get(setting::config);
        auto whole = absolute_path(path, host_);
        if (!whole) return whole.error();
        config_path_ = *std::move(whole);
        // If on_load() throws, a verb that only talks to a service still uses the other layers.
        LayeredSettings next = in_force_;
        read_config_file(next);
        in_force_ = std::move(next);
    } catch (...) {
        return unusable();
    }
    return {};
}

Result<void> Configuration::load() {
    if (auto done = read(); !done) return done;
    try {
        LayeredSettings next = in_force_;
        run_load_event(next);
        in_force_ = next;
        at_start_ = std::move(next);
        is_first_ = true;
    } catch (...) {
        return unusable();
    }
    return {};
}

ClientLoad Configuration::load_as_client() {
    ClientLoad load;
    in_force_.set_client(true);
    if (auto done = read(); !done) {
        load.config_fault = done.error();
        return load;
    }
    LayeredSettings next = in_force_;
    try {
        run_load_event(next);
    } catch (...) {
        load.event_fault = unusable();
        next.fill(SettingsLayer::program);
    }
    in_force_ = std::move(next);
    return load;
}

void Configuration::run_load_event(LayeredSettings& settings) {
    const auto event = events_.find("load");
    const Pending pending{*this, settings, Pending::Load::first};
    try {
        check_own(settings);
        begin_own(settings, settings.app_value());
    } catch (const ConfigurationError& fault) {
        if (!settings.is_client()) throw;
        settings.tolerate(fault.what());
    }
    runner_.run_unasked(*event, {}, {}, [this](const Arguments&, Context&) { return run_on_load(); });
    settings.fill(SettingsLayer::program);
    own_.commit();
}

Reply Configuration::load_again(Again what) {
    LayeredSettings next = in_force_;
    const Pending pending{*this, next, Pending::Load::again};
    read_config_file(next);
    check_own(next);
    begin_own(next, app_in_use(next));
    Reply own;
    if (what == Again::reload)
        program_.on_reload();
    else
        own = run_on_load();
    next.fill(SettingsLayer::program);
    own_.commit();
    Reply applied = put_in_force(std::move(next));
    for (const auto& [key, value] : own.fields()) applied.set(key, value);
    return applied;
}

Reply Configuration::run_on_load() {
    if (pending_ == nullptr) return {};
    pending_->clear_layer(SettingsLayer::on_load);
    pending_->clear_layer(SettingsLayer::forced);
    pending_->fill(SettingsLayer::on_load);
    const auto event = events_.find("load");
    if (event->handler) return runner_.run_unasked(*event, {}, {}, event->handler);
    program_.on_load(*pending_);
    return {};
}

void Configuration::read_config_file(LayeredSettings& settings) {
    if (config_path_.empty()) return;
    const auto text = host_.files->read(config_path_, largest_config);
    if (!text) throw ConfigurationError(text.error().message());
    LayeredSettings::Variables variables;
    if (instance_.options.expands_variables)
        variables = [this](const std::string& name) { return host_.environment->get(name); };
    settings.read_config(*text, config_path_, variables);
    const std::string directory = config_path_ + ".d";
    const std::string prefix = directory + "/";
    const auto names = host_.files->list(directory);
    if (!names && names.error().errno_value == ENOENT) return;
    if (!names) throw ConfigurationError(names.error().message());
    for (const std::string& name : *names) {
        if (!name.ends_with(".json") || name.starts_with('.')) continue;
        const std::string path = prefix + name;
        const auto more = host_.files->read(path, largest_config);
        if (!more) throw ConfigurationError(more.error().message());
        settings.add_config(*more, path, variables);
    }
}

void Configuration::publish() {
    auto now = settings_in_force(in_force_, instance_.paths, policies_);
    if (!config_path_.empty())
        for (SettingInForce& row : now)
            if (row.name == setting::config.name) row.value = config_path_;
    Value app = app_in_words(app_in_use(in_force_), own_.schema());
    const std::lock_guard guard{published_mutex_};
    published_app_ = std::move(app);
    if (is_first_) {
        published_ = std::move(now);
        is_first_ = false;
        return;
    }
    const auto known = setting_table(in_force_.scope());
    for (std::size_t i = 0; i < now.size(); ++i)
        if (known[i].changes_on_reload) published_[i] = std::move(now[i]);
}

Object Configuration::report() const {
    const std::lock_guard guard{published_mutex_};
    Object settings;
    for (const SettingInForce& row : published_)
        settings.append(std::string{row.name}, Object{{"value", row.value}, {"origin", row.origin}});
    Object report{{"settings", std::move(settings)}};
    if (!published_app_.is_null()) report.append("app", published_app_);
    return report;
}

void Configuration::check_own(const LayeredSettings& settings) const {
    try {
        own_.check(settings.app_value());
    } catch (const InvalidKey& fault) {
        throw settings.app_fault(fault);
    } catch (const std::exception& fault) {
        throw settings.app_fault(InvalidKey{"", fault.what()});
    }
}

void Configuration::begin_own(const LayeredSettings& settings, const Value& app) {
    try {
        own_.begin(app);
    } catch (const std::exception& fault) {
        // Each value is valid, but they do not fit the old values of the keys that need a restart.
        throw settings.app_fault(
            InvalidKey{"", std::string{fault.what()} + "; keys that need a restart are as they were at the start"});
    }
}

Value Configuration::app_in_use(const LayeredSettings& settings) const {
    Value in_use = settings.app_value();
    if (own_.schema() == nullptr) return in_use;
    for (const ConfigKey& key : own_.schema()->keys())
        if (key.options.needs_restart) in_use = with_value_of(in_use, at_start_.app_value(), key.path);
    return in_use;
}

Configuration::ChangedKeys Configuration::changed_app_keys(const LayeredSettings& next) const {
    ChangedKeys changed;
    if (own_.schema() == nullptr) {
        for (const std::string& key : changed_keys(in_force_.app_value(), next.app_value()))
            changed.applied.emplace_back("/app" + pointer_token(key));
        return changed;
    }
    for (const ConfigKey& key : own_.schema()->keys()) {
        const Value& before = key.options.needs_restart ? at_start_.app_value() : in_force_.app_value();
        if (key.value_in(before) == key.value_in(next.app_value())) continue;
        (key.options.needs_restart ? changed.needs_restart : changed.applied).emplace_back(key.pointer());
    }
    return changed;
}

Reply Configuration::put_in_force(LayeredSettings next) {
    Value::List applied;
    Value::List needs_restart;
    for (const SettingRow& row : setting_table(next.scope())) {
        if (!row.changes_on_reload) {
            if (!(next.value(row.name) == at_start_.value(row.name))) needs_restart.emplace_back(row.name);
        } else if (!(next.value(row.name) == in_force_.value(row.name))) {
            applied.emplace_back(row.name);
        }
    }
    ChangedKeys app = changed_app_keys(next);
    std::move(app.applied.begin(), app.applied.end(), std::back_inserter(applied));
    std::move(app.needs_restart.begin(), app.needs_restart.end(), std::back_inserter(needs_restart));

    // A level that an operator set with log-level is kept until the configuration changes the level.
    if (!(next.value(setting::log_level.name) == in_force_.value(setting::log_level.name)))
        service_log_.set_level(next.get(setting::log_level));
    limits_.change(next);
    in_force_ = std::move(next);
    publish();
    return Reply{{"applied", std::move(applied)}, {"needs-restart", std::move(needs_restart)}};
}

}  // namespace servicekit
