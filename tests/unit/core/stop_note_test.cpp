#include "core/stop_note.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <string>

#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_files.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;

class StopNoteTest : public ::testing::Test {
protected:
    static inline const std::string path = "/run/servicekit/trial-1.stop";

    StopNoteTest() { files.add_directory("/run/servicekit"); }

    mocks::FakeFiles files;
    mocks::FakeClock clock;
    StopNote note{files, clock};
};

TEST_F(StopNoteTest, TheNextLifeReadsHowLongTheStopTook) {
    ASSERT_TRUE(note.take_over(path));
    EXPECT_FALSE(note.last_stop());
    note.stop_begins();
    clock.advance(1500ms);
    note.write();
    EXPECT_EQ(files.content(path), "{\"stop-seconds\":1.5}\n");

    StopNote next{files, clock};
    ASSERT_TRUE(next.take_over(path));
    EXPECT_EQ(next.last_stop(), 1500ms);
    EXPECT_EQ(files.content(path), "");
}

TEST_F(StopNoteTest, ALifeWithoutAStopLeavesNone) {
    ASSERT_TRUE(note.take_over(path));
    note.write();
    StopNote next{files, clock};
    ASSERT_TRUE(next.take_over(path));
    EXPECT_FALSE(next.last_stop());
}

TEST_F(StopNoteTest, IsWrittenOnce) {
    ASSERT_TRUE(note.take_over(path));
    note.stop_begins();
    note.write();
    clock.advance(1s);
    note.write();
    EXPECT_EQ(files.content(path), "{\"stop-seconds\":0.0}\n");
}

TEST_F(StopNoteTest, AnythingElseInTheFileDoesNotCount) {
    for (const char* text : {"", "1.5", "{}", "{\"stop-seconds\":\"1\"}", "{\"stop-seconds\":-1}",
                             "{\"stop-seconds\":1e300}", "{\"stop-seconds\":null}", "\xff"}) {
        SCOPED_TRACE(text);
        if (files.exists(path)) files.take_away(path);
        files.add_file(path, text);
        StopNote next{files, clock};
        ASSERT_TRUE(next.take_over(path));
        EXPECT_FALSE(next.last_stop());
    }
}

TEST_F(StopNoteTest, FollowsNoLink) {
    files.add_file("/etc/secret", "{\"stop-seconds\":1}");
    files.add_link(path, "/etc/secret");
    EXPECT_FALSE(note.take_over(path));
    note.stop_begins();
    note.write();
    EXPECT_EQ(files.content("/etc/secret"), "{\"stop-seconds\":1}");
}

TEST_F(StopNoteTest, WithoutAFileNothingIsWritten) {
    files.failures.fail_next("open_for_appending", EACCES);
    EXPECT_EQ(note.take_over(path).error().errno_value, EACCES);
    note.stop_begins();
    note.write();
    EXPECT_FALSE(files.exists(path));
}

}  // namespace
}  // namespace servicekit
