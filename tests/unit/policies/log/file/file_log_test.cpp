#include "servicekit/policies/log/file_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_environment.hpp"
#include "servicekit/mocks/fake_event_loop.hpp"
#include "servicekit/mocks/fake_files.hpp"
#include "servicekit/mocks/fake_threads.hpp"
#include "servicekit/mocks/fake_users.hpp"
#include "servicekit/mocks/mock_process.hpp"
#include "servicekit/mocks/mock_standard_streams.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using os::Stream;
using ::testing::_;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::NiceMock;
using ::testing::Not;
using ::testing::Return;
using ::testing::StartsWith;

class FileLogTest : public ::testing::Test {
protected:
    static inline const std::string path = "/var/log/just-another-server.log";

    void SetUp() override {
        files.add_directory("/var/log");
        deployment.name = "just-another-server";
        deployment.log_file = path;
        log.configure(deployment);
    }

    /// Writes as many lines as do not wait within the delay.
    void write_prompt_lines() {
        for (int line = 0; line < 16; ++line) write("prompt");
    }
    void write(FileLog& to, LogLevel level, std::string_view message) {
        to.write({.time = clock.system_now(), .level = level, .message = message});
    }
    void write(std::string_view message) { write(log, LogLevel::info, message); }
    [[nodiscard]] std::string content() const { return files.content(path); }

    FileLog log_with(const FileLog::Options& options) { return FileLog{options, host()}; }

    [[nodiscard]] os::Host host() {
        return {.clock = &clock,
                .environment = &environment,
                .files = &files,
                .process = &process,
                .streams = &streams,
                .threads = &side_threads,
                .users = &users};
    }

    mocks::FakeFiles files;
    NiceMock<mocks::MockStandardStreams> streams;
    mocks::FakeClock clock;
    mocks::FakeReactor reactor{clock};
    mocks::FakeThreads side_threads{reactor};
    NiceMock<mocks::MockProcess> process;
    Deployment deployment;
    mocks::FakeUsers users;
    mocks::FakeEnvironment environment;
    FileLog log{{}, host()};
};

TEST_F(FileLogTest, AFlushWritesDelayedLines) {
    mocks::FakeEventLoop loop{reactor};
    ASSERT_TRUE(log.open());
    ASSERT_TRUE(log.start(loop));
    ASSERT_TRUE(loop.start());
    write_prompt_lines();
    write("waits");
    EXPECT_THAT(content(), EndsWith(": prompt\n"));
    log.flush(1s);
    EXPECT_THAT(content(), HasSubstr("waits"));
    loop.stop();
    log.stop();
    log.close(1s);
}

TEST_F(FileLogTest, WritesTimeLevelNamePidAndMessage) {
    ASSERT_TRUE(log.open());
    write(log, LogLevel::warning, "disk is slow");
    EXPECT_EQ(content(), "2026-01-02T03:04:05.000000Z warning just-another-server[4711]: disk is slow\n");
}

TEST_F(FileLogTest, AppendsToAnExistingFile) {
    files.add_file(path, "of yesterday\n");
    ASSERT_TRUE(log.open());
    write("today");
    EXPECT_THAT(content(), StartsWith("of yesterday\n2026-"));
}

TEST_F(FileLogTest, CreatesAFileThatOthersCannotRead) {
    ASSERT_TRUE(log.open());
    EXPECT_EQ(files.status_of(path).permissions, mode_t{0640});
}

TEST_F(FileLogTest, CreatesTheFileWithTheConfiguredPermissions) {
    FileLog plain = log_with({.permissions = 0600});
    deployment.log_file = "/var/log/plain.log";
    plain.configure(deployment);
    ASSERT_TRUE(plain.open());
    EXPECT_EQ(files.status_of("/var/log/plain.log").permissions, mode_t{0600});

    FileLog open_to_all = log_with({.permissions = 0600});
    deployment.log_file = "/var/log/open.log";
    deployment.log_plan.permissions = 0644;
    open_to_all.configure(deployment);
    ASSERT_TRUE(open_to_all.open());
    EXPECT_EQ(files.status_of("/var/log/open.log").permissions, mode_t{0644});
}

