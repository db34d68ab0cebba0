#include "cli/verbs/attended_call.hpp"

#include <cerrno>
#include <csignal>
#include <utility>

#include "cli/progress_bar.hpp"
#include "cli/reply_text.hpp"

namespace servicekit::cli {
namespace {

/// Shows the user of a call its progress, and reports its outcome.
class Attendance {
public:
    Attendance(Session& session, const AttendedCall& call)
        : console_{session.console},
          call_{call},
          name_{call.shown_as.empty() ? call.event : call.shown_as},
          bar_{session.console, *session.tools.host.clock} {}

    void show(const Turn& turn) {
        turn_ = turn;
        if (turn.has_come || turn.running.empty()) return bar_.clear();
        const std::string text = "waiting: '" + turn.running + "' runs before it";
        if (console_.shows_bars())
            bar_.show(text);
        else if (console_.streams().is_terminal(os::Stream::error))
            console_.complain(text);
    }
    void show(const Progress& progress) { bar_.show(progress); }
    void refresh() { bar_.refresh(); }
    void end() { bar_.clear(); }

    /// Returns true if a user is there who can answer a question.
    [[nodiscard]] bool can_be_asked() const {
        const os::StandardStreams& streams = console_.streams();
        return streams.is_terminal(os::Stream::in) && streams.is_terminal(os::Stream::error);
    }
    /// Asks the user what to do, and cancels the event if the user wants that. \returns true if the call goes on
    bool ask(const Client& client) {
        end();
        const bool may_cancel = turn_ && turn_->id != 0;
        const auto key = console_.streams().ask_key(
            console_.who() + ": '" + name_ + "' " + (turn_ && !turn_->has_come ? "is queued" : "runs") + ": " +
                (may_cancel ? "[c]ancel, [l]eave or [w]ait? " : "[l]eave or [w]ait? "),
            may_cancel ? "clw" : "lw");
        if (!key || !*key || **key == 'l') return false;
        if (**key == 'c') cancel(client);
        return true;
    }

    void say_interrupted() {
        end();
        console_.complain("interrupted: '" + name_ + "' " + state_in_words());
    }

private:
    void cancel(const Client& client) {
        constexpr std::chrono::seconds longest_cancel{10};
        // The connection of the call is in use.
        auto other = client.connect_again();
        if (!other) return console_.complain(other.error().message());
        const auto reply = other->call("cancel", {{"id", turn_->id}}, {.timeout = longest_cancel});
        console_.complain(reply ? cancel_text(*reply) : reply.error().error().message());
    }

    [[nodiscard]] std::string state_in_words() const {
        if (!turn_) return "is queued or runs, and goes on";
        if (turn_->has_come) return "runs, and goes on";
        const std::string behind = turn_->running.empty() ? "" : " behind '" + turn_->running + "'";
        return "is queued" + behind + ", and runs when its turn comes" +
               (call_.timeout && call_.shown_as.empty() ? ", if that is within its timeout" : "");
    }

    Console& console_;
    const AttendedCall& call_;
    const std::string name_;
    ProgressBar bar_;
    std::optional<Turn> turn_;
};

}  // namespace

int call_attended(Session& session, Client& client, const AttendedCall& call,
                  const std::function<int(const Result<Object, CallError>& reply)>& then) {
    constexpr int exit_code_of_signals = 128;
    Console& console = session.console;
    Attendance attendance{session, call};
    CallOptions options{.timeout = call.timeout};
    if (console.shows_bars()) options.on_progress = [&](const Progress& progress) { attendance.show(progress); };
    if (call.on_item) {
        options.on_item = [&](const Object& item) {
            attendance.end();
            call.on_item(item);
        };
    }
    const os::StandardStreams& streams = console.streams();
    if (streams.is_terminal(os::Stream::in) || streams.is_terminal(os::Stream::error))
        options.on_turn = [&](const Turn& turn) { attendance.show(turn); };

    std::optional<Result<Object, CallError>> reply;
    int signal = 0;
    {
        auto sleep = session.tools.make_sleep();
        options.is_given_up = [&] {
            attendance.refresh();
            if (sleep->sleep_for(std::chrono::milliseconds{0})) return false;
            signal = sleep->ended_by();
            if (signal != SIGINT || !attendance.can_be_asked()) return true;
            // A new object notes the next Ctrl-C. Two at a time would undo each other's changes to the signals.
            sleep.reset();
            sleep = session.tools.make_sleep();
            // A Ctrl-C after the answer asks again.
            const bool goes_on = attendance.ask(client);
            if (goes_on)
                signal = 0;
            else if (!sleep->sleep_for(std::chrono::milliseconds{0}))
                signal = sleep->ended_by();
            return !goes_on;
        };
        reply = client.call(call.event, call.arguments, options);
        const bool is_given_up = !*reply && reply->error().error().errno_value == EINTR;
        if (!is_given_up) signal = 0;
    }
    if (signal == 0) {
        attendance.end();
        return then(*reply);
    }
    attendance.say_interrupted();
    return exit_code_of_signals + signal;
}

}  // namespace servicekit::cli
