#include "core/crash_watch.hpp"

#include <string>
#include <vector>

#include "core/crash_reports.hpp"
#include "core/privileges.hpp"
#include "servicekit/policy/daemon_policy.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit {

void CrashWatch::begin_load(bool in_background) {
    loads_ = install(
        {.trail = &trail_, .takes_signals = false, .status_of_exit_0 = in_background ? to_int(ExitCode::internal) : 0});
}

void CrashWatch::begin(const Settings& settings) {
    const bool reports = !settings.get(setting::no_signal_handlers) && !settings.get(setting::no_crash_reports);
    if (watches_ && reports == reports_) return;
    end();
    // A late load has not set the paths yet.
    const std::string& name = instance_.paths.name;
    reports_ = install({.name = name.empty() ? settings.get(setting::name) : name,
                        .version = instance_.options.version,
                        .started_at = instance_.started_at,
                        .trail = &trail_,
                        .may_use_stderr = reports && !instance_.deployment.background,
                        .takes_signals = reports}) &&
               reports;
}

bool CrashWatch::install(const os::CrashPlan& plan) {
    const auto installed = host_.crashes->install(plan);
    watches_ = installed.has_value();
    if (watches_)
        host_.crashes->add_listener(*this);
    else if (plan.takes_signals)
        log_.warning(installed.error().message());
    return watches_;
}

void CrashWatch::take_over(const Settings& settings, const Privileges& privileges) {
    const std::string crashed = reports_ ? put_away_report(settings, privileges) : std::string{};
    // If that life crashed, the crash was logged already.
    if (last_life_ && crashed != std::to_string(*last_life_))
        log_.warning("the last life (pid " + std::to_string(*last_life_) + ") ended without a stop");
}

std::string CrashWatch::put_away_report(const Settings& settings, const Privileges& privileges) {
    const Paths& paths = instance_.paths;
    CrashReports reports{paths.crash_directory, paths.name, *host_.files, *host_.clock};
    const auto warn = [this](const Error& error) { log_.warning(error.message()); };

    if (settings.is_set(setting::crash_directory.name))
        if (const auto made = host_.files->create_directories(paths.crash_directory, 0755); !made) warn(made.error());
    std::vector<uid_t> writers{0, host_.process->effective_user()};
    if (const auto user = privileges.user()) writers.push_back(*user);
    std::string crashed;
    if (const auto last = reports.put_away(writers, last_life_); !last) {
        warn(last.error());
    } else if (*last) {
        crashed = (*last)->pid;
        log_.warning("the last life " + (*last)->what_the_process_did() + "; the report is in '" + (*last)->file + "'");
    }
    if (const auto removed = reports.remove_empty(writers); !removed) warn(removed.error());
    if (const auto left = reports.remove_older(settings.get(setting::crash_keep)); !left)
        warn(left.error());
    else
        reports_kept_ = *left;
    // A process that is about to change its user or to confine itself may be unable to create a file later.
    const auto keeping =
        privileges.will_change() ? os::CrashReporter::Keeping::named : os::CrashReporter::Keeping::nameless;
    const auto opened = host_.crashes->open_report(reports.new_report(), keeping, reports.other_report(instance_.pid));
    if (!opened)
        warn(opened.error());
    else if (opened->obstacle)
        log_.warning(opened->obstacle->message() + "; a crash would be reported in '" + opened->path + "'");
    return crashed;
}

Result<void> CrashWatch::change_owner(uid_t uid, gid_t gid) {
    return reports_ ? host_.crashes->change_owner(uid, gid) : Result<void>{};
}

void CrashWatch::close_report() noexcept {
    if (reports_) host_.crashes->close_report();
}

void CrashWatch::end() noexcept {
    if (watches_) host_.crashes->uninstall();
    watches_ = reports_ = loads_ = false;
}

void CrashWatch::write_at_crash(std::string_view crash) noexcept {
    // A crash line that was truncated has no newline.
    if (crash.ends_with('\n')) crash.remove_suffix(1);
    log_crash(crash);
    if (crash.empty()) return;
    policies_.daemon.crashed(crash);
    // No signals are handled during a load, so this is not a signal handler.
    if (loads_) error_output_.print({ExitCode::internal, "start", "", std::string{crash}});
}

void CrashWatch::log_crash(std::string_view crash) noexcept {
    if (!has_log_.load(std::memory_order_acquire)) return;
    LogPolicy& log = policies_.log;
    if (crash.empty()) return streams_.write_at_crash(log, {});
    const LogRecord record{.time = host_.clock->system_now(), .level = LogLevel::fatal, .message = crash};
    streams_.write_at_crash(log, {&record, 1});
}

}  // namespace servicekit
