#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/contender_record.hpp"
#include "cluster/etcd_client.hpp"
#include "cluster/etcd_messages.hpp"
#include "cluster/lease_plan.hpp"
#include "servicekit/base/log_level.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/clock.hpp"

namespace servicekit::cluster {

/// What an election does to the rest of the process.
class ElectionPort {
public:
    using Channel = EtcdClient::Channel;
    virtual ~ElectionPort() = default;
    virtual void ask(Channel channel, EtcdRequest request, std::chrono::milliseconds timeout) = 0;
    virtual void drop(Channel channel) = 0;
    /// Makes the kernel end the process at this time.
    virtual Result<void> kill_at(os::BootClock::time_point deadline) = 0;
    /// No other instance can be active before this time. Called after kill_at().
    virtual void active_until(os::BootClock::time_point deadline) = 0;
    /// The instance has the lock. Called after active_until().
    virtual void won(std::uint64_t token) = 0;
    /// The instance loses the lock, and has this time to become inactive.
    virtual void lost(const Error& why, std::chrono::milliseconds time) = 0;
    virtual void report(LogLevel level, const std::string& text) = 0;
    /// The time for records, RFC 3339.
    [[nodiscard]] virtual std::string time_text() const = 0;
    /// \returns true if each endpoint has failed since one of them last answered
    [[nodiscard]] virtual bool have_all_endpoints_failed() const = 0;
};

/// One contender for the lock, without threads, clocks and connections: it gets answers and times, and calls its port.
///
/// Its safety rests on four rules. docs/decisions/0051-a-lock-in-etcd-over-its-json-gateway.md has the reasons.
/// - A renewal counts from the time at which it was sent, and only if a read that a quorum confirms shows that the same
///   member answered in the same term before and after it, and that the own key is still there.
/// - The kernel's timer is set before a deadline counts.
/// - A contender that becomes active first records that in the key of the holder, and a holder that becomes inactive
///   records that, too.
/// - A contender does not follow a holder that has not recorded its end before the holder's deadline, which it knows if
///   etcd reported that the lease was about to run out, and otherwise a TTL after the holder's key was gone.
class Election {
public:
    using Time = os::BootClock::time_point;
    using Channel = EtcdClient::Channel;
    struct Options {
        std::string directory = {};   ///< the keys of the contenders begin with it: "/servicekit/greeter/"
        std::string holder_key = {};  ///< "/servicekit/greeter.holder"
        ContenderRecord self = {};
        std::chrono::seconds ttl{10};
        std::optional<std::chrono::milliseconds> loss_stop = {};
        std::size_t endpoints = 1;
    };
    enum class Stage {
        out,       ///< does not contend
        joining,   ///< gets a lease
        entering,  ///< creates its key
        queued,    ///< waits
        claiming,  ///< records that it is the holder
        claimed,   ///< renews its lease for the first time as the holder
        active,
        losing,   ///< the service stops; leave() is the next step
        leaving,  ///< removes its key and its lease
    };
    /// What is known, for `status`.
    struct View {
        Stage stage = Stage::out;
        std::optional<ContenderRecord> active = {};
        std::size_t contenders = 0;
        std::optional<Time> lease_end = {};    ///< not later than etcd's own
        std::optional<Time> gives_up_at = {};  ///< an active instance loses the lock then, unless a renewal succeeds
    };

    Election(Options options, ElectionPort& port);

    /// Begins to contend. \pre out
    void begin(Time now);
    /// Does what is due.
    void tick(Time now);
    /// When tick() has something to do, unless an answer comes first.
    [[nodiscard]] Time next_tick() const;
    void take(const EtcdClient::Answer& answer, Time now);
    /// Gives up the lock, or the wait for it. \pre the instance is inactive
    void leave(Time now);
    /// Starts again after a failure that left it in an unknown state. An active instance loses the lock.
    void abandon(const std::string& why, Time now);
    /// Ends all requests. The lease, if there still is one, ends by itself.
    void give_up();

