#include "base/sip_hash.hpp"

#include <gtest/gtest.h>

#include <string>

namespace servicekit {
namespace {

// The key and the texts of the test by the algorithm's authors: the bytes 0, 1, 2...
constexpr std::array<std::uint64_t, 2> key{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};

std::string first_bytes(int count) {
    std::string bytes;
    for (int byte = 0; byte < count; ++byte) bytes += static_cast<char>(byte);
    return bytes;
}

TEST(SipHashTest, MatchesTheValuesOfItsAuthors) {
    EXPECT_EQ(sip_hash(first_bytes(0), key), 0x726fdb47dd0e0e31U);
    EXPECT_EQ(sip_hash(first_bytes(1), key), 0x74f839c593dc67fdU);
    EXPECT_EQ(sip_hash(first_bytes(8), key), 0x93f5f5799a932462U);
    EXPECT_EQ(sip_hash(first_bytes(15), key), 0xa129ca6149be45e5U);
}

TEST(SipHashTest, DependsOnTheKey) { EXPECT_NE(sip_hash("name", key), sip_hash("name", {1, 2})); }

}  // namespace
}  // namespace servicekit