TEST_F(FileLogTest, GivesTheFileToTheConfiguredGroup) {
    users.add_group("adm", 4);
    deployment.log_plan.group = "adm";
    log.configure(deployment);
    ASSERT_TRUE(log.open());
    EXPECT_EQ(files.status_of(path).gid, 4U);
    EXPECT_EQ(files.status_of(path).uid, 0U);
}

TEST_F(FileLogTest, NamesAnUnknownGroup) {
    deployment.log_plan.group = "nobodys";
    log.configure(deployment);
    EXPECT_EQ(log.open().error().message(), "cannot give the log to the group 'nobodys': there is no such group");
}

TEST_F(FileLogTest, NamesAMissingDirectory) {
    deployment.log_file = "/var/log/mine/a.log";
    log.configure(deployment);
    const Error error = log.open().error();
    EXPECT_EQ(error.exit_code, ExitCode::cannot_create);
    EXPECT_EQ(error.message(), "cannot open the log '/var/log/mine/a.log': there is no directory '/var/log/mine'");
    EXPECT_FALSE(files.exists("/var/log/mine"));
}

TEST_F(FileLogTest, ReportsWhyItCannotBeOpened) {
    files.failures.fail_always("open_for_appending", EISDIR);
    const Error error = log.open().error();
    EXPECT_EQ(error.exit_code, ExitCode::cannot_create);
    EXPECT_EQ(error.message(), "cannot open the log '" + path + "': Is a directory");
}

TEST_F(FileLogTest, DistinguishesAMissingPermission) {
    files.failures.fail_always("open_for_appending", EACCES);
    EXPECT_EQ(log.open().error().exit_code, ExitCode::permission);
}

TEST_F(FileLogTest, RefusesARelativePath) {
    deployment.log_file = "a.log";
    log.configure(deployment);
    EXPECT_EQ(log.open().error().message(), "cannot open the log 'a.log': not an absolute path");
}

TEST_F(FileLogTest, WritesToStderrInTheForegroundWithoutAFile) {
    deployment.log_file.clear();
    deployment.background = false;
    log.configure(deployment);
    ASSERT_TRUE(log.open());
    EXPECT_CALL(streams, write_within(Stream::error, EndsWith("info just-another-server[4711]: hello\n"), _));
    EXPECT_EQ(log.stream_use(), StreamUse::own);
    write("hello");
    EXPECT_TRUE(log.reopen());
    EXPECT_TRUE(log.change_owner(1000, 1000));
}

TEST_F(FileLogTest, DropsLinesAndStreamsInTheBackgroundWithoutAFile) {
    deployment.log_file.clear();
    log.configure(deployment);
    ASSERT_TRUE(log.open());
    EXPECT_CALL(streams, write_within).Times(0);
    EXPECT_EQ(log.stream_use(), StreamUse::none);
    write("hello");
}

TEST_F(FileLogTest, DropsLinesBelowItsLevel) {
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
}

TEST_F(FileLogTest, CanBeClosedTwiceAndOpenedAgain) {
    ASSERT_TRUE(log.open());
    log.close(1s);
    log.close(1s);
    ASSERT_TRUE(log.open());
    write("again");
    EXPECT_THAT(content(), EndsWith(": again\n"));
}

TEST_F(FileLogTest, CanBeMovedBeforeItIsOpened) {
    FileLog moved = std::move(log);
    ASSERT_TRUE(moved.open());
    write(moved, LogLevel::info, "moved");
    EXPECT_THAT(content(), EndsWith(": moved\n"));
}

// A full disk.

TEST_F(FileLogTest, LosesNothingDuringABriefFullDisk) {
    ASSERT_TRUE(log.open());
    files.set_space(20);
    write("first");
    write("second");
    EXPECT_EQ(content(), "2026-01-02T03:04:05.");
    files.set_space(std::nullopt);
    write("third");
    EXPECT_EQ(content(),
              "2026-01-02T03:04:05.000000Z info just-another-server[4711]: first\n"
              "2026-01-02T03:04:05.000000Z info just-another-server[4711]: second\n"
              "2026-01-02T03:04:05.000000Z info just-another-server[4711]: third\n");
}

