#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/mocks/per_task.hpp"
#include "servicekit/mocks/process_exited.hpp"
#include "servicekit/os/process.hpp"

namespace servicekit::mocks {

/// A process that remembers what it did to itself. At first it is pid 4711, runs as root with one thread, and leads its
/// process group, like a program started by a shell. Each process of FakeOs::spawn() sees its own.
class FakeProcess final : public os::Process {
public:
    /// The process in which the test continues after a fork.
    enum class Side { parent, child };

    [[nodiscard]] pid_t id() const override { return own().id; }
    [[nodiscard]] uid_t effective_user() const override { return own().user; }
    [[nodiscard]] unsigned generation() const noexcept override { return static_cast<unsigned>(own().id); }
    [[nodiscard]] unsigned thread_count() const override { return own().threads; }
    /// Fails only on request.
    Result<void> ensure_stack(std::size_t bytes) override;
    Result<pid_t> fork() override;
    void adopt_orphans() noexcept override;
    Result<int> wait_for_child(pid_t child) override;
    Result<void> start_session() override;
    Result<void> change_directory(const std::string& path) override;
    [[nodiscard]] Result<std::string> current_directory() const override;
    /// Returns /usr/bin/service.
    [[nodiscard]] Result<std::string> program() const override { return std::string{"/usr/bin/service"}; }
    mode_t set_file_mask(mode_t mask) override;
    /// Returns an error until set_command_line().
    [[nodiscard]] Result<std::vector<std::string>> command_line() const override;
    /// Remembers the arguments and throws ProcessExited, because another program would run then.
    Error execute(const std::vector<std::string>& arguments) override;
    /// Does the same.
    Error execute_other(const std::vector<std::string>& command) override;
    [[nodiscard]] std::size_t descriptor_limit() const override { return own().descriptor_limit; }
    /// Only remembers it, as a fake never hangs.
    Result<void> kill_after(std::chrono::milliseconds time) override;
    void spare() noexcept override { own().killed_after = {}; }
    /// Throws ProcessExited.
    [[noreturn]] void exit_now(int status) override;

    /// Failures of the functions of os::Process, by their names.
    mutable FakeFailures failures{"ensure_stack",      "fork",    "wait_for_child", "start_session", "change_directory",
                                  "current_directory", "execute", "kill_after"};

    /// Sets which sides of the next forks to follow, in order. After these, the child's side is followed.
    void follow(std::deque<Side> sides) { own().sides = std::move(sides); }
    void set_id(pid_t id) noexcept { own().id = own().group = id; }
    void set_effective_user(uid_t user) noexcept { own().user = user; }
    void set_thread_count(unsigned count) noexcept { own().threads = count; }
    void set_descriptor_limit(std::size_t limit) noexcept { own().descriptor_limit = limit; }
    void set_directory(std::string path) { own().directory = std::move(path); }
    void set_command_line(std::vector<std::string> arguments) { own().command_line = std::move(arguments); }
    /// Returns the arguments of execute() or execute_other(); empty if neither was called.
    [[nodiscard]] const std::vector<std::string>& executed() const noexcept { return own().executed; }
    /// Sets the result of waitpid(2); 0 by default.
    void set_child_status(int status) noexcept { own().child_status = status; }

    /// 0: never, or no longer.
    [[nodiscard]] std::chrono::milliseconds killed_after() const noexcept { return own().killed_after; }
    /// Returns the number of forks.
    [[nodiscard]] unsigned forks() const noexcept { return own().forks; }
    /// Returns the children whose parent's side was followed, and that were not waited for yet.
    [[nodiscard]] const std::set<pid_t>& children() const noexcept { return own().children; }
    [[nodiscard]] bool adopts_orphans() const noexcept { return own().adopts_orphans; }
    [[nodiscard]] pid_t session() const noexcept { return own().session; }
    [[nodiscard]] bool leads_session() const noexcept { return own().session == own().id; }
    [[nodiscard]] const std::string& directory() const noexcept { return own().directory; }
    [[nodiscard]] mode_t file_mask() const noexcept { return own().mask; }
    [[nodiscard]] std::optional<int> exit_status() const noexcept { return own().exit_status; }

    // For FakeOs: the effects of a process on others.

    struct Hooks {
        std::function<pid_t()> fork = {};
        std::function<void()> adopt_orphans = {};
        std::function<Result<int>(pid_t child)> wait_for_child = {};
        std::function<void(int status)> exit = {};  ///< also on the test's thread
    };
    /// They are called if the caller is a task.
    void set_hooks(Hooks hooks) { hooks_ = std::move(hooks); }
    /// Adds a process as a shell would start it.
    void add(FakeTask::Id task, pid_t id, uid_t user) { states_.set(task, State{.id = id, .group = id, .user = user}); }
    /// Makes the caller the child of a fork.
    void become(pid_t id);
    void forget(FakeTask::Id task) { states_.forget(task); }

private:
    struct State {
        pid_t id = 4711;
        pid_t group = 4711;
        pid_t session = 4000;  ///< the shell's
        uid_t user = 0;
        unsigned threads = 1;
        unsigned forks = 0;
        std::size_t descriptor_limit = std::size_t{1} << 20U;
        pid_t next_child = 4712;
        std::deque<Side> sides = {};
        std::set<pid_t> children = {};
        int child_status = 0;
        bool adopts_orphans = false;
        std::string directory = "/";
        mode_t mask = 022;
        std::optional<int> exit_status = {};
        std::chrono::milliseconds killed_after{0};
        std::vector<std::string> command_line = {};
        std::vector<std::string> executed = {};
    };
    [[nodiscard]] State& own() const { return states_.own(); }

    PerTask<State> states_;
    Hooks hooks_;
};

}  // namespace servicekit::mocks
