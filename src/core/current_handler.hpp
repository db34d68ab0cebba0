#pragma once

#include "servicekit/core/event.hpp"

namespace servicekit {

/// Makes the context of a handler available to the functions that it calls on its thread, while this object exists.
class HandlerScope {
public:
    explicit HandlerScope(const Context& context) noexcept;
    ~HandlerScope();
    HandlerScope(const HandlerScope&) = delete;
    HandlerScope& operator=(const HandlerScope&) = delete;

private:
    const Context* outer_;
};

/// Returns the context of the innermost handler that runs on this thread; null outside handlers.
[[nodiscard]] const Context* current_handler() noexcept;

}  // namespace servicekit
