#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/mocks/fake_files.hpp"
#include "servicekit/mocks/fake_process.hpp"
#include "servicekit/mocks/per_task.hpp"
#include "servicekit/os/crash_reporter.hpp"

namespace servicekit::mocks {

/// Crashes as a test has them: crash() does in the calling process what a fatal signal would, short of ending it.
/// Each process that FakeOs::spawn() made has its own. Reports are files of the fake files.
class FakeCrashReporter final : public os::CrashReporter {
public:
    /// \param process whose pid a report has; null: 4711
    explicit FakeCrashReporter(FakeFiles& files, const FakeProcess* process = nullptr)
        : files_{&files}, process_{process} {}

    Result<void> install(const os::CrashPlan& plan) override;
    Result<Place> open_report(const std::string& path, Keeping keeping, const std::string& otherwise = {}) override;
    Result<void> change_owner(uid_t uid, gid_t gid) override;
    void close_report() noexcept override;
    void add_listener(os::CrashListener& listener) override;
    void guard_this_thread() noexcept override {}
    void uninstall() noexcept override;

    /// `install`, `open_report` and `change_owner`; the object of `open_report` is the path.
    FakeFailures& failures() noexcept { return failures_; }

    /// Calls the crash lines of the process, and leaves its report, where it has a file for it.
    /// \param signal "SIGSEGV" \param reason "address not mapped to object"
    void crash(std::string_view signal, std::string_view reason);

    /// The same for exit(3), which ends nothing here either.
    void exit(int status);

    /// Whether crashes are reported.
    [[nodiscard]] bool is_installed() const { return watches_exits() && plan().takes_signals; }
    [[nodiscard]] bool watches_exits() const { return state().plan.has_value(); }
    /// What a report would say of the process. \pre watches_exits()
    [[nodiscard]] const os::CrashPlan& plan() const { return *state().plan; }
    /// Where a report would go; empty where there is no file for it.
    [[nodiscard]] const std::string& report() const { return state().report; }
    /// \pre report() is not empty
    [[nodiscard]] Keeping keeping() const { return state().keeping; }
    /// Whom the file was handed to; nothing where it was not.
    [[nodiscard]] std::optional<uid_t> owner() const { return state().owner; }

    /// For FakeOs.
    void forget(FakeTask::Id task) { states_.forget(task); }

private:
    struct State {
        std::optional<os::CrashPlan> plan = {};
        std::string report = {};
        Keeping keeping = Keeping::nameless;
        std::optional<uid_t> owner = {};
        std::vector<os::CrashListener*> listeners = {};
    };
    [[nodiscard]] State& state() const { return states_.own(); }
    /// \param head the lines of the report that say what happened
    void report(std::string summary, const std::string& head);

    FakeFiles* files_;
    const FakeProcess* process_;
    FakeFailures failures_{"install", "open_report", "change_owner"};
    PerTask<State> states_;
};

}  // namespace servicekit::mocks
