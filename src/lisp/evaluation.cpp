#include "servicekit/lisp/evaluation.hpp"

#include <array>

namespace servicekit::lisp {
namespace {

/// In the order of FaultKind.
constexpr std::array<std::string_view, 7> names{"read", "package", "condition", "timeout", "exit", "storage", "stuck"};

}  // namespace

std::string_view to_string(FaultKind kind) noexcept { return names[static_cast<std::size_t>(kind)]; }

FaultKind fault_kind_from(std::string_view text) noexcept {
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == text) return static_cast<FaultKind>(i);
    return FaultKind::condition;
}

}  // namespace servicekit::lisp
