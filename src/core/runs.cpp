#include "core/runs.hpp"

#include <algorithm>
#include <utility>

namespace servicekit {
namespace {

thread_local bool calls_back = false;

class CallingBack {
public:
    CallingBack() noexcept : outer_{std::exchange(calls_back, true)} {}
    ~CallingBack() { calls_back = outer_; }
    CallingBack(const CallingBack&) = delete;
    CallingBack& operator=(const CallingBack&) = delete;

private:
    bool outer_;
};

}  // namespace

[[gnu::hot]] void Runs::begin(Run run) {
    QueuedEvent& begun = *run;
    {
        const std::lock_guard guard{mutex_};
        running_.push_back(std::move(run));
        size_.store(running_.size(), std::memory_order_release);
        ++open_;
        if (!stop_.stop_requested()) return;
    }
    begun.request_stop();
}

[[gnu::hot]] void Runs::leave(const QueuedEvent& run) {
    Run left;  // destroyed outside the lock: it may be the last reference, and its answer may own anything
    const std::lock_guard guard{mutex_};
    const auto found =
        std::find_if(running_.begin(), running_.end(), [&run](const Run& known) { return known.get() == &run; });
    if (found == running_.end()) return;
    left = std::move(*found);
    running_.erase(found);
    size_.store(running_.size(), std::memory_order_release);
}

[[gnu::hot]] void Runs::over() {
    // Locked, because a thread that finds all runs over may end the service and destroy this object.
    const std::lock_guard guard{mutex_};
    --open_;
    // Before a stop, no thread waits. If a thread begins to wait for a stop, Shutdown wakes it.
    if (stop_.stop_requested()) on_over_();
}

std::vector<Runs::Run> Runs::all() const {
    const std::lock_guard guard{mutex_};
    return running_;
}

Runs::Run Runs::find(std::uint64_t id) const {
    const std::lock_guard guard{mutex_};
    const auto found =
        std::find_if(running_.begin(), running_.end(), [id](const Run& known) { return known->id() == id; });
    return found == running_.end() ? nullptr : *found;
}

bool Runs::are_over() const {
    const std::lock_guard guard{mutex_};
    return open_ == 0;
}

std::string Runs::names() const {
    constexpr std::size_t most_named = 5;
    const auto runs = all();
    std::string names;
    for (std::size_t i = 0; i < std::min(runs.size(), most_named); ++i)
        names += (i == 0 ? "'" : ", '") + runs[i]->event().name + "'";
    if (runs.size() > most_named) names += " and " + std::to_string(runs.size() - most_named) + " more";
    return names;
}

void Runs::request_stop() noexcept {
    const CallingBack calling_back;
    // A copy, as renew_token() may replace it during the callbacks. It shares the state, so it needs no memory.
    std::stop_source stop{std::nostopstate};
    {
        const std::lock_guard guard{mutex_};
        stop = stop_;
    }
    stop.request_stop();
    // One at a time: the list may change during this loop, and a copy of it needs memory.
    const auto next = [this]() -> Run {
        const std::lock_guard guard{mutex_};
        const auto found = std::find_if(running_.begin(), running_.end(),
                                        [](const Run& run) { return !run->stop_token().stop_requested(); });
        return found == running_.end() ? nullptr : *found;
    };
    while (const Run run = next()) run->request_stop();
}

void Runs::renew_token() {
    std::stop_source fresh;
    const std::lock_guard guard{mutex_};
    stop_ = std::move(fresh);
}

void Runs::cancel(QueuedEvent& run, const std::string& by) {
    const CallingBack calling_back;
    run.cancel(by);
}

void Runs::request_stop(std::stop_source& source) noexcept {
    const CallingBack calling_back;
    source.request_stop();
}

bool Runs::is_in_stop_callback() noexcept { return calls_back; }

}  // namespace servicekit