TEST_F(FileLogTest, CountsLinesLostToAFullDiskAndReportsThem) {
    ASSERT_TRUE(log.open());
    files.set_space(0);
    const std::string message(1000, 'x');
    for (int line = 0; line < 100; ++line) write(message);
    EXPECT_EQ(content(), "");
    files.set_space(std::nullopt);
    write("there is room");
    const std::string all = content();
    const auto kept = std::count(all.begin(), all.end(), '\n') - 2;
    EXPECT_THAT(all, EndsWith("warning just-another-server[4711]: " + std::to_string(100 - kept) +
                              " lines lost: No space left on device\n"
                              "2026-01-02T03:04:05.000000Z info just-another-server[4711]: there is room\n"));
    EXPECT_GT(kept, 30);
}

TEST_F(FileLogTest, ContinuesAfterAnyErrorOfTheFile) {
    ASSERT_TRUE(log.open());
    files.failures.fail_next("write", EIO);
    write("kept");
    write("too");
    EXPECT_THAT(content(), AllOf(HasSubstr(": kept\n"), EndsWith(": too\n")));
}

// Rotation.

TEST_F(FileLogTest, WritesToTheMovedFileUntilReopened) {
    ASSERT_TRUE(log.open());
    files.move_away(path, path + ".1");
    write("old");
    ASSERT_TRUE(log.reopen());
    write("new");
    EXPECT_THAT(files.content(path + ".1"), EndsWith(": old\n"));
    EXPECT_THAT(content(), AllOf(EndsWith(": new\n"), Not(HasSubstr("old"))));
    EXPECT_EQ(files.open_files(), 1U);
}

TEST_F(FileLogTest, KeepsTheOldFileIfANewOneCannotBeOpened) {
    ASSERT_TRUE(log.open());
    files.move_away(path, path + ".1");
    files.failures.fail_next("open_for_appending", EACCES);
    const auto reopened = log.reopen();
    ASSERT_FALSE(reopened);
    EXPECT_EQ(reopened.error().message(), "cannot open the log '" + path + "': Permission denied");
    write("kept");
    EXPECT_THAT(files.content(path + ".1"), EndsWith(": kept\n"));
}

TEST_F(FileLogTest, RotatesTheFileAtItsSizeLimit) {
    deployment.log_plan.rotate_size = 200;
    log.configure(deployment);
    ASSERT_TRUE(log.open());
    for (const char* line : {"first", "second", "third", "fourth"}) write(line);
    EXPECT_THAT(files.content(path + "-20260102T030405.000000Z"), AllOf(HasSubstr("first"), HasSubstr("third")));
    EXPECT_THAT(content(), AllOf(StartsWith("2026-"), EndsWith(": fourth\n"), Not(HasSubstr("third"))));
}

TEST_F(FileLogTest, CompressesAndRemovesOldFilesInItsOwnThread) {
    mocks::FakeEventLoop loop{reactor};
    deployment.log_plan.rotate_size = 100;
    deployment.log_plan.keep_files = 2;
    deployment.log_plan.compress = true;
    deployment.log_plan.delay = 0ms;
    log.configure(deployment);
    ASSERT_TRUE(log.open());
    ASSERT_TRUE(log.start(loop));
    ASSERT_TRUE(loop.start());
    for (int line = 0; line < 10; ++line) {
        clock.advance(1s);
        write("a line that is long enough, so that two of them have no room in one file");
        reactor.run_ready();
    }
    EXPECT_THAT(files.names_in("/var/log"),
                ElementsAre("just-another-server.log", "just-another-server.log-20260102T030414.000000Z.gz",
                            "just-another-server.log-20260102T030415.000000Z.gz"));
    loop.stop();
    log.stop();
    log.close(1s);
}

