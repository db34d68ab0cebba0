#include "core/service_status.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/durations.hpp"
#include "base/rfc3339.hpp"
#include "core/built_in_events.hpp"
#include "core/caught_exception.hpp"
#include "core/health_report.hpp"
#include "servicekit/base/json.hpp"
#include "servicekit/policy/control_policy.hpp"
#include "servicekit/policy/lock_policy.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;

/// Maximum age of the kept fields when another event begins.
constexpr auto oldest_before_event = 1s;
/// If on_status() takes longer than this, it is not called before other events.
constexpr auto quick_answer = 100ms;

/// Fields that the status always has. Only the names: a value may be declared while the start still sets their
/// contents.
constexpr std::array<std::string_view, 7> constant_fields{"pid",     "control-socket", "uptime",    "name",
                                                          "version", "state",          "started-at"};
/// Fields that the status has sometimes.
constexpr std::array<std::string_view, 3> occasional_fields{"busy", "as-of", "left-out"};
/// Fields that were added later. If on_status() sets a field of such a name, it keeps its own.
constexpr std::array<std::string_view, 3> later_fields{"runs", "queue", "timers"};

/// Fields that the status has if the lock has a second level.
constexpr std::array<std::string_view, 2> standby_fields{"role", "token"};

/// A field that the status has if there are health checks. on_status() may set it otherwise.
constexpr auto checks_field = "checks";

/// The status lists at most this many running events, and at most this many waiting ones.
constexpr std::size_t most_listed = 100;

[[gnu::hot]] void append_number(std::string& out, std::int64_t number) {
    std::array<char, 20> digits;
    out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

std::int64_t seconds_between(std::chrono::steady_clock::time_point from, std::chrono::steady_clock::time_point to) {
    return std::chrono::duration_cast<std::chrono::seconds>(to - from).count();
}

/// \param since seconds since it began, or was requested
Value describe_event(const QueuedEvent& event, std::int64_t since) {
    Object caller;
    if (event.peer().uid != no_id) caller.append("uid", event.peer().uid);
    if (event.peer().pid > 0) caller.append("pid", event.peer().pid);
    return Object{{"id", event.id()}, {"event", event.event().name}, {"seconds", since}, {"caller", std::move(caller)}};
}

constexpr std::size_t usual_fields = 12;

template <std::size_t count>
bool is_one_of(std::string_view field, const std::array<std::string_view, count>& fields) {
    return std::find(fields.begin(), fields.end(), field) != fields.end();
}

/// Returns true if the status may have this built-in field, and may be without it.
bool may_vary(std::string_view field) {
    return is_one_of(field, occasional_fields) || is_one_of(field, later_fields) || is_one_of(field, standby_fields) ||
           field == checks_field;
}

}  // namespace

Reply ServiceStatus::ask() {
    Reply reply;
    default_ran_ = false;
    const auto begin = clock_.steady_now();
    program_.on_status(reply);
    last_took_ = clock_.steady_now() - begin;
    if (default_ran_ && reply.fields().empty()) may_have_own_.store(false, std::memory_order_relaxed);
    if (reply.fields().empty()) return reply;

    const Object always = built_in();
    Object own;
    for (const auto& [key, value] : reply.fields()) {
        const bool is_metric = metrics_.contains(key);
        const bool is_built_in = is_one_of(key, occasional_fields) ||
                                 (candidacy_.has_standby() && is_one_of(key, standby_fields)) ||
                                 (always.contains(key) && !is_one_of(key, later_fields));
        if (!is_metric && !is_built_in)
            own.append(key, value);
        else if (warned_of_.insert(key).second)
            log_.warning("on_status() may not set '" + key + "', which is " + (is_metric ? "a metric" : "built in"));
    }
    return Reply{std::move(own)};
}

