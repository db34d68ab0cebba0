#include "servicectl/survey.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>

#include "client/exchange.hpp"
#include "client/server_check.hpp"

namespace servicekit::servicectl {
namespace {

using std::chrono::milliseconds;
using State = Finding::State;

/// How often a server whose queue of clients is full is tried again.
constexpr milliseconds retry_interval{20};
/// Descriptors that are left for other uses.
constexpr std::size_t spare_descriptors = 24;
constexpr pid_t service_manager = 1;

bool is_one_of(int errno_value, std::initializer_list<int> values) {
    return std::find(values.begin(), values.end(), errno_value) != values.end();
}

/// Asks many services on an event loop. run() is for the thread that made it; everything else runs in the loop.
class Survey {
public:
    Survey(const std::vector<Place>& places, milliseconds at_most, const os::Host& host, const Question& question)
        : places_{places},
          at_most_{at_most},
          host_{host},
          question_{question},
          findings_(places.size()),
          asked_(places.size()) {
        order();
        const std::size_t limit = host.process->descriptor_limit();
        most_open_ = std::max(limit, spare_descriptors + 1) - spare_descriptors;
    }

    std::vector<Finding> run() {
        leave_out_those_of_managers();
        if (waiting_.empty()) return finish();
        loop_ = host_.make_event_loop("survey");
        parking_ = host_.make_parking();
        deadline_ = loop_->timer();
        retry_ = loop_->timer();
        loop_->post([this] { begin(); });
        if (const auto started = loop_->start(); !started) {
            for (const std::size_t i : waiting_) findings_[i].reason = started.error().message();
            loop_.reset();
            return finish();
        }
        {
            const std::stop_callback on_stop{question_.stop, [this] { loop_->post([this] { end(); }); }};
            parking_->park();
        }
        loop_->stop();
        return finish();
    }

private:
    struct Asked {
        std::unique_ptr<Exchange> exchange;
        std::unique_ptr<os::Watch> watch;  ///< destroyed first
    };

    [[nodiscard]] bool is_foreign(std::size_t i) const { return is_of_another_user(places_[i], host_); }
    /// Returns true if no other user can change what is at the place.
    [[nodiscard]] bool is_closed(std::size_t i) const {
        return places_[i].owner == 0 || places_[i].owner == host_.process->effective_user();
    }

    /// Other users come last: they cannot use up the descriptors.
    void order() {
        for (const bool foreign : {true, false})
            for (std::size_t i = places_.size(); i-- > 0;)
                if (is_foreign(i) == foreign) waiting_.push_back(i);
    }
    /// To connect would start the service.
    void leave_out_those_of_managers() {
        const auto paths = host_.sockets->paths_of_managers();
        if (paths.empty()) return;
        std::erase_if(waiting_, [&](std::size_t i) {
            if (std::find(paths.begin(), paths.end(), places_[i].paths.control_socket) == paths.end()) return false;
            if (is_closed(i) && take_owner(i)) return false;
            findings_[i].state = State::on_demand;
            return true;
        });
    }

