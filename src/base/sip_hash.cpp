#include "base/sip_hash.hpp"

#include <bit>
#include <cstddef>

namespace servicekit {
namespace {

struct SipState {
    std::uint64_t v0, v1, v2, v3;

    void mix(int rounds) noexcept {
        for (; rounds > 0; --rounds) {
            v0 += v1;
            v2 += v3;
            v1 = std::rotl(v1, 13) ^ v0;
            v3 = std::rotl(v3, 16) ^ v2;
            v0 = std::rotl(v0, 32);
            v2 += v1;
            v0 += v3;
            v1 = std::rotl(v1, 17) ^ v2;
            v3 = std::rotl(v3, 21) ^ v0;
            v2 = std::rotl(v2, 32);
        }
    }
    void take(std::uint64_t word) noexcept {
        v3 ^= word;
        mix(2);
        v0 ^= word;
    }
};

/// Returns up to eight bytes as a number, the first byte the lowest.
std::uint64_t word_of(std::string_view bytes) noexcept {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return word;
}

}  // namespace

std::uint64_t sip_hash(std::string_view text, const std::array<std::uint64_t, 2>& key) noexcept {
    constexpr std::size_t word_size = 8;
    SipState state{key[0] ^ 0x736f6d6570736575U, key[1] ^ 0x646f72616e646f6dU, key[0] ^ 0x6c7967656e657261U,
                   key[1] ^ 0x7465646279746573U};
    const std::uint64_t length = std::uint64_t{text.size()} << 56U;
    for (; text.size() >= word_size; text.remove_prefix(word_size)) state.take(word_of(text.substr(0, word_size)));
    state.take(word_of(text) | length);
    state.v2 ^= 0xffU;
    state.mix(4);
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace servicekit