void ServiceStatus::ask_before_ready() {
    if (metrics_.empty()) return;
    const auto status = events_.find("status");
    if (status->handler) return;
    try {
        keep(runner_.run_unasked(*status, {}, {}, [this](const Arguments&, Context&) { return ask(); }).fields());
    } catch (...) {
        log_.warning("event 'status' failed before the service was ready: " + describe_current_exception().message);
    }
}

void ServiceStatus::refresh_before(std::string_view event) {
    if (!may_have_own() || last_took_ > quick_answer || built_in_named(event) == BuiltIn::status) return;
    const auto now = clock_.steady_now();
    if (now < next_refresh_) return;
    const auto status = events_.find("status");
    if (status->handler) return;
    next_refresh_ = now + oldest_before_event;
    try {
        keep(runner_.run_unasked(*status, {}, {}, [this](const Arguments&, Context&) { return ask(); }).fields());
    } catch (...) {
        // It is not called before each event now, but only after it has answered a client.
        next_refresh_ = std::chrono::steady_clock::time_point::max();
        log_.warning("event 'status' failed before '" + std::string{event} +
                     "': " + describe_current_exception().message);
    }
}

void ServiceStatus::keep(const Object& own) {
    const auto now = clock_.system_now();
    next_refresh_ = clock_.steady_now() + oldest_before_event;
    const std::lock_guard guard{mutex_};
    kept_ = own;
    as_of_ = now;
}

[[gnu::hot]] std::int64_t ServiceStatus::uptime() const {
    return seconds_between(instance_.started_at, clock_.steady_now());
}

Object ServiceStatus::constant() const {
    Object fields;
    fields.reserve(usual_fields);
    fields.append("pid", instance_.pid);
    fields.append("control-socket", policies_.control.endpoint());
    fields.append("uptime", uptime());
    fields.append("name", instance_.paths.name);
    fields.append("version", instance_.options.version);
    fields.append("state", to_string(state_.now()));
    fields.append("started-at", instance_.started_at_text);
    // Not a field that varying() may have, which would be in the status twice.
    const auto add = [&fields](const Object& more) {
        for (const auto& [name, value] : more)
            if (!fields.contains(name) && !may_vary(name)) fields.append(name, value);
    };
    if (policies_.lock.has_fixed_status()) add(policies_.lock.status_fields());
    if (policies_.control.has_fixed_status()) add(policies_.control.status_fields());
    return fields;
}

ServiceStatus::ConstantText ServiceStatus::constant_text() const {
    ConstantText text;
    std::string* part = &text.before_uptime;
    for (const auto& [name, value] : constant()) {
        if (!text.before_uptime.empty()) *part += ',';
        append_json_string(*part, name);
        *part += ':';
        if (name == "uptime")
            part = &text.before_state;
        else if (name == "state")
            part = &text.after_state;
        else
            *part += to_json(value);
    }
    return text;
}

[[gnu::hot]] Object ServiceStatus::varying() const {
    Object fields;
    candidacy_.add_fields(fields);
    add_work(fields);
    if (!policies_.lock.has_fixed_status()) fields.merge(policies_.lock.status_fields());
    if (!policies_.control.has_fixed_status()) fields.merge(policies_.control.status_fields());
    const bool is_taken = std::any_of(fields.begin(), fields.end(), [](const Object::Member& field) {
        return is_one_of(field.first, constant_fields);
    });
    if (is_taken)
        for (const std::string_view name : constant_fields) fields.erase(name);
    return fields;
}

Object ServiceStatus::built_in() const {
    Object fields = constant();
    fields.merge(varying());
    return fields;
}

