#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "servicekit/mocks/fake_agenda.hpp"
#include "servicekit/mocks/fake_reactor.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit::mocks {

/// A loop without a thread: its FakeReactor calls what is due, when the test says so. It turns before it is started,
/// too, but not any more once it was stopped.
/// Between start() and stop() it holds its users to the contract: watches and timers used from elsewhere than its
/// callbacks, which for real would race with its thread, throw std::logic_error; so does a stop() from a callback.
class FakeEventLoop final : public os::EventLoop {
public:
    explicit FakeEventLoop(FakeReactor& reactor);
    ~FakeEventLoop() override;
    FakeEventLoop(const FakeEventLoop&) = delete;
    FakeEventLoop& operator=(const FakeEventLoop&) = delete;

    /// \throws std::system_error where the descriptor is none of the reactor's.
    std::unique_ptr<os::Watch> watch(int descriptor) override;
    std::unique_ptr<os::Timer> timer() override;
    void post(std::function<void()> call) override { agenda_->posted.push_back(std::move(call)); }
    void on_failure(std::function<void(const Error&)> callback) override { agenda_->on_failure = std::move(callback); }
    Result<void> start() override;
    /// Calls what was posted until now. Does nothing where it does not run.
    void stop() override;

    /// These turn every loop of the reactor; see there.
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
