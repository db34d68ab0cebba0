#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/core/event.hpp"

namespace servicekit {

/// The events of a service, built-in and custom, by name. Thread-safe. Events can be added, replaced and removed while
/// the service runs; a run that has begun keeps its handler.
class EventTable {
public:
    EventTable();
    EventTable(const EventTable&) = delete;
    EventTable& operator=(const EventTable&) = delete;
    ~EventTable();

    /// Adds a custom event. An event named `cancel`, `follow`, `metrics` or `resign` replaces the built-in one.
    /// \throws std::invalid_argument for a name that is taken or not valid, a duplicate parameter, a default that its
    ///         own parameter would not accept, a missing handler, or a built-in event that is declared concurrent
    void add(EventDeclaration event);

    /// Replaces an event, built-in or custom, or adds it.
    /// A built-in event keeps its description, its parameters and its role if the new declaration has none, and still
    /// does what docs/protocol.md promises: `stop` ends the process, and `status` has its built-in fields, followed by
    /// those of the handler.
    /// \throws std::invalid_argument as add() does, except for a name that is taken
    void replace(EventDeclaration event);

    /// Replaces the handler only.
    /// \throws std::out_of_range if there is no such event, std::invalid_argument for an empty handler
    void replace(std::string_view name, Handler handler);

    /// Removes a custom event, or restores the default of a built-in one. \returns false if there was no such event
    bool remove(std::string_view name);

    /// \returns the event with its `needs` filled in, or null if there is none
    [[nodiscard]] std::shared_ptr<const EventDeclaration> find(std::string_view name) const;

    /// All events, built-in ones first, each kind in the order in which they were added.
    [[nodiscard]] std::vector<std::shared_ptr<const EventDeclaration>> all() const;
    /// A number that differs after each change, and is never 0.
    [[nodiscard]] std::uint64_t revision() const noexcept;

    /// The name that is most similar to a wrong one, among those that clients may use; empty if none is similar.
    [[nodiscard]] std::string nearest(std::string_view wrong_name) const;

private:
    friend class Activity;
    /// Adds the built-in events of a service whose lock has a second level.
    void add_standby_events();
    /// Notes that an activity begins: custom events that are added from now on end with it.
    void begin_activity();
    /// Lets add() replace the events of the activity. They stay until then, or until settle().
    void end_activity();
    /// Removes the events of earlier activities that were not added again.
    void settle();

    struct State;
    std::unique_ptr<State> state_;
};

/// \returns true if clients may call the event: all except `start`.
[[nodiscard]] constexpr bool is_client_event(std::string_view name) noexcept { return name != "start"; }

/// Checks the arguments of a caller against the declaration and fills in the defaults. An integer is accepted as a
/// number, but 3.0 is not accepted as an integer. A path is a string that is not empty. Null counts as omitted if the
/// default is null.
/// \throws BadArgument
[[nodiscard]] Arguments check_arguments(const EventDeclaration& event, Object given);

/// Formats `arguments` as JSON for a log line. Secret values are masked, and so are undeclared ones, which may be
/// misspelled secrets.
[[nodiscard]] std::string describe_arguments(const EventDeclaration& event, const Object& arguments);

}  // namespace servicekit
