// How a contender renews its lease, and until when a renewal counts.
#include "cluster/election.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "cluster/election_times.hpp"

namespace servicekit::cluster {

using std::chrono::milliseconds;

void Election::take_of_renewal(const EtcdClient::Answer& answer, Time now) {
    const Step step = std::exchange(step_, Step::idle);
    if (step == Step::idle) return;
    if (const auto* const fault = std::get_if<EtcdFault>(&answer.what)) return renewal_failed(*fault, now);
    const auto& reply = std::get<EtcdReply>(answer.what);
    note_answer();
    renewal_failures_ = 0;
    if (step == Step::keep || step == Step::keep_for_lock)
        renewed(std::get<LeaseState>(reply), now);
    else
        confirm(std::get<TransactionReply>(reply), step, now);
}

void Election::send_renewal(Time now) {
    if (lease_ == 0 || stage_ > Stage::active) {
        renewal_due_ = Time::max();
        return;
    }
    step_sent_ = now;
    step_revision_ = revision_;
    look_before_step_ = last_look_;
    if (!is_holder()) {
        step_ = Step::keep;
        port_->ask(Channel::renewal, KeepAlive{lease_}, plan_.patience);
    } else if (!before_) {
        step_ = Step::look;
        port_->ask(Channel::renewal, looking(), plan_.patience);
    } else {
        step_ = Step::keep_for_lock;
        keep_for_lock_sent_ = now;
        port_->ask(Channel::renewal, KeepAlive{lease_}, plan_.patience);
    }
}

void Election::renewal_failed(const EtcdFault& fault, Time now) {
    note_failure(fault, now);
    ++renewal_failures_;
    renewal_fault_ = fault.error.message();
    before_.reset();
    if (fault.kind == EtcdFault::Kind::lease_gone) {
        if (is_holder())
            lose("etcd has no such lease any more", now, true);
        else
            rejoin("its lease has lapsed", now);
        return;
    }
    if (is_holder()) watched_.clear();
    const milliseconds pause = pause_after(renewal_failures_);
    renewal_due_ = now + (is_holder() ? std::min(pause, std::max(plan_.patience / 2, milliseconds{5})) : pause);
}

void Election::renewed(const LeaseState& state, Time now) {
    if (state.ttl.count() <= 0) {
        if (is_holder())
            lose("etcd has no such lease any more", now, true);
        else
            rejoin("its lease has lapsed while it waited", now);
        return;
    }
    kept_ttl_ = std::min<milliseconds>(state.ttl, plan_.ttl);
    if (!is_holder()) {
        lease_end_ = std::max(lease_end_, step_sent_ + kept_ttl_);
        standby_renewal_ = StandbyRenewal{step_sent_, state.header, look_before_step_};
        renewal_due_ = step_sent_ + plan_.period;
        return;
    }
    if (!before_ || !before_->is_same_term(state.header)) {
        // The lease may have been renewed by a leader of the past. Another round tells.
        before_.reset();
        renewal_due_ = now + pause_unconfirmed();
        return;
    }
    step_ = Step::confirm;
    step_sent_ = now;
    step_revision_ = revision_;
    port_->ask(Channel::renewal, looking(), plan_.patience);
}

void Election::confirm(const TransactionReply& reply, Step step, Time now) {
    if (!looked(reply, step_revision_, now)) return;
    const bool is_confirmed = step == Step::confirm && before_ && before_->is_same_term(reply.header);
    before_ = reply.header;
    if (is_confirmed) {
        unconfirmed_ = 0;
        extend(now);
    } else {
        renewal_due_ = step == Step::confirm ? now + pause_unconfirmed() : now;
    }
    watch_from(reply.header.revision + 1, now);
}

milliseconds Election::pause_unconfirmed() {
    // Several members behind one endpoint would make a request after the other in vain.
    constexpr int rounds_at_once = 3;
    if (++unconfirmed_ <= rounds_at_once) return milliseconds{0};
    renewal_fault_ = "the members of etcd that answer differ, or change their term";
    return std::max(plan_.patience / 2, milliseconds{5});
}

void Election::extend(Time now) {
    renewal_due_ = keep_for_lock_sent_ + plan_.period;
    const Time deadline = keep_for_lock_sent_ + kept_ttl_ - plan_.margin;
    // Others may already count on the end of a holder whose lease was about to run out.
    if (stage_ == Stage::claimed && now > may_win_until()) return rejoin("its lease was renewed too late", now);
    if (deadline - plan_.give_up <= now) {
        renewal_due_ = now;
        return;
    }
    if (stage_ == Stage::active && deadline <= deadline_) return;
    // Before the timer is set, as it may fail for lack of memory.
    if (stage_ == Stage::claimed) port_->report(LogLevel::info, win_reason_);
    if (const auto set = port_->kill_at(deadline); !set) {
        if (stage_ == Stage::claimed) return rejoin("cannot become active: " + set.error().message(), now);
        renewal_fault_ = set.error().message();
        renewal_due_ = now + shortest_pause;
        return;
    }
    deadline_ = deadline;
    keep_sent_ = keep_for_lock_sent_;
    lease_end_ = keep_sent_ + kept_ttl_;
    renewal_fault_.clear();
    port_->active_until(deadline);
    if (stage_ != Stage::claimed) return;
    stage_ = Stage::active;
    port_->won(static_cast<std::uint64_t>(create_revision_));
}

}  // namespace servicekit::cluster
