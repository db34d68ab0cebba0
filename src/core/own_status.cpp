#include "core/own_status.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/rfc3339.hpp"
#include "core/built_in_events.hpp"
#include "core/control_plane.hpp"
#include "core/service_core.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;

/// How old what is kept may be when another event begins.
constexpr auto oldest_before_event = 1s;
/// A service that takes longer than this to answer is not asked before an event.
constexpr auto quick_answer = 100ms;

/// What the status has now and then, beside the fields that it always has.
constexpr std::array<std::string_view, 3> occasional_fields{"busy", "as-of", "left-out"};

}  // namespace

Reply OwnStatus::ask() {
    Reply reply;
    default_ran_ = false;
    const auto begin = core_->host.clock->steady_now();
    core_->on_status(reply);
    last_took_ = core_->host.clock->steady_now() - begin;
    if (default_ran_ && reply.fields().empty()) may_exist_.store(false, std::memory_order_relaxed);
    if (reply.fields().empty()) return reply;

    const Object built_in = core_->control_plane->status_fields();
    const auto is_built_in = [&built_in](const std::string& key) {
        return built_in.contains(key) ||
               std::find(occasional_fields.begin(), occasional_fields.end(), key) != occasional_fields.end();
    };
    Object own;
    for (const auto& [key, value] : reply.fields()) {
        if (!is_built_in(key))
            own.append(key, value);
        else if (warned_of_.insert(key).second)
            core_->log.warning("on_status() may not set '" + key + "', which is built in");
    }
    return Reply{std::move(own)};
}

void OwnStatus::refresh_before(std::string_view event) {
    if (built_in_named(event) == BuiltIn::status || !may_exist() || last_took_ > quick_answer) return;
    const auto now = core_->host.clock->steady_now();
    if (now < next_refresh_) return;
    const auto status = core_->events.find("status");
    if (status->handler) return;
    next_refresh_ = now + oldest_before_event;
    try {
        keep(core_->runner.run_unasked(*status, {}, {}, core_->own_part(*status)).fields());
    } catch (...) {
        // Not before each event: it is asked again once a client's question had an answer.
        next_refresh_ = std::chrono::steady_clock::time_point::max();
        core_->log.warning("event 'status' failed before '" + std::string{event} +
                           "': " + describe_current_exception().message);
    }
}

void OwnStatus::keep(const Object& fields) {
    const auto now = core_->host.clock->system_now();
    next_refresh_ = core_->host.clock->steady_now() + oldest_before_event;
    const std::lock_guard guard{mutex_};
    kept_ = fields;
    as_of_ = now;
}

Object OwnStatus::last_known() const {
    Object fields = core_->control_plane->status_fields();
    const std::lock_guard guard{mutex_};
    if (kept_.empty()) return fields;
    fields.merge(kept_);
    fields.set("as-of", rfc3339(as_of_));
    return fields;
}

}  // namespace servicekit
