#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "servicekit/mocks/fake_agenda.hpp"
#include "servicekit/mocks/fake_reactor.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit::mocks {

/// A loop without a thread: its FakeReactor makes the calls that are due when the test turns it. It also turns before
/// it is started, but not after it is stopped. Between start() and stop() it checks its users: watches and timers that
/// are used outside its callbacks throw std::logic_error, because a real loop's thread would race with them. So does a
/// stop() from a callback.
class FakeEventLoop final : public os::EventLoop {
public:
    explicit FakeEventLoop(FakeReactor& reactor);
    ~FakeEventLoop() override;
    FakeEventLoop(const FakeEventLoop&) = delete;
    FakeEventLoop& operator=(const FakeEventLoop&) = delete;

    /// \throws std::system_error if the reactor does not have the descriptor
    std::unique_ptr<os::Watch> watch(int descriptor) override;
    std::unique_ptr<os::Timer> timer() override;
    void post(std::function<void()> call) override { agenda_->posted.push_back(std::move(call)); }
    void on_failure(std::function<void(const Error&)> callback) override { agenda_->on_failure = std::move(callback); }
    Result<void> start() override;
    /// Like start(), and calls `prepare_thread` once.
    Result<void> start_on_demand(os::EventLoop& starter, std::function<void()> prepare_thread) override;
    [[nodiscard]] bool is_this_thread() const noexcept override { return agenda_->depth > 0; }
    /// Makes the calls that were posted before. Does nothing if the loop is not running.
    void stop() override;

    /// These turn every loop of the reactor; see FakeReactor.
    void run_ready() { reactor_->run_ready(); }
    void advance(std::chrono::milliseconds time) { reactor_->advance(time); }
    void run_until_idle() { reactor_->run_until_idle(); }

    [[nodiscard]] bool is_running() const noexcept { return agenda_->is_running; }

private:
    class FakeWatch;
    class FakeTimer;

    FakeReactor* reactor_;
    std::shared_ptr<FakeAgenda> agenda_ = std::make_shared<FakeAgenda>();
};

}  // namespace servicekit::mocks
