#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "servicekit/core/event.hpp"

namespace servicekit {

/// The events that every service has.
enum class BuiltIn {
    status,
    stop,
    kill,
    load,
    reload,
    events,
    settings,
    log_level,
    log_reopen,
    log_flush,
    crashes,
    cancel,
    start,
};

/// One row of the table of built-in events: all that the library says of an event, wherever it says it.
struct BuiltInEvent {
    enum class Served {
        always,         ///< in each state in which the service has a control socket
        while_it_runs,  ///< as an event of the program's
    };

    BuiltIn id;
    Served served;
    /// Answered by the control plane itself, whatever runs; a handler that replaces the event adds fields in its turn.
    bool is_done_at_once;
    EventDeclaration declaration;  ///< without a handler
    /// It came after services that may have an event of this name: theirs is added in its place, and is like any other.
    bool yields = false;
};

/// In the order of the table in docs/protocol.md; `start`, which clients never see, comes last.
[[nodiscard]] const std::vector<BuiltInEvent>& built_in_events();

/// The row of that name; null if it is none of the library's.
[[nodiscard]] const BuiltInEvent* find_built_in(std::string_view name);

/// Which of them has the name; nothing if it is none of the library's.
[[nodiscard]] std::optional<BuiltIn> built_in_named(std::string_view name);

/// The row of this event; null if it is the program's own, as one is to which a built-in event has yielded.
[[nodiscard]] const BuiltInEvent* built_in_of(const EventDeclaration& event);

/// Whether it is the row of that event. \param row null: no
[[nodiscard]] inline bool is(const BuiltInEvent* row, BuiltIn id) noexcept { return row != nullptr && row->id == id; }

/// For work of the program's own, which status and log name: as an event of that name it would be taken for that.
/// \throws std::invalid_argument
void check_is_no_built_in(std::string_view name);

/// Whether the event changes nothing with these arguments, so that the log says nothing of it. `log-level` asks or sets.
[[nodiscard]] bool only_asks(const EventDeclaration& event, const Object& arguments);

/// What a client must be to ask for the event with these arguments.
[[nodiscard]] ControlRole needed_role(const EventDeclaration& event, const Object& arguments);

}  // namespace servicekit
