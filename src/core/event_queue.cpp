#include "core/event_queue.hpp"

#include <algorithm>
#include <utility>

#include "core/protocol.hpp"

namespace servicekit {

bool EventQueue::push(std::shared_ptr<QueuedEvent> run, Wake wake) {
    {
        const std::lock_guard guard{mutex_};
        if (closed_ || waiting_.size() >= limit) return false;
        may_want_turns_ = may_want_turns_ || run->wants_turns();
        waiting_.push_back(std::move(run));
    }
    if (wake == Wake::now) this->wake();
    return true;
}

std::vector<std::shared_ptr<QueuedEvent>> EventQueue::those_that_want_turns() {
    std::vector<std::shared_ptr<QueuedEvent>> found;
    const std::lock_guard guard{mutex_};
    if (!may_want_turns_) return found;
    for (const auto& run : waiting_) {
        if (!run->wants_turns()) continue;
        found.push_back(run);
        if (found.size() == told_at_once) break;
    }
    may_want_turns_ = !found.empty();
    return found;
}

std::shared_ptr<QueuedEvent> EventQueue::take() {
    const std::lock_guard guard{mutex_};
    if (waiting_.empty()) return nullptr;
    auto first = std::move(waiting_.front());
    waiting_.pop_front();
    return first;
}

bool EventQueue::remove(const QueuedEvent& run) {
    const std::lock_guard guard{mutex_};
    return std::erase_if(waiting_, [&run](const auto& waiting) { return waiting.get() == &run; }) != 0;
}

std::vector<std::shared_ptr<QueuedEvent>> EventQueue::close() {
    const std::lock_guard guard{mutex_};
    closed_ = true;
    std::vector<std::shared_ptr<QueuedEvent>> left{std::make_move_iterator(waiting_.begin()),
                                                   std::make_move_iterator(waiting_.end())};
    waiting_.clear();
    return left;
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
    return std::any_of(waiting_.begin(), waiting_.end(), [&run](const auto& waiting) { return waiting.get() == &run; });
}

bool EventQueue::holds_only(std::string_view event) const {
    const std::lock_guard guard{mutex_};
    return std::all_of(waiting_.begin(), waiting_.end(),
                       [event](const auto& waiting) { return waiting->event().name == event; });
}

}  // namespace servicekit
