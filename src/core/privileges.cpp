#include "core/privileges.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "base/parse_number.hpp"
#include "base/path_parts.hpp"
#include "servicekit/policy/control_policy.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit {
namespace {

/// Devices that programs commonly write to, without harm.
constexpr std::array harmless_devices{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"};

/// Returns true if others also keep files in the run directory.
bool is_shared(const std::string& directory) {
    for (const char* shared : {"/", "/run", "/var/run", "/tmp", "/var/tmp"})
        if (directory == shared) return true;
    constexpr std::string_view of_users = "/run/user/";
    return directory.starts_with(of_users) && directory.find('/', of_users.size()) == std::string::npos;
}

}  // namespace

Result<std::optional<Identity>> find_identity(const Settings& settings, const os::Host& host) {
    const std::string user_name = settings.get(setting::user);
    const std::string group_name = settings.get(setting::group);
    if (user_name.empty() && group_name.empty()) return std::optional<Identity>{};

    const std::string wanted = user_name.empty() ? std::to_string(host.process->effective_user()) : user_name;
    const auto user = host.users->find_user(wanted);
    if (!user) return user.error();
    if (!*user) return Error{ExitCode::configuration, "become the user", wanted, "there is no such user"};
    gid_t group = (*user)->gid;
    if (!group_name.empty()) {
        const auto found = host.users->find_group(group_name);
        if (!found) return found.error();
        if (!*found)
            return Error{ExitCode::configuration, "become a member of the group", group_name, "there is no such group"};
        group = **found;
    }
    if (group == no_id)
        return Error{ExitCode::configuration, "become the user", wanted,
                     "the user database has no such user to tell a group, so name a group as well"};
    return std::optional{Identity{.user = **user, .group = group}};
}

std::optional<Error> Privileges::prepare() {
    auto identity = find_identity(configuration_.settings(), host_);
    if (!identity) return identity.error().at_stage(ExitCode::permission);
    identity_ = *std::move(identity);
    // Also called if the service keeps its user: an earlier start in the same process may have announced another one.
    if (identity_)
        host_.users->prepare(identity_->user, identity_->group);
    else
        host_.users->prepare(os::User{}, 0);
    return std::nullopt;
}

std::optional<Error> Privileges::drop() {
    const auto at_this_stage = [](const Error& error) { return error.at_stage(ExitCode::permission); };
    if (identity_ || is_confined())
        if (const auto alone = be_alone(); !alone) return at_this_stage(alone.error());
    // Only root may raise limits, so this happens before the change of user.
    if (const auto limited = set_limits(); !limited) return at_this_stage(limited.error());
    if (identity_)
        if (const auto became = become(*identity_); !became) return at_this_stage(became.error());
    if (const auto taken = take_up_surroundings(identity_.has_value()); !taken) return at_this_stage(taken.error());
    if (const auto confined = confine(); !confined) return at_this_stage(confined.error());
    return std::nullopt;
}

bool Privileges::will_change() const {
    const Settings& settings = configuration_.settings();
    return is_confined() || !settings.get(setting::user).empty() || !settings.get(setting::group).empty();
}

bool Privileges::is_confined() const {
    const Settings& settings = configuration_.settings();
    return settings.get(setting::no_new_privileges) || settings.is_set(setting::writable.name);
}

Result<void> Privileges::be_alone() const {
    const unsigned threads = host_.process->thread_count();
    if (threads == 1) return {};
    return Error{ExitCode::permission, "drop privileges", "",
                 std::to_string(threads) + " threads exist already, and each has its own; start them in on_start"};
}

Result<void> Privileges::set_limits() const {
    using Resource = os::Confinement::Resource;
    const Settings& settings = configuration_.settings();
    for (const auto& [setting, resource] : {std::pair{setting::limit_core, Resource::core_size},
                                            std::pair{setting::limit_open_files, Resource::open_files}}) {
        const std::string wanted = settings.get(setting);
        if (wanted.empty()) continue;
        // "unlimited" is not a number.
        if (auto limited = host_.confinement->limit(resource, parse_number<std::uint64_t>(wanted)); !limited)
            return limited;
    }
    return {};
}

Result<void> Privileges::hand_over(const Identity& identity) const {
    auto& [daemon, lock, log, control] = policies_;
    const auto& [user, group] = identity;
    for (const auto& handed : {log.change_owner(user.uid, group), control.change_owner(user.uid, group),
                               streams_.change_owner(user.uid, group), crash_watch_.change_owner(user.uid, group)}) {
        if (handed) continue;
        // A file that stays root's is open already. Others only have less access to it than they could have.
        if (!os::is_refused_by_file_system(handed.error())) return handed;
        log_.warning(handed.error().message());
    }
    return {};
}

/// Returns the groups that the settings name. The service may have been started with these groups for that purpose.
std::vector<gid_t> Privileges::groups_of_settings() const {
    const Settings& settings = configuration_.settings();
    std::vector<gid_t> groups;
    for (const auto& setting : {setting::control_group, setting::log_group})
        if (const std::string name = settings.get(setting); !name.empty())
            if (const auto found = host_.users->find_group(name); found && *found) groups.push_back(**found);
    return groups;
}

/// Sets the variables of login(1), so that neither the service nor its children look for their files in root's home.
void Privileges::take_up_environment(const os::User& user) const {
    os::Environment& environment = *host_.environment;
    environment.set("HOME", user.home.empty() ? "/" : user.home);
    environment.set("SHELL", user.shell.empty() ? "/bin/sh" : user.shell);
    for (const char* variable : {"USER", "LOGNAME"}) {
        if (user.name.empty())
            environment.unset(variable);
        else
            environment.set(variable, user.name);
    }
}

Result<void> Privileges::become(const Identity& identity) const {
    const auto& [user, group] = identity;
    if (auto handed = hand_over(identity); !handed) return handed;
    if (auto became = host_.users->become(user, group, groups_of_settings()); !became) return became;
    if (!configuration_.settings().get(setting::user).empty()) take_up_environment(user);

    const std::string core_files = configuration_.settings().get(setting::limit_core);
    if (core_files.empty() || core_files == "0") return {};
    return host_.confinement->allow_core_dumps();
}

/// The daemon policy sets the working directory and the file mask in the background. In the foreground both are the
/// caller's, unless the settings have them.
Result<void> Privileges::take_up_surroundings(bool is_another_user) const {
    const Settings& settings = configuration_.settings();
    const Deployment& deployment = instance_.deployment;
    os::Process& process = *host_.process;
    if (!deployment.background && settings.is_set(setting::umask.name)) process.set_file_mask(deployment.file_mask);
    // Repeated in the background, because the policy changed the directory with the rights of root.
    if (settings.is_set(setting::working_directory.name) || (deployment.background && is_another_user))
        return process.change_directory(deployment.working_directory);
    if (deployment.background || !is_another_user) return {};

    const auto here = process.current_directory();
    const auto stayed = here ? process.change_directory(*here) : Result<void>{here.error()};
    if (!stayed) log_.warning("the working directory is closed to the service: " + stayed.error().message());
    return {};
}

Result<void> Privileges::confine() {
    if (!is_confined()) return {};
    os::Confinement& confinement = *host_.confinement;
    if (auto forbidden = confinement.forbid_new_privileges(); !forbidden) return forbidden;
    if (!configuration_.settings().is_set(setting::writable.name)) return {};

    const auto confined = confinement.confine_writing(writable_paths());
    if (!confined) return confined.error();
    switch (confined->extent) {
        case os::WriteConfinement::Extent::whole:
            break;
        case os::WriteConfinement::Extent::partial:
            log_.warning("writing is not confined in every way: " + confined->gap);
            break;
        case os::WriteConfinement::Extent::none:
            log_.warning("writing is not confined: " + confined->gap);
            break;
    }
    return {};
}

std::vector<os::WritablePath> Privileges::writable_paths() const {
    using Use = os::WritablePath::Use;
    const Paths& paths = instance_.paths;
    std::vector<os::WritablePath> writable;
    for (const std::string& path : instance_.deployment.writable) writable.push_back({.path = path});
    // A path that may be missing is not essential: a socket that is left behind does no harm.
    writable.push_back({.path = paths.run_directory,
                        .use = is_shared(paths.run_directory) ? Use::removal : Use::everything,
                        .may_be_missing = true});
    writable.push_back({.path = directory_of(paths.control_socket), .use = Use::removal, .may_be_missing = true});
    if (!paths.log_file.empty() && !os::named_descriptor(paths.log_file))
        writable.push_back({.path = directory_of(paths.log_file), .use = Use::regular_files, .may_be_missing = true});
    if (!paths.metrics_file.empty())
        writable.push_back(
            {.path = directory_of(paths.metrics_file), .use = Use::regular_files, .may_be_missing = true});
    writable.push_back({.path = paths.crash_directory, .use = Use::removal, .may_be_missing = true});
    for (const std::string& file : streams_.files())
        writable.push_back({.path = directory_of(file), .use = Use::regular_files, .may_be_missing = true});
    for (const char* device : harmless_devices) writable.push_back({.path = device, .may_be_missing = true});
    return writable;
}

}  // namespace servicekit
