#include "core/crash_watch.hpp"

#include <string>
#include <vector>

#include "core/configuration.hpp"
#include "core/crash_reports.hpp"
#include "core/privileges.hpp"
#include "core/service_core.hpp"

namespace servicekit {

void CrashWatch::begin_load(bool in_background) {
    loads_ = install({.trail = &core_->runner.trail(),
                      .takes_signals = false,
                      .status_of_exit_0 = in_background ? to_int(ExitCode::internal) : 0});
}

void CrashWatch::begin() {
    const Settings& settings = core_->configuration->settings();
    const bool reports = !settings.get(setting::no_signal_handlers) && !settings.get(setting::no_crash_reports);
    if (watches_ && reports == reports_) return;
    end();
    // A late load has not said the places yet.
    const std::string& name = core_->paths.name;
    reports_ = install({.name = name.empty() ? settings.get(setting::name) : name,
                        .version = core_->options.version,
                        .started_at = core_->started_at,
                        .trail = &core_->runner.trail(),
                        .may_use_stderr = reports && !core_->deployment.background,
                        .takes_signals = reports}) &&
               reports;
}

bool CrashWatch::install(const os::CrashPlan& plan) {
    const auto installed = core_->host.crashes->install(plan);
    watches_ = installed.has_value();
    if (watches_)
        core_->host.crashes->add_listener(*this);
    else if (plan.takes_signals)
        core_->log.warning(installed.error().message());
    return watches_;
}

void CrashWatch::take_over(std::optional<uid_t> user) {
    const std::string crashed = reports_ ? put_away_report(user) : std::string{};
    // The crash says it already.
    if (last_life_ && crashed != std::to_string(*last_life_))
        core_->log.warning("the last life (pid " + std::to_string(*last_life_) + ") ended without a stop");
}

std::string CrashWatch::put_away_report(std::optional<uid_t> user) {
    const Settings& settings = core_->configuration->settings();
    const Paths& paths = core_->paths;
    CrashReports reports{paths.crash_directory, paths.name, *core_->host.files, *core_->host.clock};
    const auto warn = [this](const Error& error) { core_->log.warning(error.message()); };

    if (settings.is_set(setting::crash_directory.name))
        if (const auto made = core_->host.files->create_directories(paths.crash_directory, 0755); !made)
            warn(made.error());
    std::vector<uid_t> writers{0, core_->host.process->effective_user()};
    if (user) writers.push_back(*user);
    std::string crashed;
    if (const auto last = reports.put_away(writers); !last) {
        warn(last.error());
    } else if (*last) {
        crashed = (*last)->pid;
        core_->log.warning("the last life " + (*last)->what_the_process_did() + "; the report is in '" + (*last)->file +
                           "'");
    }
    if (const auto removed = reports.remove_older(settings.get(setting::crash_keep)); !removed) warn(removed.error());
    // Who is about to become somebody else, or to shut itself in, may not be able to make a file later.
    const auto keeping =
        Privileges{*core_}.will_change() ? os::CrashReporter::Keeping::named : os::CrashReporter::Keeping::nameless;
    const auto opened =
        core_->host.crashes->open_report(reports.new_report(), keeping, reports.other_report(core_->pid));
    if (!opened)
        warn(opened.error());
    else if (opened->obstacle)
        core_->log.warning(opened->obstacle->message() + "; a crash would be reported in '" + opened->path + "'");
    return crashed;
}

Result<void> CrashWatch::change_owner(uid_t uid, gid_t gid) {
    return reports_ ? core_->host.crashes->change_owner(uid, gid) : Result<void>{};
}

void CrashWatch::close_report() noexcept {
    if (reports_) core_->host.crashes->close_report();
}

void CrashWatch::end() noexcept {
    if (watches_) core_->host.crashes->uninstall();
    watches_ = reports_ = loads_ = false;
}

void CrashWatch::write_at_crash(std::string_view crash) noexcept {
    // One that was too long for its memory has lost its newline.
    if (crash.ends_with('\n')) crash.remove_suffix(1);
    log_crash(crash);
    if (crash.empty()) return;
    core_->policies->daemon.crashed(crash);
    // In normal code: no signals are taken then.
    if (loads_) core_->print({ExitCode::internal, "start", "", std::string{crash}});
}

void CrashWatch::log_crash(std::string_view crash) noexcept {
    if (!has_log_.load(std::memory_order_acquire)) return;
    LogPolicy& log = core_->policies->log;
    if (crash.empty()) return core_->streams.write_at_crash(log, {});
    const LogRecord record{.time = core_->host.clock->system_now(), .level = LogLevel::fatal, .message = crash};
    core_->streams.write_at_crash(log, {&record, 1});
}

}  // namespace servicekit
