#include "servicectl/web/pages/assets.hpp"

#include <gmock/gmock.h>

namespace servicekit::servicectl::web {
namespace {

using ::testing::HasSubstr, ::testing::IsEmpty, ::testing::Not, ::testing::StartsWith;

TEST(AssetsTest, EachHasAPathATypeAndAContent) {
    ASSERT_EQ(assets().size(), 3U);
    EXPECT_EQ(style().type, "text/css; charset=utf-8");
    EXPECT_THAT(std::string{style().content}, HasSubstr("prefers-color-scheme: dark"));
    EXPECT_EQ(script().type, "text/javascript; charset=utf-8");
    EXPECT_THAT(std::string{script().content}, HasSubstr("new EventSource("));
    EXPECT_THAT(std::string{icon().content}, StartsWith("<svg "));
}

TEST(AssetsTest, TheAddressChangesWithTheContent) {
    EXPECT_THAT(url_of(style()).text(), StartsWith("/style.css?v="));
    const Asset other{.path = style().path, .content = "body {}", .type = style().type};
    EXPECT_NE(url_of(other).text(), url_of(style()).text());
}

TEST(AssetsTest, NothingIsLoadedFromElsewhere) {
    for (const Asset& asset : assets()) {
        const std::string content{asset.content};
        EXPECT_THAT(content, Not(HasSubstr("url(")));
        EXPECT_THAT(content, Not(HasSubstr("https:")));
        EXPECT_THAT(content, Not(HasSubstr("@import")));
    }
}

TEST(AssetsTest, MotionIsOnlyForThoseWhoWantIt) {
    const std::string content{style().content};
    const std::size_t wanted = content.find("prefers-reduced-motion: no-preference");
    ASSERT_NE(wanted, std::string::npos);
    EXPECT_GT(content.find("transition:"), wanted);
    EXPECT_GT(content.find("scroll-behavior:"), wanted);
    EXPECT_EQ(content.find("animation:"), std::string::npos);
}

}  // namespace
}  // namespace servicekit::servicectl::web
