#include "core/built_in_events.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/log_level_names.hpp"

namespace servicekit {
namespace {

using namespace std::string_view_literals;
using Served = BuiltInEvent::Served;

std::vector<BuiltInEvent> make_table() {
    return {
        {BuiltIn::status,
         Served::always,
         false,
         {.name = "status",
          .description = "returns the status of the service; never waits for a running event",
          .read_only = true,
          .needs = ControlRole::read}},
        {BuiltIn::stop,
         Served::always,
         false,
         {.name = "stop", .description = "stops the service cleanly", .needs = ControlRole::admin}},
        {BuiltIn::kill,
         Served::always,
         false,
         {.name = "kill", .description = "ends the service at once", .needs = ControlRole::admin}},
        {BuiltIn::load,
         Served::also_standby,
         false,
         {.name = "load", .description = "runs the load event", .needs = ControlRole::operate}},
        {BuiltIn::reload,
         Served::also_standby,
         false,
         {.name = "reload",
          .description = "reads the configuration again and applies it",
          .needs = ControlRole::operate}},
        {BuiltIn::events,
         Served::always,
         true,
         {.name = "events",
          .description = "lists every event with its parameters",
          .read_only = true,
          .needs = ControlRole::read}},
        {BuiltIn::settings,
         Served::always,
         true,
         {.name = "settings",
          .description = "lists the settings that the service runs with, and where they come from",
          .read_only = true,
          .needs = ControlRole::admin}},
        {BuiltIn::log_level,
         Served::always,
         true,
         {.name = "log-level",
          .description = "returns or sets the log level",
          .parameters = {{.name = "level",
                          .description = std::string{log_level_list} + "; inherit, for a channel",
                          .default_value = Value{}},
                         {.name = "channel",
                          .description = "a part of the program; the whole program unless given",
                          .default_value = Value{}}},
          .needs = ControlRole::read}},
        {BuiltIn::log_reopen,
         Served::always,
         true,
         {.name = "log-reopen",
          .description = "closes and opens the log file, after it was moved",
          .needs = ControlRole::operate}},
        {BuiltIn::log_flush,
         Served::always,
         false,
         {.name = "log-flush",
          .description = "writes the lines that still wait to the log",
          .read_only = true,
          .needs = ControlRole::read}},
        {BuiltIn::crashes,
         Served::always,
         true,
         {.name = "crashes",
          .description = "lists the reports of crashes, the latest first",
          .read_only = true,
          .needs = ControlRole::read}},
        {BuiltIn::metrics,
         Served::always,
         true,
         {.name = "metrics",
          .description = "returns the metrics of the program, of the library and of the process",
          .read_only = true,
          .needs = ControlRole::read},
         true},
        {BuiltIn::cancel,
         Served::while_it_runs,
         false,
         {.name = "cancel",
          .description = "removes an event from the queue, or asks a running one to end; needs the role of that event",
          .parameters = {{.name = "id",
                          .type = ParameterType::integer,
                          .description = "as 'status' lists it under 'runs' and 'queue'",
                          .minimum = 1}},
          // The needed role depends on the event that is cancelled.
          .needs = ControlRole::none},
         true},
        {BuiltIn::follow,
         Served::while_it_runs,
         false,
         {.name = "follow",
          .description = "waits for the end of an event that waits or runs, and returns its reply; for the user that "
                         "requested the event, and for the role 'owner'",
          .parameters = {{.name = "id",
                          .type = ParameterType::integer,
                          .description = "as 'status' lists it under 'runs' and 'queue'",
                          .minimum = 1}},
          .read_only = true,
          // The needed role depends on the event that is followed.
          .needs = ControlRole::none},
         true},
        {BuiltIn::resign,
         Served::always,
         false,
         {.name = "resign",
          .description = "stops what the service serves, and lets another instance become the active one",
          .parameters = {{.name = "force",
                          .type = ParameterType::boolean,
                          .description = "even if no other instance stands by",
                          .default_value = false},
                         {.name = "test",
                          .type = ParameterType::boolean,
                          .description = "only return whether another instance stands by",
                          .default_value = false}},
          .needs = ControlRole::admin},
         true,
         true},
        {BuiltIn::start,
         Served::while_it_runs,
         false,
         {.name = "start", .description = "starts what the service serves", .needs = ControlRole::admin}},
    };
}

bool is_true(const Object& arguments, std::string_view name) {
    const Value* const value = arguments.find(name);
    return value != nullptr && *value == Value{true};
}

bool sets_a_level(const Object& arguments) {
    const Value* level = arguments.find("level");
    return level != nullptr && !level->is_null();
}

}  // namespace

[[gnu::hot]] const std::vector<BuiltInEvent>& built_in_events() {
    static const std::vector<BuiltInEvent> table = make_table();
    return table;
}

[[gnu::hot]] const BuiltInEvent* find_built_in(std::string_view name) {
    // The names are close to each other here. Those of the rows are far apart.
    static const std::vector<std::pair<std::string_view, const BuiltInEvent*>> names = [] {
        std::vector<std::pair<std::string_view, const BuiltInEvent*>> all;
        for (const BuiltInEvent& row : built_in_events()) all.emplace_back(row.declaration.name, &row);
        return all;
    }();
    for (const auto& [known, row] : names)
        if (known.size() == name.size() && known.front() == name.front() && known == name) return row;
    return nullptr;
}

std::optional<BuiltIn> built_in_named(std::string_view name) {
    const BuiltInEvent* found = find_built_in(name);
    return found != nullptr ? std::optional{found->id} : std::nullopt;
}

[[gnu::hot]] const BuiltInEvent* built_in_of(const EventDeclaration& event) {
    const BuiltInEvent* const found = find_built_in(event.name);
    return found != nullptr && found->yields && event.handler ? nullptr : found;
}

void check_is_no_built_in(std::string_view name) {
    if (const BuiltInEvent* const found = find_built_in(name); found != nullptr && !found->needs_standby)
        throw std::invalid_argument{"cannot do work of the name '" + std::string{name} + "': a built-in event has it"};
}

[[gnu::hot]] bool only_asks(const EventDeclaration& event, const Object& arguments) {
    return event.read_only || (event.name == "log-level"sv && !sets_a_level(arguments)) ||
           (event.name == "resign"sv && !event.handler && is_true(arguments, "test"));
}

[[gnu::hot]] ControlRole needed_role(const EventDeclaration& event, const Object& arguments) {
    const bool sets = event.name == "log-level"sv && sets_a_level(arguments);
    return sets ? std::max(*event.needs, ControlRole::operate) : *event.needs;
}

}  // namespace servicekit