TEST_F(FileLogTest, LinesBelowAWarningAreDelayedOnceStarted) {
    mocks::FakeEventLoop loop{reactor};
    ASSERT_TRUE(log.open());
    write("at once");
    EXPECT_THAT(content(), EndsWith(": at once\n"));
    ASSERT_TRUE(log.start(loop));
    ASSERT_TRUE(loop.start());
    write_prompt_lines();
    write("later");
    reactor.run_ready();
    EXPECT_THAT(content(), Not(HasSubstr("later")));
    reactor.advance(200ms);
    EXPECT_THAT(content(), EndsWith(": later\n"));
    write("with the warning");
    write(log, LogLevel::warning, "now");
    EXPECT_THAT(content(), AllOf(HasSubstr(": with the warning\n"), EndsWith(": now\n")));
    loop.stop();
    log.stop();
    log.close(1s);
}

TEST_F(FileLogTest, ACrashLosesNoDelayedLine) {
    mocks::FakeEventLoop loop{reactor};
    ASSERT_TRUE(log.open());
    ASSERT_TRUE(log.start(loop));
    write("waiting");
    const LogRecord crash{.time = clock.system_now(), .level = LogLevel::fatal, .message = "the end"};
    log.write_at_crash({&crash, 1});
    EXPECT_THAT(content(), AllOf(HasSubstr(": waiting\n"), EndsWith("Z fatal just-another-server[4711]: the end\n")));
    loop.stop();
    log.stop();
    log.close(1s);
    EXPECT_THAT(content(), EndsWith(": the end\n"));
}

TEST_F(FileLogTest, CrashLinesHaveTheFormatOfTheLog) {
    deployment.log_plan.format = LineFormat::json;
    log.configure(deployment);
    ASSERT_TRUE(log.open());
    const LogField field{"stream", "stderr"};
    const LogRecord words{.time = {}, .level = LogLevel::warning, .message = "a \"fault\"", .fields = {&field, 1}};
    log.write_at_crash({&words, 1});
    EXPECT_EQ(content(), R"({"time":"1970-01-01T00:00:00.000000Z","level":"warning","service":"just-another-server",)"
                         R"("pid":4711,"message":"a \"fault\"","stream":"stderr"})"
                         "\n");
}

TEST_F(FileLogTest, WithoutRecordsACrashWritesDelayedLines) {
    mocks::FakeEventLoop loop{reactor};
    ASSERT_TRUE(log.open());
    ASSERT_TRUE(log.start(loop));
    write("waiting");
    log.write_at_crash({});
    EXPECT_THAT(content(), EndsWith(": waiting\n"));
    loop.stop();
    log.stop();
    log.close(1s);
}

TEST_F(FileLogTest, WritesJsonIfRequested) {
    deployment.log_plan.format = LineFormat::json;
    log.configure(deployment);
    ASSERT_TRUE(log.open());
    const LogField field{"files", 3};
    log.write({.time = clock.system_now(), .message = "backup done", .fields = {&field, 1}, .channel = "disk"});
    EXPECT_EQ(content(),
              R"({"time":"2026-01-02T03:04:05.000000Z","level":"info","service":"just-another-server","pid":4711,)"
              R"("message":"backup done","channel":"disk","files":3})"
              "\n");
}

TEST_F(FileLogTest, ShowsTheSourceIfRequested) {
    const LogSource source{"pond.cpp", 12, "swim"};
    ASSERT_TRUE(log.open());
    log.write({.time = clock.system_now(), .message = "plain", .source = source});
    EXPECT_THAT(content(), EndsWith(": plain\n"));
    log.close(1s);
    deployment.log_plan.shows_source = true;
    log.configure(deployment);
    ASSERT_TRUE(log.open());
    log.write({.time = clock.system_now(), .message = "told", .source = source});
    EXPECT_THAT(content(), EndsWith(": told source=pond.cpp:12\n"));
}

