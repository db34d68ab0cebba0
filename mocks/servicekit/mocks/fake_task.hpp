#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace servicekit::mocks {

/// A thread that runs only while its resumer waits. Two never run at once, so the operations of several tasks have one
/// order, the same in each run. Fake processes and their threads consist of tasks.
class FakeTask {
public:
    /// Identifies a task, also among those of different machines. 0: a thread that is not a task, such as the test's
    /// own.
    using Id = std::uint64_t;

    /// \param body begins with the first resume(). Must not throw.
    /// \param process the process that it is a thread of, 0: the test's; nothing: it is a process of its own
    explicit FakeTask(std::function<void()> body, std::optional<Id> process = std::nullopt);
    /// \pre has_ended(), or it was never resumed.
    ~FakeTask();
    FakeTask(const FakeTask&) = delete;
    FakeTask& operator=(const FakeTask&) = delete;

    [[nodiscard]] Id id() const noexcept;
    /// Lets it run until it yields or ends. \pre not called from within the task
    void resume();
    /// Called in a task: returns control to the resumer, until it is resumed again.
    static void yield();
    [[nodiscard]] bool has_ended() const noexcept;

    /// Returns the process of the calling thread: its first task, or 0 on the test's own thread and in threads of it.
    [[nodiscard]] static Id current() noexcept;
    /// Returns the calling task; 0 on the test's own thread.
    [[nodiscard]] static Id current_thread() noexcept;
    [[nodiscard]] Id process() const noexcept;

private:
    struct State;
    class Worker;
    std::unique_ptr<State> state_;
};

}  // namespace servicekit::mocks
