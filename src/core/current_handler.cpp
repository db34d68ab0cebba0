#include "core/current_handler.hpp"

#include <utility>

namespace servicekit {
namespace {

thread_local const Context* innermost_handler = nullptr;

}  // namespace

[[gnu::hot]] HandlerScope::HandlerScope(const Context& context) noexcept
    : outer_{std::exchange(innermost_handler, &context)} {}

[[gnu::hot]] HandlerScope::~HandlerScope() { innermost_handler = outer_; }

const Context* current_handler() noexcept { return innermost_handler; }

}  // namespace servicekit
