#include "servicekit/mocks/fake_reactor.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <new>
#include <system_error>
#include <utility>

#include "servicekit/mocks/process_exited.hpp"

namespace servicekit::mocks {
namespace {

// Beyond these limits a test is in an endless loop.
constexpr std::uint64_t most_steps_at_one_time = 200'000;
constexpr int most_jumps_until_idle = 100'000;
// Most times that a killed task may wait again before it counts as not ending.
constexpr int most_resumes_to_the_end = 10'000;

/// Restores a value when destroyed.
template <class T>
class Restored {
public:
    Restored(T& variable, T value) : variable_{variable}, before_{std::exchange(variable, value)} {}
    ~Restored() { variable_ = before_; }
    Restored(const Restored&) = delete;
    Restored& operator=(const Restored&) = delete;

private:
    T& variable_;
    T before_;
};

}  // namespace

int FakeReactor::open(std::string what, Readiness readiness) {
    int number = 3;
    while (descriptors_.contains(number)) ++number;
    descriptors_.emplace(number, Descriptor{std::move(what), std::move(readiness), next_serial()});
    return number;
}

int FakeReactor::open(std::string what) { return open(std::move(what), Readiness{}); }

void FakeReactor::set_readable(int descriptor, bool ready) { descriptors_.at(descriptor).readable_by_hand = ready; }

void FakeReactor::set_writable(int descriptor, bool ready) { descriptors_.at(descriptor).writable_by_hand = ready; }

bool FakeReactor::is_readable(int descriptor) const {
    const Descriptor& asked = descriptors_.at(descriptor);
    return asked.readable_by_hand || asked.readiness.readable();
}

bool FakeReactor::is_writable(int descriptor) const {
    const Descriptor& asked = descriptors_.at(descriptor);
    return asked.writable_by_hand || asked.readiness.writable();
}

std::uint64_t FakeReactor::opening_of(int descriptor) const noexcept {
    const auto found = descriptors_.find(descriptor);
    return found == descriptors_.end() ? 0 : found->second.opening;
}

void FakeReactor::call(FakeAgenda& agenda, const std::function<void()>& callback) {
    const Restored depth{agenda.depth, agenda.depth + 1};
    const auto fail = [&agenda](int errno_value) {
        if (agenda.on_failure) agenda.on_failure(os_error("finish a call of the event loop", "", errno_value));
    };
    try {
        callback();
    } catch (const std::bad_alloc&) {
        fail(ENOMEM);
    } catch (const std::system_error& error) {
        fail(error.code().value());
    }
}

bool FakeReactor::step() {
    const FakeTask::Id self = FakeTask::current_thread();
    return step_own(self) || (self == 0 && resume_one());
}

bool FakeReactor::step_own(FakeTask::Id self) {
    if (step_in_turn(self)) return true;
    for (const auto& agenda : agendas_) {
        if (agenda->owner != self) continue;
        agenda->turn = next_serial();
        agenda->posted_in_turn = agenda->posted.size();
    }
    if (step_in_turn(self)) return true;
    for (const auto& agenda : agendas_)
        if (agenda->owner == self) agenda->turn = 0;
    return false;
}

bool FakeReactor::step_in_turn(FakeTask::Id self) { return call_posted(self) || call_timer(self) || serve_watch(self); }

bool FakeReactor::is_due(FakeTask::Id self) const {
    for (const auto& agenda : agendas_) {
        if (agenda->owner != self || agenda->is_stopped) continue;
        if (!agenda->posted.empty()) return true;
        for (const auto& timer : FakeAgenda::alive(agenda->timers))
            if (timer->callback && timer->deadline <= clock_->steady_now()) return true;
        for (const auto& watch : FakeAgenda::alive(agenda->watches)) {
            // A watch whose descriptor was closed is due, too, so that the task gets the error.
            const bool is_open = opening_of(watch->descriptor) == watch->opening;
            if (watch->readable.callback && (!is_open || is_readable(watch->descriptor))) return true;
            if (watch->writable.callback && (!is_open || is_writable(watch->descriptor))) return true;
        }
    }
    return false;
}

FakeTask::Id FakeReactor::start(std::function<void()> body) {
    tasks_.push_back(std::make_unique<Running>(std::move(body)));
    return tasks_.back()->task.id();
}

FakeReactor::Running* FakeReactor::find(FakeTask::Id task) const noexcept {
    const auto found =
        std::find_if(tasks_.begin(), tasks_.end(), [task](const auto& running) { return running->task.id() == task; });
    return found == tasks_.end() ? nullptr : found->get();
}

FakeTask::Id FakeReactor::start_thread(std::function<void()> body) {
    tasks_.push_back(std::make_unique<Running>(std::move(body), FakeTask::current()));
    return tasks_.back()->task.id();
}

void FakeReactor::kill(FakeTask::Id process) {
    for (const auto& running : tasks_)
        if (running->task.process() == process) running->killed = true;
}

void FakeReactor::end_threads() {
    const FakeTask::Id process = FakeTask::current();
    const FakeTask::Id self = FakeTask::current_thread();
    const auto other = [&]() -> Running* {
        const auto found = std::find_if(tasks_.begin(), tasks_.end(), [&](const auto& running) {
            return running->task.process() == process && running->task.id() != self;
        });
        return found == tasks_.end() ? nullptr : found->get();
    };
    for (const auto& running : tasks_)
        if (running->task.process() == process && running->task.id() != self) running->killed = true;
    for (int resumes = 0; Running* const left = other(); ++resumes) {
        if (resumes == most_resumes_to_the_end) std::terminate();
        if (self == 0) {
            resume(*left);
            continue;
        }
        const Restored passes{find(self)->passes, true};
        FakeTask::yield();
    }
}

bool FakeReactor::has_ended(FakeTask::Id task) const noexcept { return find(task) == nullptr; }

bool FakeReactor::is_killed() const noexcept {
    const Running* const self = find(FakeTask::current_thread());
    return self != nullptr && self->killed;
}

void FakeReactor::pass() {
    Running* const self = find(FakeTask::current_thread());
    if (self == nullptr || self->killed) return;
    const Restored passes{self->passes, true};
    FakeTask::yield();
}

bool FakeReactor::can_go_on(const Running& running) const {
    return running.is_new || running.killed || running.passes || (running.done != nullptr && (*running.done)()) ||
           (running.deadline && *running.deadline <= clock_->steady_now()) || is_due(running.task.id());
}

bool FakeReactor::resume_one() {
    std::vector<Running*> ready;
    for (const auto& running : tasks_)
        if (can_go_on(*running)) ready.push_back(running.get());
    if (ready.empty()) return false;
    std::size_t index = 0;
    if (choose_) {
        index = choose_(ready.size());
    } else {
        // Ids grow, and the tasks are in their order.
        while (index < ready.size() && ready[index]->task.id() <= resumed_last_) ++index;
        if (index == ready.size()) index = 0;
    }
    resume(*ready.at(index));
    return true;
}

void FakeReactor::resume(Running& running) {
    running.is_new = false;
    resumed_last_ = running.task.id();
    running.task.resume();
    if (running.task.has_ended()) std::erase_if(tasks_, [&](const auto& known) { return known.get() == &running; });
}

void FakeReactor::end_tasks() {
    for (const auto& running : tasks_) running->killed = true;
    for (int resumes = 0; !tasks_.empty(); ++resumes) {
        if (resumes == most_resumes_to_the_end) std::terminate();
        resume(*tasks_.back());
    }
}

bool FakeReactor::call_posted(FakeTask::Id self) {
    const auto found = std::find_if(agendas_.begin(), agendas_.end(), [self](const auto& agenda) {
        return agenda->owner == self && !agenda->is_stopped && agenda->posted_in_turn > 0 && !agenda->posted.empty();
    });
    if (found == agendas_.end()) return false;
    const std::shared_ptr<FakeAgenda> agenda = *found;  // the call may end the loop
    --agenda->posted_in_turn;
    const auto posted = std::move(agenda->posted.front());
    agenda->posted.pop_front();
    call(*agenda, posted);
    return true;
}

bool FakeReactor::call_timer(FakeTask::Id self) {
    std::shared_ptr<FakeAgenda> owner;
    std::shared_ptr<FakeAgenda::Timer> first;
    for (const auto& agenda : agendas_) {
        if (agenda->owner != self || agenda->is_stopped) continue;
        for (const auto& timer : FakeAgenda::alive(agenda->timers)) {
            if (!timer->callback || timer->deadline > clock_->steady_now() || timer->started >= agenda->turn) continue;
            const auto order = [](const FakeAgenda::Timer& one) { return std::pair{one.deadline, one.started}; };
            if (first != nullptr && order(*first) < order(*timer)) continue;
            first = timer;
            owner = agenda;
        }
    }
    if (first == nullptr) return false;
    call(*owner, std::exchange(first->callback, nullptr));
    return true;
}

bool FakeReactor::serve_watch(FakeTask::Id self) {
    std::shared_ptr<FakeAgenda> owner;
    std::shared_ptr<FakeAgenda::Watch> watch;
    FakeAgenda::Direction* next = nullptr;
    for (const auto& agenda : agendas_) {
        if (agenda->owner != self || agenda->is_stopped) continue;
        for (const auto& candidate : FakeAgenda::alive(agenda->watches)) {
            const auto consider = [&](FakeAgenda::Direction& direction, bool (FakeReactor::*is_ready)(int) const) {
                if (!direction.callback || direction.served >= agenda->turn) return;
                if (opening_of(candidate->descriptor) != candidate->opening)
                    throw std::logic_error("descriptor " + std::to_string(candidate->descriptor) +
                                           " was closed while it was watched");
                if (!(this->*is_ready)(candidate->descriptor)) return;
                if (next != nullptr && next->served <= direction.served) return;
                owner = agenda;
                watch = candidate;
                next = &direction;
            };
            consider(candidate->readable, &FakeReactor::is_readable);
            consider(candidate->writable, &FakeReactor::is_writable);
        }
    }
    if (next == nullptr) return false;
    next->served = next_serial();
    call(*owner, std::exchange(next->callback, nullptr));
    return true;
}

void FakeReactor::run_ready() {
    if (FakeTask::current_thread() == 0) steps_at_this_time_ = 0;
    while (step()) count_step();
}

void FakeReactor::advance(std::chrono::milliseconds time) {
    if (Running* const self = find(FakeTask::current_thread())) {
        run_until([] { return false; }, "a process that sleeps", time);
        if (self->killed) throw ProcessExited{.status = killed_status};
        return;
    }
    const Instant goal = clock_->steady_now() + time;
    run_ready();
    for (auto next = next_timer(); next && *next <= goal; next = next_timer()) {
        move_to(*next);
        run_ready();
    }
    move_to(goal);
    run_ready();
}

void FakeReactor::run_until_idle() {
    run_ready();
    int jumps = 0;
    for (auto next = next_timer(); next; next = next_timer()) {
        if (++jumps > most_jumps_until_idle)
            throw std::logic_error("a timer that is restarted again and again never lets it become idle: " +
                                   describe());
        move_to(*next);
        run_ready();
    }
}

bool FakeReactor::run_until(const std::function<bool()>& done, const std::string& who,
                            std::optional<std::chrono::milliseconds> at_most) {
    const auto give_up_at = at_most ? std::optional{clock_->steady_now() + *at_most} : std::nullopt;
    if (Running* const self = find(FakeTask::current_thread())) return wait_in_task(*self, done, who, give_up_at);
    steps_at_this_time_ = 0;
    while (!done()) {
        if (step() || ask_idle()) {
            count_step();
            continue;
        }
        if (done()) break;
        const auto next = next_timer();
        if (give_up_at && (!next || *next > *give_up_at)) {
            move_to(*give_up_at);
            return false;
        }
        if (!next) throw IdleForever(who + " waits, and nothing is left that could end it: " + describe());
        move_to(*next);
    }
    return true;
}

bool FakeReactor::wait_in_task(Running& self, const std::function<bool()>& done, const std::string& who,
                               std::optional<Instant> give_up_at) {
    while (!self.killed) {
        if (done()) return true;
        if (step_own(self.task.id())) {
            count_step();
            continue;
        }
        if (give_up_at && clock_->steady_now() >= *give_up_at) return false;
        // A wait may be nested in another one, in a callback that a turning loop made.
        const Restored waits_for{self.done, &done};
        const Restored deadline{self.deadline, give_up_at};
        const Restored waiter{self.who, who};
        FakeTask::yield();
    }
    // Objects that its threads use exist until the threads have ended.
    if (self.task.id() == self.task.process()) end_threads();
    return false;
}

bool FakeReactor::ask_idle() {
    if (asking_idle_) return false;
    const Restored asking{asking_idle_, true};
    if (!idle_steps_.empty()) {
        const auto idle_step = std::move(idle_steps_.front());
        idle_steps_.pop_front();
        idle_step();
        return true;
    }
    if (!idle_hook_) return false;
    idle_hook_();
    return step();
}

std::optional<FakeReactor::Instant> FakeReactor::next_timer() const {
    std::optional<Instant> next;
    for (const auto& agenda : agendas_) {
        if (agenda->is_stopped) continue;
        for (const auto& timer : FakeAgenda::alive(agenda->timers))
            if (timer->callback && (!next || timer->deadline < *next)) next = timer->deadline;
    }
    for (const auto& running : tasks_)
        if (running->deadline && (!next || *running->deadline < *next)) next = running->deadline;
    return next;
}

void FakeReactor::move_to(Instant instant) {
    if (instant > clock_->steady_now()) clock_->advance(instant - clock_->steady_now());
    steps_at_this_time_ = 0;
}

void FakeReactor::count_step() {
    if (++steps_at_this_time_ > most_steps_at_one_time)
        throw std::logic_error("something is due again and again, for ever: " + describe());
}

std::string FakeReactor::describe() const {
    std::string text;
    for (const auto& running : tasks_)
        if (running->done != nullptr) text += (text.empty() ? "" : "; ") + running->who + " waits";
    if (agendas_.empty()) return text.empty() ? "there is no loop" : text;
    int number = 0;
    for (const auto& agenda : agendas_) {
        if (!text.empty()) text += "; ";
        text += "loop " + std::to_string(++number) + " " + describe(*agenda);
    }
    return text;
}

std::string FakeReactor::describe(FakeAgenda& agenda) const {
    if (agenda.is_stopped) return "is stopped, with " + std::to_string(agenda.posted.size()) + " calls left";
    std::string text = agenda.is_running ? "runs" : "was not started";
    if (!agenda.posted.empty()) text += ", has " + std::to_string(agenda.posted.size()) + " calls to make";
    for (const auto& timer : FakeAgenda::alive(agenda.timers)) {
        if (!timer->callback) continue;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(timer->deadline - clock_->steady_now());
        text += ", awaits a timer in " + std::to_string(left.count()) + " ms";
    }
    for (const auto& watch : FakeAgenda::alive(agenda.watches)) {
        const auto found = descriptors_.find(watch->descriptor);
        const std::string what = "descriptor " + std::to_string(watch->descriptor) + " (" +
                                 (found == descriptors_.end() ? "closed" : found->second.what) + ")";
        if (watch->readable.callback) text += ", awaits that " + what + " can be read";
        if (watch->writable.callback) text += ", awaits that " + what + " can be written";
    }
    return text;
}

}  // namespace servicekit::mocks
