#include "servicekit/core/event_table.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/names.hpp"
#include "core/argument_check.hpp"
#include "core/built_in_events.hpp"

namespace servicekit {
namespace {

[[noreturn]] void refuse(const EventDeclaration& event, const std::string& reason) {
    throw std::invalid_argument{"cannot declare the event '" + event.name + "': " + reason};
}

void check_parameter(const EventDeclaration& event, const Parameter& parameter) {
    const std::string quoted = "parameter '" + parameter.name + "'";
    if (!is_valid_name(parameter.name)) refuse(event, quoted + " must have " + std::string{name_rule()});
    const auto same_name = [&parameter](const Parameter& other) { return other.name == parameter.name; };
    if (std::count_if(event.parameters.begin(), event.parameters.end(), same_name) > 1)
        refuse(event, quoted + " is declared twice");
    if (parameter.default_value && !parameter.default_value->is_null() && !accepts(parameter, *parameter.default_value))
        refuse(event, "the default of " + quoted + " must be " + accepted_words(parameter));
}

void check(const EventDeclaration& event) {
    if (!is_valid_name(event.name)) refuse(event, "expected " + std::string{name_rule()});
    if (!event.handler) refuse(event, "it has no handler");
    if (event.concurrent && built_in_of(event) != nullptr) refuse(event, "a built-in event can't be concurrent");
    for (const Parameter& parameter : event.parameters) check_parameter(event, parameter);
}

}  // namespace

struct EventTable::State {
    /// Finds a std::string by a std::string_view, without a copy.
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    struct Entry {
        std::shared_ptr<const EventDeclaration> event;
        std::shared_ptr<const EventDeclaration> built_in;  ///< null for custom events
        bool is_of_activity = false;                       ///< it ends with the activity during which it was added
        bool has_ended = false;                            ///< with its activity
    };

    [[nodiscard]] std::vector<Entry>::iterator find(std::string_view name) {
        const auto found = positions.find(name);
        return found != positions.end() ? entries.begin() + static_cast<std::ptrdiff_t>(found->second) : entries.end();
    }
    void append(std::shared_ptr<const EventDeclaration> event, std::shared_ptr<const EventDeclaration> built_in) {
        positions.emplace(event->name, entries.size());
        const bool is_custom = built_in == nullptr;
        entries.push_back({.event = std::move(event),
                           .built_in = std::move(built_in),
                           .is_of_activity = is_custom && is_in_activity});
    }
    void erase(std::vector<Entry>::iterator entry) {
        const auto position = static_cast<std::size_t>(entry - entries.begin());
        positions.erase(entry->event->name);
        entries.erase(entry);
        for (auto& [name, other] : positions)
            if (other > position) --other;
    }

