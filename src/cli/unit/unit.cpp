#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/path_parts.hpp"
#include "cli/unit/unit_directories.hpp"
#include "cli/unit/unit_file.hpp"
#include "cli/unit/unit_options.hpp"
#include "cli/verbs/verb_functions.hpp"
#include "core/configuration.hpp"
#include "core/paths.hpp"
#include "core/service_core.hpp"
#include "servicekit/policy/daemon_policy.hpp"
#include "servicekit/policy/lock_policy.hpp"

namespace servicekit::cli {
namespace {

using Drop = ServiceUnit::Drop;
using Manager = ServiceUnit::Manager;
using Given = std::vector<std::pair<std::string, std::string>>;

Error refuse_unit(std::string action, std::string object, std::string reason) {
    return {ExitCode::usage, std::move(action), std::move(object), std::move(reason)};
}

/// Returns the command line of a template unit: `%i` is the instance in each value, and part of the name.
/// \param config set to the path of the config file if it depends on the instance, so it cannot be read
Given of_template(const Session& session, std::optional<std::string>& config) {
    Given given;
    std::string name = program_name(session);
    for (auto [setting, text] : session.invocation.settings) {
        for (std::size_t at = 0; (at = text.find("%i", at)) != std::string::npos; at += placeholder::instance.size())
            text.replace(at, 2, placeholder::instance);
        const bool has_instance = text.find(placeholder::instance) != std::string::npos;
        if (setting == setting::name.name)
            name = text;
        else if (setting == setting::config.name && has_instance)
            config = text;
        else
            given.emplace_back(setting, std::move(text));
    }
    if (name.find(placeholder::instance) == std::string::npos) name.append("-").append(placeholder::instance);
    given.emplace_back(setting::name.name, std::move(name));
    return given;
}

class UnitMaking {
public:
    explicit UnitMaking(Session& session)
        : session_{session},
          host_{session.tools.host},
          manager_{session.invocation.user_manager ? Manager::user : Manager::system} {}

    /// Loads the settings. \returns 0, or the exit code of the error, which is printed
    int load() {
        const Invocation& invocation = session_.invocation;
        const Given given = invocation.template_unit ? of_template(session_, config_of_instance_) : invocation.settings;
        if (const int code = fill_settings(session_, given); code != 0) return code;
        // The config file of an instance is unknown here, and so is the result of on_load.
        if (config_of_instance_) return 0;
        if (const auto loaded = session_.core.load(); !loaded) return session_.console.fail(loaded.error());
        return 0;
    }
    Result<std::string> make() {
        if (const auto checked = check(); !checked) return checked.error();
        auto paths = paths_in_unit();
        if (!paths) return paths.error();
        paths_ = *std::move(paths);
        if (session_.invocation.socket) return socket_unit();
        auto unit = service_unit();
        return unit ? to_text(*unit) : Result<std::string>{unit.error()};
    }

private:
    [[nodiscard]] const Settings& settings() const { return session_.service.settings(); }
    [[nodiscard]] std::string text_if_set(Setting<std::string> setting) const {
        return settings().is_set(setting.name) ? settings().get(setting) : std::string{};
    }
    [[nodiscard]] const DaemonPolicy& daemon() const { return session_.core.policies().daemon; }

    /// Returns an error for settings that no unit can implement.
    [[nodiscard]] Result<void> check() const {
        if (session_.invocation.notify_reload && !daemon().notifies_manager())
            return refuse_unit("write a unit of Type=notify-reload", "",
                               "this service does not notify systemd of a reload");
        if (settings().get(setting::ready_fd) != 0)
            return refuse_unit("write a unit with the setting", std::string{setting::ready_fd.name},
                               "systemd passes no such descriptor; Type=notify reports readiness");
        if (manager_ == Manager::user)
            for (const auto& setting : {setting::user, setting::group, setting::control_owner})
                if (!text_if_set(setting).empty())
                    return refuse_unit("write a unit for the manager of a user with the setting",
                                       std::string{setting.name}, "all that such a manager starts runs as its user");
        return {};
    }

    /// Returns the paths for the environment of the unit, which differs from that of this shell.
    [[nodiscard]] Result<Paths> paths_in_unit() const {
        Settings settings = this->settings();
        const std::string root{manager_ == Manager::user ? placeholder::runtime_root : "/run"};
        if (!settings.is_set(setting::run_directory.name))
            settings.set(setting::run_directory, root + "/" + settings.get(setting::name));
        return resolve_paths(settings, host_);
    }

