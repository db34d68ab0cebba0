#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/base/result.hpp"

namespace servicekit::cli {

/// Placeholders for specifiers of systemd.unit(5) while a unit is made, since a `%` in a path stays a `%` in the unit.
/// They are valid in names and paths.
namespace placeholder {
inline constexpr std::string_view instance = "INSTANCE-b7d1f9";           ///< %i, the instance of a template
inline constexpr std::string_view runtime_root = "/RUNTIME-ROOT-b7d1f9";  ///< %t of a user manager
inline constexpr std::string_view logs_root = "/LOGS-ROOT-b7d1f9";        ///< %L of a user manager
}  // namespace placeholder

/// The contents of a systemd unit for a service; see systemd.service(5) and systemd.exec(5). All paths are absolute.
struct ServiceUnit {
    /// How systemd learns that the service is ready, and makes it reload.
    enum class Type {
        exec,           ///< the service cannot notify systemd
        forking,        ///< the service goes to the background once it is ready
        notify,         ///< the service notifies systemd when it is ready
        notify_reload,  ///< the same, and systemd reloads by a signal; needs systemd 253
    };
    /// Who changes to the service's user.
    enum class Drop { by_manager, by_service };
    /// The manager that the unit is for: the system manager, or that of one user.
    enum class Manager { system, user };

    std::string name;
    std::string description = {};
    Type type = Type::exec;
    Manager manager = Manager::system;
    bool is_template = false;
    std::string program = {};
    std::vector<std::string> own_arguments = {};  ///< of the application, before the verb
    std::vector<std::string> options = {};        ///< of the verbs
    bool has_control = true;                      ///< the service can reload by a verb
    bool has_signals = true;                      ///< the service can reload by a signal
    std::string pid_file = {};

    std::string user = {};   ///< empty: the manager's
    std::string group = {};  ///< empty: the user's
    std::vector<std::string> supplementary_groups = {};
    Drop drop = Drop::by_manager;
    /// What requires root's capabilities, in words. A service of another user then drops privileges by itself.
    std::vector<std::string> needs_root_for = {};
    std::string file_mask = {};          ///< empty: the manager's
    std::string working_directory = {};  ///< empty: the manager's
    std::string core_limit = {};         ///< "unlimited" for no limit; empty: the manager's
    std::string open_files_limit = {};   ///< the same

    /// Below /run, /var/lib, /var/cache and /var/log, without that prefix; letters, digits and `_-./`. systemd makes
    /// them.
    std::vector<std::string> runtime_directories = {};
    std::vector<std::string> state_directories = {};
    std::vector<std::string> cache_directories = {};
    std::vector<std::string> logs_directories = {};
    std::vector<std::string> writable_paths = {};        ///< in addition to those
    std::vector<std::string> prepared_directories = {};  ///< those of `writable_paths` that the unit makes for the user
    std::vector<std::string> missing_paths = {};         ///< those of `writable_paths` that do not exist
    std::vector<std::string> paths = {};                 ///< paths that the service must at least see

    bool is_lisp = false;            ///< maps memory that is written and executed
    bool tells_peers_apart = false;  ///< needs to know users and groups other than its own and root
    bool changes_owners = false;     ///< gives files to groups that it is in
    bool gives_files_away = false;   ///< gives files to other users
    bool can_lose_lock = false;      ///< it ends with 75 after a loss
    bool waits_for_lock = false;     ///< its start lasts until it has won the lock
    std::chrono::milliseconds start_timeout{90'000};
    std::chrono::milliseconds stop_timeout{8'000};
    std::chrono::milliseconds extended_timeout{900'000};  ///< of either while it makes progress
};

/// \returns an error of ExitCode::configuration for a path or a text that no unit can express
[[nodiscard]] Result<std::string> to_text(const ServiceUnit& unit);

/// The unit by which systemd listens on the control socket and starts the service at the first request.
struct SocketUnit {
    std::string name;
    std::string description = {};
    std::string control_socket;
    std::string directory = {};        ///< systemd makes it before the service, for the socket; empty: it exists
    std::string directory_owner = {};  ///< in the format of chown(1)
    std::string mode = "0600";
    std::string user = {};
    std::string group = {};
    ServiceUnit::Manager manager = ServiceUnit::Manager::system;
    bool is_template = false;
};

[[nodiscard]] Result<std::string> to_text(const SocketUnit& unit);

/// Returns one argument of a command for systemd's parser: quoted if necessary, and nothing in it is expanded.
[[nodiscard]] std::string unit_argument(std::string_view argument);

/// Returns one path of a list of paths. Unlike in a command, only specifiers are expanded, and characters cannot be
/// escaped.
/// \returns nothing for a path that cannot be written there
[[nodiscard]] std::optional<std::string> unit_path(std::string_view path);

}  // namespace servicekit::cli
