#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace servicekit::cli {

/// What a unit of systemd says of a service; see systemd.service(5) and systemd.exec(5). All paths are absolute.
struct ServiceUnit {
    /// How systemd learns that the service is ready, and has it reload.
    enum class Type {
        exec,           ///< it can't tell
        notify,         ///< the service says when it is ready
        notify_reload,  ///< the same, and systemd reloads by a signal; needs systemd 253
    };

    std::string name;
    std::string description = {};
    Type type = Type::exec;
    std::string program = {};
    std::vector<std::string> options = {};  ///< of the verbs `run` and `reload`
    bool has_control = true;                ///< a verb can have it reload
    bool has_signals = true;                ///< a signal can
    std::string user = {};                  ///< empty: as the manager does
    std::string group = {};
    std::string file_mask = {};          ///< empty: the manager's
    std::string working_directory = {};  ///< the same
    /// Below /run, without it, of letters, digits and `_-./`; empty: the service's files are elsewhere.
    std::string runtime_directory = {};
    /// The same below /var/log; empty: none.
    std::string logs_directory = {};
    std::vector<std::string> writable_folders = {};  ///< beside those, and /var/lib/NAME
    std::vector<std::string> paths = {};             ///< that it must at least see
    std::chrono::milliseconds start_timeout{90'000};
    std::chrono::milliseconds stop_timeout{8'000};
};

[[nodiscard]] std::string to_text(const ServiceUnit& unit);

/// The unit by which systemd listens on the control socket, and starts the service at the first request.
struct SocketUnit {
    std::string name;
    std::string description = {};
    std::string control_socket;
    std::string user = {};
    std::string group = {};
};

[[nodiscard]] std::string to_text(const SocketUnit& unit);

/// One argument of a command, as systemd takes it apart: quoted where it must be, nothing in it expanded.
[[nodiscard]] std::string unit_argument(std::string_view argument);

}  // namespace servicekit::cli
