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

/// Somebody waits, and nothing is left that could end it: for real this would hang for ever.
class IdleForever : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

/// Turns the fake loops of one machine, on virtual time: it knows which descriptors are ready, calls what is due one
/// call at a time, always in the same order, and where nothing is due lets the time jump to the next timer. In each turn
/// a loop makes the calls that were posted before, then those of timers, then one of each watch that is ready.
///
/// Loops turn on the thread that made them: on that of the test, or in a task, which stands for a process or for a thread
/// of one. A task goes on while the test's thread turns the reactor, and until it waits itself: one at a time, in the same
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
    /// \param what it is, in words, for messages.
    /// \returns the lowest number from 3 on that is free, as the kernel does it.
    int open(std::string what, Readiness readiness);
    /// One that is ready as set_readable() and set_writable() say.
    int open(std::string what);
    void close(int descriptor) noexcept { descriptors_.erase(descriptor); }
    void set_readable(int descriptor, bool ready);
    void set_writable(int descriptor, bool ready);
    [[nodiscard]] bool is_open(int descriptor) const noexcept { return descriptors_.contains(descriptor); }
    [[nodiscard]] bool is_readable(int descriptor) const;
    [[nodiscard]] bool is_writable(int descriptor) const;
    /// Tells this descriptor from a later one of the same number; 0 where it is not open.
    [[nodiscard]] std::uint64_t opening_of(int descriptor) const noexcept;
    [[nodiscard]] std::size_t open_descriptors() const noexcept { return descriptors_.size(); }

    // Tasks.

    /// Adds a process. It begins when the reactor turns.
    FakeTask::Id start(std::function<void()> body);
    /// Adds a thread to the process that calls. It begins when the reactor turns.
    FakeTask::Id start_thread(std::function<void()> body);
    /// The waits of all its threads end at once from now on: what they wait for will not come. Their bodies have to
    /// return then.
    void kill(FakeTask::Id process);
    /// Ends the other threads of the process that calls, as its exit does, before its objects go. From its first thread.
    void end_threads();
    [[nodiscard]] bool has_ended(FakeTask::Id task) const noexcept;
    /// Whether neither the test's thread calls, which made the reactor, nor a task.
    [[nodiscard]] bool is_foreign_thread() const noexcept {
        return FakeTask::current_thread() == 0 && std::this_thread::get_id() != maker_;
    }
    /// Whether the task that calls was killed.
    [[nodiscard]] bool is_killed() const noexcept;
    /// In a task: others may go on first. Does nothing on the test's thread.
    void pass();
    /// Which task goes on where several could: called with their number. By default each in its turn.
    void choose_by(std::function<std::size_t(std::size_t count)> choose) { choose_ = std::move(choose); }
    /// Kills the tasks that are left, and waits until they have ended.
    void end_tasks();

    // Turning. A callback that throws ends the turning; what is left to do stays.

    /// Calls the one thing that is due first, of the caller's loops; or lets a task go on. \returns whether there was one.
    /// \throws std::logic_error where a descriptor was closed while it is watched
    bool step();
    /// Calls everything that is due now, and what becomes due by it.
    /// \throws std::logic_error where that has no end
    void run_ready();
    /// Moves the time, stopping at each timer on the way.
    void advance(std::chrono::milliseconds time);
    /// Moves the time until nothing is due and no timer runs.
    /// \throws std::logic_error where that has no end
    void run_until_idle();
    /// Turns until `done`, and moves the time where nothing is due. Before it does, it asks the steps of
    /// when_idle(), one at each such moment.
    /// \param at_most nothing: as long as it takes
    /// \returns false where the time was up first, or the task that waits was killed
    /// \throws IdleForever where nothing is left that could happen, with `who` waits for what
    bool run_until(const std::function<bool()>& done, const std::string& who,
                   std::optional<std::chrono::milliseconds> at_most = std::nullopt);

    /// Queues what the test does at the next moment at which run_until() finds nothing due: a signal, a request, a
    /// look at what came of the one before. It may turn the reactor and move the time itself.
    void when_idle(std::function<void()> step) { idle_steps_.push_back(std::move(step)); }
    /// Called at each such moment once no step is left.
    void whenever_idle(std::function<void()> hook) { idle_hook_ = std::move(hook); }
    /// Whether steps are left that nobody asked for yet.
    [[nodiscard]] bool has_idle_steps() const noexcept { return !idle_steps_.empty(); }

    /// What the loops wait for, in words.
    [[nodiscard]] std::string describe() const;

    /// `make`, `watch` and `start`: what loops ask of the system.
    FakeFailures loop_failures{"make", "watch", "start"};

    // For FakeEventLoop.

    void add(std::shared_ptr<FakeAgenda> agenda) { agendas_.push_back(std::move(agenda)); }
    void remove(const std::shared_ptr<FakeAgenda>& agenda) { std::erase(agendas_, agenda); }
    /// Calls it as the agenda's own thread.
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

    /// A task, and what it waits for.
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
