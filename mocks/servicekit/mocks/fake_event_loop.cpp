#include "servicekit/mocks/fake_event_loop.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace servicekit::mocks {
namespace {

void check_thread(const FakeAgenda& agenda, const char* call) {
    if (agenda.is_running && agenda.depth == 0)
        throw std::logic_error(std::string{call} + " was called from outside the thread of a loop that runs");
}

}  // namespace

class FakeEventLoop::FakeWatch final : public os::Watch {
public:
    FakeWatch(std::shared_ptr<FakeAgenda> agenda, std::shared_ptr<FakeAgenda::Watch> state)
        : agenda_{std::move(agenda)}, state_{std::move(state)} {}
    ~FakeWatch() override { forget(); }
    FakeWatch(const FakeWatch&) = delete;
    FakeWatch& operator=(const FakeWatch&) = delete;

    void await_readable(std::function<void()> callback) override {
        check_thread(*agenda_, "Watch::await_readable()");
        state_->readable.callback = std::move(callback);
    }
    void await_writable(std::function<void()> callback) override {
        check_thread(*agenda_, "Watch::await_writable()");
        state_->writable.callback = std::move(callback);
    }
    void cancel() override {
        check_thread(*agenda_, "Watch::cancel()");
        forget();
    }

private:
    void forget() noexcept {
        state_->readable.callback = nullptr;
        state_->writable.callback = nullptr;
    }

    std::shared_ptr<FakeAgenda> agenda_;
    std::shared_ptr<FakeAgenda::Watch> state_;
};

class FakeEventLoop::FakeTimer final : public os::Timer {
public:
    FakeTimer(FakeReactor& reactor, std::shared_ptr<FakeAgenda> agenda, std::shared_ptr<FakeAgenda::Timer> state)
        : reactor_{&reactor}, agenda_{std::move(agenda)}, state_{std::move(state)} {}
    ~FakeTimer() override { state_->callback = nullptr; }
    FakeTimer(const FakeTimer&) = delete;
    FakeTimer& operator=(const FakeTimer&) = delete;

    void start(std::chrono::milliseconds from_now, std::function<void()> callback) override {
        check_thread(*agenda_, "Timer::start()");
        constexpr std::chrono::milliseconds longest = std::chrono::hours{24 * 365 * 100};
        state_->callback = std::move(callback);
        state_->deadline = reactor_->clock().steady_now() + std::clamp(from_now, std::chrono::milliseconds{0}, longest);
        state_->started = reactor_->next_serial();
    }
    void stop() override {
        check_thread(*agenda_, "Timer::stop()");
        state_->callback = nullptr;
    }

private:
    FakeReactor* reactor_;
    std::shared_ptr<FakeAgenda> agenda_;
    std::shared_ptr<FakeAgenda::Timer> state_;
};

FakeEventLoop::FakeEventLoop(FakeReactor& reactor) : reactor_{&reactor} { reactor.add(agenda_); }

FakeEventLoop::~FakeEventLoop() {
    reactor_->remove(agenda_);
    // The calls may own watches and timers, which use the agenda.
    const auto never_made = std::exchange(agenda_->posted, {});
}

std::unique_ptr<os::Watch> FakeEventLoop::watch(int descriptor) {
    check_thread(*agenda_, "EventLoop::watch()");
    if (const auto failure = reactor_->loop_failures.due("watch"))
        throw std::system_error{*failure, std::generic_category(), "cannot watch a descriptor"};
    if (!reactor_->is_open(descriptor))
        throw std::system_error{EBADF, std::generic_category(),
                                "cannot watch the descriptor " + std::to_string(descriptor)};
    const std::uint64_t opening = reactor_->opening_of(descriptor);
    for (const auto& known : FakeAgenda::alive(agenda_->watches))
        if (known->opening == opening)
            throw std::system_error{EEXIST, std::generic_category(),
                                    "cannot watch the descriptor " + std::to_string(descriptor)};
    auto state = std::make_shared<FakeAgenda::Watch>(FakeAgenda::Watch{.descriptor = descriptor, .opening = opening});
    agenda_->watches.push_back(state);
    return std::make_unique<FakeWatch>(agenda_, std::move(state));
}

std::unique_ptr<os::Timer> FakeEventLoop::timer() {
    check_thread(*agenda_, "EventLoop::timer()");
    auto state = std::make_shared<FakeAgenda::Timer>();
    agenda_->timers.push_back(state);
    return std::make_unique<FakeTimer>(*reactor_, agenda_, std::move(state));
}

Result<void> FakeEventLoop::start() {
    if (agenda_->is_running) return Error{ExitCode::internal, "start the control thread", "", "it runs already"};
    if (const auto failure = reactor_->loop_failures.due("start"))
        return os_error("start the control thread", "", *failure);
    agenda_->is_running = true;
    agenda_->is_stopped = false;
    return {};
}

Result<void> FakeEventLoop::start_on_demand(os::EventLoop& /*starter*/, std::function<void()> prepare_thread) {
    if (agenda_->is_running) return Error{ExitCode::internal, "start the thread", "", "it runs already"};
    agenda_->posted.push_front(std::move(prepare_thread));
    agenda_->is_running = true;
    agenda_->is_stopped = false;
    return {};
}

void FakeEventLoop::stop() {
    if (agenda_->depth > 0)
        throw std::logic_error("EventLoop::stop() was called by the loop's own thread, and would wait for itself");
    if (!agenda_->is_running) return;
    for (std::size_t left = agenda_->posted.size(); left > 0 && !agenda_->posted.empty(); --left) {
        const auto posted = std::move(agenda_->posted.front());
        agenda_->posted.pop_front();
        FakeReactor::call(*agenda_, posted);
    }
    agenda_->is_running = false;
    agenda_->is_stopped = true;
}

}  // namespace servicekit::mocks
