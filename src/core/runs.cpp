#include "core/runs.hpp"

#include <algorithm>

namespace servicekit {

void Runs::begin(Run run) {
    QueuedEvent& begun = *run;
    {
        const std::lock_guard guard{mutex_};
        running_.push_back(std::move(run));
        ++open_;
        if (!stop_.stop_requested()) return;
    }
    begun.request_stop();
}

void Runs::leave(const QueuedEvent& run) {
    Run left;  // may be the last who knows it, and its answer may own anything
    const std::lock_guard guard{mutex_};
    const auto found =
        std::find_if(running_.begin(), running_.end(), [&run](const Run& known) { return known.get() == &run; });
    if (found == running_.end()) return;
    left = std::move(*found);
    running_.erase(found);
}

void Runs::over() {
    {
        const std::lock_guard guard{mutex_};
        --open_;
    }
    on_over_();
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
    std::string names;
    for (const Run& run : all()) names += (names.empty() ? "'" : ", '") + run->event().name + "'";
    return names;
}

void Runs::request_stop() {
    stop_.request_stop();
    for (const Run& run : all()) run->request_stop();
}

}  // namespace servicekit
