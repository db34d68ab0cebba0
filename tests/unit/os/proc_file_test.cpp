#include "os/proc_file.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace servicekit::os {
namespace {

TEST(ProcFileTest, ReadsAFileOfUnknownSize) {
    const auto status = read_proc_file("/proc/self/status");
    ASSERT_TRUE(status);
    EXPECT_TRUE(status->starts_with("Name:"));
    EXPECT_TRUE(status->ends_with('\n'));
}

TEST(ProcFileTest, AMissingFileReturnsNothing) {
    EXPECT_EQ(read_proc_file("/proc/self/no-such-file"), std::nullopt);
    EXPECT_EQ(errno, ENOENT);
}

TEST(ProcFileTest, FindsTheLineOfAKey) {
    const std::string_view text = "Name:\tUid: 7\nUid:\t0\t1\nEmpty:\nLast:  x";
    EXPECT_EQ(proc_line(text, "Uid:"), "0\t1");
    EXPECT_EQ(proc_line(text, "Empty:"), "");
    EXPECT_EQ(proc_line(text, "Last:"), "x");
    EXPECT_EQ(proc_line(text, "Gid:"), std::nullopt);
    EXPECT_EQ(proc_line("", "Gid:"), std::nullopt);
}

TEST(ProcFileTest, RemovesWordsFromTheFront) {
    std::string_view text = "  one\ttwo\nthree \n";
    EXPECT_EQ(next_word(text), "one");
    EXPECT_EQ(next_word(text), "two");
    EXPECT_EQ(next_word(text), "three");
    EXPECT_EQ(next_word(text), "");
    EXPECT_EQ(next_word(text), "");
}

TEST(ProcFileTest, RecognisesProcOfThisNamespace) { EXPECT_TRUE(is_proc_of_own_namespace()); }

}  // namespace
}  // namespace servicekit::os
