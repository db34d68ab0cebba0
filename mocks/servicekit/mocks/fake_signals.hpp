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
        taken,         ///< the handler of take()
        does_nothing,  ///< what take() does to SIGPIPE
    };

    Result<void> hold(std::span<const int> numbers) override;
    void let_go() override;
    void forget_caller() override;
    Result<void> take(std::span<const int> numbers, os::EventLoop& loop,
                      std::function<void(const os::ReceivedSignal&)> callback) override;
    void give_back() override;

    /// `hold` and `take`.
    FakeFailures failures{"hold", "take"};

    /// As if `sender` sent it. One that is held waits for let_go(), and one that nobody took is noted in
    /// default_actions().
    void raise(int number, Peer sender = {}) { raise_in(FakeTask::current(), number, std::move(sender)); }

    [[nodiscard]] bool is_held(int number) const { return own().held.contains(number); }
    /// As the caller of the process left it; to be set by the test.
    [[nodiscard]] bool is_blocked_by_caller(int number) const { return own().blocked_by_caller.contains(number); }
    void block_as_caller(int number) { own().blocked_by_caller.insert(number); }
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
    /// The child blocks what its parent blocks.
    void inherit(FakeTask::Id parent, FakeTask::Id child) {
        states_.of(child).held = states_.of(parent).held;
        states_.of(child).blocked_by_caller = states_.of(parent).blocked_by_caller;
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
    void deliver_kept();
    void arrive(FakeTask::Id task, int number, const Peer& sender);
    static void deliver(const std::shared_ptr<Reception>& reception);

    PerTask<State> states_;
    std::function<void(FakeTask::Id, int)> on_default_action_;
};

}  // namespace servicekit::mocks
