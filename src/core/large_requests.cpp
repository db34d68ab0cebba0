#include "core/large_requests.hpp"

#include <chrono>
#include <utility>

#include "base/attempt.hpp"
#include "core/life_state.hpp"

namespace servicekit {

struct LargeRequests::Job {
    std::string text;
    Decoded decoded;
};

LargeRequests::LargeRequests(const os::Host& host, std::function<void(Decoded&)> serve)
    : host_{host}, serve_{std::move(serve)} {}

LargeRequests::~LargeRequests() = default;

void LargeRequests::take(std::string_view text, const Peer& peer, std::shared_ptr<Responder> responder) {
    const auto job = std::make_shared<Job>();
    job->text = text;
    job->decoded.peer = peer;
    job->decoded.responder = std::move(responder);
    if (hand_over(job)) return;
    job->decoded.result = decode_request(text);
    serve_(job->decoded);
}

bool LargeRequests::hand_over(const std::shared_ptr<Job>& job) {
    {
        const std::lock_guard guard{mutex_};
        if (is_closed_ || waiting_bytes_ + job->text.size() > most_waiting_bytes) return false;
        waiting_.push_back(job);
        waiting_bytes_ += job->text.size();
        if (std::exchange(works_, true)) return true;
    }
    // The last thread has announced its end.
    if (thread_) static_cast<void>(thread_->wait(std::chrono::seconds{1}));
    const bool has_memory = attempt([&] {
        if (auto started = host_.threads->start("requests", [this] { work(); }))
            thread_ = *std::move(started);
        else
            thread_.reset();
    });
    if (has_memory && thread_) return true;
    const std::lock_guard guard{mutex_};
    works_ = false;
    waiting_.clear();
    waiting_bytes_ = 0;
    return false;
}

void LargeRequests::serve(const std::shared_ptr<Job>& job) {
    if (!attempt([&] { serve_(job->decoded); })) job->decoded.responder->reply(out_of_memory_line);
    job->decoded.responder.reset();
    const std::lock_guard guard{mutex_};
    if (works_) spent_.push_back(job);
}

void LargeRequests::work() {
    host_.crashes->guard_this_thread();
    while (const auto job = next()) decode(job);
}

std::shared_ptr<LargeRequests::Job> LargeRequests::next() {
    std::vector<std::shared_ptr<Job>> spent;  // destroyed after the mutex is free
    const std::lock_guard guard{mutex_};
    spent.swap(spent_);
    works_ = !waiting_.empty();
    if (!works_) return nullptr;
    current_ = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= current_->text.size();
    return current_;
}

void LargeRequests::decode(const std::shared_ptr<Job>& job) {
    const bool has_memory = attempt([&] { job->decoded.result = decode_request(job->text); });
    const std::lock_guard guard{mutex_};
    if (std::exchange(current_, nullptr) == nullptr) return;  // refused
    if (!has_memory || !attempt([&] { loop_->post([this, job] { serve(job); }); }))
        job->decoded.responder->reply(out_of_memory_line);
}

void LargeRequests::refuse_all() {
    std::deque<std::shared_ptr<Job>> refused;
    {
        const std::lock_guard guard{mutex_};
        is_closed_ = true;
        refused.swap(waiting_);
        if (current_) refused.push_front(std::exchange(current_, nullptr));
    }
    for (const auto& job : refused)
        job->decoded.responder->reply(encode_error(not_ready_error(ServiceState::stopping)));
}

void LargeRequests::close() {
    while (thread_ && !thread_->wait(std::chrono::seconds{1})) {
    }
}

}  // namespace servicekit
