#include "core/large_requests.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/attempt.hpp"
#include "core/caught_exception.hpp"
#include "core/life_state.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;

/// The time of each user in a round of the queue.
constexpr auto turn_time = 5ms;

/// Returns the reply to a request that could not be served. \pre called within a catch block
std::string describe_failure(const std::string& event) {
    std::string line{out_of_memory_line};
    static_cast<void>(attempt([&] { line = encode_error(describe_current_exception().as_error(event)); }));
    return line;
}

}  // namespace

struct LargeRequests::Job {
    std::string text;
    Decoded decoded;
    std::chrono::steady_clock::time_point since;
    bool is_refused = false;  ///< the loop's thread sets it, with the mutex locked
};

LargeRequests::LargeRequests(const os::Host& host, std::function<void(Decoded&)> serve)
    : host_{host}, serve_{std::move(serve)}, waiting_{turn_time} {}

LargeRequests::~LargeRequests() = default;

void LargeRequests::take(std::string_view text, const Peer& peer, std::shared_ptr<Responder> responder) {
    const auto job = std::make_shared<Job>();
    job->text = text;
    job->decoded.peer = peer;
    job->decoded.responder = std::move(responder);
    job->since = host_.clock->steady_now();
    if (hand_over(job)) return;
    job->decoded.result = decode_request(text);
    serve_(job->decoded);
}

bool LargeRequests::hand_over(const std::shared_ptr<Job>& job) {
    if (!parking_) parking_ = host_.make_parking();
    {
        const std::lock_guard guard{mutex_};
        if (is_closed_ || !has_room(*job)) return false;
        using Place = FairQueue<std::shared_ptr<Job>>::Place;
        const Peer& peer = job->decoded.peer;
        const Place place = peer.role == ControlRole::owner ? Place::first : Place::last;
        unserved_.push_back(job);
        if (!attempt([&] { waiting_.push(peer.uid, job, place); })) {
            unserved_.pop_back();
            return false;
        }
        if (std::exchange(works_, true)) {
            parking_->unpark();
            return true;
        }
    }
    if (start_thread()) return true;
    const std::lock_guard guard{mutex_};
    works_ = false;
    waiting_.clear();
    unserved_.clear();
    return false;
}

bool LargeRequests::has_room(const Job& job) const {
    if (unserved_.empty()) return true;
    const Peer& peer = job.decoded.peer;
    std::size_t of_all = job.text.size();
    std::size_t of_user = job.text.size();
    for (const auto& other : unserved_) {
        of_all += other->text.size();
        if (other->decoded.peer.uid == peer.uid) of_user += other->text.size();
    }
    if (peer.role == ControlRole::owner) return of_all <= most_bytes;
    return of_all <= most_bytes - kept_for_owners && of_user <= most_bytes_of_user;
}

bool LargeRequests::start_thread() {
    // The last thread has announced its end.
    if (thread_) static_cast<void>(thread_->wait(1s));
    thread_.reset();
    static_cast<void>(attempt([&] {
        if (auto started = host_.threads->start("requests", [this] { work(); })) thread_ = *std::move(started);
    }));
    return thread_ != nullptr;
}

void LargeRequests::serve(const std::shared_ptr<Job>& job) {
    Decoded& decoded = job->decoded;
    auto* const request = std::get_if<Request>(&decoded.result);
    if (!job->is_refused) {
        if (request != nullptr && request->timeout) {
            const auto waited = host_.clock->steady_now() - job->since;
            *request->timeout -= std::min(*request->timeout, std::chrono::floor<std::chrono::milliseconds>(waited));
        }
        try {
            serve_(decoded);
        } catch (...) {
            // If the request was answered before, this changes nothing. If it was queued, no later reply may be taken
            // for that of the client's next request.
            decoded.responder->reply_and_close(describe_failure(request != nullptr ? request->event : ""));
        }
    }
    decoded.responder.reset();
    const std::lock_guard guard{mutex_};
    std::erase(unserved_, job);
    if (!works_) return;
    static_cast<void>(attempt([&] { spent_.push_back(job); }));
    parking_->unpark();
}

void LargeRequests::work() {
    host_.crashes->guard_this_thread();
    while (work_on()) {
    }
}

bool LargeRequests::work_on() {
    Jobs spent;  // destroyed after the mutex is free
    std::shared_ptr<Job> job;
    {
        const std::lock_guard guard{mutex_};
        spent.swap(spent_);
        if (spent.empty() && unserved_.empty()) {
            works_ = false;
            return false;
        }
        if (!waiting_.empty()) job = waiting_.pop();
    }
    if (job)
        decode(job);
    else if (spent.empty())
        parking_->park();
    return true;
}

void LargeRequests::decode(const std::shared_ptr<Job>& job) {
    const auto begin = host_.clock->steady_now();
    const bool is_decoded = attempt([&] { job->decoded.result = decode_request(job->text); });
    const std::lock_guard guard{mutex_};
    waiting_.charge(job->decoded.peer.uid, host_.clock->steady_now() - begin);
    if (job->is_refused) return;
    if (is_decoded && attempt([&] { loop_->post([this, job] { serve(job); }); })) return;
    job->decoded.responder->reply(out_of_memory_line);
    std::erase(unserved_, job);
}

void LargeRequests::refuse_all() {
    Jobs refused;
    {
        const std::lock_guard guard{mutex_};
        is_closed_ = true;
        waiting_.clear();
        refused.swap(unserved_);
        for (const auto& job : refused) job->is_refused = true;
        if (works_) parking_->unpark();
    }
    // The thread may be decoding one of them.
    for (const auto& job : refused) {
        const bool is_answered = attempt([&] {
            Decoded answer{.result = not_ready_error(ServiceState::stopping),
                           .peer = job->decoded.peer,
                           .responder = job->decoded.responder};
            serve_(answer);
        });
        if (!is_answered) job->decoded.responder->reply_and_close(out_of_memory_line);
    }
}

void LargeRequests::close() {
    while (thread_ && !thread_->wait(1s)) {
    }
}

}  // namespace servicekit
