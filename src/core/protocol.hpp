#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "servicekit/base/value.hpp"
#include "servicekit/core/arguments.hpp"
#include "servicekit/policy/control_policy.hpp"

namespace servicekit {

enum class ServiceState;

/// A decoded request. docs/protocol.md has its forms.
struct Request {
    std::string event;
    Object arguments;
    std::size_t bytes = 0;  ///< length of its text
    bool wants_progress = false;
    bool wants_turns = false;    ///< wants to know when it is queued and when it begins
    bool wants_items = false;    ///< wants the items ahead of the reply
    bool waits_for_end = false;  ///< of a stop or kill: the reply is sent when the service has ended
    std::optional<std::chrono::milliseconds> timeout;
};

/// Returns the object under `error` in a reply. docs/protocol.md lists the codes.
/// \param fields that the code has in addition to `code` and `message`
[[nodiscard]] Object make_error(std::string_view code, std::string_view message, const Object& fields = {});
/// Returns the error object for an argument that the event does not accept.
[[nodiscard]] Object bad_argument(std::string_view event, const BadArgument& bad);

/// Returns the error object for an event that the service does not run in this state.
[[nodiscard]] Object not_ready_error(ServiceState state);
/// Returns the error object for an event whose caller's time was up.
[[nodiscard]] Object timeout_error(std::string_view event);
/// Returns the error object for a cancelled event. \param by who cancelled it, in words
[[nodiscard]] Object cancelled_error(std::string_view event, std::string_view by, const Object& more = {});

/// Decodes one JSON array as a request.
/// \returns the request, or the error object of the reply
[[nodiscard]] std::variant<Request, Object> decode_request(std::string_view text);

/// Returns the event that a request asks for, without decoding the rest; empty if that is unclear.
[[nodiscard]] std::string event_named_in(std::string_view text);

/// Returns the error object for input that never became a request.
[[nodiscard]] Object describe_refusal(const Refusal& refusal);

/// Each returns one line with its newline.
[[nodiscard]] std::string encode_reply(const Object& fields);
[[nodiscard]] std::string encode_error(Object error);
[[nodiscard]] std::string encode_item(const Object& item);
[[nodiscard]] std::string encode_progress(std::uint64_t done, std::uint64_t total, std::string_view text);
/// \param id of the event, as `cancel` takes it; 0 if it has none
/// \param running the event that runs before the one that is queued; empty if none does
[[nodiscard]] std::string encode_queued(std::uint64_t id, std::string_view running);
[[nodiscard]] std::string encode_begun(std::uint64_t id);

/// The reply if there is no memory for any other reply.
inline constexpr std::string_view out_of_memory_line =
    R"({"error":{"code":"event-error","message":"out of memory","type":"std::bad_alloc"}})"
    "\n";

}  // namespace servicekit
