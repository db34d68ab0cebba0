#include "servicectl/web/pages/run_page.hpp"

#include <gmock/gmock.h>

#include "unit/servicectl/web/pages/checked_page.hpp"
#include "unit/servicectl/web/pages/sample_views.hpp"

namespace servicekit::servicectl::web {
namespace {

using ::testing::AllOf, ::testing::HasSubstr, ::testing::IsEmpty, ::testing::Not;

std::string page_of(const RunView& run) {
    std::string page = run_page(acting_frame(), running_line(), run);
    EXPECT_THAT(faults_of(page), IsEmpty());
    return page;
}

TEST(RunPageTest, ShowsHowFarARunIs) {
    EXPECT_THAT(page_of(running_run()), AllOf(HasSubstr("<progress max=\"100\" aria-label=\"progress\" value=\"40\">"),
                                              HasSubstr("guest 4 of 10"), HasSubstr("requested 3s ago"),
                                              HasSubstr("data-live=\"/services/greeter/live\"")));
}

TEST(RunPageTest, ABarWithoutAShareHasNoValue) {
    RunView run = running_run();
    run.percent.reset();
    EXPECT_THAT(page_of(run), HasSubstr("<progress max=\"100\" aria-label=\"progress\"></progress>"));
    run.percent = 4000;
    EXPECT_THAT(page_of(run), HasSubstr("value=\"100\""));
}

TEST(RunPageTest, LoadsItselfAgainWithoutScriptUntilTheRunHasEnded) {
    constexpr const char* reload = "<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>";
    RunView run = running_run();
    EXPECT_THAT(page_of(run), HasSubstr(reload));
    run.state = RunView::State::done;
    EXPECT_THAT(page_of(run), Not(HasSubstr(reload)));
}

TEST(RunPageTest, ShowsTheReply) {
    RunView run = running_run();
    run.state = RunView::State::done;
    run.outcome = "{\n  \"greeted\": true\n}";
    EXPECT_THAT(page_of(run), AllOf(HasSubstr("<h2>Reply</h2>"), HasSubstr("{\n  &quot;greeted&quot;: true\n}"),
                                    HasSubstr("data-announce=\"greet is done\""), Not(HasSubstr("<progress"))));
}

TEST(RunPageTest, ShowsTheError) {
    RunView run = running_run();
    run.state = RunView::State::failed;
    run.outcome = "no such guest";
    EXPECT_THAT(page_of(run),
                AllOf(HasSubstr("<h2>Error</h2>"), HasSubstr("no such guest"), HasSubstr("badge failed")));
}

TEST(RunPageTest, ShowsTheNewestItemsThatFit) {
    RunView run = running_run();
    for (int i = 0; i < 200; ++i)
        run.items.push_back("{\"n\":" + std::to_string(i) + "," + std::string(2000, 'x') + "}");
    const std::string text = text_in(page_of(run));

    EXPECT_THAT(text, HasSubstr("{\"n\":199,"));
    EXPECT_THAT(text, Not(HasSubstr("{\"n\":100,")));
    EXPECT_LT(text.size(), 70'000U);
}

TEST(RunPageTest, DisarmsHostileReplies) {
    RunView run = hostile_view().runs[0];
    for (const RunView::State state : {RunView::State::running, RunView::State::done, RunView::State::failed}) {
        run.state = state;
        const std::string page = run_page(hostile_view().frame, hostile_view().line, run);
        EXPECT_THAT(faults_of(page), IsEmpty());
        EXPECT_THAT(page, AllOf(Not(HasSubstr("<script>")), Not(HasSubstr("<img")), HasSubstr(disarmed)));
    }
}

}  // namespace
}  // namespace servicekit::servicectl::web
