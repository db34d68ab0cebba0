#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace servicekit {

/// Returns the SipHash-2-4 of a text, as its authors define it (https://www.aumasson.jp/siphash/siphash.pdf). Nobody
/// can find texts with colliding hashes without knowing the key.
[[nodiscard]] std::uint64_t sip_hash(std::string_view text, const std::array<std::uint64_t, 2>& key) noexcept;

}  // namespace servicekit
