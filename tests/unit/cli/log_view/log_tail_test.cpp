#include "cli/log_view/log_tail.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "policies/log/file/gzip_stream.hpp"
#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_files.hpp"

namespace servicekit::cli {
namespace {

constexpr std::chrono::system_clock::time_point far_future{std::chrono::seconds{4'000'000'000}};

class LogTailTest : public ::testing::Test {
protected:
    static constexpr const char* path = "/var/log/x.log";

    std::string last(std::size_t lines) {
        auto tail = LogTail::open(files, clock, path, lines, tell);
        return tail ? rest(*tail) : tail.error().message();
    }
    static std::string rest(LogTail& tail) {
        std::string all;
        for (std::string piece = *tail.next(); !piece.empty(); piece = *tail.next()) all += piece;
        return all;
    }
    void append(const std::string& text) { ASSERT_TRUE((*files.open_for_appending(path, 0644))->write(text)); }

    static std::string whole(LogTail& tail) {
        std::string all = rest(tail);
        while (*tail.follow()) all += rest(tail);
        return all;
    }
    std::string since(std::string_view time) {
        auto tail = LogTail::open_since(files, clock, path, time, tell);
        return tail ? whole(*tail) : tail.error().message();
    }
    /// Rotates the log as the service does.
    void put_away(const std::string& second, const std::string& next) {
        files.move_away(path, old_path(second));
        files.add_file(path, next);
    }
    static std::string old_path(const std::string& second) {
        return std::string{path} + "-20260102T0000" + second + ".000000Z";
    }
    void compress(const std::string& old) {
        files.add_file(old + ".gz", gzip(files.content(old)));
        files.take_away(old);
    }
    static std::string gzip(const std::string& text) {
        return policies::GzipStream{}.compress(text, policies::GzipStream::Input::ends);
    }

    mocks::FakeClock clock;  // 2026-01-02T03:04:05Z
    mocks::FakeFiles files;
    std::string told;
    const LogTail::Tell tell = [this](const std::string& message) { told += message + "\n"; };
};

TEST_F(LogTailTest, BeginsAtTheLastLines) {
    files.add_file(path, "one\ntwo\nthree\n");
    EXPECT_EQ(last(2), "two\nthree\n");
    EXPECT_EQ(last(3), "one\ntwo\nthree\n");
    EXPECT_EQ(last(20), "one\ntwo\nthree\n");
    EXPECT_EQ(last(0), "");
}

TEST_F(LogTailTest, CountsAnUnfinishedLine) {
    files.add_file(path, "one\ntwo\nthr");
    EXPECT_EQ(last(1), "thr");
    EXPECT_EQ(last(2), "two\nthr");
}

TEST_F(LogTailTest, FindsTheLinesOfALongFile) {
    std::string content;
    for (int line = 0; line < 100'000; ++line) content += "line " + std::to_string(line) + "\n";
    files.add_file(path, content);
    EXPECT_EQ(last(1), "line 99999\n");
    const std::string many = last(30'000);
    EXPECT_EQ(many.substr(0, 11), "line 70000\n");
    EXPECT_EQ(many, content.substr(content.size() - many.size()));
}

TEST_F(LogTailTest, AcceptsAnEmptyFile) {
    files.add_file(path);
    EXPECT_EQ(last(20), "");
}

TEST_F(LogTailTest, ReportsAMissingFile) {
    files.add_directory("/var/log");
    const auto tail = LogTail::open(files, clock, path, 20, tell);
    ASSERT_FALSE(tail);
    EXPECT_EQ(tail.error().errno_value, ENOENT);
}

TEST_F(LogTailTest, FollowsAppendedLines) {
    files.add_file(path, "one\n");
    auto tail = *LogTail::open(files, clock, path, 20, tell);
    EXPECT_EQ(rest(tail), "one\n");
    ASSERT_TRUE(tail.follow());
    EXPECT_EQ(rest(tail), "");
    append("two\n");
    EXPECT_EQ(rest(tail), "two\n");
}

TEST_F(LogTailTest, FollowsARotation) {
    files.add_file(path, "one\n");
    auto tail = *LogTail::open(files, clock, path, 20, tell);
    const auto writer = *files.open_for_appending(path, 0644);
    EXPECT_EQ(rest(tail), "one\n");

    files.move_away(path, "/var/log/x.log.1");
    ASSERT_TRUE(tail.follow());
    ASSERT_TRUE(writer->write("late\n"));
    EXPECT_EQ(rest(tail), "late\n");

    append("new\n");
    ASSERT_TRUE(tail.follow());
    EXPECT_EQ(rest(tail), "new\n");
}

TEST_F(LogTailTest, StartsAgainAfterATruncation) {
    files.add_file(path, "one\ntwo\n");
    auto tail = *LogTail::open(files, clock, path, 20, tell);
    EXPECT_EQ(rest(tail), "one\ntwo\n");
    files.tree().peek(path)->content = "new\n";
    ASSERT_TRUE(tail.follow());
    EXPECT_EQ(rest(tail), "new\n");
}

TEST_F(LogTailTest, ReportsAnUnreadableFile) {
    files.add_file(path, "one\n");
    files.failures.fail_next("read_at", EIO);
    EXPECT_EQ(LogTail::open(files, clock, path, 20, tell).error().errno_value, EIO);
    auto tail = *LogTail::open(files, clock, path, 20, tell);
    files.failures.fail_next("status", EIO);
    EXPECT_EQ(tail.follow().error().errno_value, EIO);
}

TEST_F(LogTailTest, FollowsAllFilesRotatedSinceTheLastLook) {
    files.add_file(path, "one\n");
    auto tail = LogTail::open(files, clock, path, 20, tell);
    EXPECT_EQ(rest(*tail), "one\n");
    put_away("01", "two\n");
    put_away("02", "three\n");
    EXPECT_TRUE(*tail->follow());
    EXPECT_EQ(rest(*tail), "two\n");
    EXPECT_TRUE(*tail->follow());
    EXPECT_EQ(rest(*tail), "three\n");
    EXPECT_FALSE(*tail->follow());
}

TEST_F(LogTailTest, StartsAtTheFirstLineOfTheRequestedTime) {
    files.add_file(std::string{path} + "-20260102T000000.000000Z",
                   "2026-01-01T08:00:00.000000Z info x[1]: a\n2026-01-01T09:00:00.000000Z info x[1]: b\n no time\n");
    files.add_file(path, "{\"time\":\"2026-01-02T08:00:00.000000Z\",\"level\":\"info\"}\n");
    files.set_modified(std::string{path} + "-20260102T000000.000000Z", far_future);
    EXPECT_EQ(since("2026-01-01T08:30").substr(0, 42), "2026-01-01T09:00:00.000000Z info x[1]: b\n ");
    EXPECT_EQ(since("2026-01-01T08:30").substr(50, 19), "{\"time\":\"2026-01-02");
    EXPECT_EQ(since("2026-01-02").substr(0, 19), "{\"time\":\"2026-01-02");
    EXPECT_EQ(since("2026-01-03"), "");
}

TEST_F(LogTailTest, ShowsARecentUnfinishedLine) {
    for (const char* second : {"01", "02"}) {
        files.add_file(old_path(second), "2026-01-01T00:00:00Z old\n2026-01-03T00:00:" + std::string{second} + "Z to");
        files.set_modified(old_path(second), far_future);
    }
    files.add_file(path, "2026-01-03T00:01:00Z new\n");
    EXPECT_EQ(since("2026-01-02"),
              "2026-01-03T00:00:01Z to\n2026-01-01T00:00:00Z old\n2026-01-03T00:00:02Z to\n"
              "2026-01-03T00:01:00Z new\n");
    EXPECT_EQ(since("2026-01-03T00:00:30"), "2026-01-03T00:01:00Z new\n");
}

TEST_F(LogTailTest, LosesNoPartOfALineBeingWritten) {
    const std::string old_line = "2026-01-01T00:00:00Z " + std::string(200'000, '.');
    for (const std::string& begin : {std::string{"20"}, std::string{"2026-01-03T00:00:00Z beg"}, old_line}) {
        files.add_file(path, "2026-01-01T00:00:00Z old\n" + begin);
        auto tail = *LogTail::open_since(files, clock, path, "2026-01-02", tell);
        std::string shown = rest(tail);
        append("...end\n");
        EXPECT_EQ(shown + rest(tail), begin + "...end\n");
        files.take_away(path);
    }
}

TEST_F(LogTailTest, DoesNotKeepALongLineInMemory) {
    std::string old_line = "2026-01-01T00:00:00Z " + std::string(30'000'000, '.');
    files.add_file(old_path("01"), old_line);
    files.add_file(old_path("02"), std::string(30'000'000, '.') + "\n2026-01-03T00:00:00Z a\n");
    for (const char* second : {"01", "02"}) files.set_modified(old_path(second), far_future);
    files.add_file(path, "2026-01-03T00:01:00Z b\n");
    EXPECT_EQ(since("2026-01-02"), "2026-01-03T00:00:00Z a\n2026-01-03T00:01:00Z b\n");
}

TEST_F(LogTailTest, FollowsFilesCompressedSinceTheLastLook) {
    files.add_file(path, "one\n");
    auto tail = *LogTail::open(files, clock, path, 20, tell);
    EXPECT_EQ(rest(tail), "one\n");
    append("late\n");
    for (const char* second : {"01", "02", "03"}) {
        put_away(second, std::string{"after "} + second + "\n");
        compress(old_path(second));
    }

    EXPECT_EQ(whole(tail), "late\nafter 01\nafter 02\nafter 03\n");
    EXPECT_EQ(told, "");
}

TEST_F(LogTailTest, ShowsKnownFilesEvenIfTheyWereRemoved) {
    files.add_file(path, "one\n");
    auto tail = *LogTail::open(files, clock, path, 20, tell);
    put_away("01", "two\n");
    put_away("02", "three\n");
    ASSERT_TRUE(tail.look());
    put_away("03", "four\n");
    ASSERT_TRUE(tail.look());
    for (const char* second : {"01", "02", "03"}) files.take_away(old_path(second));

    EXPECT_EQ(whole(tail), "one\ntwo\nthree\nfour\n");
    EXPECT_EQ(told, "");
}

TEST_F(LogTailTest, ReportsFilesRemovedBeforeItSawThem) {
    files.add_file(path, "one\n");
    auto tail = *LogTail::open(files, clock, path, 20, tell);
    for (const char* second : {"01", "02", "03"}) put_away(second, std::string{"after "} + second + "\n");
    files.take_away(old_path("01"));
    files.take_away(old_path("02"));

    EXPECT_EQ(whole(tail), "one\nafter 02\nafter 03\n");
    EXPECT_EQ(told, "lines may be missing here: rotated files of the log were removed before they could be shown\n");
}

TEST_F(LogTailTest, MissesNothingIfLogrotateCompressedTheFile) {
    const std::string moved = std::string{path} + ".1";
    files.add_file(path, "one\n");
    auto tail = *LogTail::open(files, clock, path, 20, tell);
    EXPECT_EQ(rest(tail), "one\n");
    append("late\n");
    files.move_away(path, moved);
    files.add_file(path, "two\n");
    compress(moved);

    EXPECT_EQ(whole(tail), "late\ntwo\n");
    EXPECT_EQ(told, "");

    files.take_away(moved + ".gz");
    files.move_away(path, moved);
    files.add_file(path, "another\n");
    compress(moved);
    files.move_away(moved + ".gz", std::string{path} + ".2.gz");
    files.move_away(path, moved);
    files.add_file(path, "three\n");
    compress(moved);

    EXPECT_EQ(whole(tail), "another\nthree\n");
    EXPECT_EQ(told, "");
}

TEST_F(LogTailTest, ReportsAFileRemovedByLogrotate) {
    files.add_file(std::string{path} + ".1.gz", gzip("before\n"));
    files.add_file(std::string{path} + ".2.xz", "before that");
    files.add_file(path, "one\n");
    auto tail = *LogTail::open(files, clock, path, 20, tell);
    files.take_away(path);
    files.add_file(path, "two\n");

    EXPECT_EQ(whole(tail), "one\ntwo\n");
    EXPECT_EQ(told, "lines may be missing here: rotated files of the log were removed before they could be shown\n");
}

TEST_F(LogTailTest, ReportsAnUnreadableDirectory) {
    const std::string gap = "lines may be missing here: the directory of the log could not be listed\n";
    files.add_file(path, "one\n");
    auto tail = *LogTail::open(files, clock, path, 20, tell);
    files.failures.fail_always("list", EACCES);
    put_away("01", "two\n");
    put_away("02", "three\n");
    EXPECT_EQ(whole(tail), "one\nthree\n");
    EXPECT_EQ(told, "cannot list directory '/var/log': Permission denied\n" + gap);
    put_away("03", "four\n");
    EXPECT_EQ(whole(tail), "four\n");
    EXPECT_EQ(told, "cannot list directory '/var/log': Permission denied\n" + gap + gap);

    files.failures.succeed_again("list");
    told.clear();
    put_away("04", "five\n");
    put_away("05", "six\n");
    EXPECT_EQ(whole(tail), "five\nsix\n");
    EXPECT_EQ(told, "");
}

TEST_F(LogTailTest, ShowsTheLogIfTheDirectoryIsUnreadable) {
    files.add_file(path, "one\n");
    files.failures.fail_always("list", EACCES);
    EXPECT_EQ(last(20), "one\n");
    EXPECT_EQ(told, "");
    EXPECT_EQ(since("2026"), "");
    EXPECT_EQ(told, "cannot list directory '/var/log': Permission denied\n");
}

TEST_F(LogTailTest, ShowsNoOlderFilesAfterAnUnreadableDirectory) {
    files.add_file(old_path("01"), "before\n");
    files.add_file(path, "one\n");
    files.failures.fail_next("list", EACCES);
    auto found_again = *LogTail::open(files, clock, path, 20, tell);
    files.failures.fail_next("list", EACCES);
    auto moved = *LogTail::open(files, clock, path, 20, tell);
    put_away("02", "two\n");
    put_away("03", "three\n");
    EXPECT_EQ(whole(found_again), "one\ntwo\nthree\n");
    EXPECT_EQ(told, "");

    files.move_away(old_path("02"), "/var/log/moved");
    EXPECT_EQ(whole(moved), "one\nthree\n");
    EXPECT_EQ(told, "lines may be missing here: the directory of the log could not be listed\n");
}

TEST_F(LogTailTest, SkipsNoneOfManyFilesBetweenTwoLooks) {
    files.add_file(path, "begin\n");
    auto tail = *LogTail::open(files, clock, path, 20, tell);
    std::string expected = "begin\n";
    for (int i = 100; i < 300; ++i) {
        const std::string line = "line " + std::to_string(i) + "\n";
        files.move_away(path, std::string{path} + "-20260102T000000.000" + std::to_string(i) + "Z");
        files.add_file(path, line);
        expected += line;
    }

    EXPECT_EQ(whole(tail), expected);
    EXPECT_EQ(told, "");
}

TEST_F(LogTailTest, StartsInACompressedOldFile) {
    files.add_file(old_path("01") + ".gz", gzip("2026-01-02T00:00:00.1Z a\n2026-01-02T00:00:01.0Z b\n"));
    files.add_file(old_path("02"), "2026-01-02T00:00:01.5Z c\n");
    files.add_file(path, "2026-01-02T00:00:02.5Z d\n");
    for (const char* second : {"01", "02"})
        files.set_modified(old_path(second) + (second[1] == '1' ? ".gz" : ""), far_future);

    EXPECT_EQ(since("2026-01-02T00:00:00.5"),
              "2026-01-02T00:00:01.0Z b\n2026-01-02T00:00:01.5Z c\n2026-01-02T00:00:02.5Z d\n");
    EXPECT_EQ(told, "");
}

TEST_F(LogTailTest, ReadsFilesOfLogrotateInOrderOfTime) {
    using namespace std::chrono_literals;
    const std::chrono::system_clock::time_point base{1'767'312'000s};  // 2026-01-02T00:00:00Z
    clock.set_system_time(base + 30h);
    const auto add = [&](const std::string& name, const std::string& text, std::chrono::seconds written) {
        files.add_file(name, text);
        files.set_modified(name, base + written);
    };
    const std::string log = path;
    add(log + ".10.gz", gzip("2026-01-01T22:00:00Z a\n"), -2h);
    add(log + ".2.gz", gzip("2026-01-02T01:00:00Z b\n"), 1h);
    add(log + "-20260102", "2026-01-02T02:00:00Z c\n", 2h);
    add(log + ".1", "2026-01-02T03:00:00Z d\n", 3h);
    add(log + "-20260102T040000.000000Z", "2026-01-02T03:30:00Z e\n", 210min);
    add(log + "-20260103.gz", gzip("2026-01-02T05:00:00Z f\n"), 5h);
    add(log + ".offset", "2026-01-02T05:00:00Z no log\n", 5h);
    add(log, "2026-01-02T06:00:00Z g\n", 6h);

    EXPECT_EQ(since("2026-01-01"),
              "2026-01-01T22:00:00Z a\n2026-01-02T01:00:00Z b\n2026-01-02T02:00:00Z c\n2026-01-02T03:00:00Z d\n"
              "2026-01-02T03:30:00Z e\n2026-01-02T05:00:00Z f\n2026-01-02T06:00:00Z g\n");
    EXPECT_EQ(since("2026-01-02T02:30"),
              "2026-01-02T03:00:00Z d\n2026-01-02T03:30:00Z e\n2026-01-02T05:00:00Z f\n2026-01-02T06:00:00Z g\n");
    EXPECT_EQ(told, "");
}

TEST_F(LogTailTest, AFileFromTheFutureCountsAsOldest) {
    const std::string log = path;
    files.add_file(log + "-20310101T000000.000000Z", "2031-01-01T00:00:00Z a\n");
    files.set_modified(log + "-20310101T000000.000000Z", far_future);
    files.add_file(log + "-20310102", "2031-01-02T00:00:00Z b\n");
    files.set_modified(log + "-20310102", far_future);
    files.add_file(old_path("01"), "2026-01-02T00:00:00Z c\n");
    files.set_modified(old_path("01"), clock.system_now());
    files.add_file(log, "2026-01-02T03:00:00Z d\n");

    EXPECT_EQ(since("2026"),
              "2031-01-01T00:00:00Z a\n2031-01-02T00:00:00Z b\n2026-01-02T00:00:00Z c\n2026-01-02T03:00:00Z d\n");
}

TEST_F(LogTailTest, FollowsFromAFileFromTheFutureToLaterOnes) {
    files.add_file(path, "a\n");
    auto tail = *LogTail::open(files, clock, path, 20, tell);
    files.move_away(path, std::string{path} + "-20310101T000000.000000Z");
    files.add_file(path, "b\n");
    put_away("01", "c\n");

    EXPECT_EQ(whole(tail), "a\nb\nc\n");
    EXPECT_EQ(told, "");
}

TEST_F(LogTailTest, DoesNotOpenFilesOlderThanTheRequestedTime) {
    using namespace std::chrono_literals;
    files.add_file(path + std::string{".2.gz"}, "no gzip");
    files.set_modified(path + std::string{".2.gz"}, std::chrono::system_clock::time_point{1'767'312'000s});
    files.add_file(path, "2026-01-02T06:00:00Z a\n");

    EXPECT_EQ(since("2026-01-02T05:00"), "2026-01-02T06:00:00Z a\n");
    EXPECT_EQ(told, "");
}

TEST_F(LogTailTest, ReportsUnreadableFilesAndShowsTheRest) {
    const std::string log = path;
    for (const char* end : {".4.xz", ".3.gz", ".2.gz", ".1"}) {
        files.add_file(log + end, gzip("2026-01-02T05:00:00Z a\n"));
        files.set_modified(log + end, far_future);
    }
    files.tree().peek(log + ".3.gz")->content.resize(15);
    files.tree().peek(log + ".2.gz")->content = "no gzip at all";
    files.tree().peek(log + ".1")->content = "2026-01-02T05:00:00Z b\n";
    files.add_file(path, "2026-01-02T06:00:00Z c\n");

    EXPECT_EQ(since("2026-01-02"), "2026-01-02T05:00:00Z b\n2026-01-02T06:00:00Z c\n");
    EXPECT_EQ(told,
              "cannot show '/var/log/x.log.4.xz': it is not compressed with gzip\n"
              "cannot read '/var/log/x.log.3.gz': it ends too early\n"
              "cannot read '/var/log/x.log.2.gz': it is damaged, or not compressed with gzip\n");
}

TEST_F(LogTailTest, ShowsTheLinesBeforeADamage) {
    std::string lines;
    for (int i = 100'000; i < 120'000; ++i)
        lines += "2026-01-02T05:00:00." + std::to_string(i * 7919 % 1'000'003) + "Z\n";
    const std::string old = std::string{path} + ".1.gz";
    files.add_file(old, gzip(lines));
    files.set_modified(old, far_future);
    std::string& content = files.tree().peek(old)->content;
    content.replace(content.size() * 3 / 4, 100, std::string(100, '\xff'));
    files.add_file(path, "2026-01-02T06:00:00Z c\n");

    const std::string shown = since("2026-01-02");
    EXPECT_GE(shown.size(), lines.size() / 2);
    EXPECT_EQ(shown.substr(0, lines.size() / 2), lines.substr(0, lines.size() / 2));
    EXPECT_TRUE(shown.ends_with("\n2026-01-02T06:00:00Z c\n")) << shown.substr(shown.size() - 100);
    EXPECT_EQ(told, "cannot read '/var/log/x.log.1.gz': it is damaged, or not compressed with gzip\n");
}

TEST_F(LogTailTest, ShowsARecentLineCutByADamage) {
    const std::string old = std::string{path} + ".1.gz";
    std::string content = gzip("2026-01-02T05:00:00Z a\n2026-01-02T05:00:01Z b");
    content[content.size() - 8] ^= 1;
    files.add_file(old, content);
    files.set_modified(old, far_future);
    files.add_file(path, "2026-01-02T06:00:00Z c\n");

    EXPECT_EQ(since("2026-01-02T05:00:01"), "2026-01-02T05:00:01Z b\n2026-01-02T06:00:00Z c\n");
    EXPECT_EQ(told, "cannot read '/var/log/x.log.1.gz': it is damaged, or not compressed with gzip\n");
}

TEST(LogSinceTest, AcceptsTimesAndDurations) {
    using namespace std::chrono_literals;
    const std::chrono::system_clock::time_point now{1'767'322'800s};  // 2026-01-02T03:00:00Z
    EXPECT_EQ(log_since("2026-01-01T06:10:00Z", now), "2026-01-01T06:10:00");
    EXPECT_EQ(log_since("2026-01-01 06:10", now), "2026-01-01T06:10");
    EXPECT_EQ(log_since("2026-01-01", now), "2026-01-01");
    EXPECT_EQ(log_since("90s", now), "2026-01-02T02:58:30");
    EXPECT_EQ(log_since("10m", now), "2026-01-02T02:50:00");
    EXPECT_EQ(log_since("2h", now), "2026-01-02T01:00:00");
    EXPECT_EQ(log_since("3d", now), "2025-12-30T03:00:00");
    for (const char* wrong : {"", "yesterday", "10", "m", "10w", "20260101", "2026-1-1", "06:10"})
        EXPECT_EQ(log_since(wrong, now), std::nullopt) << wrong;
}

TEST(LogSinceTest, TheEpochIsTheEarliestTime) {
    using namespace std::chrono_literals;
    const std::chrono::system_clock::time_point now{1'767'322'800s};  // 2026-01-02T03:00:00Z
    EXPECT_EQ(log_since("20455d", now), "1970-01-01T03:00:00");
    for (const char* long_ago : {"20456d", "200000d", "4294967295d", "4294967295h", "4294967295m", "4294967295s"})
        EXPECT_EQ(log_since(long_ago, now), "1970-01-01T00:00:00") << long_ago;
}

}  // namespace
}  // namespace servicekit::cli
