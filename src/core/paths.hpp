#pragma once

#include <string>
#include <vector>

#include "servicekit/core/settings.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/policy/deployment.hpp"

namespace servicekit {

/// The files by which others find a service. All paths are absolute.
struct Paths {
    /// Why the run directory is what it is.
    enum class Choice {
        configured,         ///< somebody said so
        standard,           ///< the system's, or the user's own
        private_temporary,  ///< a directory below the temporary directory: to be checked before it is trusted
    };

    std::string name;
    std::string run_directory;
    std::string pid_file;
    std::string control_socket;
    std::string log_file = {};         ///< empty: nobody named one
    std::string crash_directory = {};  ///< where reports of crashes lie
    Choice choice = Choice::configured;
};

/// A path from a setting, absolute; an empty one stays empty. Needs the current directory for a relative one only.
[[nodiscard]] Result<std::string> absolute_path(std::string path, const os::Host& host);

/// Where the service of these settings belongs when it starts.
/// \returns ExitCode::configuration where the service has no name and paths don't make up for it.
[[nodiscard]] Result<Paths> resolve_paths(const Settings& settings, const os::Host& host);

/// Where a running service of these settings may be, the likeliest first: one place if directories are configured, else
/// every place that a start by this user could have chosen in some other environment, and those of root.
[[nodiscard]] Result<std::vector<Paths>> candidate_paths(const Settings& settings, const os::Host& host);

/// The pidfiles of the places that a start of this service by this user could have chosen in some other environment.
/// None if somebody has named the place: then it is an instance of its own.
[[nodiscard]] std::vector<std::string> other_pid_files(const Settings& settings, const Paths& paths,
                                                       const os::Host& host);

/// Makes the run directory where it is missing. A private one must be a directory, no link, the user's own and closed
/// to others.
[[nodiscard]] Result<void> prepare_run_directory(const Paths& paths, const os::Host& host);

/// \returns ExitCode::configuration where the log would go into another file of the service's.
[[nodiscard]] Result<void> check_log_file(const Settings& settings, const Paths& paths, const os::Host& host);

/// A directory for the records of starts.
struct RecordDirectory {
    std::string path;
    bool is_private = false;  ///< it is in a directory below the temporary one, as of Paths::Choice::private_temporary
};
/// Where a start of this user may write its record, the likeliest first: below the run directory that it has by default,
/// or the one that a service manager gave it.
[[nodiscard]] std::vector<RecordDirectory> default_record_directories(const os::Host& host);
/// Where records of a service may be: those of any start by this user, and root's.
[[nodiscard]] std::vector<RecordDirectory> possible_record_directories(const std::string& name, const os::Host& host);

/// What policies are told. \returns ExitCode::configuration for settings that can't be carried out.
[[nodiscard]] Result<Deployment> make_deployment(const Settings& settings, const Paths& paths, const os::Host& host);

}  // namespace servicekit
