#include "policies/log/gunzip_stream.hpp"

#include <gtest/gtest.h>

#include "policies/log/gzip_stream.hpp"

namespace servicekit::policies {
namespace {

std::string gzip(const std::string& text) { return GzipStream{}.compress(text, GzipStream::Input::ends); }

std::string long_text() {
    std::string text;
    for (int line = 0; line < 20'000; ++line) text += "line " + std::to_string(line) + "\n";
    return text;
}

TEST(GunzipStreamTest, GivesBackWhatWasCompressed) {
    const std::string text = long_text();
    GunzipStream stream;
    EXPECT_TRUE(stream.decompress(gzip(text)) == text);
    EXPECT_FALSE(stream.is_within_member());
}

TEST(GunzipStreamTest, TakesItsInputInAnyPieces) {
    const std::string text = long_text();
    const std::string compressed = gzip(text);
    GunzipStream stream;
    std::string out;
    for (std::size_t begin = 0; begin < compressed.size(); begin += 7)
        out += stream.decompress(std::string_view{compressed}.substr(begin, 7)).value();
    EXPECT_TRUE(out == text);
}

TEST(GunzipStreamTest, ReadsMembersAsOneText) {
    GunzipStream stream;
    EXPECT_EQ(stream.decompress(gzip("one\n") + gzip("two\n")), "one\ntwo\n");
}

TEST(GunzipStreamTest, KnowsWhetherTheEndIsMissing) {
    const std::string compressed = gzip(long_text());
    GunzipStream stream;
    ASSERT_TRUE(stream.decompress(std::string_view{compressed}.substr(0, compressed.size() - 1)));
    EXPECT_TRUE(stream.is_within_member());
    ASSERT_TRUE(stream.decompress(std::string_view{compressed}.substr(compressed.size() - 1)));
    EXPECT_FALSE(stream.is_within_member());
}

TEST(GunzipStreamTest, RefusesWhatIsDamaged) {
    std::string compressed = gzip(long_text());
    compressed[compressed.size() / 2] = static_cast<char>(~compressed[compressed.size() / 2]);
    EXPECT_EQ(GunzipStream{}.decompress(compressed), std::nullopt);
    EXPECT_EQ(GunzipStream{}.decompress("no gzip"), std::nullopt);
}

}  // namespace
}  // namespace servicekit::policies
