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

/// The signals of a process, raised by the test and delivered by way of the loop's post(). Each process that
/// FakeOs::spawn() made has its own; all members are about those of the caller.
class FakeSignals final : public os::Signals {
public:
    enum class Disposition {
        default_action,
        ignored,
        programs_own,  ///< a handler that the program installed itself
        taken,         ///< the handler of note() and take()
        does_nothing,  ///< what take() does to SIGPIPE, and note() to SIGXFSZ
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

    /// As if `sender` sent it; without one, as if it was typed on the terminal. One that is held waits for release_held(), one
    /// that is noted waits for take(), and one that nobody noted or took is listed in default_actions().
    void raise(int number, Peer sender = {}) { raise_in(FakeTask::current(), number, std::move(sender)); }

    [[nodiscard]] bool is_held(int number) const { return own().held.contains(number); }
    /// As the caller of the process left it; to be set by the test.
    [[nodiscard]] bool is_blocked_by_caller(int number) const { return own().blocked_by_caller.contains(number); }
    void block_as_caller(int number) { own().blocked_by_caller.insert(number); }
    [[nodiscard]] bool is_noting() const { return own().is_noting; }
    [[nodiscard]] bool is_taken() const { return own().reception != nullptr; }
    [[nodiscard]] Disposition disposition(int number) const;
    /// What the program did before the service came.
    void set_disposition(int number, Disposition disposition);
    /// The signals that came while nobody had taken, held or ignored them: each would have ended the process.
    [[nodiscard]] const std::vector<int>& default_actions() const { return own().default_actions; }

    // For FakeOs.

    void raise_in(FakeTask::Id task, int number, Peer sender);
    /// Called in place of noting it where the process is a task.
    void on_default_action(std::function<void(FakeTask::Id task, int number)> callback) {
        on_default_action_ = std::move(callback);
    }
    /// The child blocks what its parent blocks, and has what its parent noted.
    void inherit(FakeTask::Id parent, FakeTask::Id child) {
        State state = states_.of(parent);
        state.kept = {};
        state.reception = nullptr;
        state.default_actions = {};
        states_.set(child, std::move(state));
    }
    /// Takes away one of these that came while it was held. \returns whether there was one
    bool use_up(FakeTask::Id task, std::span<const int> numbers);
    void forget(FakeTask::Id task) { states_.forget(task); }

private:
    struct Reception {
        os::EventLoop* loop;
        std::function<void(const os::ReceivedSignal&)> callback;
        std::map<int, Peer> pending;  ///< came, and the callback was not called yet
    };
    struct State {
        bool is_noting = false;
        std::set<int> named = {};   ///< by note() and take()
        std::set<int> ending = {};  ///< by note()
        std::map<int, Peer> noted = {};
        std::set<int> held = {};
        std::set<int> blocked_by_caller = {};
        std::map<int, Peer> kept = {};  ///< came while held
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