    Result<std::string> socket_unit() {
        const auto service = service_unit();
        if (!service) return service.error();
        const std::string mode = text_if_set(setting::control_mode);
        const std::string owner = text_if_set(setting::control_owner);
        const std::string group = text_if_set(setting::control_group);
        SocketUnit unit{.name = paths_.name,
                        .description = session_.core.options().description,
                        .control_socket = paths_.control_socket,
                        .mode = "0" + (mode.empty() ? "600" : mode),
                        .user = owner.empty() ? service->user : owner,
                        .group = group.empty() ? service->group : group,
                        .manager = manager_,
                        .is_template = service->is_template};
        const std::string directory = directory_of(paths_.control_socket);
        const auto& made = service->runtime_directories;
        const bool is_made = std::any_of(made.begin(), made.end(),
                                         [&directory](const std::string& name) { return directory == "/run/" + name; });
        if (is_made && !service->user.empty() && service->drop == Drop::by_manager) {
            unit.directory = directory;
            unit.directory_owner = service->user + ":" + service->group;
        }
        return to_text(unit);
    }

    Result<ServiceUnit> service_unit() {
        ServiceUnit unit{.name = paths_.name,
                         .description = session_.core.options().description,
                         .type = type(),
                         .manager = manager_,
                         .is_template = session_.invocation.template_unit};
        add_log_file(unit);
        if (auto added = add_identity(unit); !added) return added.error();
        if (auto added = add_command(unit); !added) return added.error();
        if (auto added = add_directories(unit); !added) return added.error();
        if (auto added = add_paths(unit); !added) return added.error();
        unit.has_control = !settings().get(setting::no_control_server);
        unit.has_signals = !settings().get(setting::no_signal_handlers);
        unit.pid_file = paths_.pid_file;
        unit.file_mask = text_if_set(setting::umask);
        unit.core_limit = text_if_set(setting::limit_core);
        unit.open_files_limit = text_if_set(setting::limit_open_files);
        unit.is_lisp = has_lisp(session_.core);
        unit.tells_peers_apart = tells_peers_apart();
        const bool has_standby = session_.core.policies().lock.has_standby();
        unit.can_lose_lock = has_standby;
        unit.waits_for_lock = has_standby && settings().get(setting::ready_when) == "active";
        unit.start_timeout = settings().get(setting::start_timeout);
        unit.stop_timeout = settings().get(setting::stop_timeout);
        unit.extended_timeout = settings().get(setting::extended_timeout);
        return unit;
    }

    [[nodiscard]] ServiceUnit::Type type() const {
        using Type = ServiceUnit::Type;
        if (daemon().notifies_manager()) return session_.invocation.notify_reload ? Type::notify_reload : Type::notify;
        // `start` reports the result of the start. With Type=exec systemd would not know it.
        return daemon().has_background() ? Type::forking : Type::exec;
    }

    /// Adds a log file. A service in the background would otherwise lose its log.
    void add_log_file(const ServiceUnit& unit) {
        if (unit.type != ServiceUnit::Type::forking || !paths_.log_file.empty()) return;
        const std::string root{manager_ == Manager::user ? placeholder::logs_root : "/var/log"};
        paths_.log_file = root + "/" + paths_.name + "/" + paths_.name + ".log";
        if (!settings().is_set(setting::crash_directory.name)) paths_.crash_directory = directory_of(paths_.log_file);
        more_options_.push_back("--" + std::string{setting::log_file.name} + "=" + paths_.log_file);
    }

    /// Returns true if users other than root and the service's may use the socket, or the rules name other users.
    [[nodiscard]] bool tells_peers_apart() const {
        const auto is_set = [this](std::string_view name) { return settings().is_set(name); };
        const std::string mode = text_if_set(setting::control_mode);
        const bool is_open = !mode.empty() && mode.substr(mode.size() - 2) != "00";
        return is_open || is_set(setting::control_owner.name) || is_set(setting::control_group.name) ||
               is_set(setting::control_read.name) || is_set(setting::control_operate.name) ||
               is_set(setting::control_admin.name);
    }

    /// Returns the user and groups of the service, as far as this machine knows them.
    Result<std::optional<UnitIdentity>> identity(const ServiceUnit& unit) const {
        const auto user = host_.users->find_user(unit.user.empty() ? "root" : unit.user);
        if (!user) return user.error();
        if (!*user) return std::optional<UnitIdentity>{};
        UnitIdentity identity{.uid = (*user)->uid, .groups = {(*user)->gid}};
        std::vector<std::string> names = unit.supplementary_groups;
        if (!unit.group.empty()) names.push_back(unit.group);
        for (const std::string& name : names) {
            const auto group = host_.users->find_group(name);
            if (!group) return group.error();
            if (*group) identity.groups.push_back(**group);
        }
        return std::optional{std::move(identity)};
    }

