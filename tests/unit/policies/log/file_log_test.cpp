#include "servicekit/policies/log/file_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/log/core.hpp>
#include <boost/log/sources/logger.hpp>
#include <boost/log/sources/record_ostream.hpp>
#include <boost/log/sources/severity_logger.hpp>
#include <boost/log/trivial.hpp>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_files.hpp"
#include "servicekit/mocks/mock_process.hpp"
#include "servicekit/mocks/mock_standard_streams.hpp"
#include "servicekit/policy_concepts.hpp"

template struct servicekit::CheckLogPolicy<servicekit::FileLog>;

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using contract::StreamTarget;
using os::Stream;
using ::testing::_;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::NiceMock;
using ::testing::Not;
using ::testing::Return;
using ::testing::StartsWith;

const std::string path = "/var/log/just-another-server.log";

class FileLogTest : public ::testing::Test {
protected:
    void SetUp() override {
        files.add_folder("/var/log");
        deployment.name = "just-another-server";
        deployment.log_file = path;
        log.configure(deployment);
    }

    void write(FileLog& to, LogLevel level, std::string_view message) {
        to.write({.time = clock.system_now(), .level = level, .message = message});
    }
    void write(std::string_view message) { write(log, LogLevel::info, message); }
    [[nodiscard]] std::string content() const { return files.content(path); }

    FileLog log_with(FileLog::Options options) { return FileLog{std::move(options), files, streams, clock, process}; }

    mocks::FakeFiles files;
    NiceMock<mocks::MockStandardStreams> streams;
    mocks::FakeClock clock;
    NiceMock<mocks::MockProcess> process;
    contract::Deployment deployment;
    FileLog log{{}, files, streams, clock, process};
};

TEST_F(FileLogTest, WritesTimeLevelNamePidAndMessage) {
    ASSERT_TRUE(log.open());
    write(log, LogLevel::warning, "disk is slow");
    EXPECT_EQ(content(), "2026-01-02T03:04:05.000000Z warning just-another-server[4711]: disk is slow\n");
}

TEST_F(FileLogTest, AppendsToWhatIsThere) {
    files.add_file(path, "of yesterday\n");
    ASSERT_TRUE(log.open());
    write("today");
    EXPECT_THAT(content(), StartsWith("of yesterday\n2026-"));
}

TEST_F(FileLogTest, MakesAFileThatOthersCannotRead) {
    ASSERT_TRUE(log.open());
    EXPECT_EQ(files.status_of(path).permissions, mode_t{0640});
}

TEST_F(FileLogTest, TakesPathAndPermissionsOfTheOptionsFirst) {
    FileLog named = log_with({.path = "/var/log/other.log", .permissions = 0600});
    named.configure(deployment);
    ASSERT_TRUE(named.open());
    EXPECT_EQ(files.status_of("/var/log/other.log").permissions, mode_t{0600});
    EXPECT_FALSE(files.exists(path));
}

TEST_F(FileLogTest, SaysWhichFolderIsMissing) {
    deployment.log_file = "/var/log/mine/a.log";
    log.configure(deployment);
    const Error error = log.open().error();
    EXPECT_EQ(error.exit_code, ExitCode::cannot_create);
    EXPECT_EQ(error.message(), "cannot open the log '/var/log/mine/a.log': there is no folder '/var/log/mine'");
    EXPECT_FALSE(files.exists("/var/log/mine"));
}

TEST_F(FileLogTest, SaysWhyItCannotBeOpened) {
    files.failures.fail_always("open_for_appending", EISDIR);
    const Error error = log.open().error();
    EXPECT_EQ(error.exit_code, ExitCode::cannot_create);
    EXPECT_EQ(error.message(), "cannot open the log '" + path + "': Is a directory");
}

TEST_F(FileLogTest, KeepsAMissingPermissionApartFromOtherErrors) {
    files.failures.fail_always("open_for_appending", EACCES);
    EXPECT_EQ(log.open().error().exit_code, ExitCode::permission);
}

TEST_F(FileLogTest, RefusesARelativePathSinceADaemonHasAnotherFolder) {
    FileLog relative = log_with({.path = "a.log"});
    relative.configure(deployment);
    EXPECT_EQ(relative.open().error().message(), "cannot open the log 'a.log': not an absolute path");
}

TEST_F(FileLogTest, WritesToStderrInTheForegroundWithoutAFile) {
    deployment.log_file.clear();
    deployment.background = false;
    log.configure(deployment);
    ASSERT_TRUE(log.open());
    EXPECT_CALL(streams, write(Stream::error, EndsWith("info just-another-server[4711]: hello\n")));
    EXPECT_CALL(streams, redirect_to_null).Times(0);
    write("hello");
    EXPECT_TRUE(log.redirect(StreamTarget::log));
    EXPECT_TRUE(log.reopen());
    EXPECT_TRUE(log.hand_to(1000, 1000));
}

