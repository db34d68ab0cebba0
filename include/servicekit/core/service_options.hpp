#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "servicekit/base/log_level.hpp"
#include "servicekit/core/reply.hpp"
#include "servicekit/core/settings.hpp"

namespace servicekit {

/// What main() knows about its service; the config file, `on_load`, the environment and the command line may say
/// otherwise. What is left empty has the default that docs/reference/settings.md gives.
struct ServiceOptions {
    std::string name = {};  ///< letters, digits, `.`, `_`, `-`; also names the environment variables
    std::string version = {};
    std::string description = {};  ///< one line, for --help
    std::string run_directory = {};
    std::string pid_file = {};
    std::string control_socket = {};
    std::string config = {};  ///< a config file to read where no --config is given; it must exist
    /// `${NAME}` in the texts under `app` of a config file is the value of an environment variable; one that is not set ends
    /// the load. `$${` stands for `${`.
    bool expands_variables = false;
    std::string log_file = {};
    std::optional<LogLevel> log_level = {};
    std::optional<std::chrono::milliseconds> start_timeout = {};
    std::optional<std::chrono::milliseconds> stop_timeout = {};
    bool daemonize = true;             ///< start() goes to the background, where the daemon policy can
    bool with_signal_handlers = true;  ///< false leaves every signal to the program
    bool with_control_server = true;   ///< false opens no control socket
};

/// The events of a service's life as functions, for a plain Service without a subclass. Each may be left empty.
struct EventHooks {
    std::function<void(Settings&)> on_load = {};
    std::function<void()> on_start = {};
    std::function<void()> on_stop = {};
    std::function<void()> on_kill = {};
    std::function<void()> on_reload = {};  ///< where set, a reload runs this in place of on_load
    std::function<void(Reply&)> on_status = {};
};

}  // namespace servicekit
