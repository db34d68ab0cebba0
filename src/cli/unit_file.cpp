#include "cli/unit_file.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <utility>

#include "servicekit/base/exit_code.hpp"

namespace servicekit::cli {
namespace {

using std::chrono::milliseconds;

/// The service's own limits come first, and say what happened; the manager's are for one that can't keep its own.
constexpr milliseconds grace{5'000};
constexpr std::string_view watchdog_seconds = "30";

/// What no restart cures: only somebody who changes something does. A folder that can't be written (73) may be a disk
/// that is full, and goes the way of all other failures, whose number systemd limits.
constexpr std::array incurable{ExitCode::usage, ExitCode::already_running, ExitCode::permission,
                               ExitCode::configuration};

/// A value that goes to the end of its line: only specifiers are expanded in it.
std::string unit_value(std::string_view text) {
    std::string value;
    for (const char letter : text) {
        if (letter == '%') value += '%';
        value += letter == '\n' ? ' ' : letter;
    }
    return value;
}

std::string in_seconds(milliseconds time) {
    const auto count = time.count();
    return count % 1000 == 0 ? std::to_string(count / 1000) : std::to_string(count) + "ms";
}

bool lies_below(std::string_view path, std::string_view folder) {
    return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

bool is_any_below(const ServiceUnit& unit, std::initializer_list<std::string_view> folders) {
    const auto is_below_any = [&folders](const std::string& path) {
        return std::any_of(folders.begin(), folders.end(), [&](auto folder) { return lies_below(path, folder); });
    };
    return is_below_any(unit.program) || std::any_of(unit.paths.begin(), unit.paths.end(), is_below_any) ||
           std::any_of(unit.writable_folders.begin(), unit.writable_folders.end(), is_below_any);
}

/// The lines of one unit, as they come.
class Lines {
public:
    void section(std::string_view name) {
        if (!text_.empty()) text_ += '\n';
        text_.append("[").append(name).append("]\n");
    }
    void comment(std::string_view text) { text_.append("# ").append(text).append("\n"); }
    void set(std::string_view key, std::string_view value) { text_.append(key).append("=").append(value).append("\n"); }
    void set_if(std::string_view key, const std::string& value) {
        if (!value.empty()) set(key, unit_value(value));
    }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    std::string text_;
};

std::string command_line(const ServiceUnit& unit, std::string_view verb) {
    std::string line = unit_argument(unit.program) + " " + std::string{verb};
    for (const std::string& option : unit.options) line += " " + unit_argument(option);
    return line;
}

void add_life(Lines& lines, const ServiceUnit& unit) {
    constexpr std::array<std::string_view, 3> types{"exec", "notify", "notify-reload"};
    lines.set("Type", types[static_cast<std::size_t>(unit.type)]);
    lines.set("ExecStart", command_line(unit, "run"));
    if (unit.type != ServiceUnit::Type::notify_reload) {
        // The verb waits for the outcome, and so systemctl tells of a configuration that is no good.
        if (unit.has_control)
            lines.set("ExecReload", command_line(unit, "reload"));
        else if (unit.has_signals)
            lines.set("ExecReload", "kill -HUP $MAINPID");
    }
    lines.set("TimeoutStartSec", in_seconds(unit.start_timeout + grace));
    lines.set("TimeoutStopSec", in_seconds(unit.stop_timeout + grace));
    lines.comment("TERM is the service's to handle; what it leaves behind is killed.");
    lines.set("KillMode", "mixed");
    lines.set("Restart", "on-failure");
    lines.set("RestartSec", "1");
    std::string codes;
    for (const ExitCode code : incurable) codes += (codes.empty() ? "" : " ") + std::to_string(to_int(code));
    lines.set("RestartPreventExitStatus", codes);
    if (unit.type == ServiceUnit::Type::exec) return;
    lines.set("WatchdogSec", watchdog_seconds);
    lines.comment("ABRT, which systemd would send, is a clean stop; QUIT leaves a core.");
    lines.set("WatchdogSignal", "SIGQUIT");
}

void add_surroundings(Lines& lines, const ServiceUnit& unit) {
    lines.set_if("User", unit.user);
    lines.set_if("Group", unit.group);
    lines.set_if("UMask", unit.file_mask);
    lines.set_if("WorkingDirectory", unit.working_directory);
    if (!unit.runtime_directory.empty()) {
        lines.set("RuntimeDirectory", unit.runtime_directory);
        lines.comment("A socket unit's socket in there outlives the service.");
        lines.set("RuntimeDirectoryPreserve", "yes");
    }
    lines.set("StateDirectory", unit.name);
    if (!unit.logs_directory.empty()) lines.set("LogsDirectory", unit.logs_directory);
    if (unit.writable_folders.empty()) return;
    std::string folders;
    for (const std::string& folder : unit.writable_folders)
        folders += (folders.empty() ? "" : " ") + unit_argument(folder);
    lines.set("ReadWritePaths", folders);
}

void add_confinement(Lines& lines, const ServiceUnit& unit) {
    lines.set("NoNewPrivileges", "yes");
    lines.set("ProtectSystem", "strict");
    lines.set("ProtectHome", is_any_below(unit, {"/home", "/root", "/run/user"}) ? "read-only" : "yes");
    if (!is_any_below(unit, {"/tmp", "/var/tmp"})) lines.set("PrivateTmp", "yes");
    for (const std::string_view key : {"PrivateDevices", "ProtectClock", "ProtectControlGroups", "ProtectHostname",
                                       "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables",
                                       "LockPersonality", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID"})
        lines.set(key, "yes");
    lines.set("RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6 AF_NETLINK");
    lines.set("SystemCallArchitectures", "native");
    lines.set("SystemCallFilter", "@system-service landlock_create_ruleset landlock_add_rule landlock_restrict_self");
    lines.set("SystemCallErrorNumber", "EPERM");
}

}  // namespace

std::string unit_argument(std::string_view argument) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=@:,./";
    constexpr std::string_view digits = "0123456789abcdef";
    const bool is_plain = !argument.empty() && argument.find_first_not_of(plain) == std::string_view::npos;
    std::string text;
    for (const char letter : argument) {
        const auto byte = static_cast<unsigned char>(letter);
        if (byte < 0x20 || byte == 0x7f) {
            text += "\\x";
            text += digits[byte >> 4U];
            text += digits[byte & 0xfU];
            continue;
        }
        if (letter == '%' || letter == '$') text += letter;
        if (letter == '"' || letter == '\\') text += '\\';
        text += letter;
    }
    return is_plain ? text : '"' + text + '"';
}

std::string to_text(const ServiceUnit& unit) {
    Lines lines;
    lines.section("Unit");
    lines.set("Description", unit_value(unit.description.empty() ? unit.name : unit.description));
    lines.set("After", "network.target");
    lines.section("Service");
    add_life(lines, unit);
    add_surroundings(lines, unit);
    add_confinement(lines, unit);
    lines.section("Install");
    lines.set("WantedBy", "multi-user.target");
    return lines.take();
}

std::string to_text(const SocketUnit& unit) {
    Lines lines;
    lines.section("Unit");
    lines.set("Description",
              unit_value("Control socket of " + (unit.description.empty() ? unit.name : unit.description)));
    lines.section("Socket");
    lines.set("ListenStream", unit_value(unit.control_socket));
    lines.comment("By this name the service knows it.");
    lines.set("FileDescriptorName", "control");
    lines.set("SocketMode", "0600");
    lines.set_if("SocketUser", unit.user);
    lines.set_if("SocketGroup", unit.group);
    lines.set("RemoveOnStop", "yes");
    lines.section("Install");
    lines.set("WantedBy", "sockets.target");
    return lines.take();
}

}  // namespace servicekit::cli
