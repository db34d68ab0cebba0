#include "core/health_checks.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "base/attempt.hpp"
#include "base/durations.hpp"
#include "base/escaped_text.hpp"
#include "base/names.hpp"
#include "core/caught_exception.hpp"
#include "core/current_handler.hpp"
#include "core/runs.hpp"
#include "servicekit/core/event.hpp"

namespace servicekit {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds longest_check_time = std::chrono::hours{24 * 365 * 100};

milliseconds whole_time(std::chrono::steady_clock::duration time) {
    return std::chrono::duration_cast<milliseconds>(time);
}

/// How long look() waits before it tries again what failed.
constexpr milliseconds retry_pause{1000};

/// Returns the text for people: one line of at most HealthChecks::longest_reason bytes.
std::string shortened(std::string_view text) {
    constexpr std::size_t longest = HealthChecks::longest_reason;
    constexpr std::string_view mark = "...";
    if (text.size() <= longest)
        if (std::string whole = escaped(text); whole.size() <= longest) return whole;
    text = text.substr(0, longest - mark.size());
    for (;;) {
        text.remove_suffix(unfinished_character(text));
        std::string line = escaped(text);
        if (line.size() <= longest - mark.size()) return line.append(mark);
        text.remove_suffix(1);
    }
}

}  // namespace

std::string_view to_string(HealthResult::Outcome outcome) noexcept {
    switch (outcome) {
        case HealthResult::Outcome::pending:
            return "pending";
        case HealthResult::Outcome::ok:
            return "ok";
        case HealthResult::Outcome::failed:
            return "failed";
        case HealthResult::Outcome::timed_out:
            break;
    }
    return "timed-out";
}

void Health::add(std::string name, HealthCheck check, HealthCheckOptions options) const {
    checks_->add(std::move(name), std::move(check), options);
}

std::vector<HealthResult> Health::results() const { return checks_->results(); }

/// A check and its last result. The name, the function and the options do not change.
struct HealthChecks::Check {
    std::string name;
    HealthCheck function;
    HealthCheckOptions options;
    Time due = Time::max();
    Run* run = nullptr;  ///< null if it does not run
    bool is_starved = false;
    bool is_of_activity = false;  ///< it ends with the activity during which it was added
    Outcome outcome = Outcome::pending;
    Outcome logged = Outcome::ok;  ///< the outcome that the log shows
    std::string reason = {};
    Time since = {};
    std::chrono::system_clock::time_point at = {};
    std::optional<microseconds> took = {};
};

/// One run of a check.
struct HealthChecks::Run {
    Run(Check& the_check, Time now) : check{the_check}, began{now}, deadline{now + the_check.options.timeout} {}

    Check& check;
    const Time began;
    const Time deadline;
    std::stop_source stop = {};
    bool is_overdue = false;
    bool was_asked = false;       ///< to end, because it is overdue
    bool is_being_asked = false;  ///< stop callbacks of the program run
    bool has_ended = false;
    std::unique_ptr<os::Thread> thread = {};
    std::unique_ptr<os::Thread> asking = {};  ///< the thread that calls the stop callbacks; null if there was none

    /// Returns true if no thread of the run uses the program.
    [[nodiscard]] bool is_over() const noexcept { return has_ended && !is_being_asked; }
};

/// What look() does without the lock: it may wait.
struct HealthChecks::Work {
    struct Line {
        LogLevel level;
        std::string text;
    };
    std::array<std::shared_ptr<Run>, most_threads> ended = {};
    std::vector<Line> lines = {};
};

HealthChecks::HealthChecks(const os::Host& host, std::shared_ptr<const Waiting> waiting, std::stop_token stop,
                           Logger& log)
    : clock_{*host.clock},
      threads_{*host.threads},
      crashes_{*host.crashes},
      waiting_{std::move(waiting)},
      stop_{std::move(stop)},
      log_{log},
      at_stop_{std::in_place, stop_, EndRuns{this}} {}

HealthChecks::~HealthChecks() = default;

