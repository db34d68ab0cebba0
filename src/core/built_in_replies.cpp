#include "core/built_in_replies.hpp"

#include <utility>

#include "base/log_level_names.hpp"
#include "base/names.hpp"
#include "core/metrics_json.hpp"
#include "core/parameter_description.hpp"
#include "core/protocol.hpp"

namespace servicekit {
namespace {

/// The arguments of `log-level`.
struct LevelRequest {
    std::string channel = {};  ///< empty: the whole log
    bool sets = false;
    std::optional<LogLevel> level = {};  ///< to set; nothing: inherit that of the whole log
};

/// \throws BadArgument
LevelRequest level_request(const Arguments& arguments) {
    LevelRequest request;
    const auto refuse = [](const char* parameter, const std::string& found, const std::string& expected) {
        throw BadArgument(
            parameter, expected,
            "parameter '" + std::string{parameter} + "' of 'log-level' is '" + found + "': expected " + expected);
    };
    if (arguments.has("channel")) {
        request.channel = arguments.get<std::string>("channel");
        if (!is_valid_name(request.channel)) refuse("channel", request.channel, std::string{name_rule()});
    }
    if (!arguments.has("level")) return request;
    const auto name = arguments.get<std::string>("level");
    request.sets = true;
    request.level = log_level_from(name);
    const bool inherits = name == "inherit" && !request.channel.empty();
    if (!request.level && !inherits) {
        const std::string expected = "one of " + std::string{log_level_list};
        refuse("level", name, request.channel.empty() ? expected : expected + ", inherit");
    }
    return request;
}

/// \throws BadArgument
[[noreturn]] void refuse_channel(const std::string& channel) {
    const std::string expected = "a channel that the program uses";
    throw BadArgument("channel", expected,
                      "parameter 'channel' of 'log-level' is '" + channel + "': expected " + expected + ", as " +
                          std::to_string(LogRouter::most_foreign_channels) +
                          " that it has not used so far have a level already");
}

}  // namespace

[[gnu::hot]] void BuiltInReplies::check(BuiltIn event, const Arguments& arguments) {
    if (event == BuiltIn::log_level) static_cast<void>(level_request(arguments));
}

Result<Object> BuiltInReplies::reply(BuiltIn event, const Arguments& arguments) {
    switch (event) {
        case BuiltIn::events:
            return list_events();
        case BuiltIn::settings:
            return list_settings();
        case BuiltIn::crashes:
            return list_crashes();
        case BuiltIn::metrics:
            return metrics_to_json(metrics_.collect());
        case BuiltIn::log_flush:
            service_log_.flush();
            return Object{};
        case BuiltIn::log_reopen:
            if (auto reopened = service_log_.reopen(); !reopened) return reopened.error();
            return Object{};
        case BuiltIn::log_level:
            return log_level(arguments);
        default:
            return Object{};
    }
}

Object BuiltInReplies::list_events() const {
    Value::List events;
    for (const auto& event : events_.all()) {
        if (!is_client_event(event->name)) continue;
        Value::List parameters;
        for (const Parameter& parameter : event->parameters) parameters.emplace_back(describe(parameter));
        events.emplace_back(Object{{"name", event->name},
                                   {"description", event->description},
                                   {"parameters", std::move(parameters)},
                                   {"needs", to_string(*event->needs)}});
    }
    return {{"events", std::move(events)}};
}

Object BuiltInReplies::list_settings() const {
    Object report = configuration_.report();
    Value* const settings = report.find("settings");
    if (settings == nullptr) return report;
    Object rows = std::move(*settings).as_object();
    const Value level{to_string(router_.whole().level())};
    // The event `log-level` may have set another level.
    if (Value* const row = rows.find(setting::log_level.name); !(*row->as_object().find("value") == level))
        *row = Object{{"value", level}, {"origin", "event"}};
    *settings = std::move(rows);
    return report;
}

// Cached: with many events, encoding takes a thousand times as long as a status, and other clients would wait.
const std::string& BuiltInReplies::events_line() {
    const std::uint64_t revision = events_.revision();
    if (events_line_revision_ != revision) {
        events_line_ = encode_reply(list_events());
        events_line_revision_ = revision;
    }
    return events_line_;
}

Result<Object> BuiltInReplies::list_crashes() {
    const Paths& paths = instance_.paths;
    const std::lock_guard guard{known_crashes_mutex_};
    const auto reports =
        CrashReports{paths.crash_directory, paths.name, *host_.files, *host_.clock}.list(known_crashes_);
    if (!reports) return reports.error();
    Value::List crashes;
    for (const CrashSummary& crash : *reports) crashes.emplace_back(crash.fields());
    return Object{{"crashes", std::move(crashes)}};
}

Object BuiltInReplies::log_level(const Arguments& arguments) {
    const LevelRequest request = level_request(arguments);
    if (request.sets && request.channel.empty())
        service_log_.set_level(*request.level);
    else if (request.sets && !service_log_.set_level(request.channel, request.level))
        refuse_channel(request.channel);
    if (!request.channel.empty())
        return {{"channel", request.channel}, {"level", to_string(router_.level_of(request.channel))}};

    Object reply{{"level", to_string(router_.whole().level())}};
    Object channels;
    for (const auto& [name, level] : router_.channel_levels()) channels.append(name, to_string(level));
    if (!channels.empty()) reply.append("channels", std::move(channels));
    return reply;
}

}  // namespace servicekit
