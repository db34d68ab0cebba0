#include "core/log_desk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "servicekit/mocks/mock_clock.hpp"
#include "servicekit/mocks/mock_log.hpp"
#include "servicekit/mocks/mock_process.hpp"
#include "servicekit/mocks/mock_standard_streams.hpp"

namespace servicekit {
namespace {

using ::testing::NiceMock;

class LoggerTest : public ::testing::Test {
protected:
    LoggerTest() {
        ON_CALL(log_, write).WillByDefault([this](const contract::LogRecord& record) {
            written_.emplace_back(record.message);
        });
    }

    NiceMock<mocks::MockClock> clock_;
    NiceMock<mocks::MockLog> log_;
    NiceMock<mocks::MockProcess> process_;
    NiceMock<mocks::MockStandardStreams> streams_;
    LogDesk desk_{clock_, process_, streams_};
    Logger& logger_ = desk_.whole();
    std::vector<std::string> written_;
};

TEST_F(LoggerTest, KeepsLinesUntilTheLogIsOpen) {
    logger_.info("early");
    desk_.open(log_, "pond");
    logger_.info("late");

    EXPECT_EQ(written_, (std::vector<std::string>{"early", "late"}));
}

TEST_F(LoggerTest, SaysHowManyEarlyLinesWereTooMany) {
    for (int i = 0; i < 1005; ++i) logger_.info("line");
    desk_.open(log_, "pond");

    ASSERT_EQ(written_.size(), 1001U);
    EXPECT_EQ(written_.back(), "5 lines before the log was open are lost");
}

TEST_F(LoggerTest, WritesWhatIsOfItsLevelOrAbove) {
    desk_.open(log_, "pond");
    desk_.set_level(LogLevel::warning);
    logger_.info("no");
    logger_.warning("yes");
    desk_.set_level(LogLevel::trace);
    logger_.trace("now");

    EXPECT_EQ(written_, (std::vector<std::string>{"yes", "now"}));
}

TEST_F(LoggerTest, EarlyLinesAreWrittenByTheLevelThatIsInForceThen) {
    logger_.info("early");
    desk_.set_level(LogLevel::error);
    desk_.open(log_, "pond");

    EXPECT_TRUE(written_.empty());
}

TEST_F(LoggerTest, DropsWhatComesAfterItsEnd) {
    desk_.open(log_, "pond");
    desk_.close();
    logger_.error("too late");

    EXPECT_TRUE(written_.empty());
}

}  // namespace
}  // namespace servicekit
