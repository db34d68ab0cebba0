// What an election learns from reads and watches, and what follows from that.
#include "cluster/election.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/durations.hpp"
#include "cluster/election_times.hpp"

namespace servicekit::cluster {

using std::chrono::milliseconds;

// What a look shows.

std::string Election::key_of(std::int64_t lease) const { return key_of_contender(options_.directory, lease); }

const KeyValue* Election::contender_with(std::int64_t lease) const {
    const auto found = std::find_if(contenders_.begin(), contenders_.end(),
                                    [lease](const KeyValue& contender) { return contender.lease == lease; });
    return found != contenders_.end() ? &*found : nullptr;
}

std::size_t Election::ahead() const {
    const auto own = std::find_if(contenders_.begin(), contenders_.end(),
                                  [&](const KeyValue& found) { return found.create_revision >= create_revision_; });
    return static_cast<std::size_t>(own - contenders_.begin());
}

bool Election::follows_holder() const {
    return holder_ && !holder_->record.has_left && ahead() == 1 &&
           contenders_.front().key == key_of(holder_->record.lease);
}

bool Election::note_header(const EtcdHeader& header, std::int64_t known_revision, Time now) {
    const bool is_other = cluster_ != 0 && header.cluster != cluster_;
    const bool went_back = is_other || header.revision < known_revision;
    cluster_ = header.cluster;
    if (!went_back) {
        revision_ = std::max(revision_, header.revision);
        return true;
    }
    revision_ = header.revision;
    const std::string what = is_other ? "another cluster of etcd answers" : "etcd has gone back to an earlier state";
    const milliseconds ttl = std::max(plan_.ttl, holder_ ? holder_->record.ttl : milliseconds{0});
    quiet_until_ = now + ttl;
    if (is_holder()) {
        lose(what, now, true);
    } else {
        port_->report(LogLevel::warning, what + "; this instance does not become active for " + time_in_words(ttl));
        if (stage_ >= Stage::entering && stage_ <= Stage::claiming) rejoin(what, now);
    }
    return false;
}

bool Election::looked(const TransactionReply& reply, std::int64_t known_revision, Time now) {
    if (reply.reads.size() != 2 || !note_header(reply.header, known_revision, now)) return false;
    last_look_ = reply.header;
    confirm_standby_renewal(reply.header);
    if (end_of_holder_ && !end_of_holder_->is_confirmed) {
        end_of_holder_->is_confirmed = end_of_holder_->header.is_same_term(reply.header);
        if (!end_of_holder_->is_confirmed) end_of_holder_.reset();
    }
    contenders_.clear();
    for (const KeyValue& found : reply.reads[0]) {
        if (found.lease != 0 && found.key == key_of(found.lease))
            contenders_.push_back(found);
        else if (!std::exchange(has_reported_foreign_key_, true))
            port_->report(LogLevel::warning,
                          "the key '" + found.key + "' in etcd is not that of a contender; remove it");
    }
    std::sort(contenders_.begin(), contenders_.end(),
              [](const KeyValue& a, const KeyValue& b) { return a.create_revision < b.create_revision; });
    note_holder(reply.reads[1], now);
    const bool is_here = std::any_of(contenders_.begin(), contenders_.end(), [this](const KeyValue& found) {
        return found.key == key_ && found.create_revision == create_revision_ && found.lease == lease_;
    });
    if (is_here) return true;
    if (is_holder())
        lose("its key '" + key_ + "' has vanished from etcd", now, true);
    else
        rejoin("its key has vanished from etcd", now);
    return false;
}

void Election::confirm_standby_renewal(const EtcdHeader& header) {
    if (!standby_renewal_) return;
    const auto& before = standby_renewal_->look_before;
    if (before && before->is_same_term(standby_renewal_->header) && standby_renewal_->header.is_same_term(header))
        sure_sent_ = std::max(sure_sent_, standby_renewal_->sent);
    standby_renewal_.reset();
}

void Election::note_holder(const std::vector<KeyValue>& found, Time now) {
    if (found.empty()) {
        // Who it was still counts.
        if (holder_) holder_->mod_revision = 0;
    } else if (const KeyValue& key = found.front();
               // Revisions come again when etcd goes back to an earlier state.
               !holder_ || holder_->mod_revision != key.mod_revision || holder_->value != key.value) {
        auto record = ContenderRecord::from_json(key.value);
        if (!record || record->ttl.count() <= 0) {
            if (!record) record.emplace();
            record->ttl = plan_.ttl;
        }
        record->ttl = std::clamp<milliseconds>(record->ttl, LeasePlan::shortest_ttl, LeasePlan::longest_ttl);
        holder_ = Holder{std::move(*record), key.value, key.mod_revision, std::nullopt};
    }
    if (!holder_) return;
    const ContenderRecord& record = holder_->record;
    if (const KeyValue* const key = contender_with(record.lease)) {
        holder_->gone_since.reset();
        if (!record.has_left && record.lease != lease_ && reported_holder_ != record.lease) {
            reported_holder_ = record.lease;
            port_->report(LogLevel::info, "the active instance is that on " + record.in_words() + ", since " +
                                              record.since + ", token " + std::to_string(key->create_revision));
        }
    } else if (!holder_->gone_since) {
        holder_->gone_since = now;
    }
}

Election::Time Election::may_follow_from() const {
    const bool has_ended = !holder_ || holder_->record.has_left || holder_->record.lease == lease_ ||
                           (ended_lease_ != 0 && holder_->record.lease == ended_lease_);
    if (has_ended) return quiet_until_;
    if (!holder_->gone_since) return Time::max();
    const milliseconds ttl = holder_->record.ttl;
    const Time deadline = *holder_->gone_since + ttl;
    const Time known = is_end_known() ? end_of_holder_->inactive_from : deadline;
    // The margin is for the clocks, and for a kernel that kills late.
    return std::max(quiet_until_, std::min(known, deadline));
}

bool Election::is_end_known() const {
    return end_of_holder_ && end_of_holder_->is_confirmed && end_of_holder_->lease == holder_->record.lease;
}

std::string Election::reason_to_follow(Time now) const {
    if (!holder_) return "nobody was active before this instance";
    const ContenderRecord& record = holder_->record;
    std::string reason = "follows " + record.in_words();
    if (record.has_left) return reason + ": it has left";
    if (record.lease == ended_lease_) return reason + ": it was this instance, with a lease that has ended";
    const bool ran_out = is_end_known() && end_of_holder_->inactive_from <= now;
    return reason + (ran_out ? ": its lease ran out" : ": its key vanished a TTL ago");
}

void Election::consider(const EtcdHeader& header, Time now) {
    has_place_ = true;
    task_due_ = now + plan_.period;
    if (ahead() > 0) {
        has_reported_wait_ = false;
        return;
    }
    if (const Time from = may_follow_from(); from > now) {
        task_due_ = std::min(task_due_, from);
        if (from - now > std::chrono::seconds{1} && !std::exchange(has_reported_wait_, true))
            port_->report(LogLevel::warning,
                          "the instance that was active last" +
                              (holder_ ? " (" + holder_->record.in_words() + ")" : std::string{}) +
                              " may still be; this one waits" +
                              (from == Time::max() ? std::string{} : " for up to " + about(from - now)) +
                              (holder_ ? ", as the key '" + options_.holder_key + "' says" : std::string{}));
        return;
    }
    has_reported_wait_ = false;
    if (holder_ && !holder_->record.has_left && holder_->record.lease == lease_) {
        // The claim was made, and its reply was lost.
        return begin_lock(holder_->mod_revision, header, now);
    }
    if (now + plan_.patience > may_win_until()) {
        // The lease may be too short for the steps that are left. Another look confirms its renewal.
        constexpr std::size_t looks_before_words = 10;
        constexpr std::size_t doublings = 5;
        renewal_due_ = std::min(renewal_due_, now);
        wants_look_ = true;
        task_due_ = now + shortest_pause * (std::int64_t{1} << std::min(unsure_looks_, doublings));
        if (++unsure_looks_ == looks_before_words)
            port_->report(LogLevel::warning,
                          "cannot become active: the members of etcd that answer differ, or change their term; each "
                          "endpoint must be one member, and no load balancer");
        return;
    }
    unsure_looks_ = 0;
    win_reason_ = reason_to_follow(now);
    stage_ = Stage::claiming;
    task_due_ = now;
}

// The watch channel.

std::vector<std::string> Election::keys_to_watch() const {
    std::vector<std::string> keys{key_};
    if (stage_ != Stage::queued) return keys;
    if (const std::size_t others = ahead(); others > 0) {
        keys.push_back(contenders_[others - 1].key);
    } else if (holder_ && !holder_->record.has_left) {
        keys.push_back(options_.holder_key);
        keys.push_back(key_of(holder_->record.lease));
    }
    return keys;
}

void Election::watch_from(std::int64_t revision, Time now) {
    if (stage_ < Stage::queued || stage_ > Stage::active) return;
    auto keys = keys_to_watch();
    // The own key is among those that are watched while it waits.
    if (keys == watched_ || (is_holder() && !watched_.empty())) return;
    watched_ = std::move(keys);
    watches_created_ = 0;
    watch_limit_ = now + plan_.long_patience;
    port_->ask(Channel::watch, WatchKeys{watched_, revision}, plan_.long_patience);
}

void Election::take_of_watch(const EtcdClient::Answer& answer, Time now) {
    if (stage_ < Stage::queued || stage_ > Stage::active) return;
    if (std::holds_alternative<EtcdFault>(answer.what))
        watch_failed(now);
    else
        watched(std::get<WatchReport>(std::get<EtcdReply>(answer.what)), now);
}

void Election::watched(const WatchReport& report, Time now) {
    if (report.is_canceled) {
        port_->drop(Channel::watch);
        return watch_failed(now);
    }
    if (report.is_created && ++watches_created_ >= watched_.size()) {
        watch_limit_ = Time::max();
        watch_failures_ = 0;
    }
    for (const auto& change : report.changes) {
        if (change.key == key_ && change.is_deletion) {
            if (is_holder())
                lose("its key '" + key_ + "' was deleted from etcd", now, true);
            else
                rejoin("its key was deleted from etcd", now);
            return;
        }
        if (change.key == key_ || stage_ != Stage::queued) continue;
        if (change.is_deletion && holder_ && change.key == key_of(holder_->record.lease) && !holder_->gone_since)
            holder_->gone_since = now;
        look_soon(now);
    }
}

void Election::watch_failed(Time now) {
    watched_.clear();
    watch_limit_ = Time::max();
    if (stage_ < Stage::queued || stage_ > Stage::active) return;
    wants_look_ = true;
    const milliseconds pause = std::max(pause_after(++watch_failures_), shortest_pause);
    if (!is_busy_) task_due_ = std::min(task_due_, now + pause);
}

}  // namespace servicekit::cluster
