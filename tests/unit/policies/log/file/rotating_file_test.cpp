#include "policies/log/file/rotating_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_files.hpp"

namespace servicekit::policies {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class RotatingFileTest : public ::testing::Test {
protected:
    static inline const std::string path = "/var/log/x.log";

    RotatingFileTest() { files_.add_directory("/var/log"); }

    void open() { ASSERT_TRUE(file_.open()); }
    [[nodiscard]] std::string content() const { return files_.content(path); }
    [[nodiscard]] std::vector<std::string> names() const { return files_.names_in("/var/log"); }

    RotatingFile make(const RotatingFile::Options& options) {
        return RotatingFile{files_,
                            clock_,
                            archive_,
                            options,
                            [](const Error& error) { return error.message() + '\n'; },
                            [this] { ++rotations_; }};
    }

    mocks::FakeClock clock_;  // 2026-01-02T03:04:05Z
    mocks::FakeFiles files_;
    LogArchive archive_{files_, clock_, path, {}};
    int rotations_ = 0;
    RotatingFile file_ = make({.path = path, .rotate_size = 20});
};

TEST_F(RotatingFileTest, RotatesBeforeALineThatDoesNotFit) {
    open();
    EXPECT_TRUE(file_.deliver("0123456789\n"));
    EXPECT_TRUE(file_.deliver("abcdefgh\n"));
    EXPECT_EQ(rotations_, 0);
    EXPECT_TRUE(file_.deliver("!\n"));
    EXPECT_EQ(content(), "!\n");
    EXPECT_EQ(files_.content(path + "-20260102T030405.000000Z"), "0123456789\nabcdefgh\n");
    EXPECT_EQ(rotations_, 1);
    EXPECT_EQ(file_.rotations().done, 1U);
    EXPECT_EQ(file_.rotations().failed, 0U);
}

TEST_F(RotatingFileTest, CountsOnlyItsOwnRotations) {
    open();
    EXPECT_TRUE(file_.deliver("0123456789abcdefgh\n"));
    files_.move_away(path, path + ".1");
    files_.add_file(path);
    EXPECT_TRUE(file_.deliver("0123456789abcdefgh\n"));
    EXPECT_EQ(file_.rotations().done, 0U);
    files_.failures.fail_next("open_for_appending", EACCES);
    EXPECT_TRUE(file_.deliver("0123\n"));
    EXPECT_EQ(file_.rotations().done, 0U);
    EXPECT_EQ(file_.rotations().failed, 1U);
}

TEST_F(RotatingFileTest, SplitsALongDeliveryBetweenLines) {
    open();
    std::string lines;
    for (int line = 0; line < 7; ++line) lines += "012345678\n";
    const os::Writing writing = file_.deliver(lines);
    EXPECT_TRUE(writing);
    EXPECT_EQ(writing.bytes, 70U);
    EXPECT_EQ(content(), "012345678\n");
    ASSERT_EQ(names().size(), 4U);
    for (std::size_t old = 1; old < 4; ++old)
        EXPECT_EQ(files_.content("/var/log/" + names()[old]), "012345678\n012345678\n");
}

TEST_F(RotatingFileTest, GivesATooLongLineItsOwnFile) {
    open();
    EXPECT_TRUE(file_.deliver("a\n" + std::string(50, 'x') + "\nb\n"));
    EXPECT_EQ(content(), "b\n");
    EXPECT_EQ(files_.content("/var/log/" + names()[1]), "a\n");
    EXPECT_EQ(files_.content("/var/log/" + names()[2]), std::string(50, 'x') + "\n");
}

TEST_F(RotatingFileTest, CutsNoLineOnAFullDisk) {
    open();
    files_.set_space(15);
    EXPECT_EQ(file_.deliver("0123456789\n0123456789\n").bytes, 15U);
    EXPECT_EQ(content(), "0123");
    files_.set_space(std::nullopt);
    EXPECT_TRUE(file_.deliver("456789\nnext\n"));
    EXPECT_EQ(content(), "0123456789\nnext\n");
}

TEST_F(RotatingFileTest, EndsALineTornByAnEarlierRun) {
    files_.add_file(path, "whole\nto");
    open();
    EXPECT_EQ(content(), "whole\nto");
    EXPECT_TRUE(file_.deliver("next\n"));
    EXPECT_TRUE(file_.deliver("!\n"));
    EXPECT_EQ(content(), "whole\nto\nnext\n!\n");
}

TEST_F(RotatingFileTest, EndsATornLineOfAReopenedFile) {
    open();
    EXPECT_TRUE(file_.deliver("one\n"));
    files_.move_away(path, path + ".1");
    files_.add_file(path, "to");
    EXPECT_EQ(file_.reopen().value(), true);
    EXPECT_TRUE(file_.deliver("next\n"));
    EXPECT_EQ(content(), "to\nnext\n");
}

TEST_F(RotatingFileTest, EndsATornLineBeforeCrashLines) {
    files_.add_file(path, "to");
    open();
    file_.deliver_at_crash("last\n");
    file_.deliver_at_crash("words\n");
    EXPECT_EQ(content(), "to\nlast\nwords\n");
}

TEST_F(RotatingFileTest, EndsATornLineOnceThereIsRoom) {
    files_.add_file(path, "to");
    open();
    files_.set_space(0);
    const os::Writing writing = file_.deliver("next\n");
    EXPECT_FALSE(writing);
    EXPECT_EQ(writing.bytes, 0U);
    files_.set_space(std::nullopt);
    EXPECT_TRUE(file_.deliver("next\n"));
    EXPECT_EQ(content(), "to\nnext\n");
}

TEST_F(RotatingFileTest, ReportsAFailedRotationOnceThereIsRoom) {
    for (const std::size_t space : {0U, 10U}) {
        SCOPED_TRACE(space);
        files_.add_file(path, "0123456789abcdefgh\n");
        RotatingFile file = make({.path = path, .rotate_size = 20});
        ASSERT_TRUE(file.open());
        files_.failures.fail_next("open_for_appending", EACCES);
        files_.set_space(space);
        const os::Writing writing = file.deliver("next\n");
        EXPECT_FALSE(writing);
        EXPECT_EQ(writing.bytes, 0U);
        files_.set_space(std::nullopt);
        EXPECT_TRUE(file.deliver("next\n"));
        EXPECT_EQ(content(), "0123456789abcdefgh\ncannot open the log '" + path + ".new': Permission denied\nnext\n");
        files_.take_away(path);
    }
}

TEST_F(RotatingFileTest, ReportsAFailedRotationBeforeTheNextLine) {
    files_.add_file(path, "0123456789abcdef\n");
    open();
    EXPECT_TRUE(file_.deliver("x\n"));
    files_.failures.fail_next("open_for_appending", EACCES);
    files_.set_space(0);
    EXPECT_FALSE(file_.deliver("next\n"));
    files_.set_space(std::nullopt);
    EXPECT_TRUE(file_.deliver("\n"));
    EXPECT_THAT(content(), EndsWith("x\ncannot open the log '" + path + ".new': Permission denied\n\n"));
}

TEST_F(RotatingFileTest, RotatesAtMidnightUtc) {
    RotatingFile daily = make({.path = path, .rotate_every = 24h});
    ASSERT_TRUE(daily.open());
    EXPECT_TRUE(daily.deliver("today\n"));
    clock_.advance(20h + 55min + 54s);
    EXPECT_TRUE(daily.deliver("still today\n"));
    clock_.advance(1s);
    EXPECT_TRUE(daily.deliver("tomorrow\n"));
    EXPECT_EQ(content(), "tomorrow\n");
    EXPECT_EQ(files_.content(path + "-20260103T000000.000000Z"), "today\nstill today\n");
}

TEST_F(RotatingFileTest, RotatesInTimeAfterTheClockIsSetBack) {
    const auto right = clock_.system_now();
    for (const auto ahead : {24h * 400, 24h, 20h}) {
        SCOPED_TRACE(ahead.count());
        if (files_.exists(path)) files_.take_away(path);
        RotatingFile daily = make({.path = path, .rotate_every = 24h});
        clock_.set_system_time(right + ahead);
        ASSERT_TRUE(daily.open());
        EXPECT_TRUE(daily.deliver("ahead\n"));
        clock_.set_system_time(right);
        EXPECT_TRUE(daily.deliver("right again\n"));
        EXPECT_EQ(content(), "ahead\nright again\n");
        clock_.set_system_time(right + 20h + 55min + 55s);
        EXPECT_TRUE(daily.deliver("tomorrow\n"));
        EXPECT_EQ(content(), "tomorrow\n");
    }
}

TEST_F(RotatingFileTest, RotatesInTimeAFileWrittenInTheFuture) {
    files_.add_file(path, "ahead\n");
    files_.set_modified(path, clock_.system_now() + 24h * 400);
    RotatingFile hourly = make({.path = path, .rotate_every = 1h});
    ASSERT_TRUE(hourly.open());
    EXPECT_TRUE(hourly.deliver("now\n"));
    EXPECT_EQ(content(), "ahead\nnow\n");
    clock_.advance(1h);
    EXPECT_TRUE(hourly.deliver("next hour\n"));
    EXPECT_EQ(content(), "next hour\n");
}

TEST_F(RotatingFileTest, RetriesAFailedRotationAfterTenSecondsOfSteadyTime) {
    for (const auto jump : {-24h * 400, 0h, 24h * 400}) {
        SCOPED_TRACE(jump.count());
        files_.add_file(path, "0123456789abcdefgh\n");
        RotatingFile file = make({.path = path, .rotate_size = 20});
        ASSERT_TRUE(file.open());
        files_.failures.fail_next("open_for_appending", EACCES);
        EXPECT_TRUE(file.deliver("first\n"));
        EXPECT_THAT(content(), EndsWith("first\n"));
        clock_.set_system_time(clock_.system_now() + jump);
        EXPECT_TRUE(file.deliver("too early\n"));
        EXPECT_THAT(content(), EndsWith("first\ntoo early\n"));
        clock_.advance(10s);
        EXPECT_TRUE(file.deliver("again\n"));
        EXPECT_EQ(content(), "again\n");
        files_.take_away(path);
    }
}

TEST_F(RotatingFileTest, RotatesAFileOfAnEarlierDayAtTheOpen) {
    files_.add_file(path, "yesterday\n");
    files_.set_modified(path, clock_.system_now() - 24h);
    RotatingFile hourly = make({.path = path, .rotate_every = 1h});
    ASSERT_TRUE(hourly.open());
    EXPECT_TRUE(hourly.deliver("today\n"));
    EXPECT_EQ(content(), "today\n");
}

TEST_F(RotatingFileTest, AnEmptyFileIsNeverRotated) {
    RotatingFile hourly = make({.path = path, .rotate_every = 1h});
    ASSERT_TRUE(hourly.open());
    clock_.advance(5h);
    EXPECT_TRUE(hourly.deliver("first\n"));
    EXPECT_THAT(names(), ElementsAre("x.log"));
}

TEST_F(RotatingFileTest, AFailedRotationChangesNothingAndIsRetried) {
    for (const char* call : {"open_for_appending", "rename"}) {
        SCOPED_TRACE(call);
        files_.add_file(path, "0123456789abcdefgh\n");
        ASSERT_TRUE(file_.reopen());
        files_.failures.fail_next(call, EACCES);
        EXPECT_TRUE(file_.deliver("one\n"));
        EXPECT_TRUE(file_.deliver("two\n"));
        EXPECT_THAT(content(), HasSubstr("Permission denied\none\ntwo\n"));
        EXPECT_THAT(names(), ElementsAre("x.log"));
        clock_.advance(10s);
        EXPECT_TRUE(file_.deliver("three\n"));
        EXPECT_EQ(content(), "three\n");
        for (const std::string& name : names()) files_.take_away("/var/log/" + name);
    }
}

TEST_F(RotatingFileTest, RestoresTheOldFileIfTheNewOneCannotReplaceIt) {
    open();
    EXPECT_TRUE(file_.deliver("0123456789abcdefgh\n"));
    files_.failures.fail_next("rename", EIO, path + ".new");
    EXPECT_TRUE(file_.deliver("one\n"));
    EXPECT_THAT(names(), ElementsAre("x.log"));
    EXPECT_THAT(content(), EndsWith("Input/output error\none\n"));
}

TEST_F(RotatingFileTest, DoesNotRotateADevice) {
    files_.add_other(path);
    open();
    for (int line = 0; line < 10; ++line) EXPECT_TRUE(file_.deliver("0123456789\n"));
    EXPECT_THAT(names(), ElementsAre("x.log"));
    EXPECT_EQ(rotations_, 0);
}

TEST_F(RotatingFileTest, DoesNotRotateALinkAndReportsItOnce) {
    files_.add_directory("/data");
    files_.add_file("/data/real.log");
    files_.add_link(path, "/data/real.log");
    open();
    EXPECT_TRUE(file_.deliver("0123456789\n"));
    EXPECT_TRUE(file_.deliver("0123456789\n"));
    EXPECT_EQ(files_.content("/data/real.log"),
              "cannot rotate the log '" + path + "': it is a symbolic link\n0123456789\n0123456789\n");
    EXPECT_THAT(names(), ElementsAre("x.log"));
}

TEST_F(RotatingFileTest, IgnoresAFileInPlaceOfTheNewOne) {
    files_.add_file(path + ".new", "somebody's\n");
    open();
    EXPECT_TRUE(file_.deliver("0123456789\n"));
    EXPECT_TRUE(file_.deliver("abcdefghij\n"));
    EXPECT_EQ(content(), "abcdefghij\n");
    EXPECT_THAT(names(), ElementsAre("x.log", "x.log-20260102T030405.000000Z"));
}

TEST_F(RotatingFileTest, DoesNotRotateAFileThatWasMoved) {
    open();
    EXPECT_TRUE(file_.deliver("0123456789abcdefgh\n"));
    files_.move_away(path, path + ".1");
    EXPECT_TRUE(file_.deliver("one\n"));
    EXPECT_THAT(names(), ElementsAre("x.log", "x.log.1"));
    EXPECT_EQ(content(), "one\n");
}

TEST_F(RotatingFileTest, ReopeningTheSameFileChangesNothing) {
    open();
    EXPECT_FALSE(*file_.reopen());
    files_.move_away(path, path + ".1");
    EXPECT_TRUE(*file_.reopen());
    EXPECT_EQ(files_.open_files(), 1U);
}

TEST_F(RotatingFileTest, EachFileGetsItsGroup) {
    RotatingFile shared = make({.path = path, .permissions = 0660, .group = 4, .rotate_size = 20});
    ASSERT_TRUE(shared.open());
    EXPECT_TRUE(shared.deliver("0123456789abcdefgh\n0123\n"));
    for (const std::string& name : names()) {
        EXPECT_EQ(files_.status_of("/var/log/" + name).gid, 4U);
        EXPECT_EQ(files_.status_of("/var/log/" + name).permissions, mode_t{0660});
    }
}

TEST_F(RotatingFileTest, ADescriptorIsNeitherRotatedNorReopened) {
    RotatingFile out = make({.path = "/dev/stdout", .rotate_size = 20});
    ASSERT_TRUE(out.open());
    EXPECT_TRUE(out.deliver("0123456789\n0123456789\n"));
    files_.failures.fail_always("open_for_appending", EIO);
    EXPECT_FALSE(out.reopen().value());
    EXPECT_TRUE(out.deliver("still there\n"));

    EXPECT_EQ(files_.content("/dev/stdout"), "0123456789\n0123456789\nstill there\n");
    EXPECT_EQ(rotations_, 0);
}

TEST_F(RotatingFileTest, PermissionsThatCannotBeSetAreReportedOnce) {
    files_.failures.fail_always("set_permissions", EPERM);
    open();
    EXPECT_TRUE(file_.deliver("a line\n"));
    EXPECT_TRUE(file_.deliver("another line\n"));

    EXPECT_EQ(files_.content(path + "-20260102T030405.000000Z"),
              "cannot change the permissions of '/var/log/x.log': Operation not permitted\na line\n");
    EXPECT_EQ(content(), "another line\n");
    EXPECT_EQ(rotations_, 1);
}

TEST_F(RotatingFileTest, ANewFileHasTheGroupOfTheOldOne) {
    files_.add_file(path, "0123456789\n");
    files_.set_owner(path, 0, 4);
    open();
    EXPECT_TRUE(file_.deliver("0123456789\n"));

    EXPECT_EQ(content(), "0123456789\n");
    EXPECT_EQ(rotations_, 1);
    EXPECT_EQ(files_.status_of(path).gid, 4U);
}

TEST_F(RotatingFileTest, AGroupThatCannotBeSetStopsNoRotation) {
    RotatingFile shared = make({.path = path, .group = 4, .rotate_size = 20});
    ASSERT_TRUE(shared.open());
    files_.failures.fail_always("give_to_group", EPERM);
    EXPECT_TRUE(shared.deliver("0123456789\n"));
    EXPECT_TRUE(shared.deliver("0123456789\n"));

    EXPECT_EQ(rotations_, 1);
    EXPECT_EQ(content(), "cannot change owner of '/var/log/x.log.new': Operation not permitted\n0123456789\n");
}

}  // namespace
}  // namespace servicekit::policies