void HealthChecks::add(std::string name, HealthCheck function, HealthCheckOptions options) {
    const auto refuse = [&name](const std::string& reason) {
        throw std::invalid_argument{"cannot add the health check '" + escaped(name) + "': " + reason};
    };
    if (!is_valid_name(name)) refuse("expected " + std::string{name_rule()});
    if (!function) refuse("there is no function to call");
    if (options.interval <= milliseconds{0}) refuse("the interval must be positive");
    if (options.timeout <= milliseconds{0}) refuse("the timeout must be positive");
    options.interval = std::min(options.interval, longest_check_time);
    options.timeout = std::min(options.timeout, longest_check_time);

    const std::lock_guard guard{mutex_};
    if (std::any_of(checks_.begin(), checks_.end(), [&name](const auto& known) { return known->name == name; }))
        refuse("there is one already");
    if (checks_.size() == most_checks) refuse("a service has at most " + std::to_string(most_checks));
    auto check =
        std::make_unique<Check>(Check{.name = std::move(name), .function = std::move(function), .options = options});
    check->is_of_activity = is_in_activity_;
    if (has_begun_) check->due = clock_.steady_now();
    checks_.reserve(checks_.size() + 1);  // so that nothing fails after the post
    if (has_begun_ && loop_ != nullptr) post_look();
    checks_.push_back(std::move(check));
    were_used_.store(true, std::memory_order_release);
}

std::vector<HealthResult> HealthChecks::results() const {
    const std::lock_guard guard{mutex_};
    std::vector<HealthResult> results;
    results.reserve(checks_.size());
    const auto now = clock_.steady_now();
    for (const auto& check : checks_) {
        HealthResult result{.check = check->name,
                            .critical = check->options.critical,
                            .outcome = check->outcome,
                            .reason = check->reason,
                            .at = check->at,
                            .took = check->took};
        if (check->outcome != Outcome::pending) result.age = whole_time(now - check->since);
        if (check->run != nullptr) result.running = whole_time(now - check->run->began);
        results.push_back(std::move(result));
    }
    return results;
}

std::string HealthChecks::names_of_runs() const {
    std::vector<std::string> names;
    for (const auto& run : runs_)
        if (run && !run->is_over()) names.push_back("'" + run->check.name + "'");
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i)
        text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
    return text;
}

void HealthChecks::arm(os::EventLoop& loop) {
    timer_ = loop.timer();
    const std::lock_guard guard{mutex_};
    loop_ = armed_ = &loop;
}

void HealthChecks::begin() {
    const std::lock_guard guard{mutex_};
    has_begun_ = true;
    if (checks_.empty()) return;
    const auto now = clock_.steady_now();
    for (const auto& check : checks_) check->due = now;
    post_look();
}

void HealthChecks::begin_activity(std::stop_token stop) {
    {
        const std::lock_guard guard{mutex_};
        is_in_activity_ = true;
        stop_ = stop;
        loop_ = armed_;
    }
    // Without the lock, as it may call request_end() at once.
    at_stop_.emplace(std::move(stop), EndRuns{this});
}

void HealthChecks::end_activity(milliseconds at_most) {
    stop(at_most);
    std::vector<std::unique_ptr<Check>> ended;  // destroyed outside the lock: a function may own anything
    const std::lock_guard guard{mutex_};
    is_in_activity_ = false;
    has_begun_ = false;
    for (auto& check : checks_) {
        if (check->is_of_activity) {
            (check->run != nullptr ? removed_ : ended).push_back(std::move(check));
            continue;
        }
        check->outcome = Outcome::pending;
        check->reason.clear();
        check->due = Time::max();
    }
    std::erase(checks_, nullptr);
}

void HealthChecks::post_look() {
    loop_->post([this] { look(); });
}

void HealthChecks::look() {
    if (!attempt([this] { look_now(); })) timer_->start(retry_pause, [this] { look(); });
}

void HealthChecks::look_now() {
    Work work;
    {
        const std::lock_guard guard{mutex_};
        if (loop_ == nullptr || stop_.stop_requested()) return;
        const auto now = clock_.steady_now();
        for (std::size_t i = 0; i < runs_.size(); ++i)
            if (runs_.at(i) && runs_.at(i)->is_over()) work.ended.at(i) = std::move(runs_.at(i));
        note_overdue(now);
        ask_overdue();
        begin_due(now);
        note_starved(now);
        set_timer(now);
        note_news(work);
    }
    // The threads of runs that have ended only have to destroy their thread_local objects. Nobody waits for that.
    for (const Work::Line& line : work.lines) log_.write(line.level, line.text);
}

