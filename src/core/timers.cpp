#include "core/timers.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "base/attempt.hpp"
#include "core/built_in_events.hpp"

namespace servicekit {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest_time = std::chrono::hours{24 * 365 * 100};

void check_time(milliseconds time, bool repeats, const std::string& name) {
    if (time > milliseconds{0} || (!repeats && time == milliseconds{0})) return;
    throw std::invalid_argument{"cannot plan '" + name +
                                "': " + (repeats ? "the interval must be positive" : "the delay must not be negative")};
}

}  // namespace

TimerHandle Timers::add(milliseconds time, bool repeats, std::string name, std::function<void()> work) {
    check_time(time, repeats, name);
    check_is_no_built_in(name);
    if (!work) throw std::invalid_argument{"cannot plan '" + name + "': there is no function to call"};
    auto made = std::make_shared<TimedWork>();
    made->timers = weak_from_this();
    made->name = std::move(name);
    made->work = std::move(work);
    made->repeats = repeats;
    {
        const std::lock_guard guard{mutex_};
        made->is_of_activity = is_in_activity_;
        plan(*made, time);
        if (is_stopped_)
            made->is_planned = false;
        else
            works_.push_back(made);
        were_used_.store(true, std::memory_order_release);
    }
    wake();
    return TimerHandle{made};
}

void Timers::cancel(TimedWork& work) {
    Work kept;  // destroys outside the lock what the function owns
    const std::lock_guard guard{mutex_};
    work.is_planned = false;
    work.is_cancelled = true;
    const auto found =
        std::find_if(works_.begin(), works_.end(), [&work](const Work& known) { return known.get() == &work; });
    if (found == works_.end()) return;
    kept = std::move(*found);
    works_.erase(found);
}

void Timers::change(TimedWork& work, milliseconds time) {
    check_time(time, work.repeats, work.name);
    {
        const std::lock_guard guard{mutex_};
        if (!work.is_planned) return;
        plan(work, time);
    }
    wake();
}

bool Timers::is_planned(const TimedWork& work) const {
    const std::lock_guard guard{mutex_};
    return work.is_planned;
}

void Timers::plan(TimedWork& work, milliseconds time) {
    work.interval = std::min(time, longest_time);
    work.next = has_begun_ ? clock_.steady_now() + work.interval : TimedWork::Time::max();
}

void Timers::arm(os::EventLoop& loop) {
    timer_ = loop.timer();
    loop_ = &loop;
}

void Timers::begin_activity() {
    const std::lock_guard guard{mutex_};
    is_in_activity_ = true;
}

void Timers::end_activity() {
    std::vector<Work> kept;
    const std::lock_guard guard{mutex_};
    is_in_activity_ = false;
    has_begun_ = false;
    for (const Work& work : works_) {
        work->is_planned = !work->is_of_activity;
        work->next = TimedWork::Time::max();
    }
    // Destroyed outside the lock: a function may own anything.
    const auto is_of_activity = [](const Work& work) { return work->is_of_activity; };
    std::copy_if(works_.begin(), works_.end(), std::back_inserter(kept), is_of_activity);
    std::erase_if(works_, is_of_activity);
}

void Timers::begin() {
    {
        const std::lock_guard guard{mutex_};
        has_begun_ = true;
        const auto now = clock_.steady_now();
        for (const Work& work : works_) {
            work->next = now + work->interval;
            // The end of the last activity has refused what was queued.
            work->is_queued = false;
        }
        if (works_.empty()) return;
    }
    loop_->post([this] { look(); });
}

void Timers::wake() {
    {
        const std::lock_guard guard{mutex_};
        if (!has_begun_ || is_stopped_) return;
    }
    loop_->post([this] { look(); });
}

void Timers::stop() {
    std::vector<Work> kept;
    const std::lock_guard guard{mutex_};
    is_stopped_ = true;
    for (const Work& work : works_) work->is_planned = false;
    kept.swap(works_);
}

void Timers::look() {
    std::vector<Work> due;
    auto next = TimedWork::Time::max();
    const auto now = clock_.steady_now();
    {
        const std::lock_guard guard{mutex_};
        if (is_stopped_ || !has_begun_) return;
        due.reserve(works_.size());  // so that nothing after this can fail
        for (const Work& work : works_) {
            if (work->next <= now) {
                if (!std::exchange(work->is_queued, true)) due.push_back(work);
                work->is_planned = work->repeats;
                // Times that have passed already are skipped.
                if (work->repeats) work->next += work->interval * ((now - work->next) / work->interval + 1);
            }
            if (work->is_planned) next = std::min(next, work->next);
        }
        std::erase_if(works_, [](const Work& work) { return !work->is_planned; });
    }
    if (next != TimedWork::Time::max())
        timer_->start(std::chrono::ceil<milliseconds>(next - now), [this] { look(); });
    else
        timer_->stop();
    for (const Work& work : due) {
        bool is_queued = false;
        static_cast<void>(attempt([&] { is_queued = queue(work); }));
        if (!is_queued) leave_out(work);
    }
}

bool Timers::queue(const Work& work) {
    EventDeclaration event{.name = work->name};
    event.handler = [work, self = weak_from_this()](const Arguments&, Context&) {
        const auto timers = self.lock();
        if (timers && !timers->is_cancelled(*work)) work->work();
        return Reply{};
    };
    const auto answer = [work, self = weak_from_this()](const Object*, const Object*) {
        if (const auto timers = self.lock()) timers->over(*work);
    };
    auto run = std::make_shared<QueuedEvent>(std::make_shared<const EventDeclaration>(std::move(event)), Arguments{},
                                             self_(), std::make_unique<CallbackAnswer>(answer));
    return queue_.push(std::move(run));
}

void Timers::leave_out(const Work& work) {
    if (queue_.is_closed()) return;
    constexpr milliseconds pause{1000};
    static_cast<void>(attempt([&] {
        log_.warning("'" + work->name + "' " + (work->repeats ? "is left out this time" : "is put off by a second") +
                     ": too many events wait already, or there is no memory");
        const std::lock_guard guard{mutex_};
        if (work->repeats || work->is_cancelled || is_stopped_) return;
        works_.push_back(work);
        work->is_planned = true;
        work->next = clock_.steady_now() + pause;
    }));
    over(*work);
    wake();
}

bool Timers::is_cancelled(const TimedWork& work) const {
    const std::lock_guard guard{mutex_};
    return work.is_cancelled;
}

void Timers::over(TimedWork& work) {
    const std::lock_guard guard{mutex_};
    work.is_queued = false;
}

std::vector<Timers::Planned> Timers::planned() const {
    std::vector<Planned> rows;
    {
        const std::lock_guard guard{mutex_};
        if (!has_begun_) return rows;
        for (const Work& work : works_)
            rows.push_back({work->name, work->repeats ? work->interval : milliseconds{0}, work->next});
    }
    std::sort(rows.begin(), rows.end(), [](const Planned& one, const Planned& other) { return one.next < other.next; });
    return rows;
}

void TimerHandle::cancel() const {
    const auto work = work_.lock();
    if (!work) return;
    if (const auto timers = work->timers.lock()) timers->cancel(*work);
}

void TimerHandle::change(std::chrono::milliseconds time) const {
    const auto work = work_.lock();
    if (!work) return;
    if (const auto timers = work->timers.lock()) timers->change(*work, time);
}

bool TimerHandle::is_planned() const {
    const auto work = work_.lock();
    if (!work) return false;
    const auto timers = work->timers.lock();
    return timers && timers->is_planned(*work);
}

}  // namespace servicekit
