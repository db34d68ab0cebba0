#include "core/heartbeat.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "core/built_in_events.hpp"

namespace servicekit {

void Heartbeat::start(std::chrono::milliseconds interval) {
    interval_ = interval;
    beat();
}

void Heartbeat::beat() {
    // First: what follows may lack memory, and the next beat must come all the same.
    timer_->start(interval_, [this] { beat(); });
    if (!event_hangs()) announcements_.alive();
}

bool Heartbeat::event_hangs() {
    auto running = pool_.busy();
    // While the event thread waits for the pool, it is that which may hang.
    if (auto busy = runner_.busy(); busy && !pool_.is_waited_for()) running.insert(running.begin(), *std::move(busy));
    for (const EventRunner::Busy& busy : running) {
        const auto silence = silence_of(busy);
        if (!silence) continue;
        if (std::exchange(hung_, busy.event) != busy.event)
            log_.error("'" + busy.event + "' hangs: no sign of progress for " + std::to_string(silence->count()) +
                       " s; the watchdog gets no more signs of life");
        return true;
    }
    if (hung_.empty()) return false;
    const bool still_runs = std::any_of(running.begin(), running.end(),
                                        [this](const EventRunner::Busy& busy) { return busy.event == hung_; });
    log_.warning(still_runs ? "'" + hung_ + "' goes on" : "no event hangs any more");
    hung_.clear();
    return false;
}

std::optional<std::chrono::seconds> Heartbeat::silence_of(const EventRunner::Busy& busy) const {
    // These have limits of their own, and an end that follows from them.
    const std::optional<BuiltIn> built_in = built_in_named(busy.event);
    if (built_in == BuiltIn::stop || built_in == BuiltIn::kill) return std::nullopt;
    const auto limit = busy.hangs_after.value_or(limits_.hang());
    const auto silence = clock_.steady_now() - busy.last_sign;
    if (limit <= std::chrono::milliseconds{0} || silence <= limit) return std::nullopt;
    return std::chrono::duration_cast<std::chrono::seconds>(silence);
}

}  // namespace servicekit
