#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "servicekit/base/peer.hpp"
#include "servicekit/os/signals.hpp"

namespace servicekit::mocks {

/// The signals of a process, raised by the test and delivered by way of the loop's post().
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
    Result<void> take(std::span<const int> numbers, os::EventLoop& loop,
                      std::function<void(const os::ReceivedSignal&)> callback) override;
    void give_back() override;

    /// As if `sender` sent it. One that is held waits for let_go(), and one that nobody took is noted in
    /// default_actions().
    void raise(int number, Peer sender = {});

    [[nodiscard]] bool is_held(int number) const { return held_.contains(number); }
    [[nodiscard]] bool is_taken() const noexcept { return reception_ != nullptr; }
    [[nodiscard]] Disposition disposition(int number) const;
    /// What the program did before the service came.
    void set_disposition(int number, Disposition disposition);
    /// The signals that came while nobody had taken, held or ignored them: each would have ended the process.
    [[nodiscard]] const std::vector<int>& default_actions() const noexcept { return default_actions_; }

private:
    struct Reception {
        os::EventLoop* loop;
        std::function<void(const os::ReceivedSignal&)> callback;
        std::map<int, Peer> pending;  ///< came, and the callback was not called yet
    };

    void arrive(int number, const Peer& sender);
    static void deliver(const std::shared_ptr<Reception>& reception);

    std::set<int> held_;
    std::map<int, Peer> kept_;  ///< came while held
    std::map<int, Disposition> dispositions_;
    std::map<int, Disposition> dispositions_before_;
    std::shared_ptr<Reception> reception_;
    std::vector<int> default_actions_;
};

}  // namespace servicekit::mocks
