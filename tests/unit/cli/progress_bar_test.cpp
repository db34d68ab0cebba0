#include "cli/progress_bar.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "cli/text.hpp"
#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_environment.hpp"
#include "servicekit/mocks/fake_standard_streams.hpp"

namespace servicekit::cli {
namespace {

TEST(RenderProgressTest, DrawsABarAndTheMessage) {
    EXPECT_EQ(render_progress({.done = 3, .total = 10, .message = "c.txt"}, {}, 40, Colours::no),
              "[###..........]  30%  c.txt");
    EXPECT_EQ(render_progress({.done = 10, .total = 10}, {}, 40, Colours::no), "[#############] 100%");
    EXPECT_EQ(render_progress({.done = 0, .total = 10}, {}, 40, Colours::no), "[.............]   0%");
}

TEST(RenderProgressTest, ShowsACountIfTheTotalIsUnknown) {
    EXPECT_EQ(render_progress({.done = 12, .total = 0, .message = "files"}, {}, 40, Colours::no), "12  files");
}

TEST(RenderProgressTest, StaysFullIfMoreThanTheTotalWasDone) {
    EXPECT_EQ(render_progress({.done = 20, .total = 10}, {}, 40, Colours::no), "[#############] 100%");
}

TEST(RenderProgressTest, FitsTheWidth) {
    const Progress progress{.done = 1, .total = 3, .message = std::string(200, 'x') + "\xC3\xA4"};
    for (unsigned width = 0; width < 200; ++width)
        EXPECT_LE(columns(render_progress(progress, {}, width, Colours::no)), std::max(width, 5U)) << width;
    EXPECT_EQ(render_progress({.done = 1, .total = 2, .message = "x"}, {}, 12, Colours::no), " 50%  x");
}

TEST(RenderProgressTest, ShowsThePaceBeforeTheMessageIfThereIsRoom) {
    const Progress progress{.done = 3, .total = 10, .message = "c.txt"};
    EXPECT_EQ(render_progress(progress, "12/s  1m left", 46, Colours::no),
              "[####...........]  30%  12/s  1m left  c.txt");
    EXPECT_EQ(render_progress(progress, "12/s  1m left", 30, Colours::no), "[##.......]  30%  c.txt");
}

TEST(RenderProgressTest, ColoursOnlyTheBar) {
    EXPECT_EQ(render_progress({.done = 5, .total = 10}, {}, 31, Colours::yes), "[\033[32m#####\033[0m.....]  50%");
}

TEST(RenderProgressTest, EscapesTerminalControls) {
    EXPECT_EQ(render_progress({.done = 1, .total = 0, .message = "a\n\033[2Jb"}, {}, 40, Colours::no),
              "1  a\\n\\x1b[2Jb");
}

class ProgressBarTest : public ::testing::Test {
protected:
    ProgressBarTest() { streams.set_terminal(os::Stream::error, true, 31); }
    [[nodiscard]] const std::string& written() const { return streams.written(os::Stream::error); }

    mocks::FakeStandardStreams streams;
    mocks::FakeClock clock;
    mocks::FakeEnvironment environment{{"TERM", "xterm"}, {"NO_COLOR", "1"}};
    Console console{streams, environment, "x"};
};

TEST_F(ProgressBarTest, RedrawsOneLineAndRemovesItAtTheEnd) {
    {
        ProgressBar bar{console, clock};
        bar.show({.done = 1, .total = 2});
        bar.show({.done = 2, .total = 2});
    }
    EXPECT_EQ(written(), "\r[#####.....]  50%\033[K\r[##########] 100%\033[K\r\033[K");
}

TEST_F(ProgressBarTest, DoesNotRedrawUnchangedOrClearAnEmptyLine) {
    ProgressBar bar{console, clock};
    bar.clear();
    EXPECT_EQ(written(), "");
    bar.show({.done = 1, .total = 2});
    const std::string once = written();
    bar.show({.done = 1, .total = 2});
    EXPECT_EQ(written(), once);
}

TEST_F(ProgressBarTest, ShowsThePaceEvenWhileNoProgressArrives) {
    streams.set_terminal(os::Stream::error, true, 60);
    ProgressBar bar{console, clock};
    bar.show({.done = 0, .total = 100});
    clock.advance(std::chrono::seconds{2});
    bar.show({.done = 40, .total = 100});
    EXPECT_THAT(written(), ::testing::HasSubstr(" 40%  20/s  3s left\033[K"));
    clock.advance(std::chrono::seconds{6});
    bar.refresh();
    EXPECT_THAT(written(), ::testing::EndsWith(" 40%  5.0/s  12s left\033[K"));
}

TEST_F(ProgressBarTest, HasColoursUnlessTheUserDisablesThem) {
    environment.unset("NO_COLOR");
    ProgressBar{console, clock}.show({.done = 1, .total = 2});
    EXPECT_THAT(written(), ::testing::HasSubstr("\033[32m"));
}

TEST_F(ProgressBarTest, NeedsATerminalThatCanClearALine) {
    EXPECT_TRUE(console.shows_bars());
    environment.set("TERM", "dumb");
    EXPECT_FALSE(console.shows_bars());
    environment.set("TERM", "xterm");
    streams.set_terminal(os::Stream::error, false);
    EXPECT_FALSE(console.shows_bars());
}

}  // namespace
}  // namespace servicekit::cli
