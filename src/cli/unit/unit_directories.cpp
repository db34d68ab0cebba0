#include "cli/unit/unit_directories.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/path_parts.hpp"
#include "cli/unit/unit_options.hpp"
#include "core/paths.hpp"

namespace servicekit::cli {
namespace {

constexpr std::array<std::string_view, 5> bases{"/run", "/var/run", "/var/lib", "/var/cache", "/var/log"};

bool lies_in(const std::string& path, const std::string& directory) {
    return path == directory || path.starts_with(directory == "/" ? directory : directory + "/");
}

/// Returns true for a device such as a terminal, and for a path of an open descriptor.
bool is_device(const std::string& path) { return lies_in(path, "/dev") || lies_in(path, "/proc"); }

void add_once(std::vector<std::string>& list, std::string entry) {
    if (std::find(list.begin(), list.end(), entry) == list.end()) list.push_back(std::move(entry));
}

/// Returns the directory as a name below a base; nothing if it cannot be one.
std::optional<std::string> name_below(std::string_view base, const std::string& directory) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./";
    if (!directory.starts_with(base) || directory.size() <= base.size() + 1 || directory[base.size()] != '/')
        return std::nullopt;
    std::string name = directory.substr(base.size() + 1);
    const bool has_parent = ("/" + name + "/").find("/../") != std::string::npos;
    if (has_parent || name.find_first_not_of(plain) != std::string::npos) return std::nullopt;
    return name;
}

class Collection {
public:
    Collection(DirectoryRules rules, const os::Host& host) : rules_{std::move(rules)}, host_{host} {}

    /// Adds a directory in which the service creates files. If systemd can make it, it belongs to the service.
    Result<void> add_own(const std::string& directory) {
        if (is_device(directory) || is_granted(directory)) return {};
        if (made_by_manager(directory)) return {};
        return add_writable(directory, true);
    }
    /// Adds an existing file or directory that the service writes.
    Result<void> add_writable(const std::string& path, bool makes_files_in_it) {
        if (is_device(path) || is_granted(path)) return {};
        add_once(found_.writable, path);
        const auto status = host_.files->status(path, os::Links::follow);
        // The service may see a file that is not accessible here.
        if (!status) return {};
        if (!status->has_value()) {
            if (is_base(path) && makes_files_in_it && rules_.identity && rules_.identity->uid != 0)
                add_once(found_.needs_root, "files in '" + path + "'");
            if (!is_base(path) && path.find(placeholder::instance) == std::string::npos) add_once(found_.missing, path);
            return {};
        }
        constexpr mode_t write_and_search = 03;
        if (makes_files_in_it && !may(write_and_search, **status))
            add_once(found_.needs_root, "files in '" + path + "'");
        return {};
    }
    /// Adds a file that the service reads, before it drops privileges if it does so by itself.
    void add_readable(const std::string& path) {
        add_once(found_.readable, path);
        const auto status = host_.files->status(path, os::Links::follow);
        constexpr mode_t read = 04;
        if (status && *status && !may(read, **status)) add_once(found_.needs_root, "reading '" + path + "'");
    }
    UnitDirectories take() { return std::move(found_); }
    std::vector<std::string>& state() { return found_.state; }

private:
    [[nodiscard]] bool is_users_manager() const { return rules_.manager == ServiceUnit::Manager::user; }
    static bool is_base(const std::string& path) { return std::find(bases.begin(), bases.end(), path) != bases.end(); }
    bool made_by_manager(const std::string& directory) {
        const auto below = [&](std::string_view base, std::vector<std::string>& names) {
            const auto name = name_below(base, directory);
            if (name) add_once(names, *name);
            return name.has_value();
        };
        if (is_users_manager())
            return below(placeholder::runtime_root, found_.runtime) || below(placeholder::logs_root, found_.logs);
        if (lies_in(directory, "/run/user")) return false;
        if (below("/run", found_.runtime) || below("/var/run", found_.runtime)) return true;
        if (rules_.drop == ServiceUnit::Drop::by_service) return made_by_command(directory);
        return below("/var/lib", found_.state) || below("/var/cache", found_.cache) || below("/var/log", found_.logs);
    }
    /// Only adds a directory in a base, where only root can replace it by a link.
    bool made_by_command(const std::string& directory) {
        for (const std::string_view base : {"/var/lib", "/var/cache", "/var/log"}) {
            const auto name = name_below(base, directory);
            if (!name) continue;
            std::string made = std::string{base} + "/" + name->substr(0, name->find('/'));
            add_once(found_.writable, made);
            add_once(found_.to_prepare, std::move(made));
            return true;
        }
        return false;
    }
    /// Returns true if the directory is within one that the unit already names.
    [[nodiscard]] bool is_granted(const std::string& path) const {
        const auto any = [&path](std::string_view base, const std::vector<std::string>& names) {
            return std::any_of(names.begin(), names.end(),
                               [&](const std::string& name) { return lies_in(path, std::string{base} + "/" + name); });
        };
        if (is_users_manager())
            return any(placeholder::runtime_root, found_.runtime) || any(placeholder::logs_root, found_.logs);
        const bool is_writable = std::any_of(found_.writable.begin(), found_.writable.end(),
                                             [&](const std::string& directory) { return lies_in(path, directory); });
        return is_writable || any("/run", found_.runtime) || any("/var/run", found_.runtime) ||
               any("/var/lib", found_.state) || any("/var/cache", found_.cache) || any("/var/log", found_.logs);
    }
    /// \param needed the lowest three bits of permissions
    [[nodiscard]] bool may(mode_t needed, const os::FileStatus& status) const {
        if (!rules_.identity) return true;
        const auto allows = [&](unsigned shift) { return (status.permissions >> shift & needed) == needed; };
        if (status.uid == rules_.identity->uid) return allows(6);
        const auto& groups = rules_.identity->groups;
        if (std::find(groups.begin(), groups.end(), status.gid) != groups.end()) return allows(3);
        // The groups of a manager's user are unknown here. So it refuses only if it is certain.
        return allows(0) || (is_users_manager() && allows(3));
    }

