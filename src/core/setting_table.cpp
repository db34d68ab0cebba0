#include "core/setting_table.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/log_level_names.hpp"
#include "servicekit/core/settings.hpp"

namespace servicekit {
namespace {

using Group = SettingGroup;
using Kind = SettingKind;
using Default = SettingRow::Default;
constexpr bool changes_on_reload = true;

constexpr Default none{};
constexpr Default value(std::string_view text) { return {.value = text}; }
constexpr Default in_words(std::string_view words) { return {.words = words}; }
constexpr Default of_policy(std::string_view words = {}) { return {.words = words, .is_of_policy = true}; }
constexpr Default of_lock{.words = "set by the lock policy"};
constexpr Default of_paths(std::string Paths::*path, std::string_view words) { return {.words = words, .path = path}; }

constexpr std::array table{
    SettingRow{setting::name.name, Kind::name, Group::place, "NAME",
               "name of the service; its files are named after it",
               of_paths(&Paths::name, "the name that the program gives")},
    SettingRow{setting::run_directory.name, Kind::path, Group::place, "DIR",
               "directory of the pidfile and the control socket",
               of_paths(&Paths::run_directory, "/run for root, $XDG_RUNTIME_DIR for others")},
    SettingRow{setting::pid_file.name, Kind::path, Group::place, "FILE", "the pidfile, which is also the lock",
               of_paths(&Paths::pid_file, "NAME.pid in the run directory")},
    SettingRow{setting::config.name, Kind::path, Group::place, "FILE", "a JSON file with settings", none},
    SettingRow{setting::control_socket.name, Kind::path, Group::control, "FILE", "the socket that takes requests",
               of_paths(&Paths::control_socket, "NAME.control in the run directory")},
    SettingRow{setting::control_mode.name, Kind::file_mask, Group::control, "OCTAL", "permissions of the socket",
               of_policy("0600")},
    SettingRow{setting::control_owner.name, Kind::account, Group::control, "USER", "owner of the socket",
               in_words("the user of the service")},
    SettingRow{setting::control_group.name, Kind::account, Group::control, "GROUP", "group of the socket",
               in_words("the group of the service")},
    SettingRow{setting::control_read.name, Kind::peers, Group::control, "PEERS",
               "who may ask for its status: user:NAME,group:NAME,socket-group,everyone", of_policy("socket-group")},
    SettingRow{setting::control_operate.name, Kind::peers, Group::control, "PEERS",
               "who may also reload it and call its own events", of_policy()},
    SettingRow{setting::control_admin.name, Kind::peers, Group::control, "PEERS",
               "who may also stop it, beside its user, the socket's owner and root", of_policy()},
    SettingRow{setting::no_control_server.name, Kind::flag, Group::control, "", "do not open a control socket",
               value("false")},
    SettingRow{setting::log_file.name, Kind::path, Group::log, "FILE", "file for the log",
               of_paths(&Paths::log_file, "none; in the foreground stderr")},
    SettingRow{setting::log_level.name, Kind::log_level, Group::log, "LEVEL", log_level_list, value("info"),
               changes_on_reload},
    SettingRow{setting::log_format.name, Kind::line_format, Group::log, "FORMAT", "text or json", of_policy("text")},
    SettingRow{setting::log_source.name, Kind::flag, Group::log, "", "add the program's file and line to each log line",
               of_policy()},
    SettingRow{setting::no_log_copy.name, Kind::flag, Group::log, "",
               "do not copy log lines to the terminal in the foreground", of_policy()},
    SettingRow{setting::log_delay.name, Kind::seconds, Group::log, "SECONDS",
               "how long lines below a warning may wait; 0 writes each at once", of_policy("0.2")},
    SettingRow{setting::log_mode.name, Kind::file_mask, Group::log, "OCTAL", "permissions of the log files",
               of_policy("0640")},
    SettingRow{setting::log_group.name, Kind::account, Group::log, "GROUP", "group of the log files",
               in_words("the group of the file or of its directory")},
    SettingRow{setting::log_rotate_size.name, Kind::size, Group::log, "BYTES",
               "size at which the log is rotated, such as 64M; 0: never", of_policy("0")},
    SettingRow{setting::log_rotate_every.name, Kind::period, Group::log, "TIME",
               "time after which the log is rotated: seconds, hourly, daily or weekly; 0: never", of_policy("0")},
    SettingRow{setting::log_keep.name, Kind::count, Group::log, "N", "number of rotated files to keep; 0 keeps all",
               of_policy("0")},
    SettingRow{setting::log_keep_size.name, Kind::size, Group::log, "BYTES",
               "bytes of rotated files to keep; 0 keeps all", of_policy("0")},
    SettingRow{setting::log_compress.name, Kind::flag, Group::log, "", "compress rotated files with gzip", of_policy()},
    SettingRow{setting::log_command.name, Kind::words, Group::log, "COMMAND",
               "program that takes the log lines, for a service with a PipeLog", none},
    SettingRow{setting::no_crash_reports.name, Kind::flag, Group::crashes, "",
               "do not handle the signals of a crash (SIGSEGV and others)", value("false")},
    SettingRow{setting::crash_directory.name, Kind::path, Group::crashes, "DIR", "directory of crash reports",
               of_paths(&Paths::crash_directory, "that of the log file, else the run directory")},
    SettingRow{setting::crash_keep.name, Kind::count, Group::crashes, "N", "number of crash reports to keep",
               value("5")},
    SettingRow{setting::standard_input.name, Kind::stream, Group::streams, "WHERE",
               "source of stdin: null, inherit or a file", in_words("null in the background, else inherit")},
    SettingRow{setting::standard_output.name, Kind::stream, Group::streams, "WHERE",
               "destination of stdout: log, null, inherit or a file", in_words("log in the background, else inherit")},
    SettingRow{setting::standard_error.name, Kind::stream, Group::streams, "WHERE",
               "destination of stderr: log, null, inherit or a file", in_words("log in the background, else inherit")},
    SettingRow{setting::user.name, Kind::account, Group::process, "USER", "user to become, by name or number", none},
    SettingRow{setting::group.name, Kind::account, Group::process, "GROUP",
               "group to become a member of, by name or number", in_words("the groups of the user")},
    SettingRow{setting::umask.name, Kind::file_mask, Group::process, "OCTAL",
               "permissions that new files do not get; in the foreground the caller's unless set", value("022")},
    SettingRow{setting::working_directory.name, Kind::path, Group::process, "DIR",
               "directory to change to; in the foreground the caller's unless set", value("/")},
    SettingRow{setting::no_new_privileges.name, Kind::flag, Group::process, "",
               "deny more privileges to the programs that it runs", value("false")},
    SettingRow{setting::limit_core.name, Kind::limit, Group::process, "BYTES", "largest core file, or 'unlimited'",
               in_words("the caller's limit")},
    SettingRow{setting::limit_open_files.name, Kind::limit, Group::process, "N",
               "number of files that it may have open, or 'unlimited'", in_words("the caller's limit")},
    SettingRow{setting::writable.name, Kind::paths, Group::process, "PATHS",
               "the only paths that it may write, separated by colons, beside its own files",
               in_words("all that its user may write")},
    SettingRow{setting::start_timeout.name, Kind::seconds, Group::time, "SECONDS", "how long a start may take",
               value("90")},
    SettingRow{setting::stop_timeout.name, Kind::seconds, Group::time, "SECONDS",
               "how long a stop may take before the process is killed", value("8"), changes_on_reload},
    SettingRow{setting::extended_timeout.name, Kind::seconds, Group::time, "SECONDS",
               "how long a start or a stop may take while it reports progress", value("900")},
    SettingRow{setting::hang_timeout.name, Kind::seconds, Group::time, "SECONDS",
               "how long an event may run without progress before it counts as hung; 0: no limit", value("300"),
               changes_on_reload},
    SettingRow{setting::ready_fd.name, Kind::descriptor, Group::integration, "N",
               "descriptor that gets a newline when the service is ready", none},
    SettingRow{setting::metrics_file.name, Kind::path, Group::integration, "FILE",
               "file for the metrics, ending in .prom, for the textfile collector of node_exporter",
               of_paths(&Paths::metrics_file, "none")},
    SettingRow{setting::metrics_interval.name, Kind::interval, Group::integration, "SECONDS",
               "how often the metrics file is written", value("15")},
    SettingRow{setting::no_signal_handlers.name, Kind::flag, Group::integration, "",
               "leave every signal to the program", value("false")},
    // Only of services whose lock has a second level.
    SettingRow{setting::cluster_endpoints.name, Kind::urls, Group::cluster, "URLS",
               "servers that keep the lock, separated by commas", of_lock},
    SettingRow{setting::cluster_prefix.name, Kind::text, Group::cluster, "TEXT", "beginning of the keys there",
               of_lock},
    SettingRow{setting::cluster_ttl.name, Kind::interval, Group::cluster, "SECONDS",
               "how long an instance may be silent before another one replaces it", in_words("10")},
    SettingRow{setting::cluster_ca.name, Kind::path, Group::cluster, "FILE",
               "PEM file of the authorities of the servers' certificates", in_words("those of the system")},
    SettingRow{setting::cluster_cert.name, Kind::path, Group::cluster, "FILE", "PEM file of the client's certificate",
               none},
    SettingRow{setting::cluster_key.name, Kind::path, Group::cluster, "FILE", "PEM file of the certificate's key",
               none},
    SettingRow{setting::cluster_user.name, Kind::text, Group::cluster, "NAME", "user that the servers know", none},
    SettingRow{setting::cluster_password_file.name, Kind::path, Group::cluster, "FILE",
               "file with the password of that user", none},
    SettingRow{setting::cluster_at_start.name, Kind::cluster_start, Group::cluster, "HOW",
               "what a start does if no server answers: wait, or required to fail", in_words("wait")},
    SettingRow{setting::ready_when.name, Kind::readiness, Group::cluster, "STATE",
               "when the service is ready: in standby, or when it is active", value("standby")},
    SettingRow{setting::after_loss.name, Kind::loss_action, Group::cluster, "WHAT",
               "what follows the loss of the lock: exit with 75, or standby", value("exit")},
    SettingRow{setting::loss_stop_timeout.name, Kind::seconds, Group::cluster, "SECONDS",
               "how long on_stop may take on such a loss", in_words("a third of cluster-ttl")},
};
constexpr std::size_t cluster_setting_count = 12;

}  // namespace

std::string_view to_string(SettingGroup group) noexcept {
    switch (group) {
        case Group::place:
            return "Name and place";
        case Group::control:
            return "Control socket";
        case Group::log:
            return "Log";
        case Group::crashes:
            return "Crash reports";
        case Group::streams:
            return "Standard streams";
        case Group::process:
            return "User, limits and files";
        case Group::time:
            return "Time limits";
        case Group::integration:
            return "Supervisors and other libraries";
        case Group::cluster:
            break;
    }
    return "Cluster";
}

std::span<const SettingRow> setting_table(SettingScope scope) noexcept {
    const std::span<const SettingRow> all{table};
    return scope == SettingScope::with_standby ? all : all.first(all.size() - cluster_setting_count);
}

const SettingRow* find_setting(std::string_view name, SettingScope scope) noexcept {
    const auto known = setting_table(scope);
    const auto found =
        std::find_if(known.begin(), known.end(), [name](const SettingRow& row) { return row.name == name; });
    return found != known.end() ? &*found : nullptr;
}

std::vector<std::string_view> setting_names(SettingScope scope) {
    const auto known = setting_table(scope);
    std::vector<std::string_view> names;
    names.reserve(known.size());
    for (const SettingRow& row : known) names.push_back(row.name);
    return names;
}

std::string_view default_of(const SettingRow& row) noexcept {
    if (row.kind == Kind::flag) return {};
    return row.otherwise.value.empty() ? row.otherwise.words : row.otherwise.value;
}

}  // namespace servicekit
