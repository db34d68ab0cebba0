#include "policies/log/file/gunzip_stream.hpp"

#include <gtest/gtest.h>

#include <string>

#include "policies/log/file/gzip_stream.hpp"

namespace servicekit::policies {
namespace {

std::string gzip(const std::string& text) { return GzipStream{}.compress(text, GzipStream::Input::ends); }

TEST(GunzipStreamTest, ReadsConcatenatedMembers) {
    GunzipStream stream;
    EXPECT_EQ(stream.decompress(gzip("one\n") + gzip("two\n")), "one\ntwo\n");
    EXPECT_FALSE(stream.is_within_member());
    EXPECT_FALSE(stream.is_damaged());
}

TEST(GunzipStreamTest, ReadsByteByByte) {
    GunzipStream stream;
    std::string text;
    for (const char byte : gzip("one\n") + gzip("two\n")) text += stream.decompress({&byte, 1});
    EXPECT_EQ(text, "one\ntwo\n");
    EXPECT_FALSE(stream.is_within_member());
}

TEST(GunzipStreamTest, TreatsTrailingZerosAsPadding) {
    GunzipStream stream;
    EXPECT_EQ(stream.decompress(gzip("one\n") + std::string(700, '\0')), "one\n");
    EXPECT_EQ(stream.decompress(std::string(700, '\0')), "");
    EXPECT_FALSE(stream.is_within_member());
    EXPECT_FALSE(stream.is_damaged());
    GunzipStream zeros;
    EXPECT_EQ(zeros.decompress(std::string(700, '\0')), "");
    EXPECT_TRUE(zeros.is_damaged());
}

TEST(GunzipStreamTest, ReturnsTheTextBeforeADamage) {
    GunzipStream stream;
    EXPECT_EQ(stream.decompress(gzip("one\n") + "no gzip at all"), "one\n");
    EXPECT_TRUE(stream.is_damaged());
    EXPECT_EQ(stream.decompress(gzip("two\n")), "");
}

}  // namespace
}  // namespace servicekit::policies