[[gnu::hot]] void ServiceStatus::add_work(Object& fields) const {
    if (health_checks_.were_used())
        if (auto checks = health_to_json(health_checks_.results()); !checks.empty())
            fields.append(checks_field, std::move(checks));
    // A service without work takes no lock.
    if (!runner_.is_busy() && runs_.size() == 0 && queue_.size() == 0 && !timers_.were_used()) return;
    const auto now = clock_.steady_now();
    if (const auto busy = runner_.busy(); busy && busy->event != "status")
        fields.append("busy", Object{{"event", busy->event}, {"seconds", seconds_between(busy->since, now)}});
    const auto is_listed = [](const QueuedEvent& event) { return event.event().name != "status"; };
    Value::List runs;
    for (const auto& run : runs_.all()) {
        if (runs.size() == most_listed) break;
        if (is_listed(*run)) runs.push_back(describe_event(*run, seconds_between(run->began_at(), now)));
    }
    if (!runs.empty()) fields.append("runs", std::move(runs));
    Value::List queue;
    for (const auto& waiting : queue_.all()) {
        if (queue.size() == most_listed) break;
        if (is_listed(*waiting)) queue.push_back(describe_event(*waiting, seconds_between(waiting->asked_at(), now)));
    }
    if (!queue.empty()) fields.append("queue", std::move(queue));
    Value::List timers;
    for (const Timers::Planned& planned : timers_.planned()) {
        Object row{{"name", planned.name}};
        if (planned.interval.count() > 0) row.append("interval", seconds_value(planned.interval));
        const auto from_now = std::chrono::duration_cast<std::chrono::system_clock::duration>(planned.next - now);
        row.append("next", rfc3339(clock_.system_now() + from_now));
        timers.emplace_back(std::move(row));
    }
    if (!timers.empty()) fields.append("timers", std::move(timers));
}

bool ServiceStatus::is_built_in(std::string_view field) const {
    // The protocol reserves the names `error` and `progress`.
    return is_one_of(field, constant_fields) || is_one_of(field, occasional_fields) || is_one_of(field, later_fields) ||
           (candidacy_.has_standby() && is_one_of(field, standby_fields)) || field == checks_field ||
           field == "error" || field == "progress" || policies_.lock.status_fields().contains(field) ||
           policies_.control.status_fields().contains(field);
}

Object ServiceStatus::with(const Object& own) const {
    Object fields = built_in();
    fields.merge(metrics_.read());
    fields.merge(own);
    return fields;
}

[[gnu::hot]] void ServiceStatus::append_last_known(std::string& out) const {
    Object more = varying();
    const std::lock_guard guard{mutex_};
    if (kept_.empty()) {
        remove_metrics(more);
        print_fields(std::move(more));
        out += printed_.text;
        metrics_.append_members(out);
    } else {
        more.merge(metrics_.read());
        more.merge(kept_);
        more.set("as-of", rfc3339(as_of_));
        append_fields(out, uptime(), state_.now(), more);
    }
    out += '}';
}

[[gnu::hot]] void ServiceStatus::append_fields(std::string& out, std::int64_t up, ServiceState state,
                                               const Object& varying) const {
    if (!is_text_final_) {
        constant_text_ = constant_text();
        is_text_final_ = state == ServiceState::running;
    }
    out += '{';
    out += constant_text_.before_uptime;
    append_number(out, up);
    out += constant_text_.before_state;
    out += '"';
    out += to_string(state);
    out += '"';
    out += constant_text_.after_state;
    append_json_members(out, varying);
}

[[gnu::hot]] void ServiceStatus::print_fields(Object&& varying) const {
    const std::int64_t up = uptime();
    const ServiceState state = state_.now();
    if (is_text_final_ && up == printed_.uptime && state == printed_.state && varying == printed_.varying) return;
    printed_.uptime = -1;  // in case that memory is short
    printed_.text.clear();
    append_fields(printed_.text, up, state, varying);
    printed_.varying = std::move(varying);
    printed_.state = state;
    printed_.uptime = up;
}

[[gnu::hot]] void ServiceStatus::remove_metrics(Object& fields) const {
    if (metrics_.empty()) return;
    std::vector<std::string> taken;
    for (const auto& [name, value] : fields)
        if (metrics_.contains(name)) taken.push_back(name);
    for (const std::string& name : taken) fields.erase(name);
}

}  // namespace servicekit
