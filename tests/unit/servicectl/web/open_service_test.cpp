#include "servicectl/web/open_service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace servicekit::servicectl::web {
namespace {

using ::testing::ElementsAre, ::testing::IsEmpty, ::testing::SizeIs;

class OpenServiceTest : public ::testing::Test {
protected:
    void log(std::size_t lines, std::size_t skipped = 0) {
        ServiceNews news{.log_skipped = skipped};
        for (std::size_t i = 0; i < lines; ++i) news.log_lines.push_back("line " + std::to_string(++number));
        open.take(std::move(news));
    }
    OpenService open{Place{}, 7};
    std::size_t number = 0;
};

TEST_F(OpenServiceTest, ABrowserGetsTheLinesSinceItsLastOnes) {
    log(3);
    const auto position = open.log_end();
    EXPECT_THAT(open.log(), ElementsAre("line 1", "line 2", "line 3"));
    EXPECT_THAT(open.log_from(position).lines, IsEmpty());
    log(2);
    EXPECT_THAT(open.log_from(position).lines, ElementsAre("line 4", "line 5"));
    EXPECT_EQ(open.log_from(position).skipped, 0U);
}

TEST_F(OpenServiceTest, AFastLogIsSampledAndBounded) {
    log(3);
    const auto position = open.log_end();
    for (int i = 0; i < 100; ++i) log(1000, 4000);
    EXPECT_THAT(open.log(), SizeIs(OpenService::most_lines));
    const auto lines = open.log_from(position);
    EXPECT_THAT(lines.lines, SizeIs(OpenService::most_lines_at_once));
    EXPECT_EQ(lines.skipped, 500'000U - OpenService::most_lines_at_once);
    EXPECT_EQ(lines.lines.back(), "line 100003");
}

TEST_F(OpenServiceTest, AMessageHasABoundInBytes) {
    log(1);
    const auto position = open.log_end();
    ServiceNews news;
    for (int i = 0; i < 100; ++i) news.log_lines.emplace_back(10'000, 'x');
    open.take(std::move(news));
    constexpr std::size_t fit = OpenService::most_bytes_at_once / 10'000;
    EXPECT_THAT(open.log_from(position).lines, SizeIs(fit));
    EXPECT_EQ(open.log_from(position).skipped, 100 - fit);
    EXPECT_THAT(open.log(), SizeIs(fit));
}

TEST_F(OpenServiceTest, NewLinesOfTheLogDoNotChangeTheRest) {
    const auto version = open.version();
    log(1);
    EXPECT_EQ(open.version(), version);
    open.take({.log_level = "debug"});
    EXPECT_NE(open.version(), version);
    ServiceView view;
    open.fill(view, "");
    EXPECT_EQ(view.log_level, "debug");
    EXPECT_EQ(view.events_reason, "asking");
}

TEST_F(OpenServiceTest, IsKnownAfterTheFirstRound) {
    EXPECT_FALSE(open.is_known());
    open.take({.events = Learned<Object>{.reason = "it does not answer"}, .is_first_round = true});
    EXPECT_TRUE(open.is_known());
    EXPECT_EQ(open.parameters_of("greet"), nullptr);
    ServiceView view;
    open.fill(view, "");
    EXPECT_EQ(view.events_reason, "it does not answer");
}

TEST(SettingRowsTest, HaveTheOriginAndAreBounded) {
    Object settings{{"name", Object{{"value", "web"}, {"origin", "program"}}}, {"strange", 1}};
    auto rows = setting_rows({{"settings", settings}, {"app", Object{{"depth", 3}}}});
    ASSERT_THAT(rows, SizeIs(2));
    EXPECT_EQ(rows[0].name, "name");
    EXPECT_EQ(rows[0].value, "web");
    EXPECT_EQ(rows[0].origin, "program");
    EXPECT_EQ(rows[1].name, "app.depth");
    EXPECT_EQ(rows[1].value, "3");
    for (int i = 0; i < 1000; ++i)
        settings.set("s" + std::to_string(i), Object{{"value", std::string(5000, 'x')}, {"origin", ""}});
    rows = setting_rows({{"settings", settings}});
    EXPECT_THAT(rows, SizeIs(500));
    EXPECT_THAT(rows.back().value, SizeIs(1024));
    EXPECT_THAT(setting_rows({{"settings", "nonsense"}}), IsEmpty());
}

}  // namespace
}  // namespace servicekit::servicectl::web
