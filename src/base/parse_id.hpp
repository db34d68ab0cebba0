#pragma once

#include <optional>
#include <string_view>

#include "base/parse_number.hpp"
#include "servicekit/base/peer.hpp"

namespace servicekit {

/// Parses the id of a user or a group, in decimal. \returns nothing for any other text, and for no_id
[[nodiscard]] inline std::optional<id_t> parse_id(std::string_view text) noexcept {
    const auto id = parse_number<id_t>(text);
    return id != no_id ? id : std::nullopt;
}

}  // namespace servicekit
