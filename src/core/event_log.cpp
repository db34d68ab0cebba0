#include "core/event_log.hpp"

#include <array>
#include <cstdio>
#include <string>

namespace servicekit {
namespace {

std::string in_quotes(std::string_view name) { return "'" + std::string{name} + "'"; }

std::string in_seconds(std::chrono::milliseconds time) {
    std::array<char, 32> text{};
    const int length =
        std::snprintf(text.data(), text.size(), "%lld.%03lld s", static_cast<long long>(time.count() / 1000),
                      static_cast<long long>(time.count() % 1000));
    return {text.data(), static_cast<std::size_t>(length)};
}

/// Returns the names in a list of a reply: "a, b"; empty if there is no such list.
std::string names_in(const Object& reply, std::string_view key) {
    const Value* const list = reply.find(key);
    if (list == nullptr || !list->is_list()) return {};
    std::string names;
    for (const Value& name : list->as_list()) {
        if (!name.is_string()) continue;
        if (!names.empty()) names += ", ";
        names += name.as_string();
    }
    return names;
}

}  // namespace

void EventLog::done(std::string_view event) { log_.info("event " + in_quotes(event) + " is done"); }

void EventLog::done(std::string_view event, std::chrono::milliseconds took) {
    log_.info("event " + in_quotes(event) + " is done after " + in_seconds(took));
}

void EventLog::failed(std::string_view event, std::string_view why) {
    log_.error("event " + in_quotes(event) + " failed: " + std::string{why});
}

void EventLog::cancelled(std::string_view event, std::chrono::milliseconds took, std::string_view by) {
    log_.warning("event " + in_quotes(event) + " ended after " + in_seconds(took) + ", cancelled by " +
                 std::string{by});
}

void EventLog::never_ran(std::string_view event, std::string_view why) {
    log_.warning("event " + in_quotes(event) + " never ran: " + std::string{why});
}

void EventLog::decline(QueuedEvent& run, const Object& error) {
    // The built-in part may be done already. Then only the handler does not run.
    if (run.decline(error) && run.logs_outcome()) never_ran(run.event().name, error.get<std::string>("message", {}));
}

void EventLog::reloaded(const Object& reply) {
    const std::string applied = names_in(reply, "applied");
    const std::string waiting = names_in(reply, "needs-restart");
    std::string line = "event 'reload' is done";
    if (!applied.empty()) line += "; applied: " + applied;
    if (!waiting.empty()) line += "; needs a restart: " + waiting;
    const bool has_lists = reply.contains("applied") && reply.contains("needs-restart");
    if (has_lists && applied.empty() && waiting.empty()) line += "; nothing has changed";
    log_.info(line);
}

}  // namespace servicekit
