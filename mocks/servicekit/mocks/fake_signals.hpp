#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "servicekit/base/peer.hpp"
#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/mocks/per_task.hpp"
#include "servicekit/os/signals.hpp"

namespace servicekit::mocks {

/// The signals of a process. The test raises them, and the loop's post() delivers them. Each process of FakeOs::spawn()
/// has its own; all members refer to those of the caller.
class FakeSignals final : public os::Signals {
public:
    enum class Disposition {
        default_action,
        ignored,
        programs_own,  ///< a handler that the application has installed itself
        taken,         ///< the handler of note() and take()
        does_nothing,  ///< the effect of take() on SIGPIPE, and of note() on SIGXFSZ
    };

    Result<void> note(std::span<const int> kept, std::span<const int> ending) override;
    [[nodiscard]] std::vector<os::ReceivedSignal> noted() const override;
    Result<void> hold() override;
    void release_held() override;
    void forget_caller() override;
    Result<void> take(std::span<const int> numbers, os::EventLoop& loop,
                      std::function<void(const os::ReceivedSignal&)> callback) override;
    void give_back() override;

    FakeFailures failures{"note", "hold", "take"};

    /// Raises a signal as if `sender` had sent it; without one, as if it was typed on the terminal. A held signal waits
    /// for release_held(), and a noted one for take(). A signal that was neither noted nor taken is listed in
    /// default_actions().
    void raise(int number, Peer sender = {}) { raise_in(FakeTask::current(), number, std::move(sender)); }

    [[nodiscard]] bool is_held(int number) const { return own().held.contains(number); }
    /// Returns true if the parent of the process left it blocked; the test sets this.
    [[nodiscard]] bool is_blocked_by_caller(int number) const { return own().blocked_by_caller.contains(number); }
    void block_as_caller(int number) { own().blocked_by_caller.insert(number); }
    [[nodiscard]] bool is_noting() const { return own().is_noting; }
    [[nodiscard]] bool is_taken() const { return own().reception != nullptr; }
    [[nodiscard]] Disposition disposition(int number) const;
    /// Sets what the application did before the service was started.
    void set_disposition(int number, Disposition disposition);
    /// Returns the signals that arrived while they were not taken, held or ignored. Each would have ended the process.
    [[nodiscard]] const std::vector<int>& default_actions() const { return own().default_actions; }

    // For FakeOs.

    void raise_in(FakeTask::Id task, int number, Peer sender);
    /// Sets what is called, if the process is a task, instead of listing the signal.
    void on_default_action(std::function<void(FakeTask::Id task, int number)> callback) {
        on_default_action_ = std::move(callback);
    }
    /// Gives the child the blocked and the noted signals of its parent.
    void inherit(FakeTask::Id parent, FakeTask::Id child) {
        State state = states_.of(parent);
        state.kept = {};
        state.reception = nullptr;
        state.default_actions = {};
        states_.set(child, std::move(state));
    }
    /// Removes one of these signals that arrived while held. \returns true if there was one
    bool use_up(FakeTask::Id task, std::span<const int> numbers);
    void forget(FakeTask::Id task) { states_.forget(task); }

private:
    struct Reception {
        os::EventLoop* loop;
        std::function<void(const os::ReceivedSignal&)> callback;
        std::map<int, Peer> pending;  ///< arrived, but the callback was not called yet
    };
    struct State {
        bool is_noting = false;
        std::set<int> named = {};   ///< by note() and take()
        std::set<int> ending = {};  ///< by note()
        std::map<int, Peer> noted = {};
        std::set<int> held = {};
        std::set<int> blocked_by_caller = {};
        std::map<int, Peer> kept = {};  ///< arrived while held
        std::map<int, Disposition> dispositions = {};
        std::map<int, Disposition> dispositions_before = {};
        std::shared_ptr<Reception> reception = nullptr;
        std::vector<int> default_actions = {};

        [[nodiscard]] Disposition disposition(int number) const;
    };

    [[nodiscard]] State& own() const { return states_.own(); }
    void end_noting();
    void handle(std::span<const int> numbers);
    void deliver_kept();
    void take_default_action(FakeTask::Id task, int number);
    void arrive(FakeTask::Id task, int number, const Peer& sender);
    static void deliver(const std::shared_ptr<Reception>& reception);

    PerTask<State> states_;
    std::function<void(FakeTask::Id, int)> on_default_action_;
};

}  // namespace servicekit::mocks
