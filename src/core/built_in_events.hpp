#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "servicekit/core/event.hpp"
#include "servicekit/core/service_base.hpp"

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
    metrics,
    cancel,
    follow,
    resign,
    start,
};

/// One row of the table of built-in events. The table is the only source of these facts.
struct BuiltInEvent {
    enum class Served {
        always,         ///< in each state in which the service has a control socket
        while_it_runs,  ///< like an event of the program
        also_standby,   ///< like an event of the program, and while the service stands by
    };

    /// Returns true if it is answered in a state in which events of the program are not.
    [[nodiscard]] bool is_served_in(ServiceState state) const noexcept {
        return served == Served::always || (served == Served::also_standby && state == ServiceState::standby);
    }

    BuiltIn id;
    Served served;
    /// The control plane answers it itself, even while a handler runs. A handler that replaces the event adds its
    /// fields when it runs.
    bool is_done_at_once;
    EventDeclaration declaration;  ///< without a handler
    /// Older services may have an event of this name. Their event replaces this one and is treated like any other.
    bool yields = false;
    bool needs_standby = false;  ///< only services have it whose lock has a second level
};

/// In the order of the table in docs/protocol.md. `start` is last, and clients never see it.
[[nodiscard]] const std::vector<BuiltInEvent>& built_in_events();

/// Returns the row with that name; null if it is not a built-in event.
[[nodiscard]] const BuiltInEvent* find_built_in(std::string_view name);

/// Returns the built-in event with that name; nothing if it is not a built-in event.
[[nodiscard]] std::optional<BuiltIn> built_in_named(std::string_view name);

/// Returns the row of this event; null if it is the program's own, even if it has replaced a built-in event that
/// yields.
[[nodiscard]] const BuiltInEvent* built_in_of(const EventDeclaration& event);

/// Returns true if the row is that of the event. \param row null: returns false
[[nodiscard]] inline bool is(const BuiltInEvent* row, BuiltIn id) noexcept { return row != nullptr && row->id == id; }

/// Checks the name of work that the program queues. Status and log show the name, so it must not be that of a built-in
/// event.
/// \throws std::invalid_argument
void check_is_no_built_in(std::string_view name);

/// Returns true if the event changes nothing with these arguments and so is not logged. `log-level` can read or set.
[[nodiscard]] bool only_asks(const EventDeclaration& event, const Object& arguments);

/// Returns the role that a client needs to request the event with these arguments.
[[nodiscard]] ControlRole needed_role(const EventDeclaration& event, const Object& arguments);

}  // namespace servicekit
