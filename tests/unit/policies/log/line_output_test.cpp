#include "policies/log/line_output.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "servicekit/mocks/mock_files.hpp"
#include "servicekit/mocks/mock_standard_streams.hpp"

namespace servicekit::policies {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::NiceMock;

/// A file's content, and how much more the disk can take.
struct Disk {
    std::string content;
    std::size_t room = std::numeric_limits<std::size_t>::max();
    bool knows_size = true;

    std::unique_ptr<os::File> file() {
        auto file = std::make_unique<NiceMock<mocks::MockFile>>();
        ON_CALL(*file, write).WillByDefault([this](std::string_view bytes) -> Result<void> {
            const std::size_t fits = std::min(room, bytes.size());
            content += bytes.substr(0, fits);
            room -= fits;
            if (fits < bytes.size()) return os_error("write", "/var/log/a.log", ENOSPC);
            return {};
        });
        ON_CALL(*file, status).WillByDefault([this]() -> Result<os::FileStatus> {
            if (!knows_size) return os_error("stat", "/var/log/a.log", EIO);
            return os::FileStatus{.size = content.size()};
        });
        return file;
    }
};

class LineOutputTest : public ::testing::Test {
protected:
    void write(std::string_view message) { output.write({.time = {}, .message = message}); }
    static std::string line(std::string_view message, std::string_view level = "info") {
        return "1970-01-01T00:00:00.000000Z " + std::string{level} + " a[1]: " + std::string{message} + "\n";
    }

    Disk disk;
    NiceMock<mocks::MockStandardStreams> streams;
    LineOutput output{streams};
};

TEST_F(LineOutputTest, WritesEachLineAtOnce) {
    output.open_file(disk.file(), "a[1]");
    write("one");
    EXPECT_EQ(disk.content, line("one"));
    write("two");
    EXPECT_EQ(disk.content, line("one") + line("two"));
}

TEST_F(LineOutputTest, DropsLinesBeforeItIsOpenedAndAfterItIsClosed) {
    write("early");
    output.open_file(disk.file(), "a[1]");
    write("in time");
    output.close({}, 1s);
    write("late");
    EXPECT_EQ(disk.content, line("in time"));
}

TEST_F(LineOutputTest, WritesToStderrWhereItHasNoFile) {
    EXPECT_CALL(streams, write(os::Stream::error, line("one")));
    output.open_stderr("a[1]");
    EXPECT_EQ(output.file(), nullptr);
    write("one");
}

TEST_F(LineOutputTest, TellsOfLostLinesOnceTheDiskHasRoomAgain) {
    output.open_file(disk.file(), "a[1]");
    disk.room = 0;
    write("lost");
    write("lost too");
    EXPECT_EQ(disk.content, "");
    disk.room = 1000;
    write("kept");
    EXPECT_EQ(disk.content, line("2 lines lost: No space left on device", "warning") + line("kept"));
    write("and on");
    EXPECT_THAT(disk.content, ::testing::EndsWith(line("kept") + line("and on")));
}

TEST_F(LineOutputTest, CountsASingleLostLineInTheSingular) {
    output.open_file(disk.file(), "a[1]");
    disk.room = 0;
    write("lost");
    disk.room = 1000;
    write("kept");
    EXPECT_THAT(disk.content, HasSubstr(" 1 line lost: "));
}

TEST_F(LineOutputTest, BeginsOnAFreshLineAfterOneThatWasTorn) {
    output.open_file(disk.file(), "a[1]");
    write("whole");
    disk.room = 10;
    write("torn");
    disk.room = 1000;
    write("kept");
    EXPECT_EQ(disk.content, line("whole") + line("torn").substr(0, 10) + "\n" +
                                line("1 line lost: No space left on device", "warning") + line("kept"));
}

TEST_F(LineOutputTest, LeavesNoEmptyLineWhereNothingWasTorn) {
    disk.content = "of an earlier run\n";
    output.open_file(disk.file(), "a[1]");
    write("one");
    disk.room = 0;
    write("lost");
    disk.room = 1000;
    write("two");
    EXPECT_EQ(disk.content.find("\n\n"), std::string::npos);
}

TEST_F(LineOutputTest, BeginsOnAFreshLineWhereTheSizeCannotBeTold) {
    output.open_file(disk.file(), "a[1]");
    write("one");
    disk.room = 0;
    disk.knows_size = false;
    write("lost");
    disk.room = 1000;
    write("two");
    EXPECT_EQ(disk.content, line("one") + "\n" + line("1 line lost: No space left on device", "warning") + line("two"));
}

TEST_F(LineOutputTest, TellsOfLostLinesInTheFileThatReplacesTheFullOne) {
    Disk other;
    output.open_file(disk.file(), "a[1]");
    disk.room = 5;
    write("torn");
    auto file = other.file();
    ASSERT_TRUE(output.replace_file(file, 0ms));
    write("kept");
    EXPECT_EQ(other.content, line("1 line lost: No space left on device", "warning") + line("kept"));
}

TEST_F(LineOutputTest, TellsOfLostLinesWhenItIsClosed) {
    output.open_file(disk.file(), "a[1]");
    disk.room = 0;
    write("lost");
    disk.room = 1000;
    output.close({}, 0ms);
    EXPECT_EQ(disk.content, line("1 line lost: No space left on device", "warning"));
}

TEST_F(LineOutputTest, TellsOfLinesThatNeverReachedIt) {
    output.open_file(disk.file(), "a[1]");
    output.count_loss();
    write("kept");
    EXPECT_EQ(disk.content, line("1 line lost: out of memory", "warning") + line("kept"));
}

/// A file in which a write hangs until it is let go.
class HangingFile : public NiceMock<mocks::MockFile> {
public:
    explicit HangingFile(std::atomic<bool>& hangs) {
        ON_CALL(*this, write).WillByDefault([&hangs](std::string_view) -> Result<void> {
            hangs = true;
            hangs.notify_all();
            hangs.wait(true);
            return {};
        });
    }
};

TEST_F(LineOutputTest, IsNeitherClosedNorReplacedBeyondItsTimeByALineThatHangs) {
    std::atomic<bool> hangs{false};
    output.open_file(std::make_unique<HangingFile>(hangs), "a[1]");
    std::thread writer{[this] { write("hangs"); }};
    hangs.wait(false);

    auto file = disk.file();
    EXPECT_FALSE(output.replace_file(file, 1ms));
    EXPECT_NE(file, nullptr);
    output.close({}, 1ms);
    write("dropped");

    hangs = false;
    hangs.notify_all();
    writer.join();
    EXPECT_EQ(disk.content, "");
}

TEST_F(LineOutputTest, NeverMixesTheLinesOfSeveralThreads) {
    output.open_file(disk.file(), "a[1]");
    std::vector<std::thread> threads;
    for (const char letter : {'a', 'b', 'c', 'd'})
        threads.emplace_back([this, letter] {
            for (int count = 0; count < 100; ++count) write(std::string(40, letter));
        });
    for (auto& thread : threads) thread.join();

    std::size_t lines = 0;
    for (const char letter : {'a', 'b', 'c', 'd'}) {
        const std::string whole = line(std::string(40, letter));
        for (auto at = disk.content.find(whole); at != std::string::npos; at = disk.content.find(whole, at + 1))
            ++lines;
    }
    EXPECT_EQ(lines, 400U);
    EXPECT_EQ(disk.content.size(), 400 * line(std::string(40, 'a')).size());
}

}  // namespace
}  // namespace servicekit::policies
