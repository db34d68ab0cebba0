#include "servicekit/mocks/fake_crash_reporter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace servicekit::mocks {
namespace {

using ::testing::HasSubstr;
using Keeping = os::CrashReporter::Keeping;

struct Listener final : os::CrashListener {
    void write_at_crash(std::string_view crash) noexcept override { heard += crash.empty() ? "again" : crash; }
    std::string heard;
};

class FakeCrashReporterTest : public ::testing::Test {
protected:
    FakeCrashReporterTest() { files.add_directory("/run"); }

    FakeFiles files;
    FakeCrashReporter crashes{files};
};

TEST_F(FakeCrashReporterTest, ACrashLeavesAReportAndCallsListeners) {
    Listener listener;
    ASSERT_TRUE(crashes.install({.name = "x"}));
    crashes.add_listener(listener);
    ASSERT_TRUE(crashes.open_report("/run/x.crash", Keeping::nameless));
    EXPECT_FALSE(files.exists("/run/x.crash"));

    crashes.crash("SIGBUS", "nonexistent physical address");

    EXPECT_THAT(files.content("/run/x.crash"), HasSubstr("\nsignal: SIGBUS"));
    EXPECT_EQ(listener.heard,
              "crashed by SIGBUS (nonexistent physical address); the report is in '/run/x.crash'\nagain");
}

TEST_F(FakeCrashReporterTest, AnExitLeavesAReport) {
    Listener listener;
    ASSERT_TRUE(crashes.install({.name = "x"}));
    crashes.add_listener(listener);
    ASSERT_TRUE(crashes.open_report("/run/x.crash", Keeping::nameless));

    crashes.exit(7);

    EXPECT_THAT(files.content("/run/x.crash"), HasSubstr("\npid: 4711\nexit: exit(7)\n"));
    EXPECT_EQ(listener.heard, "exit(7) was called; the report is in '/run/x.crash'\nagain");
}

TEST_F(FakeCrashReporterTest, WithoutSignalsOnlyAnExitIsNoticed) {
    Listener listener;
    ASSERT_TRUE(crashes.install({.name = "x", .takes_signals = false}));
    crashes.add_listener(listener);

    crashes.crash("SIGBUS", "");
    EXPECT_EQ(listener.heard, "");
    EXPECT_FALSE(crashes.is_installed());
    crashes.exit(7);
    EXPECT_EQ(listener.heard, "exit(7) was called\nagain");
}

TEST_F(FakeCrashReporterTest, ANamedFileExistsUntilItIsClosed) {
    ASSERT_TRUE(crashes.open_report("/run/x.crash", Keeping::named));
    EXPECT_TRUE(files.exists("/run/x.crash"));

    crashes.close_report();

    EXPECT_FALSE(files.exists("/run/x.crash"));
    EXPECT_EQ(crashes.report(), "");
}

TEST_F(FakeCrashReporterTest, AReportRemainsAfterTheClose) {
    ASSERT_TRUE(crashes.install({.name = "x"}));
    ASSERT_TRUE(crashes.open_report("/run/x.crash", Keeping::named));
    crashes.crash("SIGBUS", "");

    crashes.uninstall();

    EXPECT_TRUE(files.exists("/run/x.crash"));
    EXPECT_FALSE(crashes.is_installed());
}

TEST_F(FakeCrashReporterTest, RefusesASecondOwnerAndAMissingDirectory) {
    ASSERT_TRUE(crashes.install({}));

    EXPECT_FALSE(crashes.install({}));
    EXPECT_EQ(crashes.open_report("/none/x.crash", Keeping::nameless).error().errno_value, ENOENT);
}

TEST_F(FakeCrashReporterTest, FailsOnDemand) {
    crashes.failures().fail_next("open_report", EROFS, "/run/x.crash");
    crashes.failures().fail_next("change_owner", EPERM);

    EXPECT_EQ(crashes.open_report("/run/x.crash", Keeping::nameless).error().errno_value, EROFS);
    EXPECT_EQ(crashes.change_owner(1, 1).error().errno_value, EPERM);
}

}  // namespace
}  // namespace servicekit::mocks
