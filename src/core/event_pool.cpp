#include "core/event_pool.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <optional>
#include <string>

#include "base/attempt.hpp"
#include "core/event_log.hpp"
#include "core/protocol.hpp"

namespace servicekit {

struct EventPool::Worker {
    enum class State { ended, idle, busy };

    Worker(const RunnerSurroundings& surroundings, std::unique_ptr<os::Parking> the_parking)
        : runner{surroundings}, parking{std::move(the_parking)} {}
    EventRunner runner;
    std::unique_ptr<os::Parking> parking;
    std::unique_ptr<os::Thread> thread;
    // Guarded by the pool's mutex.
    State state = State::ended;
    bool needs_thread = true;
};

EventPool::EventPool(EventQueue& queue, const RunnerSurroundings& surroundings, os::EventTrail& trail,
                     const os::Host& host)
    : queue_{queue}, surroundings_{surroundings}, trail_{trail}, host_{host} {}

EventPool::~EventPool() = default;

void EventPool::look() {
    std::optional<Error> failure;
    const bool has_memory = attempt([&] {
        while (Worker* const worker = choose()) {
            if (!worker->needs_thread) {
                worker->parking->unpark();
            } else if (const auto started = start(*worker); !started) {
                failure = started.error();
                return;
            }
        }
    });
    if (!has_memory) failure = os_error("start a thread for concurrent events", "", ENOMEM);
    if (failure) refuse_all(*failure);
}

void EventPool::wake() {
    os::EventLoop* const loop = loop_.load();
    if (loop == nullptr) return;
    if (!attempt([&] { loop->post([this] { look(); }); })) look();
}

EventPool::Worker* EventPool::choose() {
    using State = Worker::State;
    const std::lock_guard guard{mutex_};
    if (pauses_ > 0 || is_closing_) return nullptr;
    const auto in = [](State state) { return [state](const auto& worker) { return worker->state == state; }; };
    const auto busy = static_cast<std::size_t>(std::count_if(workers_.begin(), workers_.end(), in(State::busy)));
    // A busy worker that runs nothing is about to check the queue itself.
    if (queue_.concurrent() <= busy - active_) return nullptr;
    auto chosen = std::find_if(workers_.begin(), workers_.end(), in(State::idle));
    const bool is_idle = chosen != workers_.end();
    if (!is_idle) chosen = std::find_if(workers_.begin(), workers_.end(), in(State::ended));
    if (chosen == workers_.end()) {
        if (workers_.size() == most_threads) return nullptr;
        chosen = workers_.insert(workers_.end(), std::make_unique<Worker>(surroundings_, host_.make_parking()));
        trail_.append((*chosen)->runner.trail());
    }
    (*chosen)->state = State::busy;
    (*chosen)->needs_thread = !is_idle;
    return chosen->get();
}

Result<void> EventPool::start(Worker& worker) {
    /// Makes the worker available again if no thread was started.
    struct Attempt {
        EventPool& pool;
        Worker& worker;
        bool has_started = false;
        ~Attempt() {
            if (has_started) return;
            const std::lock_guard guard{pool.mutex_};
            worker.state = Worker::State::ended;
        }
    } attempt{*this, worker};
    // The worker's last thread has announced its end.
    if (worker.thread) static_cast<void>(worker.thread->wait(std::chrono::seconds{1}));
    auto started = host_.threads->start("events", [this, &worker] { work(worker); });
    if (!started) return started.error();
    attempt.has_started = true;
    worker.thread = *std::move(started);
    return {};
}

void EventPool::refuse_all(const Error& error) {
    {
        const std::lock_guard guard{mutex_};
        // The other threads take the waiting events in turn.
        if (std::any_of(workers_.begin(), workers_.end(),
                        [](const auto& worker) { return worker->state != Worker::State::ended; }))
            return;
    }
    while (const auto run = queue_.take_concurrent()) {
        const std::string& name = run->event().name;
        EventLog{surroundings_.log}.never_ran(name, error.message());
        run->fail(make_error("event-error", error.message(), {{"event", name}, {"type", "servicekit::Error"}}));
    }
}

void EventPool::work(Worker& worker) {
    worker.runner.adopt_this_thread();
    host_.crashes->guard_this_thread();
    do {
        while (const auto run = take()) {
            struct Taken {
                EventPool& pool;
                ~Taken() { pool.give_back(); }
            } const taken{*this};
            try {
                worker.runner.run(run, run->event().handler);
            } catch (const std::bad_alloc&) {
                // The reply, or the code around the handler, lacks memory. If a handler lacks memory, the client gets
                // an error reply.
                static_cast<void>(run->lack_memory());
            }
            worker.runner.yield_after(*run);
        }
    } while (rest(worker));
}

std::shared_ptr<QueuedEvent> EventPool::take() {
    const std::lock_guard guard{mutex_};
    if (pauses_ > 0 || is_closing_) return nullptr;
    auto run = queue_.take_concurrent();
    if (run) ++active_;
    return run;
}

void EventPool::give_back() {
    {
        const std::lock_guard guard{mutex_};
        if (--active_ > 0 || pauses_ == 0) return;
    }
    queue_.wake();
}

bool EventPool::rest(Worker& worker) {
    using State = Worker::State;
    {
        const std::lock_guard guard{mutex_};
        if (pauses_ == 0 && !is_closing_ && queue_.concurrent() > 0) return true;
        worker.state = is_closing_ ? State::ended : State::idle;
        if (is_closing_) return false;
    }
    static_cast<void>(worker.parking->park_for(longest_idle));
    const std::lock_guard guard{mutex_};
    // choose() marks a worker as busy before it wakes it.
    const bool goes_on = worker.state == State::busy && !is_closing_;
    if (!goes_on) worker.state = State::ended;
    return goes_on;
}

void EventPool::resume() {
    {
        const std::lock_guard guard{mutex_};
        if (--pauses_ > 0) return;
    }
    if (queue_.concurrent() > 0) wake();
}

void EventPool::pause() {
    {
        const std::lock_guard guard{mutex_};
        ++pauses_;
    }
    is_waited_for_.store(true, std::memory_order_release);
    while (is_busy()) queue_.wait();
    is_waited_for_.store(false, std::memory_order_release);
}

void EventPool::close() {
    {
        const std::lock_guard guard{mutex_};
        is_closing_ = true;
    }
    for (const auto& worker : workers_) {
        worker->parking->unpark();
        // The thread only has to end.
        while (worker->thread && !worker->thread->wait(std::chrono::seconds{1})) worker->parking->unpark();
    }
}

EventRunner* EventPool::runner_here() const {
    const std::lock_guard guard{mutex_};
    const auto found = std::find_if(workers_.begin(), workers_.end(),
                                    [](const auto& worker) { return worker->runner.is_in_handler(); });
    return found == workers_.end() ? nullptr : &(*found)->runner;
}

bool EventPool::is_busy() const {
    const std::lock_guard guard{mutex_};
    return active_ > 0;
}

std::vector<EventRunner::Busy> EventPool::busy() const {
    std::vector<EventRunner::Busy> all;
    const std::lock_guard guard{mutex_};
    for (const auto& worker : workers_)
        if (auto busy = worker->runner.busy()) all.push_back(*std::move(busy));
    return all;
}

}  // namespace servicekit
