#include "core/end_askers.hpp"

#include <utility>

#include "core/built_in_events.hpp"
#include "core/protocol.hpp"

namespace servicekit {

void EndAskers::add(std::shared_ptr<QueuedEvent> run) {
    run->begin();
    const std::lock_guard guard{mutex_};
    if (has_ended_)
        answer(*run, fault_);
    else
        runs_.push_back(std::move(run));
}

void EndAskers::progress(std::uint64_t done, std::uint64_t total, std::string_view text) {
    const std::lock_guard guard{mutex_};
    for (const auto& run : runs_)
        if (run->wants_progress()) run->progress(done, total, text);
}

void EndAskers::answer(const std::optional<Error>& fault) {
    const std::lock_guard guard{mutex_};
    if (std::exchange(has_ended_, true)) return;
    fault_ = fault;
    for (const auto& run : runs_) answer(*run, fault_);
    runs_.clear();
}

void EndAskers::answer(QueuedEvent& run, const std::optional<Error>& fault) {
    const std::string& event = run.event().name;
    if (built_in_named(event) == BuiltIn::kill) {
        run.succeed(Object{{"result", "killed"}});
    } else if (fault) {
        run.fail(make_error("event-error", fault->message(), {{"event", event}, {"type", "servicekit::Error"}}));
    } else {
        run.succeed(Object{{"result", "stopped"}});
    }
}

}  // namespace servicekit
