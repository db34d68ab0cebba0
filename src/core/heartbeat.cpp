#include "core/heartbeat.hpp"

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
    const auto busy = runner_.busy();
    // These have limits of their own, and an end that follows from them.
    const std::optional<BuiltIn> built_in = busy ? built_in_named(busy->event) : std::nullopt;
    const bool is_limited = built_in == BuiltIn::stop || built_in == BuiltIn::kill;
    if (!busy || is_limited) {
        if (std::exchange(hung_, false)) log_.warning("no event hangs any more");
        return false;
    }
    const auto limit = busy->hangs_after.value_or(limits_.hang());
    const auto silence = clock_.steady_now() - busy->last_sign;
    const bool hangs = limit > std::chrono::milliseconds{0} && silence > limit;
    if (hangs && !hung_)
        log_.error("'" + busy->event + "' hangs: no sign of progress for " +
                   std::to_string(std::chrono::duration_cast<std::chrono::seconds>(silence).count()) +
                   " s; the service does not call itself alive meanwhile");
    if (!hangs && hung_) log_.warning("'" + busy->event + "' goes on");
    hung_ = hangs;
    return hangs;
}

}  // namespace servicekit
