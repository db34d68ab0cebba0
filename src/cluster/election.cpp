#include "cluster/election.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "cluster/election_times.hpp"

namespace servicekit::cluster {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds probe_interval{200};
constexpr milliseconds longest_first_patience{2'000};

milliseconds in_milliseconds(os::BootClock::duration time) {
    return std::chrono::duration_cast<milliseconds>(std::max(time, os::BootClock::duration{0}));
}

}  // namespace

Election::Election(Options options, ElectionPort& port) : options_{std::move(options)}, port_{&port} {
    plan_.ttl = options_.ttl;
    plan_.patience = plan_.long_patience = std::min<milliseconds>(plan_.ttl / 4, longest_first_patience);
}

void Election::begin(Time now) {
    forget_lease();
    stage_ = Stage::joining;
    has_place_ = false;
    fault_.reset();
    task_failures_ = 0;
    task_due_ = now;
    tick(now);
}

void Election::tick(Time now) {
    if (stage_ == Stage::active && now >= deadline_ - plan_.give_up)
        lose("no renewal of the lease has succeeded for " + about(now - keep_sent_) +
                 (renewal_fault_.empty() ? "" : "; the last one failed: " + renewal_fault_),
             now, false);
    if (watch_limit_ <= now) {
        port_->drop(Channel::watch);
        watch_failed(now);
    }
    if (!is_busy_ && task_due_ <= now) send_task(now);
    if (step_ == Step::idle && renewal_due_ <= now) send_renewal(now);
}

Election::Time Election::next_tick() const {
    Time next = watch_limit_;
    if (!is_busy_) next = std::min(next, task_due_);
    if (step_ == Step::idle) next = std::min(next, renewal_due_);
    if (stage_ == Stage::active) next = std::min(next, deadline_ - plan_.give_up);
    return next;
}

void Election::take(const EtcdClient::Answer& answer, Time now) {
    // A stopped process that goes on past its deadline must not act on an old answer.
    if (stage_ == Stage::active) tick(now);
    switch (answer.channel) {
        case Channel::main:
            take_of_task(answer, now);
            break;
        case Channel::renewal:
            take_of_renewal(answer, now);
            break;
        case Channel::watch:
            take_of_watch(answer, now);
            break;
    }
    tick(now);
}

// The main channel.

void Election::take_of_task(const EtcdClient::Answer& answer, Time now) {
    if (!std::exchange(is_busy_, false)) return;
    // What made another look necessary may have happened after etcd made this answer.
    const bool wants_another_look = wants_look_;
    task_due_ = Time::max();
    if (const auto* const fault = std::get_if<EtcdFault>(&answer.what)) {
        task_failed(*fault, now);
    } else {
        note_answer();
        task_failures_ = 0;
        task_done(std::get<EtcdReply>(answer.what), now);
    }
    if (wants_another_look && !is_busy_ && stage_ >= Stage::queued && stage_ <= Stage::active)
        task_due_ = std::min(task_due_, now);
}

void Election::task_done(const EtcdReply& reply, Time now) {
    switch (std::exchange(task_, Task::none)) {
        case Task::grant:
            return granted(std::get<LeaseState>(reply), now);
        case Task::enter:
            return entered(std::get<TransactionReply>(reply), now);
        case Task::look: {
            const auto& found = std::get<TransactionReply>(reply);
            if (stage_ == Stage::leaving) return note_own_claim(found, now);
            if (!looked(found, task_revision_, now)) return;
            if (stage_ == Stage::queued) consider(found.header, now);
            return watch_from(found.header.revision + 1, now);
        }
        case Task::probe:
            return probed(std::get<LeaseState>(reply), now);
        case Task::claim:
            return claimed(std::get<TransactionReply>(reply), now);
        case Task::leave:
            claim_revision_ = 0;
            task_due_ = now;
            return;
        case Task::revoke:
            return end_leaving(now);
        case Task::none:
            return;
    }
}

void Election::send_task(Time now) {
    const auto send = [&](Task task, EtcdRequest request, milliseconds patience) {
        if (task == Task::look) wants_look_ = false;
        task_ = task;
        task_sent_ = now;
        task_revision_ = revision_;
        is_busy_ = true;
        port_->ask(Channel::main, std::move(request), patience);
    };
    task_due_ = Time::max();
    switch (stage_) {
        case Stage::joining:
            send(Task::grant, GrantLease{options_.ttl}, plan_.long_patience);
            break;
        case Stage::entering: {
            const Transaction::Condition is_new{key_, Transaction::Condition::Of::create_revision, 0};
            send(Task::enter,
                 Transaction{{is_new},
                             {Transaction::Put{key_, options_.self.to_json(), lease_}},
                             {Transaction::Read{.key = key_}}},
                 plan_.long_patience);
            break;
        }
        case Stage::queued:
            if (!wants_look_ && follows_holder())
                send(Task::probe, AskLease{holder_->record.lease}, plan_.patience);
            else
                send(Task::look, looking(), plan_.long_patience);
            break;
        case Stage::claiming:
            may_have_claimed_ = true;
            send(Task::claim, claim(), plan_.long_patience);
            break;
        case Stage::claimed:
        case Stage::active:
            send(Task::look, looking(), plan_.long_patience);
            break;
        case Stage::leaving:
            if (claim_revision_ != 0)
                send(Task::leave, departure(), plan_.patience);
            else if (may_have_claimed_)
                send(Task::look, looking(), plan_.patience);
            else
                send(Task::revoke, RevokeLease{lease_}, plan_.patience);
            break;
        case Stage::out:
        case Stage::losing:
            break;
    }
}

Transaction Election::looking() const {
    return {.then = {Transaction::Read{.key = options_.directory, .is_prefix = true},
                     Transaction::Read{.key = options_.holder_key}}};
}

Transaction Election::claim() const {
    using Of = Transaction::Condition::Of;
    ContenderRecord record = options_.self;
    record.since = port_->time_text();
    record.lease = lease_;
    record.ttl = plan_.ttl;
    return {.conditions = {{key_, Of::create_revision, create_revision_},
                           {options_.holder_key, Of::mod_revision, holder_ ? holder_->mod_revision : 0}},
            .then = {Transaction::Put{options_.holder_key, record.to_json()}}};
}

Transaction Election::departure() const {
    ContenderRecord record = options_.self;
    record.since = port_->time_text();
    record.lease = lease_;
    record.ttl = plan_.ttl;
    record.has_left = true;
    return {.conditions = {{options_.holder_key, Transaction::Condition::Of::mod_revision, claim_revision_}},
            .then = {Transaction::Put{options_.holder_key, record.to_json()}, Transaction::Delete{key_}},
            .otherwise = {Transaction::Delete{key_}}};
}

void Election::task_failed(const EtcdFault& fault, Time now) {
    note_failure(fault, now);
    ++task_failures_;
    const Task task = std::exchange(task_, Task::none);
    if (stage_ == Stage::leaving) {
        const bool is_gone = fault.kind == EtcdFault::Kind::lease_gone && task == Task::revoke;
        if (is_gone || (joins_again_ && task_failures_ >= options_.endpoints)) return end_leaving(now);
    } else if (fault.kind == EtcdFault::Kind::lease_gone && stage_ < Stage::claimed) {
        return rejoin("its lease has lapsed", now);
    }
    if (!has_place_) fault_ = fault;
    // A watch at a member that does not answer may be silent, too.
    if (stage_ == Stage::queued) {
        wants_look_ = true;
        watched_.clear();
    }
    task_due_ = now + pause_after(task_failures_);
}

void Election::granted(const LeaseState& state, Time now) {
    auto plan = state.ttl.count() > 0 ? LeasePlan::of(state.ttl, options_.loss_stop, options_.endpoints)
                                      : LeasePlan::of(options_.ttl, options_.loss_stop, options_.endpoints);
    const bool is_too_long = state.ttl > LeasePlan::longest_ttl;
    if (!plan || state.ttl.count() <= 0 || is_too_long) {
        EtcdFault fault{EtcdFault::Kind::unfit,
                        !plan ? plan.error()
                              : Error{ExitCode::configuration, "get a lease from", "etcd",
                                      is_too_long ? "etcd granted more than 1 h" : "etcd granted none"}};
        note_failure(fault, now);
        fault_ = std::move(fault);
        task_due_ = now + options_.ttl;
        return;
    }
    plan_ = *plan;
    lease_ = state.lease;
    key_ = key_of(lease_);
    lease_end_ = task_sent_ + plan_.ttl;
    sure_sent_ = task_sent_;
    renewal_due_ = task_sent_ + plan_.period;
    stage_ = Stage::entering;
    task_due_ = now;
}

void Election::entered(const TransactionReply& reply, Time now) {
    if (reply.succeeded) {
        create_revision_ = reply.header.revision;
    } else {
        // An earlier request made the key, and its reply was lost.
        const bool is_own =
            !reply.reads.empty() && !reply.reads.front().empty() && reply.reads.front().front().lease == lease_;
        if (!is_own) return rejoin("its key belongs to another instance", now);
        create_revision_ = reply.reads.front().front().create_revision;
    }
    stage_ = Stage::queued;
    wants_look_ = true;
    task_due_ = now;
}

void Election::claimed(const TransactionReply& reply, Time now) {
    if (!note_header(reply.header, task_revision_, now)) return;
    if (reply.succeeded) return begin_lock(reply.header.revision, reply.header, now);
    stage_ = Stage::queued;
    look_soon(now);
}

void Election::begin_lock(std::int64_t claim_revision, const EtcdHeader& header, Time now) {
    claim_revision_ = claim_revision;
    may_have_claimed_ = false;
    stage_ = Stage::claimed;
    port_->drop(Channel::renewal);
    step_ = Step::idle;
    before_ = header;
    renewal_due_ = now;
}

void Election::probed(const LeaseState& state, Time now) {
    const milliseconds ttl = state.ttl;
    if (ttl <= milliseconds{0}) {
        // A member that was the leader once may answer what is long out of date. A look confirms it.
        const bool is_known = end_of_holder_ && end_of_holder_->lease == state.lease;
        // A lease that is gone may have been revoked in the middle of its life.
        const bool is_running_out = state.granted.count() > 0;
        if (is_running_out && !is_known && last_look_ && last_look_->is_same_term(state.header))
            end_of_holder_ = EndOfHolder{state.lease, now + std::chrono::seconds{1}, state.header};
        wants_look_ = true;
    } else if (end_of_holder_ && end_of_holder_->lease == state.lease) {
        end_of_holder_.reset();
    }
    if (watched_.empty()) wants_look_ = true;
    if (wants_look_) {
        task_due_ = now + shortest_pause;
        return;
    }
    // A holder that is well shows at least that much.
    const milliseconds healthy = std::chrono::floor<std::chrono::seconds>(plan_.ttl - plan_.period - plan_.patience);
    const milliseconds until_last_second = std::max(ttl - std::chrono::seconds{1}, probe_interval);
    task_due_ = task_sent_ + (ttl >= healthy ? plan_.period : std::min(plan_.period, until_last_second));
}

void Election::look_soon(Time now) {
    wants_look_ = true;
    if (!is_busy_) task_due_ = std::min(task_due_, now);
}

// Changes of the stage.

void Election::drop_all() {
    for (const Channel channel : {Channel::main, Channel::renewal, Channel::watch}) port_->drop(channel);
    is_busy_ = false;
    task_ = Task::none;
    task_due_ = renewal_due_ = watch_limit_ = Time::max();
    step_ = Step::idle;
    wants_look_ = false;
    watched_.clear();
}

void Election::forget_lease() {
    lease_ = create_revision_ = claim_revision_ = 0;
    may_have_claimed_ = joins_again_ = false;
    key_.clear();
    lease_end_ = deadline_ = Time{};
    before_.reset();
    end_of_holder_.reset();
    standby_renewal_.reset();
    renewal_failures_ = 0;
    unconfirmed_ = 0;
    renewal_fault_.clear();
}

void Election::rejoin(const std::string& why, Time now) {
    port_->report(LogLevel::warning, why + "; this instance goes to the end of the queue");
    const bool blocks_others = has_claimed();
    drop_all();
    if (!blocks_others) return join_with_new_lease(now);
    ended_lease_ = lease_;
    // A look tells which record is that of this lease. Revisions come again when etcd goes back in time.
    claim_revision_ = 0;
    may_have_claimed_ = joins_again_ = true;
    stage_ = Stage::leaving;
    task_failures_ = 0;
    task_due_ = now;
}

void Election::join_with_new_lease(Time now) {
    forget_lease();
    stage_ = Stage::joining;
    task_due_ = now + shortest_pause;
}

void Election::note_own_claim(const TransactionReply& reply, Time now) {
    may_have_claimed_ = false;
    if (reply.reads.size() == 2 && !reply.reads[1].empty()) {
        const KeyValue& found = reply.reads[1].front();
        const auto record = ContenderRecord::from_json(found.value);
        if (record && record->lease == lease_) claim_revision_ = found.mod_revision;
    }
    task_due_ = now;
}

void Election::end_leaving(Time now) {
    if (!joins_again_) return give_up();
    drop_all();
    join_with_new_lease(now);
}

void Election::lose(std::string reason, Time now, bool at_once) {
    if (stage_ == Stage::claimed) return rejoin(reason, now);
    // First of all, since the successor may know it as well.
    if (at_once) port_->active_until(Time{});
    drop_all();
    stage_ = Stage::losing;
    Time end = deadline_;
    if (at_once) {
        end = std::min(end, now + plan_.loss_stop);
        // If this fails, an earlier request still ends the process at the deadline.
        if (!port_->kill_at(end)) end = deadline_;
    }
    port_->lost({ExitCode::timeout, "keep", "the lock in etcd", std::move(reason)}, in_milliseconds(end - now));
}

void Election::leave(Time now) {
    if (stage_ == Stage::out) return;
    drop_all();
    if (lease_ == 0) return give_up();
    ended_lease_ = lease_;
    joins_again_ = false;
    stage_ = Stage::leaving;
    task_failures_ = 0;
    task_due_ = now;
    tick(now);
}

void Election::abandon(const std::string& why, Time now) {
    if (stage_ == Stage::active)
        lose(why, now, false);
    else if (stage_ > Stage::out && stage_ < Stage::losing)
        rejoin(why, now);
}

void Election::give_up() {
    drop_all();
    forget_lease();
    stage_ = Stage::out;
}

// Reports.

milliseconds Election::pause_after(std::size_t failures) const {
    if (failures < options_.endpoints) return milliseconds{0};
    const std::size_t doublings = std::min<std::size_t>(failures - options_.endpoints, 6);
    return std::min(shortest_pause * (std::int64_t{1} << doublings), std::max(plan_.ttl / 4, shortest_pause));
}

void Election::note_answer() {
    if (std::exchange(is_etcd_silent_, false)) port_->report(LogLevel::info, "etcd answers again");
}

void Election::note_failure(const EtcdFault& fault, Time now) {
    constexpr std::chrono::minutes forgotten{1};
    if (fault.kind == EtcdFault::Kind::lease_gone) return;
    const std::string text = fault.error.message();
    const bool is_silence = fault.kind == EtcdFault::Kind::unreachable;
    if (!is_silence) {
        auto& [last, seen] = reported_faults_[fault.error.object];
        // Each attempt meets a fault that stays.
        if (last != text || now - seen > std::max<milliseconds>(forgotten, plan_.ttl))
            port_->report(LogLevel::error, text);
        last = text;
        seen = now;
    }
    if (!port_->have_all_endpoints_failed() || std::exchange(is_etcd_silent_, true)) return;
    std::string consequence = "; this instance waits";
    if (stage_ == Stage::active)
        consequence = "; this instance stays active for another " + about(deadline_ - plan_.give_up - now) + " at most";
    port_->report(LogLevel::warning,
                  (is_silence ? "no endpoint of etcd answers: " : "no endpoint of etcd serves this instance: ") + text +
                      consequence);
}

Election::View Election::view() const {
    View view{.stage = stage_, .contenders = contenders_.size()};
    if (lease_ != 0) view.lease_end = lease_end_;
    if (stage_ == Stage::active) view.gives_up_at = deadline_ - plan_.give_up;
    if (holder_ && !holder_->record.has_left &&
        (contender_with(holder_->record.lease) != nullptr ||
         (stage_ == Stage::active && holder_->record.lease == lease_)))
        view.active = holder_->record;
    return view;
}

}  // namespace servicekit::cluster
