#include "lisp/job_queue.hpp"

#include <algorithm>
#include <utility>

namespace servicekit::lisp {
namespace {

Answer refusal(const char* text) { return {.ok = false, .text = text, .type = "not-ready"}; }

}  // namespace

std::shared_ptr<const Job> JobQueue::submit(Task task) {
    const std::lock_guard guard{mutex_};
    auto job = std::make_shared<const Job>(Job{.id = ++last_job_, .task = std::move(task)});
    const bool is_workers = serving_.empty() || serving_.back()->left;
    undertakings_[job->id].is_workers = is_workers;
    // Counted already here, since Lisp may call the service before the wait begins.
    ++waiting_;
    (is_workers ? jobs_ : serving_.back()->jobs).push_back(job);
    changed_.notify_all();
    return job;
}

std::optional<Evaluation> JobQueue::wait(const Job& job, std::optional<std::chrono::steady_clock::time_point> until,
                                         const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    const auto& done = undertakings_[job.id].evaluation;
    const auto has_something = [&] { return done || !unserved_.empty(); };
    const auto is_time_up = [&] {
        return stop.stop_requested() || (until && std::chrono::steady_clock::now() >= *until);
    };
    do {
        if (until)
            changed_.wait_until(lock, stop, *until, has_something);
        else
            changed_.wait(lock, stop, has_something);
        if (!done && !unserved_.empty()) serve_next(lock);
    } while (!done && !is_time_up());
    if (!done) return std::nullopt;
    std::optional<Evaluation> evaluation = std::move(undertakings_[job.id].evaluation);
    undertakings_.erase(job.id);
    stop_waiting(lock);
    return evaluation;
}

bool JobQueue::abandon(const Job& job) {
    std::unique_lock lock{mutex_};
    const auto found = undertakings_.find(job.id);
    if (found == undertakings_.end()) return false;
    const bool is_workers = found->second.is_workers;
    undertakings_.erase(found);
    std::erase_if(jobs_, [&job](const auto& waiting) { return waiting->id == job.id; });
    stop_waiting(lock);
    return is_workers;
}

void JobQueue::stop_waiting(std::unique_lock<std::mutex>& lock) {
    if (--waiting_ == 0 && !unserved_.empty()) summon(lock);
}

void JobQueue::serve_calls() {
    std::unique_lock lock{mutex_};
    while (!unserved_.empty()) serve_next(lock);
}

void JobQueue::close() {
    std::unique_lock lock{mutex_};
    closed_ = true;
    jobs_.clear();
    unserved_.clear();
    for (const auto& [id, call] : calls_)
        if (!call->answer) call->answer = refusal("the service ends");
    changed_.notify_all();
    changed_.wait(lock, [this] { return summoning_ == 0; });
}

std::shared_ptr<const Job> JobQueue::next_job() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
    if (jobs_.empty()) return nullptr;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    return job;
}

void JobQueue::finish(JobId job, Evaluation evaluation) {
    const std::lock_guard guard{mutex_};
    const auto found = undertakings_.find(job);
    if (found == undertakings_.end()) return;
    found->second.evaluation = std::move(evaluation);
    changed_.notify_all();
}

CallId JobQueue::ask(std::string function, Value::List arguments) {
    std::unique_lock lock{mutex_};
    const CallId id = ++last_call_;
    auto call = std::make_shared<Call>();
    call->function = std::move(function);
    call->arguments = std::move(arguments);
    calls_.emplace(id, call);
    if (closed_) {
        call->answer = refusal("the service ends");
        return id;
    }
    unserved_.push_back(std::move(call));
    changed_.notify_all();
    if (waiting_ == 0) summon(lock);
    return id;
}

std::variant<Answer, std::shared_ptr<const Job>> JobQueue::await(CallId id) {
    std::unique_lock lock{mutex_};
    const auto found = calls_.find(id);
    if (found == calls_.end()) return refusal("nothing was asked");
    const auto call = found->second;
    changed_.wait(lock, [&] { return call->answer || !call->jobs.empty(); });
    if (!call->jobs.empty()) {
        auto job = std::move(call->jobs.front());
        call->jobs.pop_front();
        return job;
    }
    calls_.erase(id);
    return std::move(*call->answer);
}

void JobQueue::leave(CallId id) noexcept {
    const std::lock_guard guard{mutex_};
    const auto found = calls_.find(id);
    if (found == calls_.end()) return;
    const auto call = std::move(found->second);
    calls_.erase(found);
    call->left = true;
    std::erase(unserved_, call);
    // Ends the waits for these jobs.
    for (const auto& job : call->jobs) {
        const auto undertaking = undertakings_.find(job->id);
        if (undertaking == undertakings_.end()) continue;
        undertaking->second.evaluation = Evaluation{
            .fault = Fault{.kind = FaultKind::exit, .message = "the thread that was to evaluate it has ended"}};
    }
    call->jobs.clear();
    changed_.notify_all();
}

void JobQueue::log(const std::string& level, const std::string& text) {
    const std::lock_guard guard{mutex_};
    if (!closed_) host_.log(level, text);
}

void JobQueue::serve_next(std::unique_lock<std::mutex>& lock) {
    const auto call = std::move(unserved_.front());
    unserved_.pop_front();
    serving_.push_back(call);
    lock.unlock();
    Answer answer = host_.serve(call->function, call->arguments);
    lock.lock();
    serving_.pop_back();
    call->answer = std::move(answer);
    changed_.notify_all();
}

void JobQueue::summon(std::unique_lock<std::mutex>& lock) {
    ++summoning_;
    lock.unlock();
    const auto refused = host_.summon();
    lock.lock();
    --summoning_;
    changed_.notify_all();
    if (!refused || waiting_ > 0) return;
    for (const auto& call : unserved_) call->answer = *refused;
    unserved_.clear();
    changed_.notify_all();
}

}  // namespace servicekit::lisp
