#include "core/log_router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "servicekit/mocks/fake_boost_log.hpp"
#include "servicekit/mocks/mock_clock.hpp"
#include "servicekit/mocks/mock_log.hpp"
#include "servicekit/mocks/mock_process.hpp"
#include "servicekit/mocks/mock_standard_streams.hpp"

namespace servicekit {
namespace {

using ::testing::NiceMock;

class LogRouterTest : public ::testing::Test {
protected:
    LogRouterTest() {
        ON_CALL(log_, write).WillByDefault([this](const LogRecord& record) { written_.emplace_back(record.message); });
    }

    NiceMock<mocks::MockClock> clock_;
    NiceMock<mocks::MockLog> log_;
    NiceMock<mocks::MockProcess> process_;
    NiceMock<mocks::MockStandardStreams> streams_;
    mocks::FakeBoostLog boost_log_;
    LogRouter desk_{clock_, process_, streams_, boost_log_};
    Logger& logger_ = desk_.whole();
    std::vector<std::string> written_;
};

TEST_F(LogRouterTest, KeepsLinesUntilTheLogIsOpen) {
    logger_.info("early");
    desk_.open(log_, "pond");
    logger_.info("late");

    EXPECT_EQ(written_, (std::vector<std::string>{"early", "late"}));
}

TEST_F(LogRouterTest, ReportsHowManyEarlyLinesWereLost) {
    for (int i = 0; i < 1005; ++i) logger_.info("line");
    desk_.open(log_, "pond");

    ASSERT_EQ(written_.size(), 1001U);
    EXPECT_EQ(written_.back(), "5 lines before the log was open are lost");
}

TEST_F(LogRouterTest, WritesLinesOfItsLevelOrAbove) {
    desk_.open(log_, "pond");
    desk_.set_level(LogLevel::warning);
    logger_.info("no");
    logger_.warning("yes");
    desk_.set_level(LogLevel::trace);
    logger_.trace("now");

    EXPECT_EQ(written_, (std::vector<std::string>{"yes", "now"}));
}

TEST_F(LogRouterTest, EarlyLinesAreFilteredByTheLaterLevel) {
    logger_.info("early");
    desk_.set_level(LogLevel::error);
    desk_.open(log_, "pond");

    EXPECT_TRUE(written_.empty());
}

TEST_F(LogRouterTest, EarlyLinesOfALowerLevelAreKept) {
    logger_.debug("early");
    logger_.channel("database").trace("earlier than its level");
    desk_.set_level(LogLevel::debug);
    desk_.open(log_, "pond");

    EXPECT_EQ(written_, (std::vector<std::string>{"early"}));
}

TEST_F(LogRouterTest, DropsLinesAfterItsEnd) {
    desk_.open(log_, "pond");
    desk_.close();
    logger_.error("too late");

    EXPECT_TRUE(written_.empty());
}

TEST_F(LogRouterTest, PutsArgumentsInTheirPlaces) {
    desk_.open(log_, "pond");
    logger_.info("backup of {} files took {}", 3, std::chrono::milliseconds{12});
    logger_.info("a text alone keeps its {}");

    EXPECT_EQ(written_, (std::vector<std::string>{"backup of 3 files took 12ms", "a text alone keeps its {}"}));
}

TEST_F(LogRouterTest, ALineWithoutMemoryKeepsItsText) {
    desk_.open(log_, "pond");
    const std::string_view endless{"fish", std::numeric_limits<std::size_t>::max() / 2};
    EXPECT_NO_THROW(logger_.info("there are {}", endless));
    logger_.info("there are {}", 2);

    EXPECT_EQ(written_, (std::vector<std::string>{"there are {}", "there are 2"}));
}

TEST_F(LogRouterTest, DoesNotFormatALineThatIsNotWritten) {
    struct Counted {
        int* times;
        [[nodiscard]] std::string message() const { return std::to_string(++*times); }
    };
    int times = 0;
    desk_.set_level(LogLevel::info);
    desk_.open(log_, "pond");
    logger_.debug("{}", Counted{&times});
    logger_.info("{}", Counted{&times});

    EXPECT_EQ(times, 1);
}

TEST_F(LogRouterTest, PassesFieldsAndSourceToTheLog) {
    desk_.open(log_, "pond");
    EXPECT_CALL(log_, write).WillOnce([](const LogRecord& record) {
        EXPECT_EQ(record.message, "backup done");
        ASSERT_EQ(record.fields.size(), 2U);
        EXPECT_EQ(record.fields[0].key, "files");
        EXPECT_EQ(record.fields[0].value.integer(), 3);
        EXPECT_EQ(record.fields[1].value.text(), "/b");
        EXPECT_NE(std::string_view{record.source.file}.find("log_router_test.cpp"), std::string_view::npos);
        EXPECT_GT(record.source.line, 0U);
    });
    logger_.info("backup done", {{"files", 3}, {"directory", std::string{"/b"}}});
}

TEST_F(LogRouterTest, KeptLinesKeepTheirFields) {
    logger_.warning("early", {{"files", 3}, {"directory", std::string{"/a long enough directory to be on the heap"}}});
    EXPECT_CALL(log_, write).WillOnce([](const LogRecord& record) {
        ASSERT_EQ(record.fields.size(), 2U);
        EXPECT_EQ(record.fields[0].value.integer(), 3);
        EXPECT_EQ(record.fields[1].value.text(), "/a long enough directory to be on the heap");
    });
    desk_.open(log_, "pond");
}

TEST_F(LogRouterTest, AChannelHasTheGlobalLevelUntilItGetsItsOwn) {
    desk_.open(log_, "pond");
    Logger& database = logger_.channel("database");
    EXPECT_EQ(&database, &desk_.channel("database"));
    desk_.set_level(LogLevel::warning);
    database.info("no");
    ASSERT_TRUE(desk_.set_channel_level("database", LogLevel::debug));
    database.debug("yes");
    logger_.info("no");
    desk_.set_level(LogLevel::error);
    database.debug("still");
    EXPECT_EQ(desk_.lowest_level(), LogLevel::debug);
    ASSERT_TRUE(desk_.set_channel_level("database", std::nullopt));
    database.warning("no");

    EXPECT_EQ(written_, (std::vector<std::string>{"yes", "still"}));
    EXPECT_TRUE(desk_.channel_levels().empty());
}

TEST_F(LogRouterTest, AChannelsLevelMayBeSetBeforeItIsUsed) {
    desk_.open(log_, "pond");
    ASSERT_TRUE(desk_.set_channel_level("database", LogLevel::trace));
    EXPECT_CALL(log_, write(::testing::Field(&LogRecord::channel, "database")));
    logger_.channel("database").trace("yes");
}

TEST_F(LogRouterTest, FiltersBoostLogRecordsByTheSameLevels) {
    desk_.set_level(LogLevel::info);
    desk_.open(log_, "pond");
    ASSERT_TRUE(desk_.set_channel_level("database", LogLevel::debug));
    boost_log_.write(LogLevel::info, "shown");
    boost_log_.write(LogLevel::debug, "hidden");
    boost_log_.write(LogLevel::debug, "rows", "database");
    EXPECT_EQ(written_, (std::vector<std::string>{"shown", "rows"}));
    desk_.close();
    EXPECT_EQ(boost_log_.subscribers(), 0U);
}

TEST_F(LogRouterTest, PassesItsLinesToBoostSinksIfRequested) {
    desk_.open(log_, "pond");
    logger_.info("not yet");
    logger_.show_to_boost_log(true);
    logger_.info("shown");
    boost_log_.write(LogLevel::info, "its own");

    ASSERT_EQ(boost_log_.shown().size(), 1U);
    EXPECT_EQ(boost_log_.shown().front().message, "shown");
}

TEST_F(LogRouterTest, AForkedChildWritesToStderrAndNotToTheLog) {
    ON_CALL(process_, generation).WillByDefault(::testing::Return(0U));
    desk_.open(log_, "pond");
    ON_CALL(process_, generation).WillByDefault(::testing::Return(1U));
    ON_CALL(process_, id).WillByDefault(::testing::Return(4712));
    EXPECT_CALL(log_, write).Times(0);
    EXPECT_CALL(streams_,
                write_within(os::Stream::error, "pond[4712] in a child of fork, warning: from the child rows=3\n",
                             ::testing::_));
    logger_.show_to_boost_log(true);
    logger_.warning("from the child", {{"rows", 3}});

    // Nothing goes to Boost.Log: another thread of the parent may have held its locks.
    EXPECT_TRUE(boost_log_.shown().empty());
}

TEST_F(LogRouterTest, AForkedChildWaitsForNoLockOfItsParent) {
    ON_CALL(process_, generation).WillByDefault(::testing::Return(0U));
    logger_.info("early");
    const Logger* in_child = nullptr;
    // The desk is locked while it writes kept lines.
    EXPECT_CALL(log_, write).WillOnce([&](const LogRecord&) {
        ON_CALL(process_, generation).WillByDefault(::testing::Return(1U));
        std::thread{[&] {
            in_child = &desk_.channel("database");
            logger_.info("from the child");
        }}.join();
        ON_CALL(process_, generation).WillByDefault(::testing::Return(0U));
    });
    EXPECT_CALL(streams_, write_within);
    desk_.open(log_, "pond");

    EXPECT_EQ(in_child, &logger_);
}

TEST_F(LogRouterTest, ReadingALevelCreatesNoChannel) {
    desk_.open(log_, "pond");
    desk_.set_level(LogLevel::warning);
    EXPECT_EQ(desk_.level_of("database"), LogLevel::warning);
    EXPECT_TRUE(desk_.set_channel_level("database", std::nullopt));
    EXPECT_TRUE(desk_.channel_levels().empty());
    ASSERT_TRUE(desk_.set_channel_level("database", LogLevel::debug));
    EXPECT_EQ(desk_.level_of("database"), LogLevel::debug);
}

TEST_F(LogRouterTest, RemembersALimitedNumberOfUnknownChannels) {
    const auto name = [](std::size_t number) { return "channel-" + std::to_string(number); };
    for (std::size_t number = 0; number < LogRouter::most_foreign_channels; ++number)
        ASSERT_TRUE(desk_.set_channel_level(name(number), LogLevel::debug));

    EXPECT_FALSE(desk_.set_channel_level("one-more", LogLevel::debug));
    EXPECT_TRUE(desk_.set_channel_level(name(0), LogLevel::trace)) << "it is known";

    ASSERT_TRUE(desk_.set_channel_level(name(0), std::nullopt));
    EXPECT_TRUE(desk_.set_channel_level("in-its-place", LogLevel::debug));
    (void)logger_.channel(name(1));
    EXPECT_TRUE(desk_.set_channel_level("one-more", LogLevel::debug)) << "the program has one of them now";
    (void)logger_.channel("the-programs-own");
    EXPECT_TRUE(desk_.set_channel_level("the-programs-own", LogLevel::debug));
    EXPECT_FALSE(desk_.set_channel_level("yet-another", LogLevel::debug));
}

}  // namespace
}  // namespace servicekit
