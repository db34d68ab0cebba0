#include "cli/progress_pace.hpp"

#include <gtest/gtest.h>

namespace servicekit::cli {
namespace {

using namespace std::chrono_literals;

class ProgressPaceTest : public ::testing::Test {
protected:
    void report(std::chrono::milliseconds after, std::uint64_t done, std::uint64_t total) {
        now += after;
        pace.note({.done = done, .total = total}, now);
    }
    [[nodiscard]] std::string in_words(std::chrono::milliseconds later = 0ms) const {
        return pace.in_words(now + later);
    }

    ProgressPace pace;
    ProgressPace::Time now{1h};
};

TEST_F(ProgressPaceTest, IsUnknownAtFirst) {
    EXPECT_EQ(in_words(), "");
    report(0s, 0, 100);
    EXPECT_EQ(in_words(10s), "");
    report(900ms, 50, 100);
    EXPECT_EQ(in_words(), "") << "a rate over less than a second is noise";
    EXPECT_EQ(in_words(100ms), "50/s  1s left");
}

TEST_F(ProgressPaceTest, HasNoTimeIfTheTotalIsUnknownOrReached) {
    report(0s, 0, 0);
    report(2s, 9, 0);
    EXPECT_EQ(in_words(), "4.5/s");
    report(0s, 0, 10);
    report(2s, 10, 10);
    EXPECT_EQ(in_words(), "5.0/s");
}

TEST_F(ProgressPaceTest, IsThatOfTheLastTime) {
    report(0s, 0, 10'000);
    report(1s, 1'000, 10'000);
    for (std::uint64_t done = 1'010; done <= 2'000; done += 10) report(1s, done, 10'000);
    EXPECT_EQ(in_words(), "10/s  13m 20s left");
}

TEST_F(ProgressPaceTest, BeginsAgainWithOtherWork) {
    report(0s, 0, 1'000);
    report(2s, 1'000, 1'000);
    report(2s, 0, 4);
    EXPECT_EQ(in_words(5s), "");
    report(2s, 1, 4);
    EXPECT_EQ(in_words(), "30/min  6s left");
    report(2s, 0, 4);
    EXPECT_EQ(in_words(5s), "");
}

TEST_F(ProgressPaceTest, SurvivesReportsThatAreOutOfOrder) {
    report(0s, 0, 100);
    for (std::uint64_t done = 1; done < 40; done += 2) {
        report(500ms, done + 1, 100);
        report(500ms, done, 100);
    }
    EXPECT_EQ(in_words(), "1.9/s  32s left");
}

TEST_F(ProgressPaceTest, AReportThatIsLateForTheWholeWindowHasNoRate) {
    report(2s, 20, 200);
    report(1s, 100, 200);
    for (int i = 0; i < 80; ++i) report(300ms, 98, 200);
    EXPECT_EQ(in_words(), "");
}

TEST_F(ProgressPaceTest, UsesUnitsThatArePlainToRead) {
    report(0s, 0, 0);
    report(10s, 12'345, 0);
    EXPECT_EQ(in_words(), "1.2k/s");
    EXPECT_EQ(in_words(990s), "12/s");
    report(10s, 0, 0);
    report(1s, 5'000'000, 0);
    EXPECT_EQ(in_words(), "5.0M/s");
    report(1s, 0, 0);
    report(600s, 1, 0);
    EXPECT_EQ(in_words(), "0.1/min");
    EXPECT_EQ(in_words(std::chrono::hours{24}), "");
}

TEST_F(ProgressPaceTest, KeepsFewReports) {
    for (std::uint64_t done = 0; done < 100'000; ++done) report(1ms, done, 1'000'000);
    EXPECT_EQ(in_words(), "1.0k/s  15m 1s left");
}

TEST_F(ProgressPaceTest, HoldsTheLargestNumbers) {
    report(0s, 0, UINT64_MAX);
    report(1s, 1, UINT64_MAX);
    EXPECT_EQ(in_words(), "1.0/s");
    report(1s, UINT64_MAX, UINT64_MAX);
    EXPECT_EQ(in_words(), "9.2E/s");
}

}  // namespace
}  // namespace servicekit::cli
