#include "cli/log_tail.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "servicekit/mocks/fake_files.hpp"

namespace servicekit::cli {
namespace {

class LogTailTest : public ::testing::Test {
protected:
    static constexpr const char* path = "/var/log/x.log";

    std::string last(std::size_t lines) {
        auto tail = LogTail::open(files, path, lines);
        return tail ? rest(*tail) : tail.error().message();
    }
    static std::string rest(LogTail& tail) {
        std::string all;
        for (std::string piece = *tail.next(); !piece.empty(); piece = *tail.next()) all += piece;
        return all;
    }
    void append(const std::string& text) { ASSERT_TRUE((*files.open_for_appending(path, 0644))->write(text)); }

    mocks::FakeFiles files;
};

TEST_F(LogTailTest, BeginsAtTheLastLines) {
    files.add_file(path, "one\ntwo\nthree\n");
    EXPECT_EQ(last(2), "two\nthree\n");
    EXPECT_EQ(last(3), "one\ntwo\nthree\n");
    EXPECT_EQ(last(20), "one\ntwo\nthree\n");
    EXPECT_EQ(last(0), "");
}

TEST_F(LogTailTest, CountsALineThatHasNoEndYet) {
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

TEST_F(LogTailTest, BearsWithAnEmptyFile) {
    files.add_file(path);
    EXPECT_EQ(last(20), "");
}

TEST_F(LogTailTest, SaysThatThereIsNoFile) {
    files.add_folder("/var/log");
    const auto tail = LogTail::open(files, path, 20);
    ASSERT_FALSE(tail);
    EXPECT_EQ(tail.error().errno_value, ENOENT);
}

TEST_F(LogTailTest, FollowsWhatIsAdded) {
    files.add_file(path, "one\n");
    auto tail = *LogTail::open(files, path, 20);
    EXPECT_EQ(rest(tail), "one\n");
    ASSERT_TRUE(tail.follow());
    EXPECT_EQ(rest(tail), "");
    append("two\n");
    EXPECT_EQ(rest(tail), "two\n");
}

TEST_F(LogTailTest, FollowsOverRotation) {
    files.add_file(path, "one\n");
    auto tail = *LogTail::open(files, path, 20);
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

TEST_F(LogTailTest, BeginsAnewWhereTheFileWasTruncated) {
    files.add_file(path, "one\ntwo\n");
    auto tail = *LogTail::open(files, path, 20);
    EXPECT_EQ(rest(tail), "one\ntwo\n");
    files.tree().peek(path)->content = "new\n";
    ASSERT_TRUE(tail.follow());
    EXPECT_EQ(rest(tail), "new\n");
}

TEST_F(LogTailTest, SaysWhereTheFileCannotBeRead) {
    files.add_file(path, "one\n");
    files.failures.fail_next("read_at", EIO);
    EXPECT_EQ(LogTail::open(files, path, 20).error().errno_value, EIO);
    auto tail = *LogTail::open(files, path, 20);
    files.failures.fail_next("status", EIO);
    EXPECT_EQ(tail.follow().error().errno_value, EIO);
}

TEST_F(LogTailTest, FollowsThroughAllThatWerePutAwaySinceTheLastLook) {
    files.add_file(path, "one\n");
    auto tail = LogTail::open(files, path, 20);
    EXPECT_EQ(rest(*tail), "one\n");
    for (const char* line : {"two", "three"}) {
        files.move_away(path, std::string{path} + "-2026010200000" + (line[1] == 'w' ? "1" : "2") + "Z");
        files.add_file(path, std::string{line} + "\n");
    }
    EXPECT_TRUE(*tail->follow());
    EXPECT_EQ(rest(*tail), "two\n");
    EXPECT_TRUE(*tail->follow());
    EXPECT_EQ(rest(*tail), "three\n");
    EXPECT_FALSE(*tail->follow());
}

TEST_F(LogTailTest, BeginsWhereTheTimeIsNotBeforeTheOneThatIsAskedFor) {
    files.add_file(std::string{path} + "-20260102T000000.000000Z",
                   "2026-01-01T08:00:00.000000Z info x[1]: a\n2026-01-01T09:00:00.000000Z info x[1]: b\n no time\n");
    files.add_file(path, "{\"time\":\"2026-01-02T08:00:00.000000Z\",\"level\":\"info\"}\n");
    const auto since = [this](std::string_view time) {
        auto tail = LogTail::open_since(files, path, time);
        std::string all = rest(*tail);
        while (*tail->follow()) all += rest(*tail);
        return all;
    };
    EXPECT_EQ(since("2026-01-01T08:30").substr(0, 42), "2026-01-01T09:00:00.000000Z info x[1]: b\n ");
    EXPECT_EQ(since("2026-01-01T08:30").substr(50, 19), "{\"time\":\"2026-01-02");
    EXPECT_EQ(since("2026-01-02").substr(0, 19), "{\"time\":\"2026-01-02");
    EXPECT_EQ(since("2026-01-03"), "");
}

TEST(LogSinceTest, UnderstandsTimesAndHowLongAgo) {
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

}  // namespace
}  // namespace servicekit::cli
