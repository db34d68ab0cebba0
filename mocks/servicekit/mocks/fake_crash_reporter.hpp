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

/// Simulates crashes: crash() does in the calling process what a fatal signal would do, but does not end it. Each
/// process of FakeOs::spawn() has its own reporter. Reports are files of the fake files.
class FakeCrashReporter final : public os::CrashReporter {
public:
    /// \param process its pid is in a report; null: 4711
    explicit FakeCrashReporter(FakeFiles& files, const FakeProcess* process = nullptr)
        : files_{&files}, process_{process} {}

    Result<void> install(const os::CrashPlan& plan) override;
    Result<Place> open_report(const std::string& path, Keeping keeping, const std::string& otherwise = {}) override;
    Result<void> change_owner(uid_t uid, gid_t gid) override;
    void close_report() noexcept override;
    void add_listener(os::CrashListener& listener) override;
    void guard_this_thread() noexcept override {}
    void uninstall() noexcept override;

    /// For `install`, `open_report` and `change_owner`; the object of `open_report` is the path.
    FakeFailures& failures() noexcept { return failures_; }

    /// Calls the process's crash lines, and writes its report if it has a file for it.
    /// \param signal "SIGSEGV" \param reason "address not mapped to object"
    void crash(std::string_view signal, std::string_view reason);

    /// Does the same for exit(3), and does not end the process either.
    void exit(int status);

    /// Returns true if crashes are reported.
    [[nodiscard]] bool is_installed() const { return watches_exits() && plan().takes_signals; }
    [[nodiscard]] bool watches_exits() const { return state().plan.has_value(); }
    /// Returns what a report would contain about the process. \pre watches_exits()
    [[nodiscard]] const os::CrashPlan& plan() const { return *state().plan; }
    /// Returns the path for a report; empty if there is no file for it.
    [[nodiscard]] const std::string& report() const { return state().report; }
    /// \pre report() is not empty
    [[nodiscard]] Keeping keeping() const { return state().keeping; }
    /// Returns the new owner of the file; nothing if it was not changed.
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
    /// \param head the lines of the report that describe what happened
    void report(std::string summary, const std::string& head);

    FakeFiles* files_;
    const FakeProcess* process_;
    FakeFailures failures_{"install", "open_report", "change_owner"};
    PerTask<State> states_;
};

}  // namespace servicekit::mocks
