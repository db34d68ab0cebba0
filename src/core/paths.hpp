#pragma once

#include <string>
#include <vector>

#include "servicekit/core/settings.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/policy/deployment.hpp"

namespace servicekit {

/// The files by which others find a service. All paths are absolute.
struct Paths {
    /// Why this run directory was chosen.
    enum class Choice {
        configured,         ///< set explicitly
        standard,           ///< the system's, or the user's own
        private_temporary,  ///< a directory below the temporary one, which must be checked before it is trusted
    };

    std::string name;
    std::string run_directory;
    std::string pid_file;
    std::string control_socket;
    std::string log_file = {};         ///< empty: none was set
    std::string crash_directory = {};  ///< where crash reports are written
    std::string metrics_file = {};     ///< empty: none was set
    Choice choice = Choice::configured;
};

/// Returns a path from a setting, made absolute; an empty one stays empty. Only a relative path needs the working
/// directory.
[[nodiscard]] Result<std::string> absolute_path(std::string path, const os::Host& host);

/// Returns the paths of a service that starts with these settings.
/// \returns ExitCode::configuration if the service has no name
[[nodiscard]] Result<Paths> resolve_paths(const Settings& settings, const os::Host& host);

/// Returns the places where a running service with these settings may be, the likeliest first. If directories are
/// configured, that is one place. Otherwise it is every place that a start by this user could have chosen in another
/// environment, and those of root.
[[nodiscard]] Result<std::vector<Paths>> candidate_paths(const Settings& settings, const os::Host& host);

/// Returns the pidfiles of other places that a start of this service by this user could have chosen in another
/// environment. Returns none if the place was set explicitly, because then it is a separate instance.
[[nodiscard]] std::vector<std::string> other_pid_files(const Settings& settings, const Paths& paths,
                                                       const os::Host& host);

/// Makes the run directory if it is missing. A private one must be a directory, not a link, belong to the user and be
/// closed to others.
[[nodiscard]] Result<void> prepare_run_directory(const Paths& paths, const os::Host& host);

/// \returns ExitCode::configuration if the log file is another file of the service
[[nodiscard]] Result<void> check_log_file(const Settings& settings, const Paths& paths, const os::Host& host);

/// A directory for records of starts.
struct RecordDirectory {
    std::string path;
    bool is_private = false;  ///< it is below the temporary directory, as for Paths::Choice::private_temporary
};
/// Returns the directories in which a start of this user may write its record, the likeliest first: below the default
/// run directory, or the one that a service manager gave it.
[[nodiscard]] std::vector<RecordDirectory> default_record_directories(const os::Host& host);
/// Returns the directories that may have records of a service: those of any start by this user, and root's.
[[nodiscard]] std::vector<RecordDirectory> possible_record_directories(const std::string& name, const os::Host& host);

/// Returns what the policies are configured with. \returns ExitCode::configuration for settings that cannot be applied
[[nodiscard]] Result<Deployment> make_deployment(const Settings& settings, const Paths& paths, const os::Host& host);

}  // namespace servicekit
