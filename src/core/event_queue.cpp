#include "core/event_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/protocol.hpp"

namespace servicekit {
namespace {

std::vector<std::shared_ptr<QueuedEvent>> in_order(const std::deque<std::shared_ptr<QueuedEvent>>& some,
                                                   const std::deque<std::shared_ptr<QueuedEvent>>& others) {
    std::vector<std::shared_ptr<QueuedEvent>> all;
    if (some.empty() && others.empty()) return all;
    all.reserve(some.size() + others.size());
    std::merge(some.begin(), some.end(), others.begin(), others.end(), std::back_inserter(all),
               [](const auto& one, const auto& other) { return one->id() < other->id(); });
    return all;
}

}  // namespace

[[gnu::hot]] bool EventQueue::push(std::shared_ptr<QueuedEvent> run, Wake wake) {
    const auto now = clock_.steady_now();
    {
        const std::lock_guard guard{mutex_};
        if (closed_ || size() >= limit) return false;
        run->set_id(++last_id_, now);
        if (run->wants_turns()) may_want_turns_.store(true, std::memory_order_relaxed);
        Waiting& kind = run->event().concurrent ? concurrent_ : waiting_;
        kind.push_back(std::move(run));
        size_changed();
    }
    if (wake == Wake::now) this->wake();
    return true;
}

std::vector<std::shared_ptr<QueuedEvent>> EventQueue::those_that_want_turns() {
    std::vector<std::shared_ptr<QueuedEvent>> found;
    const std::lock_guard guard{mutex_};
    for (const auto& run : waiting_) {
        if (!run->wants_turns()) continue;
        found.push_back(run);
        if (found.size() == told_at_once) break;
    }
    may_want_turns_.store(!found.empty(), std::memory_order_relaxed);
    return found;
}

[[gnu::hot]] std::shared_ptr<QueuedEvent> EventQueue::take_from(Waiting& waiting) {
    const std::lock_guard guard{mutex_};
    if (waiting.empty() || is_held_) return nullptr;
    auto first = std::move(waiting.front());
    waiting.pop_front();
    size_changed();
    return first;
}

std::shared_ptr<QueuedEvent> EventQueue::first() const {
    const std::lock_guard guard{mutex_};
    return waiting_.empty() || is_held_ ? nullptr : waiting_.front();
}

bool EventQueue::remove(const QueuedEvent& run) {
    const std::lock_guard guard{mutex_};
    const auto is_it = [&run](const auto& waiting) { return waiting.get() == &run; };
    const bool is_removed = std::erase_if(waiting_, is_it) + std::erase_if(concurrent_, is_it) != 0;
    size_changed();
    return is_removed;
}

std::vector<std::shared_ptr<QueuedEvent>> EventQueue::close() {
    const std::lock_guard guard{mutex_};
    closed_ = true;
    auto left = in_order(waiting_, concurrent_);
    waiting_.clear();
    concurrent_.clear();
    size_changed();
    return left;
}

void EventQueue::hold() noexcept {
    const std::lock_guard guard{mutex_};
    is_held_ = true;
}

void EventQueue::reopen() {
    const std::lock_guard guard{mutex_};
    closed_ = is_held_ = false;
}

Object EventQueue::refusal() const {
    if (is_closed()) return make_error("not-ready", "the service is stopping", {{"state", "stopping"}});
    return make_error("busy", "too many events wait already", {{"limit", limit}});
}

bool EventQueue::is_closed() const {
    const std::lock_guard guard{mutex_};
    return closed_;
}

bool EventQueue::holds(const QueuedEvent& run) const {
    const std::lock_guard guard{mutex_};
    const auto is_it = [&run](const auto& waiting) { return waiting.get() == &run; };
    return std::any_of(waiting_.begin(), waiting_.end(), is_it) ||
           std::any_of(concurrent_.begin(), concurrent_.end(), is_it);
}

bool EventQueue::holds_only(std::string_view event) const {
    const std::lock_guard guard{mutex_};
    return std::all_of(waiting_.begin(), waiting_.end(),
                       [event](const auto& waiting) { return waiting->event().name == event; });
}

std::size_t EventQueue::concurrent() const {
    const std::lock_guard guard{mutex_};
    return concurrent_.size();
}

std::vector<std::shared_ptr<QueuedEvent>> EventQueue::all() const {
    const std::lock_guard guard{mutex_};
    return in_order(waiting_, concurrent_);
}

std::shared_ptr<QueuedEvent> EventQueue::find(std::uint64_t id) const {
    const std::lock_guard guard{mutex_};
    for (const Waiting* kind : {&waiting_, &concurrent_}) {
        const auto found =
            std::find_if(kind->begin(), kind->end(), [id](const auto& waiting) { return waiting->id() == id; });
        if (found != kind->end()) return *found;
    }
    return nullptr;
}

}  // namespace servicekit