void HealthChecks::note_overdue(Time now) {
    for (const auto& run : runs_)
        if (run && !run->is_overdue && now >= run->deadline) time_out(*run, now);
}

void HealthChecks::ask_overdue() {
    for (const auto& run : runs_) {
        if (!run || !run->is_overdue || run->was_asked || run->has_ended) continue;
        // A stop callback of the program may block. It must not delay the loop.
        auto started = threads_.start("health-stop", [self = shared_from_this(), run] { self->ask(*run); });
        if (!started) continue;  // the timer calls look() again
        run->was_asked = true;
        run->is_being_asked = true;
        run->asking = *std::move(started);
    }
}

HealthChecks::Check* HealthChecks::next_due(Time now) const {
    Check* next = nullptr;
    for (const auto& check : checks_)
        if (check->run == nullptr && check->due <= now && (next == nullptr || check->due < next->due))
            next = check.get();
    return next;
}

void HealthChecks::begin_due(Time now) {
    for (auto& slot : runs_) {
        while (!slot) {
            Check* const check = next_due(now);
            if (check == nullptr) return;
            begin(*check, slot, now);
        }
    }
}

void HealthChecks::begin(Check& check, std::shared_ptr<Run>& slot, Time now) {
    auto run = std::make_shared<Run>(check, now);
    auto started = threads_.start("health", [self = shared_from_this(), run] { self->work(*run); });
    check.is_starved = false;
    if (!started) {
        check.due = now + check.options.interval;
        return set(check, Outcome::failed, started.error().message(), now);
    }
    run->thread = *std::move(started);
    check.run = run.get();
    slot = std::move(run);
}

void HealthChecks::note_starved(Time now) {
    const bool all_hang =
        std::all_of(runs_.begin(), runs_.end(), [](const auto& run) { return run && run->is_overdue; });
    for (const auto& check : checks_) {
        if (check->run != nullptr || check->due > now || check->is_starved) continue;
        const milliseconds longest_wait = check->options.timeout;
        if (!all_hang && now < check->due + longest_wait) continue;
        std::string reason =
            all_hang ? "no thread is free: " + names_of_runs() + " hang"
                     : "no thread was free for " + time_in_words(longest_wait) + ": " + names_of_runs() + " run";
        check->is_starved = true;
        set(*check, Outcome::failed, std::move(reason), now);
    }
}

void HealthChecks::set_timer(Time now) {
    auto next = Time::max();
    // A run that is overdue may not have been asked to end yet, or its end may lack the memory to call look().
    for (const auto& run : runs_)
        if (run) next = std::min(next, run->is_overdue ? now + retry_pause : run->deadline);
    for (const auto& check : checks_) {
        if (check->run != nullptr) continue;
        if (check->due > now)
            next = std::min(next, check->due);
        else if (!check->is_starved)  // it waits for the end of a run
            next = std::min(next, check->due + check->options.timeout);
    }
    if (next != Time::max())
        timer_->start(std::chrono::ceil<milliseconds>(next - now), [this] { look(); });
    else
        timer_->stop();
}

void HealthChecks::note_news(Work& work) {
    for (const auto& check : checks_) {
        if (check->outcome == check->logged || check->outcome == Outcome::pending) continue;
        const std::string subject = "health check '" + check->name + "' ";
        const LogLevel bad = check->options.critical ? LogLevel::error : LogLevel::warning;
        switch (check->outcome) {
            case Outcome::ok:
                work.lines.push_back({LogLevel::info, subject + "is ok again"});
                break;
            case Outcome::failed:
                work.lines.push_back({bad, subject + "failed: " + check->reason});
                break;
            default:
                work.lines.push_back({bad, subject + "timed out: " + check->reason});
        }
        check->logged = check->outcome;
    }
}

void HealthChecks::set(Check& check, Outcome outcome, std::string reason, Time now) const {
    // This may be on the thread of a run, whose end must not fail.
    if (!attempt([&reason] { reason = shortened(reason); })) reason.clear();
    check.outcome = outcome;
    check.reason = std::move(reason);
    check.since = now;
    check.at = clock_.system_now();
}