    DirectoryRules rules_;
    const os::Host& host_;
    UnitDirectories found_;
};

/// Returns the path of the file of a standard stream; empty if the stream has no file.
std::string file_of_stream(const Value& setting) {
    if (setting.is_object()) return setting.as_object().find("path")->as_string();
    if (!setting.is_string()) return {};
    const std::string& text = setting.as_string();
    return text == "log" || text == "null" || text == "inherit" ? std::string{} : text;
}

Result<void> add_streams(Collection& collection, const Settings& settings, const os::Host& host) {
    for (const std::string_view name :
         {setting::standard_input.name, setting::standard_output.name, setting::standard_error.name}) {
        const std::string path = file_of_stream(settings.value(name));
        if (path.empty()) continue;
        const auto whole = absolute_path(path, host);
        if (!whole) return whole.error();
        if (name == setting::standard_input.name)
            collection.add_readable(*whole);
        else if (auto added = collection.add_own(directory_of(*whole)); !added)
            return added;
    }
    return {};
}

/// Adds the paths of the log's program, which runs in the sandbox of the service. It may write to any path in its
/// arguments.
Result<void> add_log_command(Collection& collection, const Settings& settings, const os::Host& host) {
    const auto words = settings.get(setting::log_command);
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i].find('/') == std::string::npos) continue;
        const auto path =
            i > 0 && !words[i].starts_with('/') ? Result<std::string>{words[i]} : absolute_path(words[i], host);
        if (!path) return path.error();
        if (i == 0) {
            collection.add_readable(*path);
            continue;
        }
        // A relative path is relative to the working directory, and an argument in the form of an option is one.
        if (!path->starts_with('/')) continue;
        const auto status = host.files->status(*path, os::Links::follow);
        const bool is_directory = status && *status && (*status)->type == os::FileType::directory;
        if (auto added = collection.add_own(is_directory ? *path : directory_of(*path)); !added) return added;
    }
    return {};
}

}  // namespace

Result<UnitDirectories> unit_directories(const Settings& settings, const Paths& paths, DirectoryRules rules,
                                         const os::Host& host) {
    const bool is_users_manager = rules.manager == ServiceUnit::Manager::user;
    Collection collection{std::move(rules), host};
    if (is_users_manager) collection.state().push_back(paths.name);
    const std::string& run = paths.run_directory;
    const auto is_in_run = [&run](const std::string& file) { return lies_in(file, run) && file != run; };
    std::vector<std::string> own;
    if (is_in_run(paths.pid_file) || is_in_run(paths.control_socket)) own.push_back(run);
    for (const std::string& file : {paths.pid_file, paths.control_socket})
        if (!is_in_run(file)) own.push_back(directory_of(file));
    if (!paths.log_file.empty()) own.push_back(directory_of(paths.log_file));
    if (!paths.metrics_file.empty()) own.push_back(directory_of(paths.metrics_file));
    if (!settings.get(setting::no_crash_reports)) own.push_back(paths.crash_directory);
    if (!is_users_manager) own.push_back("/var/lib/" + paths.name);
    for (const std::string& directory : own)
        if (auto added = collection.add_own(directory); !added) return added.error();
    if (auto added = add_streams(collection, settings, host); !added) return added.error();
    if (auto added = add_log_command(collection, settings, host); !added) return added.error();
    if (const std::string config = settings.get(setting::config); !config.empty()) {
        const auto whole = absolute_path(config, host);
        if (!whole) return whole.error();
        collection.add_readable(*whole);
    }
    for (const std::string& path : settings.get(setting::writable)) {
        const auto whole = absolute_path(path, host);
        if (!whole) return whole.error();
        if (auto added = collection.add_writable(*whole, false); !added) return added.error();
    }
    return collection.take();
}

}  // namespace servicekit::cli
