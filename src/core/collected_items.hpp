#pragma once

#include <cstddef>
#include <utility>

#include "servicekit/base/value.hpp"

namespace servicekit {

/// The items that a handler has sent to a client that gets them in one reply.
class CollectedItems {
public:
    /// Largest total size of all items, in bytes of JSON.
    static constexpr std::size_t limit = std::size_t{1} << 20U;

    /// \param bytes size of the item's JSON \returns false if the limit would be exceeded
    [[nodiscard]] bool add(const Object& item, std::size_t bytes) {
        if (bytes > limit - bytes_) return false;
        items_.emplace_back(item);
        bytes_ += bytes;
        return true;
    }
    [[nodiscard]] bool empty() const noexcept { return items_.empty(); }
    /// Returns the reply with the items in its field `items`, if there are any.
    [[nodiscard]] Object with(Object reply) && {
        if (!items_.empty()) reply.set("items", std::move(items_));
        return reply;
    }

private:
    Value::List items_;
    std::size_t bytes_ = 0;
};

}  // namespace servicekit
