#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "servicekit/base/log_level.hpp"

namespace servicekit {

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

enum class LineFormat { text, json };

/// What the settings say about the log beside its file and its level. What nobody said is empty: there the policy's own
/// options hold.
struct LogPlan {
    std::optional<LineFormat> format = {};
    std::optional<bool> shows_source = {};                  ///< file and line of each record, too
    std::optional<bool> copies_to_terminal = {};            ///< in the foreground
    std::optional<std::chrono::milliseconds> delay = {};    ///< how long lines below a warning may wait; 0: not at all
    std::optional<mode_t> permissions = {};                 ///< of the files
    std::string group = {};                                 ///< of the files, by name or number
    std::optional<std::uint64_t> rotate_size = {};          ///< bytes; 0: never for its size
    std::optional<std::chrono::seconds> rotate_every = {};  ///< counted from midnight UTC; 0: never for its age
    std::optional<std::uint64_t> keep_files = {};           ///< rotated files; 0: all
    std::optional<std::uint64_t> keep_bytes = {};           ///< of rotated files; 0: all
    std::optional<bool> compress = {};                      ///< rotated files
    std::vector<std::string> command = {};                  ///< of a process that takes the lines
};

/// What the settings say once they are loaded, as far as a policy may want to know:
/// core hands it to every policy before it asks for anything else. All paths are absolute.
struct Deployment {
    std::string name = {};
    std::string version = {};
    std::string run_directory = {};
    std::string pid_file = {};
    /// The pidfiles of the other places where a service of this name and this user may be if nobody names a place. Only
    /// one of them all may run. Empty if somebody has named the place.
    std::vector<std::string> other_pid_files = {};
    std::string control_socket = {};
    ControlAccess control_access = {};
    std::string log_file = {};  ///< empty: nobody named one
    LogLevel log_level = LogLevel::info;
    LogPlan log_plan = {};

    bool background = true;  ///< leave the shell, where the daemon policy can
    std::string working_directory = "/";
    mode_t file_mask = 022;
    bool keep_stdin = false;                 ///< in the background, too
    std::vector<std::string> writable = {};  ///< beside its log and its run directory; empty: whatever its user may
    /// Once log and control are open the process becomes another user, or confines itself.
    bool gives_up_rights = false;
    std::vector<int> keep_descriptors = {};  ///< passed on purpose: stay open in the background
    /// A listening socket that the service manager opened for the control socket; nothing: there is none yet.
    std::optional<int> control_descriptor = {};

    std::chrono::milliseconds start_timeout{90'000};
    std::chrono::milliseconds stop_timeout{8'000};
};

}  // namespace servicekit