TEST_F(FileLogTest, WithoutAFileCrashLinesGoToStderrInTheForeground) {
    deployment.log_file.clear();
    deployment.background = false;
    log.configure(deployment);
    ASSERT_TRUE(log.open());
    const LogRecord crash{.time = {}, .level = LogLevel::fatal, .message = "the end"};
    EXPECT_CALL(streams, write_at_crash(Stream::error,
                                        std::string_view{"1970-01-01T00:00:00.000000Z fatal "
                                                         "just-another-server[4711]: the end\n"},
                                        _));
    log.write_at_crash({&crash, 1});
}

TEST_F(FileLogTest, CopiesToTheTerminalInTheForeground) {
    ON_CALL(streams, is_terminal(Stream::error)).WillByDefault(Return(true));
    deployment.background = false;
    log.configure(deployment);
    ASSERT_TRUE(log.open());
    EXPECT_CALL(streams, write_within(Stream::error, AllOf(HasSubstr("\x1b[32minfo\x1b[0m"), HasSubstr(": hello")), _));
    write("hello");
    EXPECT_THAT(content(), EndsWith(": hello\n"));
}

TEST_F(FileLogTest, CopiesOnlyToATerminalInTheForegroundIfEnabled) {
    EXPECT_CALL(streams, write_within).Times(0);
    ON_CALL(streams, is_terminal(Stream::error)).WillByDefault(Return(true));
    ASSERT_TRUE(log.open());
    write("in the background");
    log.close(1s);

    deployment.background = false;
    deployment.log_plan.copies_to_terminal = false;
    log.configure(deployment);
    ASSERT_TRUE(log.open());
    write("told so");
    log.close(1s);

    ON_CALL(streams, is_terminal(Stream::error)).WillByDefault(Return(false));
    deployment.log_plan.copies_to_terminal = true;
    log.configure(deployment);
    ASSERT_TRUE(log.open());
    write("no terminal");
}

TEST_F(FileLogTest, ChangesTheOwnerOfTheFile) {
    ASSERT_TRUE(log.open());
    ASSERT_TRUE(log.change_owner(1000, 1001));
    EXPECT_EQ(files.status_of(path).uid, 1000U);
    EXPECT_EQ(files.status_of(path).gid, 1001U);
}

TEST_F(FileLogTest, AnExistingFileKeepsItsGroup) {
    files.add_file(path);
    files.set_owner(path, 0, 4);
    ASSERT_TRUE(log.open());
    ASSERT_TRUE(log.change_owner(1000, 1001));
    EXPECT_EQ(files.status_of(path).uid, 1000U);
    EXPECT_EQ(files.status_of(path).gid, 4U);
}

TEST_F(FileLogTest, AFileKeepsTheGroupOfItsSetgidDirectory) {
    files.set_owner("/var/log", 0, 4);
    files.set_permissions("/var/log", 02755);
    ASSERT_TRUE(log.open());
    ASSERT_TRUE(log.change_owner(1000, 1001));
    EXPECT_EQ(files.status_of(path).gid, 4U);
}

TEST_F(FileLogTest, LinesWrittenToTheTerminalAreNotCopied) {
    ON_CALL(streams, is_terminal(Stream::error)).WillByDefault(Return(true));
    ON_CALL(streams, leads_to(Stream::error, _)).WillByDefault(Return(true));
    EXPECT_CALL(streams, write_within).Times(0);
    deployment.background = false;
    deployment.log_file = "/dev/stderr";
    log.configure(deployment);
    ASSERT_TRUE(log.open());
    write("once");
    log.close(1s);

    EXPECT_THAT(files.content("/dev/stderr"), HasSubstr("once"));
}

TEST_F(FileLogTest, IsThreadSafe) {
    ASSERT_TRUE(log.open());
    std::vector<std::thread> threads;
    for (int number = 0; number < 4; ++number)
        threads.emplace_back([this] {
            for (int count = 0; count < 50; ++count) {
                write("a line");
                write(log, LogLevel::warning, "a line that is urgent");
            }
        });
    for (auto& thread : threads) thread.join();

    std::size_t lines = 0;
    for (const char letter : content()) lines += letter == '\n' ? 1 : 0;
    EXPECT_EQ(lines, 400U);
}

}  // namespace
}  // namespace servicekit
