#include "core/later_run.hpp"

#include <new>
#include <string>

#include "core/item_stream.hpp"
#include "core/reply_check.hpp"
#include "servicekit/core/event.hpp"
#include "servicekit/core/pending_reply.hpp"

namespace servicekit {

LaterRun::~LaterRun() {
    if (!is_open_) return;
    try {
        throw ErrorReply{"the service dropped the reply that '" + run_->event().name + "' owed"};
    } catch (...) {
        fail();
    }
}

std::shared_ptr<const Waiting> LaterRun::waiting() const noexcept {
    const auto end = end_.lock();
    return end ? end->waiting : nullptr;
}

void LaterRun::handler_returned() {
    has_returned_ = true;
    if (const auto end = end_.lock()) part_is_over(end->runs);
}

void LaterRun::part_is_over(Runs& runs) noexcept {
    if (parts_left_.fetch_sub(1) > 1) return;
    runs.leave(*run_);
    runs.over();
}

template <class Finish>
void LaterRun::close(const Finish& finish) {
    if (!is_open_.exchange(false)) return;
    const auto end = end_.lock();
    if (!end) return;
    /// Ends this part even if the answer throws, because a stop waits for it.
    struct Part {
        LaterRun& later;
        Runs& runs;
        ~Part() { later.part_is_over(runs); }
    } const part{*this, end->runs};
    // The run is not listed any more when the client reads the answer.
    if (has_returned_) end->runs.leave(*run_);
    try {
        finish(end->end);
    } catch (const std::bad_alloc&) {
        static_cast<void>(run_->lack_memory());
    }
}

void LaterRun::succeed(const Object& fields) {
    close([&](const RunEnd& end) { end.succeed(*run_, fields); });
}

void LaterRun::fail() {
    close([&](const RunEnd& end) { end.fail(*run_); });
}

PendingReply::PendingReply(std::shared_ptr<LaterRun> run) : run_{std::move(run)}, stop_{run_->run().stop_token()} {}

void PendingReply::succeed(const Reply& reply) const {
    try {
        run_->succeed(expressible(run_->run().event(), reply).fields());
    } catch (const ErrorReply&) {
        run_->fail();
    }
}

void PendingReply::fail(const std::string& message, Object fields, std::string code) const {
    try {
        throw ErrorReply{message, std::move(fields), std::move(code)};
    } catch (...) {
        run_->fail();
    }
}

void PendingReply::fail(const std::exception_ptr& exception) const {
    try {
        std::rethrow_exception(exception);
    } catch (...) {
        run_->fail();
    }
}

void PendingReply::progress(std::uint64_t done, std::uint64_t total, std::string_view text) const {
    if (run_->run().wants_progress()) run_->run().progress(done, total, text);
}

bool PendingReply::send(const Object& item) const {
    const auto waiting = run_->waiting();
    return waiting && send_item(run_->run(), item, *waiting);
}

Waiting::Time PendingReply::now() const {
    const auto waiting = run_->waiting();
    return waiting ? waiting->now() : real_waiting().now();
}

bool PendingReply::wait_until(Waiting::Time time) const {
    const auto waiting = run_->waiting();
    if (!waiting) return false;
    const auto deadline = run_->run().deadline();
    const bool is_in_time = !deadline || time <= *deadline;
    return waiting->wait_until(is_in_time ? time : *deadline, stop_) && is_in_time;
}

}  // namespace servicekit
