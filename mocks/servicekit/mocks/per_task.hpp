#pragma once

#include <map>
#include <utility>

#include "servicekit/mocks/fake_task.hpp"

namespace servicekit::mocks {

/// The state of each fake process, selected by the caller.
template <class State>
class PerTask {
public:
    explicit PerTask(State initial = {}) : initial_{std::move(initial)} {}

    /// Returns the caller's state.
    [[nodiscard]] State& own() const { return of(FakeTask::current()); }
    [[nodiscard]] State& of(FakeTask::Id task) const { return states_.try_emplace(task, initial_).first->second; }
    void set(FakeTask::Id task, State state) { states_.insert_or_assign(task, std::move(state)); }
    void forget(FakeTask::Id task) { states_.erase(task); }

private:
    State initial_;
    mutable std::map<FakeTask::Id, State> states_;  // a process that has not changed anything has the initial state
};

}  // namespace servicekit::mocks