    std::mutex mutex;
    std::vector<Entry> entries;
    std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> positions;  ///< in `entries`, by name
    bool is_in_activity = false;
    std::atomic<std::uint64_t> revision{1};
};

EventTable::EventTable() : state_{std::make_unique<State>()} {
    for (const BuiltInEvent& built_in : built_in_events()) {
        if (built_in.needs_standby) continue;
        const auto event = std::make_shared<const EventDeclaration>(built_in.declaration);
        state_->append(event, event);
    }
}

void EventTable::add_standby_events() {
    const std::lock_guard lock{state_->mutex};
    for (const BuiltInEvent& built_in : built_in_events()) {
        if (!built_in.needs_standby) continue;
        const auto event = std::make_shared<const EventDeclaration>(built_in.declaration);
        state_->append(event, event);
    }
    ++state_->revision;
}

EventTable::~EventTable() = default;

void EventTable::begin_activity() {
    const std::lock_guard lock{state_->mutex};
    state_->is_in_activity = true;
}

void EventTable::end_activity() {
    const std::lock_guard lock{state_->mutex};
    state_->is_in_activity = false;
    for (State::Entry& entry : state_->entries) entry.has_ended = entry.is_of_activity;
}

void EventTable::settle() {
    std::vector<std::shared_ptr<const EventDeclaration>> removed;  // destroyed outside the lock
    const std::lock_guard lock{state_->mutex};
    for (auto entry = state_->entries.begin(); entry != state_->entries.end();) {
        if (!entry->has_ended) {
            ++entry;
            continue;
        }
        removed.push_back(entry->event);
        if (entry->built_in) {
            entry->event = entry->built_in;
            entry->has_ended = entry->is_of_activity = false;
            continue;
        }
        const auto position = entry - state_->entries.begin();
        state_->erase(entry);
        entry = state_->entries.begin() + position;
    }
    if (!removed.empty()) ++state_->revision;
}

void EventTable::add(EventDeclaration event) {
    check(event);
    if (!event.needs) event.needs = ControlRole::operate;
    std::shared_ptr<const EventDeclaration> yielded;
    const std::lock_guard lock{state_->mutex};
    if (const auto entry = state_->find(event.name); entry != state_->entries.end()) {
        const BuiltInEvent* const built_in = built_in_of(*entry->event);
        const bool is_free = entry->has_ended || (built_in != nullptr && built_in->yields);
        if (!is_free) refuse(event, "there is one of this name already");
        entry->has_ended = false;
        entry->is_of_activity = state_->is_in_activity;
        yielded = std::exchange(entry->event, std::make_shared<const EventDeclaration>(std::move(event)));
        ++state_->revision;
        return;
    }
    state_->append(std::make_shared<const EventDeclaration>(std::move(event)), nullptr);
    ++state_->revision;
}

void EventTable::replace(EventDeclaration event) {
    check(event);
    // A replaced event is destroyed outside the lock: its handler may own anything, even a user of this table.
    std::shared_ptr<const EventDeclaration> replaced;
    const std::lock_guard lock{state_->mutex};
    ++state_->revision;
    const auto entry = state_->find(event.name);
    if (!event.needs) {
        const bool is_built_in = built_in_of(event) != nullptr;
        event.needs = is_built_in ? entry->built_in->needs : ControlRole::operate;
    }
    if (entry == state_->entries.end()) {
        state_->append(std::make_shared<const EventDeclaration>(std::move(event)), nullptr);
        return;
    }
    if (entry->built_in && built_in_of(event) != nullptr) {
        if (event.description.empty()) event.description = entry->built_in->description;
        if (event.parameters.empty()) event.parameters = entry->built_in->parameters;
    }
    entry->has_ended = false;
    replaced = std::exchange(entry->event, std::make_shared<const EventDeclaration>(std::move(event)));
}

void EventTable::replace(std::string_view name, Handler handler) {
    std::shared_ptr<const EventDeclaration> replaced;
    const std::lock_guard lock{state_->mutex};
    const auto entry = state_->find(name);
    if (entry == state_->entries.end()) throw std::out_of_range{"there is no event '" + std::string{name} + "'"};
    EventDeclaration event = *entry->event;
    const BuiltInEvent* const built_in = built_in_of(event);
    if (built_in != nullptr && built_in->yields) event.needs = ControlRole::operate;
    event.handler = std::move(handler);
    check(event);
    ++state_->revision;
    replaced = std::exchange(entry->event, std::make_shared<const EventDeclaration>(std::move(event)));
}

bool EventTable::remove(std::string_view name) {
    std::shared_ptr<const EventDeclaration> removed;
    const std::lock_guard lock{state_->mutex};
    const auto entry = state_->find(name);
    if (entry == state_->entries.end()) return false;
    ++state_->revision;
    if (entry->built_in) {
        removed = std::exchange(entry->event, entry->built_in);
    } else {
        removed = entry->event;
        state_->erase(entry);
    }
    return true;
}

[[gnu::hot]] std::shared_ptr<const EventDeclaration> EventTable::find(std::string_view name) const {
    const std::lock_guard lock{state_->mutex};
    const auto entry = state_->find(name);
    return entry != state_->entries.end() ? entry->event : nullptr;
}

std::uint64_t EventTable::revision() const noexcept { return state_->revision.load(); }

std::vector<std::shared_ptr<const EventDeclaration>> EventTable::all() const {
    const std::lock_guard lock{state_->mutex};
    std::vector<std::shared_ptr<const EventDeclaration>> events;
    events.reserve(state_->entries.size());
    for (const State::Entry& entry : state_->entries) events.push_back(entry.event);
    return events;
}

std::string EventTable::nearest(std::string_view wrong_name) const {
    const auto events = all();
    std::vector<std::string_view> names;
    for (const auto& event : events)
        if (is_client_event(event->name)) names.emplace_back(event->name);
    return std::string{nearest_name(wrong_name, names)};
}

}  // namespace servicekit
