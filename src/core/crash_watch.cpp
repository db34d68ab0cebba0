#include "core/crash_watch.hpp"

#include <vector>

#include "core/configuration.hpp"
#include "core/crash_reports.hpp"
#include "core/privileges.hpp"
#include "core/service_core.hpp"

namespace servicekit {

void CrashWatch::begin() {
    const Settings& settings = core_->configuration->settings();
    if (settings.get(setting::no_signal_handlers) || settings.get(setting::no_crash_reports)) return;
    const os::CrashPlan plan{.name = core_->places.name,
                             .version = core_->options.version,
                             .started_at = core_->started_at,
                             .trail = &core_->runner.trail(),
                             .may_use_stderr = !core_->deployment.background};
    if (const auto installed = core_->host.crashes->install(plan); !installed)
        return core_->log.warning(installed.error().message());
    watches_ = true;
    core_->host.crashes->add_last_words(*this);
}

void CrashWatch::prepare_report(std::optional<uid_t> user) {
    if (!watches_) return;
    const Settings& settings = core_->configuration->settings();
    const Places& places = core_->places;
    CrashReports reports{places.crash_directory, places.name, *core_->host.files, *core_->host.clock};
    const auto warn = [this](const Error& error) { core_->log.warning(error.message()); };

    if (settings.is_set(setting::crash_directory.name))
        if (const auto made = core_->host.files->create_directories(places.crash_directory, 0755); !made)
            warn(made.error());
    std::vector<uid_t> writers{0, core_->host.process->effective_user()};
    if (user) writers.push_back(*user);
    if (const auto last = reports.put_away(writers); !last)
        warn(last.error());
    else if (*last)
        core_->log.warning("the last life crashed: " + (*last)->in_words() + "; the report is in '" + (*last)->file +
                           "'");
    if (const auto removed = reports.remove_older(settings.get(setting::crash_keep)); !removed) warn(removed.error());
    // Who is about to become somebody else, or to shut itself in, may not be able to make a file later.
    const auto keeping =
        Privileges{*core_}.will_change() ? os::CrashReporter::Keeping::named : os::CrashReporter::Keeping::nameless;
    const auto opened =
        core_->host.crashes->open_report(reports.new_report(), keeping, reports.other_report(core_->pid));
    if (!opened) return warn(opened.error());
    if (opened->obstacle)
        core_->log.warning(opened->obstacle->message() + "; a crash would be reported in '" + opened->path + "'");
}

Result<void> CrashWatch::hand_to(uid_t uid, gid_t gid) {
    return watches_ ? core_->host.crashes->hand_to(uid, gid) : Result<void>{};
}

void CrashWatch::close_report() noexcept {
    if (watches_) core_->host.crashes->close_report();
}

void CrashWatch::end() noexcept {
    if (watches_) core_->host.crashes->uninstall();
    watches_ = false;
}

void CrashWatch::write_last_words(std::string_view crash) noexcept {
    if (!has_log_.load(std::memory_order_acquire)) return;
    contract::Log& log = core_->policies->log;
    if (crash.empty()) return core_->streams.write_last_words(log, {});
    // One that was too long for its memory has lost its newline.
    if (crash.ends_with('\n')) crash.remove_suffix(1);
    const LogRecord record{.time = core_->host.clock->system_now(), .level = LogLevel::fatal, .message = crash};
    core_->streams.write_last_words(log, {&record, 1});
}

}  // namespace servicekit
