#pragma once

#include <initializer_list>
#include <string_view>

#include "servicekit/base/value.hpp"

namespace servicekit {

/// The reply of an event: a JSON object. The keys `error` and `progress` are reserved for the protocol
/// (docs/protocol.md): std::invalid_argument is thrown for them.
class Reply {
public:
    Reply() = default;
    /// Takes fields, in this order.
    Reply(std::initializer_list<Object::Member> fields) : Reply(Object(fields)) {}
    /// Takes fields.
    explicit Reply(Object fields);

    /// Adds a field, or replaces the one with this key.
    Reply& set(std::string_view key, Value value);

    /// All fields, in the order in which they were added.
    [[nodiscard]] const Object& fields() const noexcept { return fields_; }

private:
    Object fields_;
};

}  // namespace servicekit
