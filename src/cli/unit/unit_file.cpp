#include "cli/unit/unit_file.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <utility>

#include "base/utf8.hpp"
#include "servicekit/base/exit_code.hpp"

namespace servicekit::cli {
namespace {

using std::chrono::milliseconds;
using Type = ServiceUnit::Type;
using Manager = ServiceUnit::Manager;
using Drop = ServiceUnit::Drop;

/// The service's own limits expire first and report what happened. The manager's are for a service that cannot keep its
/// own.
constexpr milliseconds grace{5'000};
constexpr std::string_view watchdog_seconds = "30";

/// Failures that a restart does not fix. A directory that cannot be written (73) may be on a full disk. It is handled
/// like all other failures, whose number systemd limits.
constexpr std::array incurable{ExitCode::usage, ExitCode::already_running, ExitCode::permission,
                               ExitCode::configuration};

/// What a service needs to change to its user by itself.
constexpr std::string_view drop_capabilities = "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_SETGID CAP_SETUID";

/// What root needs to give files to another user and to keep using them.
constexpr std::string_view owner_capabilities = "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER";

bool is_control(char letter) {
    const auto byte = static_cast<unsigned char>(letter);
    return byte < 0x20 || byte == 0x7F;
}

/// Returns true for a character that can be neither written in a line nor escaped.
bool is_beyond_line(char letter) { return is_control(letter) && letter != '\t'; }

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string without_specifiers(std::string_view text) {
    std::string value;
    for (const char letter : text) {
        if (letter == '%') value += '%';
        value += letter;
    }
    return value;
}

/// Returns a text for people as one line.
std::string words_of(std::string_view text) {
    std::string line;
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length > 0 && !is_control(text.front())) line += text.substr(0, length);
        if (length == 0 || is_control(text.front())) line += ' ';
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    // A backslash at the end of a line joins it with the next line.
    while (line.ends_with('\\') || line.ends_with(' ')) line.pop_back();
    return without_specifiers(line);
}

std::string in_seconds(milliseconds time) {
    const auto count = time.count();
    return count % 1000 == 0 ? std::to_string(count / 1000) : std::to_string(count) + "ms";
}

bool lies_below(std::string_view path, std::string_view directory) {
    return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

bool is_any_below(const ServiceUnit& unit, std::initializer_list<std::string_view> directories) {
    const auto is_below_any = [&directories](const std::string& path) {
        return std::any_of(directories.begin(), directories.end(),
                           [&](auto directory) { return lies_below(path, directory); });
    };
    return is_below_any(unit.program) || std::any_of(unit.paths.begin(), unit.paths.end(), is_below_any) ||
           std::any_of(unit.writable_paths.begin(), unit.writable_paths.end(), is_below_any);
}

void put_specifier(std::string& text, std::string_view what, std::string_view by) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
        text.replace(at, what.size(), by);
}

/// Collects the lines of one unit.
class Lines {
public:
    void section(std::string_view name) {
        if (!text_.empty()) text_ += '\n';
        text_.append("[").append(name).append("]\n");
    }
    void comment(std::string_view text) { text_.append("# ").append(words_of(text)).append("\n"); }
    void set(std::string_view key, std::string_view value) { text_.append(key).append("=").append(value).append("\n"); }
    void set_yes(std::initializer_list<std::string_view> keys) {
        for (const std::string_view key : keys) set(key, "yes");
    }
    /// Sets a value that extends to the end of its line and cannot be quoted. \pre it is not empty
    void set_value(std::string_view key, const std::string& value) {
        constexpr std::string_view blanks = " \t";
        const bool has_edge = blanks.find(value.front()) != std::string_view::npos ||
                              blanks.find(value.back()) != std::string_view::npos || value.back() == '\\';
        if (has_edge || std::any_of(value.begin(), value.end(), is_beyond_line) || !is_utf8(value))
            return refuse(value);
        set(key, without_specifiers(value));
    }
    void set_if(std::string_view key, const std::string& value) {
        if (!value.empty()) set_value(key, value);
    }
    void set_words(std::string_view key, const std::vector<std::string>& words) {
        std::string line;
        for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
        if (!line.empty()) set(key, line);
    }
    void set_paths(std::string_view key, const std::vector<std::string>& paths) {
        std::vector<std::string> words;
        for (const std::string& path : paths) {
            auto word = unit_path(path);
            if (!word) return refuse(path);
            words.push_back(*std::move(word));
        }
        set_words(key, words);
    }
    [[nodiscard]] Result<std::string> take() {
        if (failure_) return *failure_;
        put_specifier(text_, placeholder::instance, "%i");
        put_specifier(text_, placeholder::runtime_root, "%t");
        put_specifier(text_, placeholder::logs_root, "%L");
        return std::move(text_);
    }

private:
    void refuse(const std::string& value) {
        failure_ = Error{ExitCode::configuration, "write a unit with", value,
                         "a unit of systemd can't express it: it has control characters, blanks at its ends, a "
                         "backslash at its end, or is not valid UTF-8"};
    }

