#include "policies/log/file/log_archive.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cerrno>
#include <string>

#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_files.hpp"

namespace servicekit::policies {
namespace {

using ::testing::ElementsAre;

std::string unpacked(std::string packed) {
    z_stream stream{};
    EXPECT_EQ(::inflateInit2(&stream, 15 + 16), Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(packed.data());  // NOLINT
    stream.avail_in = static_cast<uInt>(packed.size());
    std::string text(std::size_t{4} << 20U, '\0');
    stream.next_out = reinterpret_cast<Bytef*>(text.data());  // NOLINT
    stream.avail_out = static_cast<uInt>(text.size());
    EXPECT_EQ(::inflate(&stream, Z_FINISH), Z_STREAM_END);
    text.resize(stream.total_out);
    ::inflateEnd(&stream);
    return text;
}

class LogArchiveTest : public ::testing::Test {
protected:
    static inline const std::string path = "/var/log/x.log";

    LogArchiveTest() {
        clock_.advance(std::chrono::hours{24});
        files_.add_directory("/var/log");
        files_.add_file(path, "of today\n");
        for (const char* day : {"01", "02", "03"})
            files_.add_file(path + "-202601" + day + "T000000.000000Z", std::string(10, 'x'));
    }
    void add_strangers() {
        for (const char* name : {"x.log.1", "x.log-old", "y.log-20260101T000000.000000Z", "x.log-20260101T000000Z",
                                 "x.log-20260101T000000.000000Z.xz"})
            files_.add_file(std::string{"/var/log/"} + name);
    }
    [[nodiscard]] std::vector<std::string> names() const { return files_.names_in("/var/log"); }
    static void finish(LogArchive& archive) {
        for (auto step = archive.step(); *step != LogArchive::Step::done;) {
            step = archive.step();
            ASSERT_TRUE(step) << step.error().message();
        }
    }

    /// Returns the error at its end.
    static Error failure_of(LogArchive& archive) {
        for (int steps = 0; steps < 100; ++steps)
            if (const auto step = archive.step(); !step) return step.error();
        return {};
    }

    mocks::FakeClock clock_;  // 2026-01-03T03:04:05Z
    mocks::FakeFiles files_;
};

TEST_F(LogArchiveTest, KeepsAllFilesByDefault) {
    LogArchive archive{files_, clock_, path, {}};
    finish(archive);
    EXPECT_EQ(names().size(), 4U);
}

TEST_F(LogArchiveTest, RemovesTheOldestBeyondTheNumber) {
    add_strangers();
    LogArchive archive{files_, clock_, path, {.keep_files = 2}};
    finish(archive);
    EXPECT_EQ(names().size(), 8U);
    EXPECT_FALSE(files_.exists(path + "-20260101T000000.000000Z"));
}

TEST_F(LogArchiveTest, AFileFromTheFutureCountsAsOldest) {
    for (const char* year : {"2027", "2031"}) files_.add_file(path + "-" + year + "0101T000000.000000Z", "x");
    files_.add_file(*LogArchive{files_, clock_, path, {}}.free_path(), "new");
    LogArchive archive{files_, clock_, path, {.keep_files = 3}};
    finish(archive);
    EXPECT_THAT(names(), ElementsAre("x.log", "x.log-20260102T000000.000000Z", "x.log-20260103T000000.000000Z",
                                     "x.log-20260103T030405.000000Z"));
}

TEST_F(LogArchiveTest, TheEarliestFileFromTheFutureIsRemovedFirst) {
    for (const char* year : {"2027", "2031"}) files_.add_file(path + "-" + year + "0101T000000.000000Z", "x");
    LogArchive archive{files_, clock_, path, {.keep_files = 4}};
    finish(archive);
    EXPECT_THAT(names(), ElementsAre("x.log", "x.log-20260101T000000.000000Z", "x.log-20260102T000000.000000Z",
                                     "x.log-20260103T000000.000000Z", "x.log-20310101T000000.000000Z"));
}

TEST_F(LogArchiveTest, AJustRotatedFileIsNotFromTheFuture) {
    files_.add_file(path + "-20260103T030405.000000Z", "first");
    files_.add_file(*LogArchive{files_, clock_, path, {}}.free_path(), "second");
    clock_.set_system_time(clock_.system_now() - std::chrono::seconds{30});
    LogArchive archive{files_, clock_, path, {.keep_files = 1}};
    finish(archive);
    EXPECT_THAT(names(), ElementsAre("x.log", "x.log-20260103T030405.000001Z"));
}

TEST_F(LogArchiveTest, RemovesTheOldestBeyondTheTotalSize) {
    LogArchive archive{files_, clock_, path, {.keep_bytes = 25}};
    finish(archive);
    EXPECT_THAT(names(), ElementsAre("x.log", "x.log-20260102T000000.000000Z", "x.log-20260103T000000.000000Z"));
}

TEST_F(LogArchiveTest, CompressesUncompressedFiles) {
    std::string text;
    while (text.size() < 1'000'000) text += std::to_string(text.size()) + '\n';
    const std::string large = path + "-20251231T000000.000000Z";
    files_.add_file(large, text);
    LogArchive archive{files_, clock_, path, {.compress = true, .permissions = 0600}};
    finish(archive);
    EXPECT_THAT(names(), ElementsAre("x.log", "x.log-20251231T000000.000000Z.gz", "x.log-20260101T000000.000000Z.gz",
                                     "x.log-20260102T000000.000000Z.gz", "x.log-20260103T000000.000000Z.gz"));
    EXPECT_EQ(unpacked(files_.content(large + ".gz")), text);
    EXPECT_LT(files_.content(large + ".gz").size(), text.size() / 2);
    EXPECT_EQ(files_.status_of(large + ".gz").permissions, mode_t{0600});
}

TEST_F(LogArchiveTest, ALinkWithTheNameOfARotatedFileIsNotFollowed) {
    files_.add_file("/etc/secret", "kept");
    const std::string link = path + "-20260102T120000.000000Z";
    files_.add_link(link, "/etc/secret");
    files_.add_link(path + "-20260102T130000.000000Z.gz", "/etc/secret");
    LogArchive archive{files_, clock_, path, {.keep_files = 1, .compress = true}};
    finish(archive);
    EXPECT_EQ(files_.content("/etc/secret"), "kept");
    EXPECT_FALSE(files_.exists(link + ".gz"));
    EXPECT_EQ(names().size(), 4U);  // the log, the youngest rotated file, and the links
}

TEST_F(LogArchiveTest, AFullDiskKeepsTheFile) {
    LogArchive archive{files_, clock_, path, {.compress = true}};
    files_.set_space(0);
    EXPECT_EQ(failure_of(archive).errno_value, ENOSPC);
    EXPECT_EQ(names().size(), 4U);
    files_.set_space(std::nullopt);
    archive.look_again();
    finish(archive);
    EXPECT_TRUE(files_.exists(path + "-20260101T000000.000000Z.gz"));
}

TEST_F(LogArchiveTest, RemovesOldFilesEvenIfNoneCanBeCompressed) {
    LogArchive archive{files_, clock_, path, {.keep_files = 1, .compress = true}};
    files_.set_space(0);
    EXPECT_EQ(failure_of(archive).errno_value, ENOSPC);
    EXPECT_THAT(names(), ElementsAre("x.log", "x.log-20260103T000000.000000Z"));
}

TEST_F(LogArchiveTest, RepeatsUnfinishedWork) {
    files_.add_file(path + "-20260101T000000.000000Z.gz.tmp", "half");
    LogArchive archive{files_, clock_, path, {.compress = true}};
    finish(archive);
    EXPECT_EQ(unpacked(files_.content(path + "-20260101T000000.000000Z.gz")), "xxxxxxxxxx");
    EXPECT_EQ(names().size(), 4U);
}

TEST_F(LogArchiveTest, AnEndAfterAnyStepLeavesEachFileOnce) {
    std::size_t compressed = 0;
    for (int steps = 0; compressed < 3; ++steps) {
        ASSERT_LT(steps, 100);
        {
            LogArchive archive{files_, clock_, path, {.compress = true}};
            for (int step = 0; step < steps; ++step) ASSERT_TRUE(archive.step());
        }
        compressed = 0;
        for (const char* day : {"01", "02", "03"}) {
            const std::string file = path + "-202601" + day + "T000000.000000Z";
            EXPECT_NE(files_.exists(file), files_.exists(file + ".gz")) << file << " after " << steps << " steps";
            if (files_.exists(file + ".gz")) ++compressed;
        }
        EXPECT_EQ(names().size(), 4U) << "after " << steps << " steps";
    }
}

TEST_F(LogArchiveTest, FindsAFreeName) {
    const LogArchive archive{files_, clock_, path, {}};
    files_.add_file(path + "-20260103T030405.000000Z");
    files_.add_file(path + "-20260103T030405.000001Z.gz");
    EXPECT_EQ(*archive.free_path(), path + "-20260103T030405.000002Z");
}

}  // namespace
}  // namespace servicekit::policies
