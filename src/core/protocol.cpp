#include "core/protocol.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/names.hpp"
#include "core/built_in_events.hpp"
#include "core/life_state.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit {
namespace {

constexpr double longest_timeout_seconds = 365.0 * 24 * 3600;

Object malformed(std::string_view message, std::size_t offset) {
    return make_error("malformed-request", message, {{"offset", offset}});
}

Object repeated_key(std::string_view text, const JsonError& error) {
    const auto slash = error.repeated_key.rfind('/');
    const std::string key = error.repeated_key.substr(slash + 1);
    return make_error("bad-argument", "'" + key + "' is given twice",
                      {{"event", event_named_in(text)}, {"argument", key}, {"expected", "each key once"}});
}

Object bad_option(const std::string& event, std::string_view option, const std::string& expected) {
    return make_error("bad-argument", "option '" + std::string{option} + "' of the request: expected " + expected,
                      {{"event", event}, {"argument", option}, {"expected", expected}});
}

/// Returns the event of a request that has nothing else, in the usual form ["event"]; empty for any other text. Most
/// requests have this form, and the parser would take much longer.
[[gnu::hot]] std::string_view lone_name_in(std::string_view text) {
    constexpr std::string_view before = "[\"";
    constexpr std::string_view after = "\"]";
    if (text.size() <= before.size() + after.size() || !text.starts_with(before) || !text.ends_with(after)) return {};
    const std::string_view name = text.substr(before.size(), text.size() - before.size() - after.size());
    return is_valid_name(name) ? name : std::string_view{};
}

std::optional<Object> read_options(const Object& options, Request& request) {
    for (const auto& [key, value] : options) {
        if (key == "progress") {
            if (!value.is_bool()) return bad_option(request.event, key, "true or false");
            request.wants_progress = value.as_bool();
        } else if (key == "queue") {
            if (!value.is_bool()) return bad_option(request.event, key, "true or false");
            request.wants_turns = value.as_bool();
        } else if (key == "stream") {
            if (!value.is_bool()) return bad_option(request.event, key, "true or false");
            request.wants_items = value.as_bool();
        } else if (key == "wait") {
            if (!value.is_bool()) return bad_option(request.event, key, "true or false");
            const auto built_in = built_in_named(request.event);
            const bool ends = built_in == BuiltIn::stop || built_in == BuiltIn::kill;
            if (value.as_bool() && !ends) return bad_option(request.event, key, "none but with 'stop' and 'kill'");
            request.waits_for_end = value.as_bool();
        } else if (key == "timeout") {
            const bool usable = value.is_number() && value.as_number() > 0;
            if (!usable) return bad_option(request.event, key, "a number of seconds above 0");
            const std::chrono::duration<double> seconds{std::min(value.as_number(), longest_timeout_seconds)};
            request.timeout = std::chrono::ceil<std::chrono::milliseconds>(seconds);
        } else {
            return bad_option(request.event, key, "'progress', 'queue', 'stream', 'timeout' or 'wait'");
        }
    }
    return std::nullopt;
}

/// Parses a request of any form. \returns the error object of a request that is refused
std::optional<Object> parse_request(std::string_view text, Request& request) {
    auto parsed = parse_json(text);
    if (const auto* error = std::get_if<JsonError>(&parsed)) {
        if (!error->repeated_key.empty()) return repeated_key(text, *error);
        return malformed("the request is not valid JSON: " + error->reason, error->offset);
    }
    auto& value = std::get<Value>(parsed);
    if (!value.is_list()) return malformed("a request is an array: [\"event\", {parameters}, {options}]", 0);
    Value::List parts = std::move(value).as_list();
    if (parts.empty() || !parts[0].is_string())
        return malformed("the first element of a request is the name of an event", 0);
    if (parts.size() > 3) return malformed("a request has three elements at most: event, parameters, options", 0);

    request.event = std::move(parts[0]).as_string();
    if (parts.size() > 1) {
        if (!parts[1].is_object()) return malformed("the second element of a request is an object of parameters", 0);
        request.arguments = std::move(parts[1]).as_object();
    }
    if (parts.size() > 2) {
        if (!parts[2].is_object()) return malformed("the third element of a request is an object of options", 0);
        if (auto error = read_options(parts[2].as_object(), request)) return std::move(*error);
    }
    return std::nullopt;
}

}  // namespace

Object make_error(std::string_view code, std::string_view message, const Object& fields) {
    Object error{{"code", code}, {"message", message}};
    for (const auto& [key, value] : fields) error.set(key, value);
    return error;
}

Object bad_argument(std::string_view event, const BadArgument& bad) {
    return make_error("bad-argument", bad.what(),
                      {{"event", event}, {"argument", bad.argument()}, {"expected", bad.expected()}});
}

Object not_ready_error(ServiceState state) {
    return make_error("not-ready", "the service " + in_words(state), {{"state", to_string(state)}});
}

Object timeout_error(std::string_view event) {
    return make_error("timeout", "'" + std::string{event} + "' did not finish within the caller's time",
                      {{"event", event}});
}

Object cancelled_error(std::string_view event, std::string_view by, const Object& more) {
    Object fields{{"event", event}};
    fields.merge(more);
    return make_error("cancelled", "'" + std::string{event} + "' was cancelled by " + std::string{by}, fields);
}

std::string event_named_in(std::string_view text) {
    const auto begin = text.find('"');
    if (begin == std::string_view::npos) return {};
    auto end = begin + 1;
    while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2U : 1U;
    if (end >= text.size()) return {};
    auto name = parse_json(text.substr(begin, end - begin + 1));
    const Value* value = std::get_if<Value>(&name);
    return value != nullptr && value->is_string() ? value->as_string() : std::string{};
}

[[gnu::hot]] std::variant<Request, Object> decode_request(std::string_view text) {
    std::variant<Request, Object> decoded;
    auto& request = std::get<Request>(decoded);
    request.bytes = text.size();
    request.event = lone_name_in(text);
    if (request.event.empty())
        if (auto error = parse_request(text, request)) decoded = std::move(*error);
    return decoded;
}

Object describe_refusal(const Refusal& refusal) {
    using Reason = Refusal::Reason;
    switch (refusal.reason) {
        case Reason::malformed:
            return malformed(refusal.text, refusal.number);
        case Reason::too_large:
        case Reason::too_deep:
            return make_error("request-too-large", refusal.text, {{"limit", refusal.number}});
        case Reason::too_many:
            break;
    }
    return make_error("busy", refusal.text, {{"limit", refusal.number}});
}

[[gnu::hot]] std::string encode_reply(const Object& fields) {
    std::string line;
    line.reserve(256);
    append_json(line, fields);
    line += '\n';
    return line;
}

std::string encode_error(Object error) { return encode_reply({{"error", std::move(error)}}); }

std::string encode_queued(std::uint64_t id, std::string_view running) {
    Object progress{{"state", "queued"}};
    if (id != 0) progress.append("id", id);
    if (!running.empty()) progress.append("running", running);
    return encode_reply({{"progress", std::move(progress)}});
}

std::string encode_begun(std::uint64_t id) {
    Object progress{{"state", "running"}};
    if (id != 0) progress.append("id", id);
    return encode_reply({{"progress", std::move(progress)}});
}

std::string encode_item(const Object& item) { return encode_reply({{"progress", Object{{"item", item}}}}); }

std::string encode_progress(std::uint64_t done, std::uint64_t total, std::string_view text) {
    Object progress{{"done", done}, {"total", total}};
    if (!text.empty()) progress.append("message", text);
    return encode_reply({{"progress", std::move(progress)}});
}

}  // namespace servicekit