TEST_F(FileLogTest, DropsLinesAndStreamsInTheBackgroundWithoutAFile) {
    deployment.log_file.clear();
    log.configure(deployment);
    ASSERT_TRUE(log.open());
    EXPECT_CALL(streams, write).Times(0);
    EXPECT_CALL(streams, redirect_to_null(Stream::out));
    EXPECT_CALL(streams, redirect_to_null(Stream::error));
    write("hello");
    EXPECT_TRUE(log.redirect(StreamTarget::log));
}

TEST_F(FileLogTest, LeavesOutWhatIsBelowItsLevel) {
    deployment.log_level = LogLevel::warning;
    log.configure(deployment);
    ASSERT_TRUE(log.open());
    write(log, LogLevel::info, "left out");
    EXPECT_EQ(content(), "");
    log.set_level(LogLevel::trace);
    write(log, LogLevel::trace, "kept");
    EXPECT_THAT(content(), HasSubstr(" trace just-another-server[4711]: kept\n"));
}

TEST_F(FileLogTest, DropsLinesBeforeItIsOpenAndAfterItIsClosed) {
    write("early");
    ASSERT_TRUE(log.open());
    write("in time");
    log.close(1s);
    write("late");
    EXPECT_THAT(content(), AllOf(HasSubstr("in time"), Not(HasSubstr("early")), Not(HasSubstr("late"))));
    EXPECT_EQ(files.open_files(), 0U);
}

TEST_F(FileLogTest, CanBeClosedTwiceAndOpenedAgain) {
    ASSERT_TRUE(log.open());
    log.close(1s);
    log.close(1s);
    ASSERT_TRUE(log.open());
    write("again");
    EXPECT_THAT(content(), EndsWith(": again\n"));
}

TEST_F(FileLogTest, MovesBeforeItIsOpened) {
    FileLog moved = std::move(log);
    ASSERT_TRUE(moved.open());
    write(moved, LogLevel::info, "moved");
    EXPECT_THAT(content(), EndsWith(": moved\n"));
}

// A full disk.

TEST_F(FileLogTest, GoesOnWhileTheDiskIsFullAndTellsOfItLater) {
    ASSERT_TRUE(log.open());
    files.set_space(20);
    write("torn");
    write("lost");
    files.set_space(std::nullopt);
    write("kept");
    EXPECT_EQ(content(),
              "2026-01-02T03:04:05.\n"
              "2026-01-02T03:04:05.000000Z warning just-another-server[4711]: 2 lines lost: No space left on device\n"
              "2026-01-02T03:04:05.000000Z info just-another-server[4711]: kept\n");
}

TEST_F(FileLogTest, GoesOnAfterAnyErrorOfTheFile) {
    ASSERT_TRUE(log.open());
    files.failures.fail_next("write", EIO);
    write("lost");
    write("kept");
    EXPECT_THAT(content(),
                AllOf(StartsWith("2026-"), HasSubstr(" 1 line lost: Input/output error\n"), EndsWith(": kept\n")));
}

// Rotation.

TEST_F(FileLogTest, WritesIntoTheMovedFileUntilItIsReopened) {
    ASSERT_TRUE(log.open());
    files.rename(path, path + ".1");
    write("old");
    ASSERT_TRUE(log.reopen());
    write("new");
    EXPECT_THAT(files.content(path + ".1"), EndsWith(": old\n"));
    EXPECT_THAT(content(), AllOf(EndsWith(": new\n"), Not(HasSubstr("old"))));
    EXPECT_EQ(files.open_files(), 1U);
}

TEST_F(FileLogTest, KeepsTheOldFileWhereANewOneCannotBeOpened) {
    ASSERT_TRUE(log.open());
    files.rename(path, path + ".1");
    files.failures.fail_next("open_for_appending", EACCES);
    const auto reopened = log.reopen();
    ASSERT_FALSE(reopened);
    EXPECT_EQ(reopened.error().message(), "cannot open the log '" + path + "': Permission denied");
    write("kept");
    EXPECT_THAT(files.content(path + ".1"), EndsWith(": kept\n"));
}

// The standard streams.

TEST_F(FileLogTest, LeadsTheStreamsIntoTheFile) {
    ASSERT_TRUE(log.open());
    for (const Stream stream : {Stream::out, Stream::error})
        EXPECT_CALL(streams, redirect_to(stream, _)).WillOnce([this](Stream, int descriptor) -> Result<void> {
            EXPECT_EQ(files.path_of(descriptor), path);
            return {};
        });
    EXPECT_TRUE(log.redirect(StreamTarget::log));
}

TEST_F(FileLogTest, LeadsTheStreamsIntoTheNewFileAfterAReopen) {
    ASSERT_TRUE(log.open());
    ASSERT_TRUE(log.redirect(StreamTarget::log));
    EXPECT_CALL(streams, redirect_to(Stream::out, _));
    EXPECT_CALL(streams, redirect_to(Stream::error, _));
    EXPECT_TRUE(log.reopen());
}

TEST_F(FileLogTest, LeavesTheStreamsWhereToldToAlsoAfterAReopen) {
    EXPECT_CALL(streams, redirect_to).Times(0);
    EXPECT_CALL(streams, redirect_to_null).Times(0);
    ASSERT_TRUE(log.open());
    EXPECT_TRUE(log.redirect(StreamTarget::inherit));
    EXPECT_TRUE(log.reopen());
}

