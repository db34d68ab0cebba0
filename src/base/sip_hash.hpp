#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace servicekit {

/// SipHash-2-4 of a text, as its authors define it (https://www.aumasson.jp/siphash/siphash.pdf).
/// Nobody who does not know the key can find texts whose hashes collide.
[[nodiscard]] std::uint64_t sip_hash(std::string_view text, const std::array<std::uint64_t, 2>& key) noexcept;

}  // namespace servicekit