    void begin() {
        end_ = host_.clock->steady_now() + at_most_;
        deadline_->start(at_most_, [this] { end(); });
        ask_more();
    }
    void ask_more() {
        while (!is_over_ && !waiting_.empty() && open_ < most_open_) {
            if (is_time_over()) return end();
            const std::size_t i = waiting_.back();
            waiting_.pop_back();
            if (!ask(i)) break;
        }
        if (!is_over_ && waiting_.empty() && full_.empty() && open_ == 0) end();
    }
    /// \returns false if there are too few descriptors now
    bool ask(std::size_t i) {
        Finding& finding = findings_[i];
        auto connection = host_.sockets->try_connect(places_[i].paths.control_socket, os::Links::do_not_follow);
        if (!connection) {
            const int reason = connection.error().errno_value;
            if (is_one_of(reason, {EMFILE, ENFILE}) && open_ > 0) {
                waiting_.push_back(i);
                most_open_ = open_;
                return false;
            }
            take_failure(finding, connection.error());
            return true;
        }
        if (*connection == nullptr) {
            finding.state = State::hung;
            finding.reason = "it accepts no clients, and its queue is full";
            if (full_.empty()) retry_->start(retry_interval, [this] { retry(); });
            full_.push_back(i);
            return true;
        }
        const Peer server = (*connection)->peer();
        if (!is_expected(i, server)) {
            finding.state = State::not_trusted;
            finding.reason =
                "it is served by " + (server.uid == no_id ? "an unknown user" : "uid " + std::to_string(server.uid));
            return true;
        }
        finding.state = State::hung;
        finding.reason = "it does not answer";
        if (server.pid > service_manager) finding.pid = server.pid;
        finding.user = server.uid;
        try {
            Asked asked;
            const int descriptor = (*connection)->descriptor();
            asked.exchange = std::make_unique<Exchange>(*std::move(connection), places_[i].paths.control_socket,
                                                        question_.event, Object{}, CallOptions{}, longest_reply_of(i));
            asked.watch = loop_->watch(descriptor);
            asked_[i] = std::move(asked);
            ++open_;
            proceed(i);
        } catch (const std::system_error& error) {
            finding.state = State::not_asked;
            finding.reason = error.what();
        }
        return true;
    }
    void retry() {
        auto again = std::exchange(full_, {});
        waiting_.insert(waiting_.end(), again.begin(), again.end());
        ask_more();
    }
    [[nodiscard]] bool is_expected(std::size_t i, const Peer& server) const {
        if (server.uid == no_id) return false;
        if (is_foreign(i)) return server.uid == places_[i].owner;
        // Only root and this user can have put the socket there, so they know who serves it.
        return is_closed(i) || may_serve(server, {host_.process->effective_user(), places_[i].owner});
    }
    static void take_failure(Finding& finding, const Error& error) {
        finding.reason = error.reason;
        const int reason = error.errno_value;
        if (is_one_of(reason, {ENOENT, ENOTDIR}))
            finding.state = State::stopped;
        else if (reason == ECONNREFUSED)
            finding.state = State::dead;
        else if (is_one_of(reason, {ELOOP, ENOTSOCK}))
            finding.state = State::not_trusted;
        else if (is_one_of(reason, {EACCES, EPERM}))
            finding.state = State::no_access;
        else
            finding.state = error.exit_code == ExitCode::permission ? State::not_trusted : State::not_asked;
    }

    [[nodiscard]] std::size_t longest_reply_of(std::size_t i) const {
        return is_foreign(i) ? question_.longest_of_others : question_.longest;
    }
    /// Returns true if no time is left. The loop looks at its timers only after all connections that have something, and
    /// to parse what they have may take longer than the whole survey should.
    [[nodiscard]] bool is_time_over() const {
        return question_.stop.stop_requested() || host_.clock->steady_now() >= end_;
    }

    /// Continues one exchange.
    void proceed(std::size_t i) {
        if (is_time_over()) return end();
        Exchange& exchange = *asked_[i].exchange;
        if (auto outcome = exchange.advance()) {
            take_outcome(i, std::move(*outcome));
            close(i);
            return;
        }
        const auto again = [this, i] {
            proceed(i);
            ask_more();
        };
        if (exchange.is_behind())
            loop_->post([this, i] {
                if (!is_over_ && asked_[i].exchange) proceed(i);
            });
        else if (exchange.wants_to_send())
            asked_[i].watch->await_writable(again);
        else
            asked_[i].watch->await_readable(again);
    }
    /// Reads what a service has sent in time, and the loop has not come to.
    void take_what_has_come(std::size_t i) {
        if (auto outcome = asked_[i].exchange->advance()) take_outcome(i, std::move(*outcome));
    }
    void take_outcome(std::size_t i, Exchange::Outcome outcome) {
        Finding& finding = findings_[i];
        finding.has_replied = outcome.has_value() || outcome.error().is_reply();
        if (outcome) {
            finding.state = State::answers;
            if (question_.on_reply)
                question_.on_reply(i, *std::move(outcome));
            else
                finding.status = *std::move(outcome);
            finding.reason.clear();
            return;
        }
        const CallError& error = outcome.error();
        finding.reason = error.is_reply() ? error.what() : error.error().reason;
        if (error.code() == "not-allowed") finding.state = State::no_access;
        if (!error.is_reply() && error.error().errno_value == EMSGSIZE) {
            finding.state = State::too_long;
            finding.reason = "its reply is not shown, because " + finding.reason;
        }
    }
    void close(std::size_t i) {
        asked_[i].watch.reset();
        asked_[i].exchange.reset();
        --open_;
    }
    void end() {
        if (std::exchange(is_over_, true)) return;
        deadline_->stop();
        retry_->stop();
        for (std::size_t i = 0; i < asked_.size(); ++i) {
            if (asked_[i].exchange && !is_foreign(i)) take_what_has_come(i);
            asked_[i].watch.reset();
            asked_[i].exchange.reset();
        }
        parking_->unpark();
    }

