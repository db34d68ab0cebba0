#include "core/paths.hpp"

#include <optional>
#include <utility>

#include "base/path_parts.hpp"
#include "core/policy_plans.hpp"
#include "core/setting_kind.hpp"

namespace servicekit {
namespace {

struct RunDirectory {
    std::string path;
    Paths::Choice choice;
};

/// Removes "/./" and slashes at the end. Keeps "..", as the component before it may be a link.
std::string tidied(std::string path) {
    for (std::size_t at = 0; (at = path.find("/./", at)) != std::string::npos;) path.erase(at, 2);
    if (path.ends_with("/.")) path.pop_back();
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path;
}

/// Returns a directory that the environment names. A relative path counts as unset: a place must not depend on the
/// working directory.
std::optional<std::string> directory_in(const os::Host& host, const char* variable) {
    auto path = host.environment->get(variable);
    if (!path || path->front() != '/') return std::nullopt;
    return path;
}

/// Returns the first of systemd's runtime directories, which are separated by colons. It is the service's.
std::optional<std::string> first_runtime_directory(const os::Host& host) {
    const auto listed = directory_in(host, "RUNTIME_DIRECTORY");
    return listed ? std::optional{listed->substr(0, listed->find(':'))} : std::nullopt;
}

/// Returns false for a terminal and for a path to an open descriptor.
bool is_in_directory_for_files(const std::string& path) {
    return !path.empty() && !path.starts_with("/dev/") && !path.starts_with("/proc/");
}

RunDirectory private_directory_below(const std::string& temporary, uid_t user) {
    return {tidied(temporary) + "/servicekit-" + std::to_string(user), Paths::Choice::private_temporary};
}

RunDirectory private_directory(const os::Host& host) {
    return private_directory_below(directory_in(host, "TMPDIR").value_or("/tmp"), host.process->effective_user());
}

RunDirectory default_run_directory(const os::Host& host) {
    if (const auto runtime = first_runtime_directory(host)) return {*runtime, Paths::Choice::standard};
    if (host.process->effective_user() == 0) return {"/run", Paths::Choice::standard};
    if (const auto user = directory_in(host, "XDG_RUNTIME_DIR")) return {*user, Paths::Choice::standard};
    return private_directory(host);
}

/// Directories in the order in which they are searched, without duplicates.
class RunDirectories {
public:
    void add(RunDirectory directory) {
        directory.path = tidied(std::move(directory.path));
        for (const RunDirectory& known : all_)
            if (known.path == directory.path) return;
        all_.push_back(std::move(directory));
    }
    /// Adds a directory, and the one below it that a service manager makes for RuntimeDirectory=NAME.
    void add_both(const std::string& path, const std::string& name) {
        add({path, Paths::Choice::standard});
        if (!name.empty()) add({path + "/" + name, Paths::Choice::standard});
    }
    [[nodiscard]] std::vector<RunDirectory> take() && { return std::move(all_); }

private:
    std::vector<RunDirectory> all_;
};

/// Returns every run directory that a start by this user may choose by default, in any environment.
RunDirectories own_run_directories(const std::string& name, const os::Host& host) {
    const uid_t user = host.process->effective_user();
    RunDirectories all;
    all.add(default_run_directory(host));
    if (user == 0) all.add_both("/run", name);
    if (const auto named = directory_in(host, "XDG_RUNTIME_DIR")) all.add_both(*named, name);
    all.add_both("/run/user/" + std::to_string(user), name);
    all.add(private_directory(host));
    all.add(private_directory_below("/tmp", user));
    return all;
}

std::vector<RunDirectory> possible_run_directories(const std::string& name, const os::Host& host) {
    RunDirectories all = own_run_directories(name, host);
    // The directories of root's services, to which any user may send requests.
    all.add_both("/run", name);
    return std::move(all).take();
}

RecordDirectory record_directory_below(const RunDirectory& directory) {
    return {tidied(directory.path) + "/servicekit", directory.choice == Paths::Choice::private_temporary};
}

Result<Paths> paths_in(const Settings& settings, const os::Host& host, const RunDirectory& directory) {
    Paths paths;
    paths.name = settings.get(setting::name);
    paths.choice = directory.choice;
    paths.pid_file = settings.get(setting::pid_file);
    paths.control_socket = settings.get(setting::control_socket);
    paths.log_file = settings.get(setting::log_file);
    paths.metrics_file = settings.get(setting::metrics_file);
    if (paths.name.empty())
        return Error{ExitCode::configuration, "find its place", "", "the service has no name; set it, or give --name"};
    const std::string base = directory.path + "/" + paths.name;
    if (paths.pid_file.empty()) paths.pid_file = base + ".pid";
    if (paths.control_socket.empty()) paths.control_socket = base + ".control";
    paths.run_directory = directory.path;
    paths.crash_directory = settings.get(setting::crash_directory);
    for (std::string* path : {&paths.run_directory, &paths.pid_file, &paths.control_socket, &paths.log_file,
                              &paths.crash_directory, &paths.metrics_file}) {
        auto whole = absolute_path(std::move(*path), host);
        if (!whole) return whole.error();
        *path = std::move(*whole);
    }
    if (paths.crash_directory.empty())
        paths.crash_directory =
            is_in_directory_for_files(paths.log_file) ? directory_of(paths.log_file) : paths.run_directory;
    return paths;
}

std::optional<RunDirectory> configured_run_directory(const Settings& settings) {
    const std::string configured = settings.get(setting::run_directory);
    if (configured.empty()) return std::nullopt;
    return RunDirectory{configured, Paths::Choice::configured};
}

}  // namespace

Result<std::string> absolute_path(std::string path, const os::Host& host) {
    if (path.empty() || path.front() == '/') return tidied(std::move(path));
    auto here = host.process->current_directory();
    if (!here) return here.error();
    return tidied((*here == "/" ? "/" : *here + "/") + path);
}

Result<Paths> resolve_paths(const Settings& settings, const os::Host& host) {
    const auto configured = configured_run_directory(settings);
    return paths_in(settings, host, configured ? *configured : default_run_directory(host));
}

Result<std::vector<Paths>> candidate_paths(const Settings& settings, const os::Host& host) {
    std::vector<RunDirectory> directories;
    if (const auto configured = configured_run_directory(settings))
        directories.push_back(*configured);
    else
        directories = possible_run_directories(settings.get(setting::name), host);

    std::vector<Paths> all;
    for (const RunDirectory& directory : directories) {
        auto paths = paths_in(settings, host, directory);
        if (!paths) return paths.error();
        // If both paths are set explicitly, all directories give the same place.
        if (!all.empty() && all.back().pid_file == paths->pid_file &&
            all.back().control_socket == paths->control_socket)
            continue;
        all.push_back(std::move(*paths));
    }
    return all;
}

std::vector<std::string> other_pid_files(const Settings& settings, const Paths& paths, const os::Host& host) {
    if (!settings.get(setting::run_directory).empty() || !settings.get(setting::pid_file).empty()) return {};
    std::vector<std::string> others;
    for (const RunDirectory& directory : own_run_directories(paths.name, host).take())
        if (directory.path != paths.run_directory) others.push_back(directory.path + "/" + paths.name + ".pid");
    return others;
}

std::vector<RecordDirectory> default_record_directories(const os::Host& host) {
    std::vector<RecordDirectory> all;
    const bool is_root = host.process->effective_user() == 0;
    // Not the directory that a service manager makes for one service and removes together with it.
    if (is_root) all.push_back(record_directory_below({"/run", Paths::Choice::standard}));
    if (const auto user = directory_in(host, "XDG_RUNTIME_DIR"); user && !is_root)
        all.push_back(record_directory_below({*user, Paths::Choice::standard}));
    if (const auto runtime = first_runtime_directory(host))
        all.push_back(record_directory_below({*runtime, Paths::Choice::standard}));
    if (!is_root) all.push_back(record_directory_below(private_directory(host)));
    return all;
}

std::vector<RecordDirectory> possible_record_directories(const std::string& name, const os::Host& host) {
    std::vector<RecordDirectory> all;
    for (const RunDirectory& directory : possible_run_directories(name, host))
        all.push_back(record_directory_below(directory));
    return all;
}

Result<void> prepare_run_directory(const Paths& paths, const os::Host& host) {
    const std::string& path = paths.run_directory;
    const auto refuse = [&path](ExitCode code, std::string reason) {
        return Error{code, "use the run directory", path, std::move(reason)};
    };
    // Each path may be set explicitly. A run directory without any of the files need not exist.
    const auto lies_below = [&path](const std::string& file) { return file.starts_with(path + "/"); };
    if (!lies_below(paths.pid_file) && !lies_below(paths.control_socket)) return {};

    const bool is_private = paths.choice == Paths::Choice::private_temporary;
    if (auto made = host.files->create_directories(path, is_private ? 0700 : 0755); !made)
        return made.error().at_stage(ExitCode::cannot_create);

    const auto found = host.files->status(path, is_private ? os::Links::do_not_follow : os::Links::follow);
    if (!found) return found.error().at_stage(ExitCode::cannot_create);
    if (!found->has_value() || (*found)->type != os::FileType::directory)
        return refuse(ExitCode::cannot_create, "it is not a directory");
    if (!is_private) return {};
    if ((*found)->uid != host.process->effective_user())
        return refuse(ExitCode::permission, "it belongs to another user (uid " + std::to_string((*found)->uid) + ")");
    if (((*found)->permissions & 077) != 0)
        return refuse(ExitCode::permission, "it is open to other users; 'chmod 700' it");
    return {};
}

Result<void> check_log_file(const Settings& settings, const Paths& paths, const os::Host& host) {
    if (paths.log_file.empty()) return {};
    const auto config = absolute_path(settings.get(setting::config), host);
    if (!config) return config.error();
    using Taken = std::pair<std::string_view, const std::string*>;
    for (const auto& [what, path] :
         {Taken{"the pidfile", &paths.pid_file}, Taken{"the control socket", &paths.control_socket},
          Taken{"the config file", &*config}})
        if (*path == paths.log_file)
            return Error{ExitCode::configuration, "log to", paths.log_file, "it is " + std::string{what}};
    return {};
}

Result<Deployment> make_deployment(const Settings& settings, const Paths& paths, const os::Host& host) {
    Deployment deployment;
    deployment.name = paths.name;
    deployment.run_directory = paths.run_directory;
    deployment.pid_file = paths.pid_file;
    deployment.control_socket = paths.control_socket;
    deployment.log_file = paths.log_file;
    deployment.log_level = settings.get(setting::log_level);
    deployment.start_timeout = settings.get(setting::start_timeout);
    deployment.stop_timeout = settings.get(setting::stop_timeout);

    auto directory = absolute_path(settings.get(setting::working_directory), host);
    if (!directory) return directory.error();
    deployment.working_directory = std::move(*directory);

    deployment.file_mask = mode_from_octal(settings.get(setting::umask));

    for (std::string& path : settings.get(setting::writable)) {
        auto whole = absolute_path(std::move(path), host);
        if (!whole) return whole.error();
        deployment.writable.push_back(std::move(*whole));
    }
    deployment.gives_up_rights = !settings.get(setting::user).empty() || !settings.get(setting::group).empty() ||
                                 settings.get(setting::no_new_privileges) || settings.is_set(setting::writable.name);
    deployment.control_access = control_access(settings);
    deployment.log_plan = log_plan(settings);
    ClusterPlan& cluster = deployment.cluster_plan = cluster_plan(settings);
    for (std::string* path : {&cluster.ca_file, &cluster.certificate_file, &cluster.key_file, &cluster.password_file}) {
        auto whole = absolute_path(std::move(*path), host);
        if (!whole) return whole.error();
        *path = std::move(*whole);
    }
    return deployment;
}

}  // namespace servicekit
