#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_agenda.hpp"
#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/mocks/fake_task.hpp"

namespace servicekit::mocks {

/// Thrown if a caller waits and nothing is left that could end the wait. A real system would hang forever.
class IdleForever : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

/// Turns the fake loops of one machine on virtual time. It knows which descriptors are ready, makes the calls that are
/// due one at a time, always in the same order, and advances the time to the next timer if nothing is due. In each turn
/// a loop makes the calls that were posted before, then those of timers, then one of each watch that is ready.
///
/// Loops turn on the thread that made them: the test's, or a task, which represents a process or one of its threads. A
/// task runs while the test's thread turns the reactor, until it waits itself. Tasks run one at a time, in the same
/// order each time.
class FakeReactor {
public:
    explicit FakeReactor(FakeClock& clock) : clock_{&clock} {}
    ~FakeReactor() { end_tasks(); }
    FakeReactor(const FakeReactor&) = delete;
    FakeReactor& operator=(const FakeReactor&) = delete;

    [[nodiscard]] FakeClock& clock() noexcept { return *clock_; }

    // Descriptors.

    struct Readiness {
        std::function<bool()> readable = [] { return false; };
        std::function<bool()> writable = [] { return false; };
    };
    /// \param what a description for messages
    /// \returns the lowest free number from 3 on, like the kernel
    int open(std::string what, Readiness readiness);
    /// Opens a descriptor whose readiness set_readable() and set_writable() determine.
    int open(std::string what);
    void close(int descriptor) noexcept { descriptors_.erase(descriptor); }
    void set_readable(int descriptor, bool ready);
    void set_writable(int descriptor, bool ready);
    [[nodiscard]] bool is_open(int descriptor) const noexcept { return descriptors_.contains(descriptor); }
    [[nodiscard]] bool is_readable(int descriptor) const;
    [[nodiscard]] bool is_writable(int descriptor) const;
    /// Distinguishes this descriptor from a later one with the same number; 0 if it is not open.
    [[nodiscard]] std::uint64_t opening_of(int descriptor) const noexcept;
    [[nodiscard]] std::size_t open_descriptors() const noexcept { return descriptors_.size(); }

    // Tasks.

    /// Adds a process. It begins when the reactor turns.
    FakeTask::Id start(std::function<void()> body);
    /// Adds a thread to the calling process. It begins when the reactor turns.
    FakeTask::Id start_thread(std::function<void()> body);
    /// Kills a process: the waits of all its threads end at once from now on, without the event that they wait for. The
    /// bodies of the threads have to return then.
    void kill(FakeTask::Id process);
    /// Ends the other threads of the calling process, as its exit does, before its objects are destroyed. For its first
    /// thread.
    void end_threads();
    [[nodiscard]] bool has_ended(FakeTask::Id task) const noexcept;
    /// Returns true if the calling thread is neither that of the test, which made the reactor, nor a task.
    [[nodiscard]] bool is_foreign_thread() const noexcept {
        return FakeTask::current_thread() == 0 && std::this_thread::get_id() != maker_;
    }
    /// Returns true if the calling task was killed.
    [[nodiscard]] bool is_killed() const noexcept;
    /// Lets other tasks run first. Does nothing on the test's thread.
    void pass();
    /// Sets which task runs next if several can: `choose` gets their number. By default they take turns.
    void choose_by(std::function<std::size_t(std::size_t count)> choose) { choose_ = std::move(choose); }
    /// Kills the remaining tasks, and waits until they have ended.
    void end_tasks();

    // Turning. A callback that throws ends the turn; the remaining work stays.