    Result<void> add_identity(ServiceUnit& unit) {
        unit.user = text_if_set(setting::user);
        unit.group = text_if_set(setting::group);
        const std::string owner = text_if_set(setting::control_owner);
        for (const auto& setting : {setting::control_group, setting::log_group}) {
            const std::string group = text_if_set(setting);
            if (group.empty()) continue;
            unit.changes_owners = true;
            auto& groups = unit.supplementary_groups;
            if (manager_ == Manager::system && group != unit.group &&
                std::find(groups.begin(), groups.end(), group) == groups.end())
                groups.push_back(group);
        }
        unit.gives_files_away = !owner.empty() && owner != unit.user;
        const auto found = identity(unit);
        if (!found) return found.error();
        rules_ = {.identity = *found, .manager = manager_};
        const bool is_root = manager_ == Manager::system && *found && (*found)->uid == 0;
        if (unit.gives_files_away && !is_root) unit.needs_root_for.push_back("the control socket of '" + owner + "'");
        if (manager_ == Manager::user) rules_.identity = UnitIdentity{.uid = host_.process->effective_user()};
        auto directories = unit_directories(settings(), paths_, rules_, host_);
        if (!directories) return directories.error();
        auto& reasons = unit.needs_root_for;
        reasons.insert(reasons.end(), directories->needs_root.begin(), directories->needs_root.end());
        if (reasons.empty() || is_root) return {};
        if (manager_ == Manager::user)
            return Error{ExitCode::configuration, "write a unit for the manager of a user", "",
                         "it has no rights for " + unit.needs_root_for.front()};
        unit.drop = rules_.drop = Drop::by_service;
        rules_.identity.reset();
        unit.supplementary_groups.clear();
        return {};
    }

    Result<void> add_command(ServiceUnit& unit) {
        unit.program = session_.invocation.program_path;
        if (unit.program.empty()) {
            auto program = host_.process->program();
            if (!program) return program.error();
            unit.program = *std::move(program);
        }
        auto own = own_arguments(session_.arguments, host_);
        if (!own) return own.error();
        unit.own_arguments = *std::move(own);

        std::vector<std::string_view> of_manager{setting::umask.name, setting::working_directory.name,
                                                 setting::limit_core.name, setting::limit_open_files.name};
        if (unit.drop == Drop::by_manager)
            of_manager.insert(of_manager.end(), {setting::user.name, setting::group.name});
        auto options = unit_options(session_.core.configuration().settings(), own_schema(session_), of_manager, host_);
        if (!options) return options.error();
        unit.options = std::move(options->options);
        unit.options.insert(unit.options.end(), more_options_.begin(), more_options_.end());
        depends_on_directory_ = options->depends_on_directory;
        if (!config_of_instance_) return {};
        auto config = absolute_path(*config_of_instance_, host_);
        if (!config) return config.error();
        unit.options.push_back("--" + std::string{setting::config.name} + "=" + *config);
        return {};
    }

    Result<void> add_directories(ServiceUnit& unit) {
        auto directories = unit_directories(settings(), paths_, rules_, host_);
        if (!directories) return directories.error();
        unit.prepared_directories = std::move(directories->to_prepare);
        unit.missing_paths = std::move(directories->missing);
        unit.runtime_directories = std::move(directories->runtime);
        unit.state_directories = std::move(directories->state);
        unit.cache_directories = std::move(directories->cache);
        unit.logs_directories = std::move(directories->logs);
        unit.writable_paths = std::move(directories->writable);
        unit.paths = std::move(directories->readable);
        return {};
    }

    /// Adds the working directory and the paths that the service reads.
    Result<void> add_paths(ServiceUnit& unit) {
        std::string directory = text_if_set(setting::working_directory);
        if (directory.empty() && depends_on_directory_) directory = ".";
        if (!directory.empty()) {
            auto whole = absolute_path(directory, host_);
            if (!whole) return whole.error();
            unit.working_directory = *std::move(whole);
            unit.paths.push_back(unit.working_directory);
        }
        for (const std::string& argument : unit.own_arguments)
            if (argument.starts_with('/')) unit.paths.push_back(argument);
        return {};
    }

    Session& session_;
    const os::Host& host_;
    Manager manager_;
    std::optional<std::string> config_of_instance_;
    Paths paths_;
    DirectoryRules rules_;
    std::vector<std::string> more_options_;
    bool depends_on_directory_ = false;
};

}  // namespace

int unit(Session& session) {
    UnitMaking making{session};
    if (const int code = making.load(); code != 0) return code;
    const auto text = making.make();
    if (!text) return session.console.fail(text.error());
    session.console.tell(*text, {{"unit", *text}});
    return 0;
}

}  // namespace servicekit::cli
