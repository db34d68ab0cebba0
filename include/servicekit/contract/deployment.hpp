#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "servicekit/base/log_level.hpp"

namespace servicekit::contract {

/// What the settings say about who may ask over the control channel, and for what. What nobody said is empty: there
/// the policy's own options hold.
struct ControlAccess {
    std::optional<mode_t> permissions = {};  ///< of the socket's file
    std::string owner = {};                  ///< of the socket's file, by name or number
    std::string group = {};                  ///< as owner
    /// Who has which role, each as `user:NAME`, `group:NAME`, `socket-group` or `everyone`.
    std::optional<std::vector<std::string>> read = {};
    std::optional<std::vector<std::string>> operate = {};
    std::optional<std::vector<std::string>> admin = {};
};

/// What the settings say once they are loaded, as far as a policy may want to know:
/// core hands it to every policy before it asks for anything else. All paths are absolute.
struct Deployment {
    std::string name = {};
    std::string version = {};
    std::string run_directory = {};
    std::string pid_file = {};
    std::string control_socket = {};
    ControlAccess control_access = {};
    std::string log_file = {};  ///< empty: nobody named one
    LogLevel log_level = LogLevel::info;

    bool background = true;  ///< leave the shell, where the daemon policy can
    std::string working_directory = "/";
    mode_t file_mask = 022;
    std::vector<std::string> writable = {};  ///< beside its log and its run directory; empty: whatever its user may
    std::vector<int> keep_descriptors = {};  ///< passed on purpose: stay open in the background
    /// A listening socket that the service manager opened for the control socket; nothing: there is none yet.
    std::optional<int> control_descriptor = {};

    std::chrono::milliseconds start_timeout{90'000};
    std::chrono::milliseconds stop_timeout{8'000};
};

}  // namespace servicekit::contract