void HealthChecks::time_out(Run& run, Time now) const {
    run.is_overdue = true;
    run.check.took = std::chrono::duration_cast<microseconds>(now - run.began);
    std::string reason;
    static_cast<void>(attempt([&] { reason = "it took longer than " + time_in_words(run.check.options.timeout); }));
    set(run.check, Outcome::timed_out, std::move(reason), now);
}

void HealthChecks::work(Run& run) {
    crashes_.guard_this_thread();
    Outcome outcome = Outcome::failed;
    std::string reason;
    try {
        const Context context{run.stop.get_token(), run.deadline, {}, {}, *waiting_};
        const HandlerScope scope{context};
        run.check.function(context);
        outcome = Outcome::ok;
    } catch (...) {
        if (!attempt([&reason] { reason = describe_current_exception().message; })) reason = "out of memory";
    }
    end(run, outcome, std::move(reason));
}

void HealthChecks::end(Run& run, Outcome outcome, std::string reason) {
    const std::lock_guard guard{mutex_};
    const auto now = clock_.steady_now();
    Check& check = run.check;
    run.has_ended = true;
    check.run = nullptr;
    check.due = now + check.options.interval;
    // A check that ends early because the service stops has not failed.
    if (!run.is_overdue && !stop_.stop_requested()) {
        if (now >= run.deadline)
            time_out(run, now);
        else
            set(check, outcome, std::move(reason), now);
    }
    check.took = std::chrono::duration_cast<microseconds>(now - run.began);
    post_look_if_possible();
}

void HealthChecks::ask(Run& run) {
    crashes_.guard_this_thread();
    Runs::request_stop(run.stop);
    const std::lock_guard guard{mutex_};
    run.is_being_asked = false;
    if (run.has_ended) post_look_if_possible();
}

void HealthChecks::post_look_if_possible() {
    // If there is no memory, the timer calls look() later: at the deadline of the run, or after a pause.
    if (loop_ != nullptr) static_cast<void>(attempt([this] { post_look(); }));
}

void HealthChecks::request_end() noexcept {
    decltype(runs_) runs;
    {
        const std::lock_guard guard{mutex_};
        runs = runs_;
    }
    for (const auto& run : runs)
        if (run) run->stop.request_stop();
}

void HealthChecks::stop(milliseconds at_most) {
    decltype(runs_) runs;
    {
        const std::lock_guard guard{mutex_};
        loop_ = nullptr;
        runs = runs_;
        for (auto& run : runs)
            if (run && run->is_overdue && !run->has_ended) run = nullptr;
    }
    const auto until = clock_.steady_now() + at_most;
    for (const auto& run : runs)
        if (run) static_cast<void>(run->thread->wait(time_left(until)));
    // The log may wait for a disk, so it is written without the lock.
    if (const std::string names = running(); !names.empty()) log_.warning("health checks still run: " + names);
}

milliseconds HealthChecks::time_left(Time until) const {
    return std::max(std::chrono::ceil<milliseconds>(until - clock_.steady_now()), milliseconds{0});
}

std::string HealthChecks::running() const {
    const std::lock_guard guard{mutex_};
    return names_of_runs();
}

bool HealthChecks::are_running() const noexcept {
    const std::lock_guard guard{mutex_};
    return std::any_of(runs_.begin(), runs_.end(), [](const auto& run) { return run && !run->is_over(); });
}

bool HealthChecks::have_ended(milliseconds at_most) {
    decltype(runs_) runs;
    {
        const std::lock_guard guard{mutex_};
        runs = runs_;
        for (const auto& run : runs)
            if (run && !run->is_over()) return false;
    }
    // These threads only have to end.
    const auto until = clock_.steady_now() + at_most;
    const auto has_ended = [&](const auto& thread) { return !thread || thread->wait(time_left(until)); };
    return std::all_of(runs.begin(), runs.end(),
                       [&](const auto& run) { return !run || (has_ended(run->thread) && has_ended(run->asking)); });
}

void HealthChecks::disarm() {
    timer_.reset();
    const std::lock_guard guard{mutex_};
    loop_ = armed_ = nullptr;
}

}  // namespace servicekit