    std::string text_;
    std::optional<Error> failure_;
};

/// Returns the program as the first word of a command. systemd expands variables only in the arguments, including
/// argv[0].
/// \pre unit_path() can express it
std::string program_word(const std::string& program) {
    const std::string word = unit_path(program).value_or(std::string{});
    return program.find('$') == std::string::npos ? word : "@" + word + " " + unit_argument(program);
}

/// Returns true if the option identifies the service. A reload takes everything else from the config file.
bool finds_service(const std::string& option) {
    constexpr std::array<std::string_view, 6> paths{
        "--name=", "--run-directory=", "--pid-file=", "--control-socket=", "--config=", "--user="};
    return std::any_of(paths.begin(), paths.end(), [&option](auto place) { return option.starts_with(place); });
}

std::string command_line(const ServiceUnit& unit, std::string_view verb) {
    std::string line = program_word(unit.program);
    for (const std::string& argument : unit.own_arguments) line += " " + unit_argument(argument);
    line.append(" ").append(verb);
    for (const std::string& option : unit.options)
        if (verb != "reload" || finds_service(option)) line += " " + unit_argument(option);
    return line;
}

void add_limits(Lines& lines, const ServiceUnit& unit) {
    const bool notifies = unit.type == Type::notify || unit.type == Type::notify_reload;
    if (notifies) {
        lines.set("TimeoutStartSec", in_seconds(unit.start_timeout + grace));
        lines.set("TimeoutStopSec", in_seconds(unit.stop_timeout + grace));
        return;
    }
    lines.comment(
        "The service enforces start-timeout and stop-timeout itself. Progress extends them, and systemd is not "
        "notified of that.");
    // `start` waits a while longer than the service.
    const milliseconds until_ready = std::max(unit.start_timeout, unit.extended_timeout) + grace;
    if (unit.type == Type::forking && unit.waits_for_lock)
        lines.set("TimeoutStartSec", "infinity");
    else
        lines.set("TimeoutStartSec", in_seconds(unit.type == Type::forking ? until_ready + grace : until_ready));
    lines.set("TimeoutStopSec", in_seconds(std::max(unit.stop_timeout, unit.extended_timeout) + grace));
}

void add_life(Lines& lines, const ServiceUnit& unit) {
    constexpr std::array<std::string_view, 4> types{"exec", "forking", "notify", "notify-reload"};
    lines.set("Type", types[static_cast<std::size_t>(unit.type)]);
    if (unit.type == Type::forking) {
        lines.comment("The command ends when the service is ready, or has failed.");
        lines.set_value("PIDFile", unit.pid_file);
    }
    if (!unit.prepared_directories.empty()) {
        lines.comment("Root would own what StateDirectory= and LogsDirectory= make.");
        std::string command = "+install -d -m 755 -o " + unit_argument(unit.user);
        if (!unit.group.empty()) command += " -g " + unit_argument(unit.group);
        for (const std::string& path : unit.prepared_directories) command += " " + unit_argument(path);
        lines.set("ExecStartPre", command);
    }
    lines.set("ExecStart", command_line(unit, unit.type == Type::forking ? "start" : "run"));
    if (unit.type != Type::notify_reload) {
        // The verb waits for the result, so systemctl reports an invalid configuration.
        if (unit.has_control)
            lines.set("ExecReload", command_line(unit, "reload"));
        else if (unit.has_signals)
            lines.set("ExecReload", "kill -HUP $MAINPID");
    }
    add_limits(lines, unit);
    lines.comment("TERM is the service's to handle; what it leaves behind is killed.");
    lines.set("KillMode", "mixed");
    const std::string stopped = std::to_string(to_int(ExitCode::timeout));
    lines.comment("A start that is stopped ends with " + stopped +
                  ". A reload that is stopped ends with 143, or by TERM.");
    lines.set("SuccessExitStatus", stopped + " 143 SIGTERM");
    // A start that takes too long ends with the same code. systemd restarts it if it knows that the service was not
    // ready.
    if (unit.can_lose_lock)
        lines.comment("A service that has lost its lock ends with it, too, and starts as a standby.");
    if (unit.type == Type::exec || unit.can_lose_lock) lines.set("RestartForceExitStatus", stopped);
    lines.set("Restart", "on-failure");
    lines.set("RestartSec", "1");
    std::vector<std::string> codes;
    for (const ExitCode code : incurable) codes.push_back(std::to_string(to_int(code)));
    lines.set_words("RestartPreventExitStatus", codes);
    if (unit.type == Type::exec || unit.type == Type::forking) return;
    lines.set("WatchdogSec", watchdog_seconds);
    lines.comment("ABRT, which systemd would send, is a clean stop; QUIT leaves a core.");
    lines.set("WatchdogSignal", "SIGQUIT");
}

void add_identity(Lines& lines, const ServiceUnit& unit) {
    if (unit.drop == Drop::by_service) {
        std::string reason;
        for (const std::string& object : unit.needs_root_for) reason += (reason.empty() ? "" : ", ") + object;
        lines.comment("No User=: the service becomes '" + unit.user + "' by itself. It needs root before that for " +
                      reason + ".");
        return;
    }
    if (unit.user.empty() && unit.manager == Manager::system)
        lines.comment("The service runs as root: the setting 'user' names nobody else.");
    lines.set_if("User", unit.user);
    lines.set_if("Group", unit.group);
    if (unit.supplementary_groups.empty()) return;
    lines.comment("The service gives its files to these groups.");
    lines.set_words("SupplementaryGroups", unit.supplementary_groups);
}

void add_surroundings(Lines& lines, const ServiceUnit& unit) {
    add_identity(lines, unit);
    lines.set_if("UMask", unit.file_mask);
    lines.set_if("WorkingDirectory", unit.working_directory);
    if (!unit.core_limit.empty()) lines.set("LimitCORE", unit.core_limit == "unlimited" ? "infinity" : unit.core_limit);
    if (!unit.open_files_limit.empty())
        lines.set("LimitNOFILE", unit.open_files_limit == "unlimited" ? "infinity" : unit.open_files_limit);
    if (!unit.runtime_directories.empty()) {
        lines.set_words("RuntimeDirectory", unit.runtime_directories);
        lines.comment("The socket of a socket unit stays there when the service ends.");
        lines.set("RuntimeDirectoryPreserve", "yes");
    }
    lines.set_words("StateDirectory", unit.state_directories);
    lines.set_words("CacheDirectory", unit.cache_directories);
    lines.set_words("LogsDirectory", unit.logs_directories);
    if (unit.manager == Manager::user) return;
    for (const std::string& path : unit.missing_paths)
        lines.comment("'" + path +
                      "' did not exist when this was written. systemd starts no service without it. Make it" +
                      (unit.user.empty() ? "." : ", and give it to '" + unit.user + "'."));
    // systemd checks the paths before each command, including the one that makes the directories.
    std::vector<std::string> writable = unit.writable_paths;
    for (std::string& path : writable) {
        const auto& made = unit.prepared_directories;
        if (std::find(made.begin(), made.end(), path) != made.end()) path.insert(0, 1, '-');
    }
    lines.set_paths("ReadWritePaths", writable);
}

/// Adds the system calls that a service may make.
void add_system_calls(Lines& lines, const ServiceUnit& unit) {
    lines.set("SystemCallArchitectures", "native");
    lines.set("SystemCallFilter", "@system-service landlock_create_ruleset landlock_add_rule landlock_restrict_self");
    lines.set("SystemCallFilter", "~@privileged @resources");
    if (unit.drop == Drop::by_service) {
        lines.comment("The service changes to its user and gives files to it.");
        lines.set("SystemCallFilter", "@chown @setuid setfsuid setfsgid capset");
    } else if (unit.changes_owners || unit.gives_files_away) {
        lines.comment("The service gives files to their group or owner.");
        lines.set("SystemCallFilter", "@chown");
    }
    lines.set("SystemCallErrorNumber", "EPERM");
}

/// Adds filters of system calls. They need no privileges, so a user manager can set them.
void add_filters(Lines& lines, const ServiceUnit& unit) {
    lines.set("NoNewPrivileges", "yes");
    lines.set_yes({"LockPersonality", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID"});
    if (unit.is_lisp)
        lines.comment("No MemoryDenyWriteExecute=: Lisp compiles code while it runs.");
    else
        lines.set("MemoryDenyWriteExecute", "yes");
    lines.set("RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6 AF_NETLINK");
    add_system_calls(lines, unit);
}

void add_confinement(Lines& lines, const ServiceUnit& unit) {
    add_filters(lines, unit);
    if (unit.manager == Manager::user) {
        lines.comment("A user's service manager has no rights for more.");
        return;
    }
    lines.comment("What the program itself needs goes into a drop-in (systemctl edit), such as");
    lines.comment("CapabilityBoundingSet=CAP_NET_BIND_SERVICE.");
    if (unit.drop == Drop::by_service)
        lines.set("CapabilityBoundingSet", drop_capabilities);
    else if (unit.gives_files_away)
        lines.set("CapabilityBoundingSet", owner_capabilities);
    else
        lines.set("CapabilityBoundingSet", unit.needs_root_for.empty() ? "" : "CAP_DAC_OVERRIDE");
    lines.set("ProtectSystem", "strict");
    if (is_any_below(unit, {"/home", "/root", "/run/user"})) {
        lines.comment("The service uses files there.");
        lines.set("ProtectHome", "read-only");
    } else {
        lines.set("ProtectHome", "yes");
    }
    if (is_any_below(unit, {"/tmp", "/var/tmp"}))
        lines.comment("The service uses files in /tmp or /var/tmp, so it needs the shared ones.");
    else
        lines.set("PrivateTmp", "yes");
    if (unit.drop == Drop::by_service)
        lines.comment("No PrivateUsers=: root would not be root.");
    else if (unit.tells_peers_apart || unit.changes_owners || unit.gives_files_away || !unit.needs_root_for.empty())
        lines.comment("No PrivateUsers=: the service must tell users and groups apart.");
    else
        lines.set("PrivateUsers", "yes");
    lines.set_yes({"PrivateDevices", "ProtectClock", "ProtectControlGroups", "ProtectHostname", "ProtectKernelLogs",
                   "ProtectKernelModules", "ProtectKernelTunables", "PrivateMounts", "RemoveIPC"});
    lines.set("ProtectProc", "invisible");
}

std::string description_of(const std::string& description, const std::string& name, bool is_template) {
    std::string text = words_of(description.empty() ? name : description);
    if (is_template && text.find(placeholder::instance) == std::string::npos)
        text.append(" (").append(placeholder::instance).append(")");
    return text;
}

}  // namespace

std::string unit_argument(std::string_view argument) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=@:,./";
    constexpr std::string_view digits = "0123456789abcdef";
    const bool is_plain = !argument.empty() && argument.find_first_not_of(plain) == std::string_view::npos;
    std::string text;
    while (!argument.empty()) {
        const char letter = argument.front();
        const std::size_t length = utf8_length(argument);
        if (is_control(letter) || length == 0) {
            const auto byte = static_cast<unsigned char>(letter);
            text += "\\x";
            text += digits[byte >> 4U];
            text += digits[byte & 0xfU];
            argument.remove_prefix(1);
            continue;
        }
        if (letter == '%' || letter == '$') text += letter;
        if (letter == '"' || letter == '\\') text += '\\';
        text += argument.substr(0, length);
        argument.remove_prefix(length);
    }
    return is_plain ? text : '"' + text + '"';
}

std::optional<std::string> unit_path(std::string_view path) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=@,./$%";
    if (!is_utf8(path) || std::any_of(path.begin(), path.end(), is_beyond_line)) return std::nullopt;
    const bool is_plain = !path.empty() && path.find_first_not_of(plain) == std::string_view::npos;
    std::string text;
    for (const char letter : path) {
        if (letter == '%') text += '%';
        if (letter == '"' || letter == '\\') text += '\\';
        text += letter;
    }
    return is_plain ? text : '"' + text + '"';
}

Result<std::string> to_text(const ServiceUnit& unit) {
    constexpr std::string_view refused = "\"'\\";
    if (unit.program.find_first_of(refused) != std::string::npos || !is_utf8(unit.program) ||
        std::any_of(unit.program.begin(), unit.program.end(), is_control))
        return Error{ExitCode::configuration, "write a unit for the program", unit.program,
                     "systemd takes no program with quotes, backslashes or control characters in its path"};
    Lines lines;
    const bool is_users = unit.manager == Manager::user;
    lines.section("Unit");
    lines.set("Description", description_of(unit.description, unit.name, unit.is_template));
    if (!is_users) lines.set("After", "network.target");
    lines.section("Service");
    add_life(lines, unit);
    add_surroundings(lines, unit);
    add_confinement(lines, unit);
    lines.section("Install");
    lines.set("WantedBy", is_users ? "default.target" : "multi-user.target");
    return lines.take();
}

Result<std::string> to_text(const SocketUnit& unit) {
    Lines lines;
    lines.section("Unit");
    lines.set("Description", "Control socket of " + description_of(unit.description, unit.name, unit.is_template));
    lines.section("Socket");
    lines.set_value("ListenStream", unit.control_socket);
    if (!unit.directory.empty()) {
        lines.comment(
            "RuntimeDirectory= of the service would give all in the directory to its user, the socket too, if the");
        lines.comment("directory were not the user's already.");
        lines.set("ExecStartPre", "mkdir -p -m 755 " + unit_argument(unit.directory));
        lines.set("ExecStartPre", "chown " + unit_argument(unit.directory_owner) + " " + unit_argument(unit.directory));
    }
    lines.comment("The service knows the socket by this name.");
    lines.set("FileDescriptorName", "control");
    lines.set("SocketMode", unit.mode);
    lines.set_if("SocketUser", unit.user);
    lines.set_if("SocketGroup", unit.group);
    lines.set("RemoveOnStop", "yes");
    lines.section("Install");
    lines.set("WantedBy", "sockets.target");
    return lines.take();
}

}  // namespace servicekit::cli
