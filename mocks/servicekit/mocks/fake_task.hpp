#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace servicekit::mocks {

/// A thread that runs only while whoever resumed it waits: never two at a time, so that what several of them do has one
/// order, and the same in each run. What fake processes and their threads are made of.
class FakeTask {
public:
    /// Tells tasks apart, also those of different machines. 0: a thread that is no task, as the test's own.
    using Id = std::uint64_t;

    /// \param body begins with the first resume(). Throws nothing.
    /// \param process whose thread it is, 0: the test's; nothing: it is a process of its own
    explicit FakeTask(std::function<void()> body, std::optional<Id> process = std::nullopt);
    /// \pre has_ended(), or it was never resumed.
    ~FakeTask();
    FakeTask(const FakeTask&) = delete;
    FakeTask& operator=(const FakeTask&) = delete;

    [[nodiscard]] Id id() const noexcept;
    /// Lets it go on until it yields or ends. \pre called from outside of it
    void resume();
    /// In a task: goes back to whoever resumed it, until it is resumed again.
    static void yield();
    [[nodiscard]] bool has_ended() const noexcept;

    /// The process whose thread calls: its first task, or 0 on the test's own thread and in threads of it.
    [[nodiscard]] static Id current() noexcept;
    /// The task that calls; 0 on the test's own thread.
    [[nodiscard]] static Id current_thread() noexcept;
    [[nodiscard]] Id process() const noexcept;

private:
    struct State;
    class Worker;
    std::unique_ptr<State> state_;
};

}  // namespace servicekit::mocks