    /// Adds what the locks and /proc show.
    std::vector<Finding> finish() {
        for (std::size_t i = 0; i < places_.size(); ++i) {
            Finding& finding = findings_[i];
            // The holder of a lock in another user's directory may be made to be hard to find.
            if (finding.state != State::answers && finding.pid == 0 && is_closed(i)) correct_by_lock(i);
            if (finding.state == State::answers && finding.pid == 0 && is_closed(i))
                finding.pid = finding.status.get<pid_t>("pid", 0);
            if (finding.pid > 0 && is_running(finding)) finding.usage = host_.processes->usage_of(finding.pid);
        }
        return std::move(findings_);
    }
    /// \returns false if no process holds the lock
    bool take_owner(std::size_t i) {
        const auto owner = host_.locks->owner(places_[i].paths.pid_file, os::Look::thorough);
        if (!owner || !*owner) return false;
        findings_[i].pid = std::max((*owner)->pid, pid_t{0});
        findings_[i].user = (*owner)->uid;
        return true;
    }
    void correct_by_lock(std::size_t i) {
        Finding& finding = findings_[i];
        if (!is_one_of_those_that_may_run(finding.state)) return;
        const bool is_held = take_owner(i);
        if (is_held && (finding.state == State::stopped || finding.state == State::dead))
            finding.state = State::no_socket;
        if (is_held || finding.state == State::hung || finding.state == State::dead) return;
        const auto pid_file = host_.files->status(places_[i].paths.pid_file, os::Links::do_not_follow);
        if (!pid_file || !*pid_file) return;
        // A clean end empties the pidfile.
        if (finding.state == State::no_access || (*pid_file)->size > 0) finding.state = State::dead;
    }
    static bool is_one_of_those_that_may_run(State state) {
        return state == State::stopped || state == State::dead || state == State::no_access || state == State::hung;
    }

    const std::vector<Place>& places_;
    const milliseconds at_most_;
    const os::Host& host_;
    const Question& question_;
    std::vector<Finding> findings_;
    std::vector<Asked> asked_;
    std::vector<std::size_t> waiting_;  ///< the next one is at the end
    std::vector<std::size_t> full_;     ///< the queues of these servers are full
    std::size_t open_ = 0;
    std::size_t most_open_ = 0;
    bool is_over_ = false;
    std::chrono::steady_clock::time_point end_{};  ///< when the time is over
    std::unique_ptr<os::EventLoop> loop_;
    std::unique_ptr<os::Parking> parking_;
    std::unique_ptr<os::Timer> deadline_;
    std::unique_ptr<os::Timer> retry_;
};

}  // namespace

std::string state_in_words(const Finding& finding) {
    switch (finding.state) {
        case State::answers:
            return finding.status.get<std::string>("state", "unknown");
        case State::too_long:
            return "too long";
        case State::hung:
            return "hung";
        case State::no_access:
            return "no access";
        case State::no_socket:
            return "no socket";
        case State::on_demand:
            return "on demand";
        case State::dead:
            return "dead";
        case State::stopped:
            return "stopped";
        case State::not_trusted:
            return "not trusted";
        case State::not_asked:
            break;
    }
    return "not asked";
}

bool is_running(const Finding& finding) noexcept {
    switch (finding.state) {
        case State::answers:
        case State::too_long:
        case State::hung:
        case State::no_access:
        case State::no_socket:
            return true;
        default:
            return false;
    }
}

std::optional<std::string> newer_protocol(const Finding& finding) {
    constexpr std::int64_t known = 1;
    const Value* const version = finding.status.find("protocol");
    // The application may have a field of that name.
    if (version == nullptr || !version->is_integer() || version->as_integer() <= known) return std::nullopt;
    return "it uses version " + std::to_string(version->as_integer()) +
           " of the control protocol, and this servicectl knows version " + std::to_string(known) +
           "; install a newer servicectl";
}

Object busy_with(const Object& status) {
    if (const Value* const busy = status.find("busy"); busy != nullptr && busy->is_object()) {
        const Object& fields = busy->as_object();
        return {{"event", fields.get<std::string>("event", {})}, {"seconds", fields.get<std::int64_t>("seconds", 0)}};
    }
    const Value* const runs = status.find("runs");
    if (runs == nullptr || !runs->is_list() || runs->as_list().empty() || !runs->as_list().front().is_object())
        return {};
    const Object& first = runs->as_list().front().as_object();
    return {{"event", first.get<std::string>("event", {})}, {"seconds", first.get<std::int64_t>("seconds", 0)}};
}

std::vector<Finding> survey(const std::vector<Place>& places, milliseconds at_most, const os::Host& host,
                            const Question& question) {
    return Survey{places, at_most, host, question}.run();
}

}  // namespace servicekit::servicectl
