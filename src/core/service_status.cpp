#include "core/service_status.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/rfc3339.hpp"
#include "core/built_in_events.hpp"
#include "servicekit/policy/control_policy.hpp"
#include "servicekit/policy/lock_policy.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;

/// How old what is kept may be when another event begins.
constexpr auto oldest_before_event = 1s;
/// A service that takes longer than this to answer is not asked before an event.
constexpr auto quick_answer = 100ms;

/// What the status has now and then, beside the fields that it always has.
constexpr std::array<std::string_view, 3> occasional_fields{"busy", "as-of", "left-out"};

constexpr std::size_t usual_fields = 12;

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
    const auto is_built_in = [&always](const std::string& key) {
        return always.contains(key) ||
               std::find(occasional_fields.begin(), occasional_fields.end(), key) != occasional_fields.end();
    };
    Object own;
    for (const auto& [key, value] : reply.fields()) {
        if (!is_built_in(key))
            own.append(key, value);
        else if (warned_of_.insert(key).second)
            log_.warning("on_status() may not set '" + key + "', which is built in");
    }
    return Reply{std::move(own)};
}

void ServiceStatus::refresh_before(std::string_view event) {
    if (built_in_named(event) == BuiltIn::status || !may_have_own() || last_took_ > quick_answer) return;
    const auto now = clock_.steady_now();
    if (now < next_refresh_) return;
    const auto status = events_.find("status");
    if (status->handler) return;
    next_refresh_ = now + oldest_before_event;
    try {
        keep(runner_.run_unasked(*status, {}, {}, [this](const Arguments&, Context&) { return ask(); }).fields());
    } catch (...) {
        // Not before each event: it is asked again once a client's question had an answer.
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

Object ServiceStatus::built_in() const {
    const auto now = clock_.steady_now();
    const auto seconds_since = [now](std::chrono::steady_clock::time_point then) {
        return std::chrono::duration_cast<std::chrono::seconds>(now - then).count();
    };
    Object fields;
    fields.reserve(usual_fields);
    fields.append("pid", instance_.pid);
    fields.append("control-socket", policies_.control.endpoint());
    fields.append("uptime", seconds_since(instance_.started_at));
    fields.append("name", instance_.paths.name);
    fields.append("version", instance_.options.version);
    fields.append("state", to_string(state_.now()));
    fields.append("started-at", instance_.started_at_text);
    if (const auto busy = runner_.busy(); busy && busy->event != "status")
        fields.append("busy", Object{{"event", busy->event}, {"seconds", seconds_since(busy->since)}});
    fields.merge(policies_.lock.status_fields());
    fields.merge(policies_.control.status_fields());
    return fields;
}

Object ServiceStatus::with(const Object& own) const {
    Object fields = built_in();
    fields.merge(own);
    return fields;
}

Object ServiceStatus::last_known() const {
    Object fields = built_in();
    const std::lock_guard guard{mutex_};
    if (kept_.empty()) return fields;
    fields.merge(kept_);
    fields.set("as-of", rfc3339(as_of_));
    return fields;
}

}  // namespace servicekit