    [[nodiscard]] Stage stage() const noexcept { return stage_; }
    /// \returns true once the contender knows its place, since begin()
    [[nodiscard]] bool has_place() const noexcept { return has_place_; }
    /// \returns true if the key of the holder may name this contender
    [[nodiscard]] bool has_claimed() const noexcept { return claim_revision_ != 0 || may_have_claimed_; }
    /// The last failure to get a place, since begin().
    [[nodiscard]] const std::optional<EtcdFault>& fault() const noexcept { return fault_; }
    [[nodiscard]] View view() const;

private:
    enum class Task { none, grant, enter, look, probe, claim, leave, revoke };
    /// keep: a standby's renewal. A holder's has three steps, and the first is left out if an earlier one serves.
    enum class Step { idle, keep, look, keep_for_lock, confirm };
    struct Holder {
        ContenderRecord record;
        std::string value = {};          ///< as etcd has it
        std::int64_t mod_revision = 0;   ///< 0: the key has vanished
        std::optional<Time> gone_since;  ///< when it was first seen that the key of the instance is gone
    };
    /// etcd reported that a lease lasts for less than a second. A holder has given up by then, and is inactive when the
    /// second is over.
    struct EndOfHolder {
        std::int64_t lease = 0;
        Time inactive_from;
        EtcdHeader header;
        bool is_confirmed = false;  ///< by a read in the same term
    };

    // The main channel.
    void take_of_task(const EtcdClient::Answer& answer, Time now);
    void task_done(const EtcdReply& reply, Time now);
    void send_task(Time now);
    [[nodiscard]] Transaction looking() const;
    [[nodiscard]] Transaction claim() const;
    [[nodiscard]] Transaction departure() const;
    void task_failed(const EtcdFault& fault, Time now);
    void granted(const LeaseState& state, Time now);
    void entered(const TransactionReply& reply, Time now);
    void claimed(const TransactionReply& reply, Time now);
    void probed(const LeaseState& state, Time now);
    void look_soon(Time now);

    // What a look shows.
    void confirm_standby_renewal(const EtcdHeader& header);
    /// Until when the lease lasts long enough to become active with it, as far as is certain.
    [[nodiscard]] Time may_win_until() const { return sure_sent_ + plan_.ttl - plan_.margin - plan_.give_up; }
    /// \returns false if the own key is gone
    bool looked(const TransactionReply& reply, std::int64_t known_revision, Time now);
    void note_holder(const std::vector<KeyValue>& found, Time now);
    void consider(const EtcdHeader& header, Time now);
    /// Returns from when on this contender may follow the last holder; Time::max() if that is not known yet.
    [[nodiscard]] Time may_follow_from() const;
    /// \returns true if etcd has reported that the lease of the last holder runs out, and a read has confirmed it
    [[nodiscard]] bool is_end_known() const;
    /// Returns why this contender may become active, in words: "follows host 'a', pid 1: it has left".
    [[nodiscard]] std::string reason_to_follow(Time now) const;
    /// \returns nullptr if no contender has the lease
    [[nodiscard]] const KeyValue* contender_with(std::int64_t lease) const;
    [[nodiscard]] std::string key_of(std::int64_t lease) const;
    void watch_from(std::int64_t revision, Time now);

    // The renewal channel.
    void take_of_renewal(const EtcdClient::Answer& answer, Time now);
    void send_renewal(Time now);
    void renewal_failed(const EtcdFault& fault, Time now);
    void renewed(const LeaseState& state, Time now);
    void confirm(const TransactionReply& reply, Step step, Time now);
    void extend(Time now);
    [[nodiscard]] std::chrono::milliseconds pause_unconfirmed();

    // The watch channel.
    void take_of_watch(const EtcdClient::Answer& answer, Time now);
    void watched(const WatchReport& report, Time now);
    void watch_failed(Time now);

