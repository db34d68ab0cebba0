#include "servicekit/os/boost_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/log/attributes/value_extraction.hpp>
#include <boost/log/core.hpp>
#include <boost/log/sinks/basic_sink_backend.hpp>
#include <boost/log/sinks/sync_frontend.hpp>
#include <boost/log/sources/logger.hpp>
#include <boost/log/sources/record_ostream.hpp>
#include <boost/log/sources/severity_channel_logger.hpp>
#include <boost/log/sources/severity_logger.hpp>
#include <boost/log/trivial.hpp>
#include <boost/make_shared.hpp>
#include <string>
#include <vector>

namespace servicekit::os {
namespace {

namespace logging = boost::log;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class BoostLogTest : public ::testing::Test {
protected:
    std::unique_ptr<BoostLog::Subscription> subscribe(LogLevel least = LogLevel::info) {
        return log_.subscribe([least](LogLevel level, std::string_view) { return level >= least; },
                              [this](const LogRecord& record) {
                                  std::string line{to_string(record.level)};
                                  if (!record.channel.empty()) (line += '@') += record.channel;
                                  taken_.push_back((line += ' ') += record.message);
                              });
    }

    BoostLog& log_ = process_boost_log();
    std::vector<std::string> taken_;
};

TEST_F(BoostLogTest, ReceivesRecordsOfTheMacros) {
    const auto subscription = subscribe();
    BOOST_LOG_TRIVIAL(error) << "answer " << 42;
    BOOST_LOG_TRIVIAL(debug) << "left out";
    EXPECT_THAT(taken_, ElementsAre("error answer 42"));
}

TEST_F(BoostLogTest, AcceptsNumericSeverities) {
    const auto subscription = subscribe();
    logging::sources::severity_logger<int> logger;
    BOOST_LOG_SEV(logger, 3) << "three";
    BOOST_LOG_SEV(logger, 99) << "beyond";
    BOOST_LOG_SEV(logger, 1) << "debug";
    EXPECT_THAT(taken_, ElementsAre("warning three", "fatal beyond"));
}

TEST_F(BoostLogTest, TreatsRecordsWithoutSeverityAsInfo) {
    const auto subscription = subscribe();
    logging::sources::logger plain;
    BOOST_LOG(plain) << "plain";
    logging::sources::wlogger wide;
    BOOST_LOG(wide) << L"wide";
    EXPECT_THAT(taken_, ElementsAre("info plain", "info wide"));
}

TEST_F(BoostLogTest, KnowsTheChannel) {
    const auto subscription = subscribe();
    logging::sources::severity_channel_logger<logging::trivial::severity_level, std::string> logger{
        logging::keywords::channel = "database"};
    BOOST_LOG_SEV(logger, logging::trivial::info) << "3 rows";
    EXPECT_THAT(taken_, ElementsAre("info@database 3 rows"));
}

TEST_F(BoostLogTest, ReceivesNothingAfterTheSubscription) {
    subscribe().reset();
    const auto keeps_the_console_quiet = subscribe(LogLevel::fatal);
    BOOST_LOG_TRIVIAL(error) << "late";
    EXPECT_THAT(taken_, IsEmpty());
}

/// A sink that an application adds.
class ProgramsSink : public logging::sinks::basic_sink_backend<logging::sinks::synchronized_feeding> {
public:
    void consume(const logging::record_view& record) {
        const auto message = record["Message"].extract<std::string>();
        const auto severity = record["Severity"].extract<logging::trivial::severity_level>();
        const auto channel = record["Channel"].extract<std::string>();
        seen.push_back(std::string{logging::trivial::to_string(severity.get())} + '@' + channel.get() + ' ' +
                       message.get());
    }
    std::vector<std::string> seen;
};

TEST_F(BoostLogTest, PassesRecordsOnlyToTheProgramsSinks) {
    const auto subscription = subscribe(LogLevel::trace);
    const auto backend = boost::make_shared<ProgramsSink>();
    const auto sink = boost::make_shared<logging::sinks::synchronous_sink<ProgramsSink>>(backend);
    logging::core::get()->add_sink(sink);
    log_.show({.time = {}, .level = LogLevel::warning, .message = "disk is slow", .channel = "disk"});
    logging::core::get()->remove_sink(sink);
    EXPECT_THAT(backend->seen, ElementsAre("warning@disk disk is slow"));
    EXPECT_THAT(taken_, IsEmpty());
}

}  // namespace
}  // namespace servicekit::os
