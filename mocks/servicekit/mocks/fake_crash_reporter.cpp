#include "servicekit/mocks/fake_crash_reporter.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <utility>

namespace servicekit::mocks {
namespace {

constexpr mode_t permissions = 0640;
/// The real reporter reserves memory for this much.
constexpr std::size_t longest_summary = 512;

}  // namespace

Result<void> FakeCrashReporter::install(const os::CrashPlan& plan) {
    if (const auto failure = failures_.due("install")) return os_error("report crashes", "", *failure);
    if (state().plan) return Error{ExitCode::os, "report crashes", "", "another service in this process does"};
    state().plan = plan;
    return {};
}

Result<os::CrashReporter::Place> FakeCrashReporter::open_report(const std::string& path, Keeping keeping,
                                                                const std::string& otherwise) {
    close_report();
    if (const auto failure = failures_.due("open_report", path))
        return os_error("open the crash report", path, *failure);
    std::string opened = path;
    std::optional<Error> obstacle;
    FakeFileTree::Place place = files_->tree().find(opened, os::Links::do_not_follow);
    const uid_t user = files_->tree().caller().uid;
    if (place.node != nullptr && (place.node->type != os::FileType::regular || place.node->uid != user)) {
        obstacle = Error{ExitCode::permission, "open the crash report", opened, "it is somebody else's"};
        if (otherwise.empty()) return *obstacle;
        opened = otherwise;
        place = files_->tree().find(opened, os::Links::do_not_follow);
    }
    if (place.errno_value == 0 && place.directory == nullptr) place.errno_value = ENOENT;
    if (place.errno_value == 0 && keeping == Keeping::named && place.node == nullptr)
        place.errno_value = files_->tree().create(place, os::FileType::regular, permissions);
    if (place.errno_value != 0) return os_error("open the crash report", opened, place.errno_value);
    state().report = opened;
    state().keeping = keeping;
    return Place{.path = opened, .obstacle = std::move(obstacle)};
}

Result<void> FakeCrashReporter::change_owner(uid_t uid, gid_t /*gid*/) {
    const std::string& path = state().report;
    if (const auto failure = failures_.due("change_owner"))
        return os_error("change the owner of the crash report", path, *failure);
    if (!path.empty()) state().owner = uid;
    return {};
}

void FakeCrashReporter::close_report() noexcept {
    const std::string path = std::exchange(state().report, {});
    if (path.empty() || state().keeping != Keeping::named) return;
    const FakeFileTree::Place place = files_->tree().find(path, os::Links::do_not_follow);
    // If it may not be removed, it stays.
    if (place.node != nullptr && place.node->content.empty()) static_cast<void>(files_->tree().remove(place));
}

void FakeCrashReporter::add_listener(os::CrashListener& listener) { state().listeners.push_back(&listener); }

void FakeCrashReporter::uninstall() noexcept {
    close_report();
    state() = {};
}

void FakeCrashReporter::crash(std::string_view signal, std::string_view reason) {
    if (!is_installed()) return;
    report("crashed by " + std::string{signal} + " (" + std::string{reason} + ")",
           "signal: " + std::string{signal} + " (11)\ncode: SEGV_MAPERR (1), " + std::string{reason} + "\n");
}

void FakeCrashReporter::exit(int status) {
    if (!watches_exits()) return;
    const std::string call = "exit(" + std::to_string(status) + ")";
    report(call + " was called", "exit: " + call + "\n");
}

void FakeCrashReporter::report(std::string summary, const std::string& head) {
    const os::EventTrail* const trail = plan().trail;
    const std::string event =
        trail != nullptr && trail->depth() > 0 ? std::string{trail->running(trail->depth() - 1).name.view()} : "";
    if (!event.empty()) summary += " in the event '" + event + "'";
    summary.resize(std::min(summary.size(), longest_summary));
    const std::string path = state().report;
    if (!path.empty()) {
        std::string text = "crash report of servicekit, format 1\ntime: 2026-11-22T06:10:00.123456Z\n";
        text += "service: " + plan().name + "\nversion: " + plan().version + "\n";
        text += "pid: " + std::to_string(process_ != nullptr ? process_->id() : 4711) + "\n" + head;
        if (!event.empty()) text += "event: " + event + ", for 0.001 s\n";
        text += "\nend of the report\n";
        FakeFileTree::Place place = files_->tree().find(path, os::Links::do_not_follow);
        if (place.node == nullptr) static_cast<void>(files_->tree().create(place, os::FileType::regular, permissions));
        if (place.node != nullptr) place.node->content += text;
        summary += "; the report is in '" + path + "'";
    }
    summary += "\n";
    for (const std::string& crash : {summary, std::string{}})
        for (os::CrashListener* const listener : state().listeners) listener->write_at_crash(crash);
}

}  // namespace servicekit::mocks
