#include "cli/verbs/attended_call.hpp"

#include <cerrno>
#include <utility>

#include "cli/progress_bar.hpp"

namespace servicekit::cli {
namespace {

/// What is known of the event, for its user.
class Attendance {
public:
    Attendance(Console& console, const AttendedCall& call) : console_{console}, call_{call}, bar_{console} {}

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
    void end() { bar_.clear(); }

    void say_interrupted() {
        end();
        console_.complain("interrupted: '" + call_.event + "' " + state_in_words());
    }

private:
    [[nodiscard]] std::string state_in_words() const {
        if (!turn_) return "is queued or runs, and goes on";
        if (turn_->has_come) return "runs, and goes on";
        const std::string behind = turn_->running.empty() ? "" : " behind '" + turn_->running + "'";
        return "is queued" + behind + ", and runs when its turn comes" +
               (call_.timeout ? ", if that is within its timeout" : "");
    }

    Console& console_;
    const AttendedCall& call_;
    ProgressBar bar_;
    std::optional<Turn> turn_;
};

}  // namespace

int call_attended(Session& session, Client& client, const AttendedCall& call,
                  const std::function<int(const Result<Object, CallError>& reply)>& then) {
    constexpr int exit_code_of_signals = 128;
    Console& console = session.console;
    Attendance attendance{console, call};
    CallOptions options{.timeout = call.timeout};
    if (console.shows_bars()) options.on_progress = [&](const Progress& progress) { attendance.show(progress); };
    const os::StandardStreams& streams = console.streams();
    if (streams.is_terminal(os::Stream::in) || streams.is_terminal(os::Stream::error))
        options.on_turn = [&](const Turn& turn) { attendance.show(turn); };

    std::optional<Result<Object, CallError>> reply;
    int signal = 0;
    {
        const auto sleep = session.tools.make_sleep();
        options.is_given_up = [&sleep] { return !sleep->sleep_for(std::chrono::milliseconds{0}); };
        reply = client.call(call.event, call.arguments, options);
        if (!*reply && reply->error().error().errno_value == EINTR) signal = sleep->ended_by();
    }
    if (signal == 0) {
        attendance.end();
        return then(*reply);
    }
    attendance.say_interrupted();
    return exit_code_of_signals + signal;
}

}  // namespace servicekit::cli
