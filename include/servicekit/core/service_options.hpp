#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "servicekit/base/log_level.hpp"
#include "servicekit/core/reply.hpp"
#include "servicekit/core/settings.hpp"

namespace servicekit {

/// What main() defines about its service. The config file, `on_load`, the environment and the command line may override
/// it. Members that are left empty have the default of docs/reference/settings.md.
struct ServiceOptions {
    /// Letters, digits, dots, underscores and hyphens. It is also the prefix of the environment variables.
    std::string name = {};
    /// The version that `--version` and `status` show.
    std::string version = {};
    /// One line for --help.
    std::string description = {};
    /// Directory of the pidfile and the control socket. Default: /run for root, $XDG_RUNTIME_DIR for other users.
    std::string run_directory = {};
    /// Default: NAME.pid in the run directory.
    std::string pid_file = {};
    /// Default: NAME.control in the run directory.
    std::string control_socket = {};
    std::string config = {};  ///< a config file to read if no --config is given; it must exist
    /// If true, `${NAME}` in a string under `app` of a config file is replaced by the environment variable, and a
    /// variable that is not set is an error. `$${` means `${`. Default: false. Set it if values such as passwords come
    /// from the environment.
    bool expands_variables = false;
    /// Default: no file; in the foreground, stderr.
    std::string log_file = {};
    /// Default: info.
    std::optional<LogLevel> log_level = {};
    /// How long a start may take. Default: 90 s. Raise it for a service that needs longer and does not report progress.
    std::optional<std::chrono::milliseconds> start_timeout = {};
    /// How long a stop may take before the process is killed. Default: 8 s.
    std::optional<std::chrono::milliseconds> stop_timeout = {};
    /// If true, start() goes to the background if the daemon policy can. Default: true.
    bool daemonize = true;
    bool with_signal_handlers = true;  ///< set it to false to leave every signal to the application
    bool with_control_server = true;   ///< set it to false to open no control socket
};

/// The functions of a service's life, for a plain Service without a subclass. Each may be empty.
struct EventHooks {
    std::function<void(Settings&)> on_load = {};  ///< see ServiceBase::on_load()
    std::function<void()> on_start = {};          ///< see ServiceBase::on_start()
    std::function<void()> on_stop = {};           ///< see ServiceBase::on_stop()
    std::function<void()> on_kill = {};           ///< see ServiceBase::on_kill()
    std::function<void()> on_reload = {};         ///< if set, a reload runs it instead of on_load
    std::function<void(Reply&)> on_status = {};   ///< see ServiceBase::on_status()
};

}  // namespace servicekit