    /// Gives up the lease, and gets another one. \pre inactive
    void rejoin(const std::string& why, Time now);
    void join_with_new_lease(Time now);
    /// Knows from a look whether an unanswered claim was made.
    void note_own_claim(const TransactionReply& reply, Time now);
    void end_leaving(Time now);
    void lose(std::string reason, Time now, bool at_once);
    void drop_all();
    void forget_lease();
    /// \returns false if etcd went back in time
    bool note_header(const EtcdHeader& header, std::int64_t known_revision, Time now);
    [[nodiscard]] std::vector<std::string> keys_to_watch() const;
    /// Returns how many contenders are before this one. They come first in contenders_.
    [[nodiscard]] std::size_t ahead() const;
    [[nodiscard]] bool follows_holder() const;
    void begin_lock(std::int64_t claim_revision, const EtcdHeader& header, Time now);
    void note_answer();
    void note_failure(const EtcdFault& fault, Time now);
    [[nodiscard]] bool is_holder() const noexcept { return stage_ == Stage::claimed || stage_ == Stage::active; }
    [[nodiscard]] std::chrono::milliseconds pause_after(std::size_t failures) const;

    Options options_;
    ElectionPort* port_;
    LeasePlan plan_;
    Stage stage_ = Stage::out;
    bool has_place_ = false;
    std::optional<EtcdFault> fault_;

    // The own lease and key.
    std::int64_t lease_ = 0;
    std::string key_;
    std::int64_t create_revision_ = 0;
    std::int64_t claim_revision_ = 0;
    bool may_have_claimed_ = false;  ///< etcd has not told whether it recorded the claim that was sent
    bool joins_again_ = false;       ///< after leaving
    std::int64_t ended_lease_ = 0;   ///< an earlier one, for which this instance is inactive for sure
    Time lease_end_{};
    Time deadline_{};

    // What etcd showed.
    std::vector<KeyValue> contenders_;
    std::optional<Holder> holder_;
    std::optional<EndOfHolder> end_of_holder_;
    std::optional<EtcdHeader> last_look_;
    std::uint64_t cluster_ = 0;
    std::int64_t revision_ = 0;
    Time quiet_until_{};  ///< no claim before, as etcd went back in time

    // The main channel.
    Task task_ = Task::none;
    bool is_busy_ = false;
    bool wants_look_ = false;
    Time task_sent_{};
    Time task_due_ = Time::max();
    std::int64_t task_revision_ = 0;  ///< the latest known when the request was sent
    std::size_t task_failures_ = 0;

    // The renewal channel.
    Step step_ = Step::idle;
    Time renewal_due_ = Time::max();
    Time step_sent_{};
    Time keep_for_lock_sent_{};  ///< of the renewal that is being confirmed
    Time keep_sent_{};           ///< of the last one that was confirmed
    std::int64_t step_revision_ = 0;
    std::chrono::milliseconds kept_ttl_{0};
    std::optional<EtcdHeader> before_;  ///< of the last read on the renewal's way
    /// The renewal of a standby counts for its lock once a look confirms it, as that of a holder.
    struct StandbyRenewal {
        Time sent;
        EtcdHeader header;
        std::optional<EtcdHeader> look_before;
    };
    std::optional<StandbyRenewal> standby_renewal_;
    std::optional<EtcdHeader> look_before_step_;
    Time sure_sent_{};  ///< of the last renewal, or of the grant, that is certain
    std::size_t renewal_failures_ = 0;
    int unconfirmed_ = 0;
    std::string renewal_fault_;

    // The watch channel.
    std::vector<std::string> watched_;
    std::size_t watches_created_ = 0;
    std::size_t watch_failures_ = 0;
    Time watch_limit_ = Time::max();

    // Reports.
    bool is_etcd_silent_ = false;
    struct ReportedFault {
        std::string text;
        Time seen;
    };
    std::map<std::string, ReportedFault> reported_faults_;  ///< the last one of each endpoint
    std::int64_t reported_holder_ = 0;
    bool has_reported_wait_ = false;
    std::string win_reason_;        ///< of the claim
    std::size_t unsure_looks_ = 0;  ///< at the head of the queue, without a renewal that is certain
    bool has_reported_foreign_key_ = false;
};

}  // namespace servicekit::cluster