    /// Makes the first call that is due, of the caller's loops, or lets a task run. \returns true if there was one
    /// \throws std::logic_error if a descriptor was closed while it is watched
    bool step();
    /// Makes all calls that are due now, and those that become due by them.
    /// \throws std::logic_error if there is no end
    void run_ready();
    /// Advances the time, and stops at each timer on the way.
    void advance(std::chrono::milliseconds time);
    /// Advances the time until nothing is due and no timer runs.
    /// \throws std::logic_error if there is no end
    void run_until_idle();
    /// Turns until `done` returns true, and advances the time if nothing is due. Before it does, it runs a step of
    /// when_idle(), one at each such moment.
    /// \param at_most nothing: without a limit
    /// \returns false if the time was over first, or the waiting task was killed
    /// \throws IdleForever if nothing is left that could happen; the message contains `who` and what the loops wait for
    bool run_until(const std::function<bool()>& done, const std::string& who,
                   std::optional<std::chrono::milliseconds> at_most = std::nullopt);

    /// Queues what the test does when run_until() next finds nothing due: send a signal or a request, or check the
    /// result of the previous step. The step may turn the reactor and advance the time itself.
    void when_idle(std::function<void()> step) { idle_steps_.push_back(std::move(step)); }
    /// Called at each such moment when no step is left.
    void whenever_idle(std::function<void()> hook) { idle_hook_ = std::move(hook); }
    /// Returns true if steps are left that have not run yet.
    [[nodiscard]] bool has_idle_steps() const noexcept { return !idle_steps_.empty(); }

    /// Returns a description of what the loops wait for.
    [[nodiscard]] std::string describe() const;

    /// For `make`, `watch` and `start`, the system calls of loops.
    FakeFailures loop_failures{"make", "watch", "start"};

    // For FakeEventLoop.

    void add(std::shared_ptr<FakeAgenda> agenda) { agendas_.push_back(std::move(agenda)); }
    void remove(const std::shared_ptr<FakeAgenda>& agenda) { std::erase(agendas_, agenda); }
    /// Calls it on behalf of the agenda's thread.
    static void call(FakeAgenda& agenda, const std::function<void()>& callback);
    [[nodiscard]] std::uint64_t next_serial() noexcept { return ++last_serial_; }

private:
    using Instant = std::chrono::steady_clock::time_point;
    struct Descriptor {
        std::string what;
        Readiness readiness;
        std::uint64_t opening;
        bool readable_by_hand = false;
        bool writable_by_hand = false;
    };

    /// A task and what it waits for.
    struct Running {
        explicit Running(std::function<void()> body, std::optional<FakeTask::Id> process = std::nullopt)
            : task{std::move(body), process} {}
        FakeTask task;
        const std::function<bool()>* done = nullptr;
        std::optional<Instant> deadline = {};
        std::string who = {};
        bool is_new = true;
        bool passes = false;
        bool killed = false;
    };

    bool step_own(FakeTask::Id self);
    bool step_in_turn(FakeTask::Id self);
    bool call_posted(FakeTask::Id self);
    bool call_timer(FakeTask::Id self);
    bool serve_watch(FakeTask::Id self);
    bool is_due(FakeTask::Id self) const;
    bool resume_one();
    void resume(Running& running);
    [[nodiscard]] bool can_go_on(const Running& running) const;
    [[nodiscard]] Running* find(FakeTask::Id task) const noexcept;
    bool wait_in_task(Running& self, const std::function<bool()>& done, const std::string& who,
                      std::optional<Instant> give_up_at);
    bool ask_idle();
    [[nodiscard]] std::optional<Instant> next_timer() const;
    void move_to(Instant instant);
    void count_step();
    [[nodiscard]] std::string describe(FakeAgenda& agenda) const;

    const std::thread::id maker_ = std::this_thread::get_id();
    FakeClock* clock_;
    std::map<int, Descriptor> descriptors_;
    std::vector<std::shared_ptr<FakeAgenda>> agendas_;
    std::vector<std::unique_ptr<Running>> tasks_;
    FakeTask::Id resumed_last_ = 0;
    std::function<std::size_t(std::size_t)> choose_;
    std::deque<std::function<void()>> idle_steps_;
    std::function<void()> idle_hook_;
    bool asking_idle_ = false;
    std::uint64_t last_serial_ = 0;
    std::uint64_t steps_at_this_time_ = 0;
};

}  // namespace servicekit::mocks
