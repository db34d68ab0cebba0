#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/core/event.hpp"

namespace servicekit {

/// The events of a service, built-in and custom, by name. Thread-safe: events can be added, replaced and removed
/// while the service runs; a run that has begun finishes with the handler that it began with.
class EventTable {
public:
    EventTable();
    EventTable(const EventTable&) = delete;
    EventTable& operator=(const EventTable&) = delete;
    ~EventTable();

    /// Adds a custom event. The built-in event `cancel` gives way to one of its name.
    /// \throws std::invalid_argument for a name that is taken or can't be one, a parameter named twice, a default that
    ///         its own parameter would not accept, a missing handler, or a built-in event that is declared concurrent.
    void add(EventDeclaration event);

    /// Replaces an event, built-in or custom, or adds it.
    /// A built-in event keeps its description, its parameters and the role that it needs where the new one has none, and
    /// its own part stays what docs/protocol.md promises: `stop` still ends the process, `status` still has its
    /// built-in fields, to which the handler's are added.
    /// \throws std::invalid_argument as add(), but for a name that is taken
    void replace(EventDeclaration event);

    /// Replaces the handler only.
    /// \throws std::out_of_range where there is no such event, std::invalid_argument for an empty handler
    void replace(std::string_view name, Handler handler);

    /// Removes a custom event; a built-in one gets its default back, an empty handler. \returns whether there was one.
    bool remove(std::string_view name);

    /// \returns the event, its `needs` filled in, or null where there is none.
    [[nodiscard]] std::shared_ptr<const EventDeclaration> find(std::string_view name) const;

    /// All of them, built-in ones first, each kind in the order in which they were added.
    [[nodiscard]] std::vector<std::shared_ptr<const EventDeclaration>> all() const;
    /// Another number, and never 0, after each change.
    [[nodiscard]] std::uint64_t revision() const noexcept;

    /// The name that a wrong one was probably meant to be, of those that clients may use; empty where none is near.
    [[nodiscard]] std::string nearest(std::string_view wrong_name) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Whether clients may ask for the event: all but `start`.
[[nodiscard]] constexpr bool is_client_event(std::string_view name) noexcept { return name != "start"; }

/// Checks what a caller gave against the declaration and fills in the defaults.
/// Where a parameter wants a number, an integer is one; but 3.0 is no integer. A path is a string that is not empty.
/// Null stands for nothing given where the default is null.
/// \throws BadArgument
[[nodiscard]] Arguments check_arguments(const EventDeclaration& event, const Object& given);

/// `arguments` as JSON for a log line, masked where they are secret or not declared: a secret misspelled, it may be.
[[nodiscard]] std::string describe_arguments(const EventDeclaration& event, const Object& arguments);

}  // namespace servicekit
