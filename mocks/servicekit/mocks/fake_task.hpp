#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace servicekit::mocks {

/// A thread that runs only while whoever resumed it waits: never two at a time, so that what several of them do has one
/// order, and the same in each run. What fake processes are made of.
class FakeTask {
public:
    /// Tells tasks apart, also those of different machines. 0: a thread that is no task, as the test's own.
    using Id = std::uint64_t;

    /// \param body begins with the first resume(). Throws nothing.
    explicit FakeTask(std::function<void()> body);
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

    /// The task that calls.
    [[nodiscard]] static Id current() noexcept;

private:
    struct State;
    class Worker;
    std::unique_ptr<State> state_;
};

}  // namespace servicekit::mocks
