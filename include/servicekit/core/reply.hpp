#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>

#include "servicekit/base/value.hpp"

namespace servicekit {

/// What an event answers: a JSON object.
class Reply {
public:
    Reply() = default;
    Reply(std::initializer_list<Object::Member> fields) : fields_{fields} {}
    explicit Reply(Object fields) : fields_{std::move(fields)} {}

    /// Adds a field, or replaces the one with this key.
    /// \throws std::invalid_argument for `error` and `progress`, which the protocol keeps for itself.
    Reply& set(std::string_view key, Value value);

    [[nodiscard]] const Object& fields() const noexcept { return fields_; }

private:
    Object fields_;
};

}  // namespace servicekit