TEST_F(FileLogTest, TellsWhyAStreamCannotBeRedirected) {
    ASSERT_TRUE(log.open());
    EXPECT_CALL(streams, redirect_to(Stream::out, _)).WillOnce(Return(Result<void>{os_error("redirect", path, EBUSY)}));
    const auto redirected = log.redirect(StreamTarget::log);
    ASSERT_FALSE(redirected);
    EXPECT_EQ(redirected.error().exit_code, ExitCode::cannot_create);
}

TEST_F(FileLogTest, HandsTheFileToAnotherUser) {
    ASSERT_TRUE(log.open());
    ASSERT_TRUE(log.hand_to(1000, 1001));
    EXPECT_EQ(files.status_of(path).uid, 1000U);
    EXPECT_EQ(files.status_of(path).gid, 1001U);
}

// Boost.Log, which the program may use by itself.

TEST_F(FileLogTest, TakesWhatTheProgramLogsWithTheMacrosOfBoost) {
    ASSERT_TRUE(log.open());
    BOOST_LOG_TRIVIAL(error) << "answer " << 42 << "\nforged";
    EXPECT_EQ(content(), "2026-01-02T03:04:05.000000Z error just-another-server[4711]: answer 42\\nforged\n");
}

TEST_F(FileLogTest, LeavesOutWhatTheProgramLogsBelowTheLevel) {
    ASSERT_TRUE(log.open());
    BOOST_LOG_TRIVIAL(debug) << "left out";
    EXPECT_EQ(content(), "");
    log.set_level(LogLevel::debug);
    BOOST_LOG_TRIVIAL(debug) << "kept";
    EXPECT_THAT(content(), HasSubstr(" debug just-another-server[4711]: kept\n"));
}

TEST_F(FileLogTest, TakesSeveritiesThatArePlainNumbers) {
    ASSERT_TRUE(log.open());
    boost::log::sources::severity_logger<int> logger;
    BOOST_LOG_SEV(logger, 3) << "three";
    BOOST_LOG_SEV(logger, 99) << "beyond";
    BOOST_LOG_SEV(logger, 1) << "debug";
    EXPECT_THAT(content(), AllOf(HasSubstr(" warning just-another-server[4711]: three\n"),
                                 HasSubstr(" fatal just-another-server[4711]: beyond\n"), Not(HasSubstr("debug"))));
}

TEST_F(FileLogTest, TakesRecordsWithoutSeverityForInfo) {
    ASSERT_TRUE(log.open());
    boost::log::sources::logger plain;
    BOOST_LOG(plain) << "plain";
    boost::log::sources::wlogger wide;
    BOOST_LOG(wide) << L"wide";
    EXPECT_THAT(content(), AllOf(HasSubstr(" info just-another-server[4711]: plain\n"),
                                 HasSubstr(" info just-another-server[4711]: wide\n")));
}

TEST_F(FileLogTest, TakesNoLinesOfAnotherServiceInTheProcess) {
    FileLog other = log_with({.path = "/var/log/other.log"});
    deployment.name = "other";
    other.configure(deployment);
    ASSERT_TRUE(log.open());
    ASSERT_TRUE(other.open());
    write("mine");
    write(other, LogLevel::info, "theirs");
    BOOST_LOG_TRIVIAL(info) << "everybody's";
    EXPECT_THAT(content(), AllOf(HasSubstr("[4711]: mine\n"), Not(HasSubstr("theirs")), HasSubstr("everybody's")));
    EXPECT_THAT(files.content("/var/log/other.log"),
                AllOf(HasSubstr(" other[4711]: theirs\n"), Not(HasSubstr("mine")), HasSubstr("everybody's")));
}

TEST_F(FileLogTest, TakesNothingMoreFromBoostOnceItIsClosedOrGone) {
    FileLog closed = log_with({.path = "/var/log/closed.log"});
    closed.configure(deployment);
    ASSERT_TRUE(closed.open());
    closed.close(1s);
    {
        FileLog gone = log_with({.path = "/var/log/gone.log"});
        gone.configure(deployment);
        ASSERT_TRUE(gone.open());
    }
    ASSERT_TRUE(log.open());
    BOOST_LOG_TRIVIAL(fatal) << "late";
    EXPECT_THAT(content(), EndsWith(": late\n"));
    EXPECT_EQ(files.content("/var/log/closed.log"), "");
    EXPECT_EQ(files.content("/var/log/gone.log"), "");
}

TEST_F(FileLogTest, SharesTheFileAmongThreads) {
    ASSERT_TRUE(log.open());
    std::vector<std::thread> threads;
    for (int number = 0; number < 4; ++number)
        threads.emplace_back([this] {
            for (int count = 0; count < 50; ++count) {
                write("a line of the service");
                BOOST_LOG_TRIVIAL(info) << "a line of the program";
            }
        });
    for (auto& thread : threads) thread.join();

    std::size_t lines = 0;
    for (const char letter : content()) lines += letter == '\n' ? 1 : 0;
    EXPECT_EQ(lines, 400U);
}

}  // namespace
}  // namespace servicekit
