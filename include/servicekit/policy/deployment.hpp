#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "servicekit/base/log_level.hpp"

namespace servicekit {

/// The access rules of the control channel from the settings. For members that are empty, the policy's own options
/// apply.
struct ControlAccess {
    std::optional<mode_t> permissions = {};  ///< of the socket's file
    std::string owner = {};                  ///< of the socket's file, by name or number
    std::string group = {};                  ///< of the socket's file, by name or number
    /// The clients that have each role, as `user:NAME`, `group:NAME`, `socket-group` or `everyone`.
    std::optional<std::vector<std::string>> read = {};
    /// clients that may also reload the service and call its own events
    std::optional<std::vector<std::string>> operate = {};
    std::optional<std::vector<std::string>> admin = {};  ///< clients that may also stop the service
};

/// The form of a log line.
enum class LineFormat { text, json };

/// The settings of the log, except its file and its level. For members that are empty, the policy's own options apply.
struct LogPlan {
    std::optional<LineFormat> format = {};        ///< the form of a line
    std::optional<bool> shows_source = {};        ///< add the source file and line to each record
    std::optional<bool> copies_to_terminal = {};  ///< copy lines to the terminal in the foreground
    /// Longest delay of lines below a warning; 0 writes each line at once.
    std::optional<std::chrono::milliseconds> delay = {};
    std::optional<mode_t> permissions = {};         ///< of the log files
    std::string group = {};                         ///< of the log files, by name or number
    std::optional<std::uint64_t> rotate_size = {};  ///< in bytes; 0 disables rotation by size
    /// Period, counted from midnight UTC; 0 disables rotation by time.
    std::optional<std::chrono::seconds> rotate_every = {};
    std::optional<std::uint64_t> keep_files = {};  ///< number of rotated files to keep; 0 keeps all
    std::optional<std::uint64_t> keep_bytes = {};  ///< total bytes of rotated files to keep; 0 keeps all
    std::optional<bool> compress = {};             ///< compress rotated files with gzip
    std::vector<std::string> command = {};         ///< program that takes the lines, and its arguments
};

/// The settings of the second level of the lock. For members that are empty, the policy's own options apply.
struct ClusterPlan {
    std::vector<std::string> endpoints = {};            ///< URLs of the servers that keep the lock
    std::string prefix = {};                            ///< of the keys there
    std::optional<std::chrono::milliseconds> ttl = {};  ///< how long an instance may be silent before it is replaced
    std::string ca_file = {};           ///< PEM file of the authorities that the servers' certificates name
    std::string certificate_file = {};  ///< PEM file of the client's certificate
    std::string key_file = {};          ///< PEM file of the certificate's key
    std::string user = {};              ///< the name for the servers
    std::string password_file = {};     ///< a file with the password of that user
    std::optional<std::chrono::milliseconds> loss_stop_timeout = {};  ///< how long on_stop() may take on a loss
    std::optional<bool> must_answer_at_start = {};                    ///< a start fails if no server answers
};

/// The settings that policies use. Core passes it to each policy before any other call. All paths are absolute.
struct Deployment {
    std::string name = {};           ///< the name of the service
    std::string version = {};        ///< the version of the service; may be empty
    std::string run_directory = {};  ///< the directory of the pidfile and the control socket, unless these are set
    std::string pid_file = {};       ///< the file for the lock
    /// The pidfiles of the other places where a service of this name and user may run by default. Only one of them all
    /// may run. Empty if the place was set explicitly.
    std::vector<std::string> other_pid_files = {};
    std::string control_socket = {};      ///< the path for the control channel
    ControlAccess control_access = {};    ///< the clients that may use the control channel
    std::string log_file = {};            ///< empty if none was set
    LogLevel log_level = LogLevel::info;  ///< lowest level that is logged
    LogPlan log_plan = {};                ///< the other settings of the log
    ClusterPlan cluster_plan = {};        ///< the settings of the second level of the lock

    bool background = true;               ///< go to the background if the daemon policy can
    std::string working_directory = "/";  ///< of a service in the background
    mode_t file_mask = 022;               ///< umask(2) of a service in the background
    bool keep_stdin = false;              ///< keep stdin in the background as well
    /// The only paths that the process may write, besides its log and its run directory; empty if its writing is not
    /// confined.
    std::vector<std::string> writable = {};
    /// True if the process becomes another user, or confines itself, once the log and the control channel are open.
    bool gives_up_rights = false;
    std::vector<int> keep_descriptors = {};  ///< descriptors that stay open in the background
    /// A listening socket that the service manager opened for the control channel; nothing if it opened none.
    std::optional<int> control_descriptor = {};

    /// How long a start may take.
    std::chrono::milliseconds start_timeout{90'000};
    /// How long a stop may take before the process is killed.
    std::chrono::milliseconds stop_timeout{8'000};
};

}  // namespace servicekit
