#include "core/later_run.hpp"

#include <new>
#include <string>

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

const Waiting& LaterRun::waiting() const noexcept {
    const auto end = end_.lock();
    return end ? end->waiting : real_waiting();
}

template <class Finish>
void LaterRun::close(const Finish& finish) {
    if (!is_open_.exchange(false)) return;
    const auto end = end_.lock();
    if (!end) return;
    end->runs.leave(*run_);
    try {
        finish(end->end);
    } catch (const std::bad_alloc&) {
        static_cast<void>(run_->lack_memory());
    }
    end->runs.over();
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

const Waiting& PendingReply::waiting() const noexcept { return run_->waiting(); }

bool PendingReply::wait_until(Waiting::Time time) const {
    const auto deadline = run_->run().deadline();
    const bool is_in_time = !deadline || time <= *deadline;
    return waiting().wait_until(is_in_time ? time : *deadline, stop_) && is_in_time;
}

}  // namespace servicekit
