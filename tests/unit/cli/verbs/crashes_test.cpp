#include "unit/cli/program_fixture.hpp"

namespace servicekit::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class CrashesTest : public ProgramFixture {
protected:
    void add_report(const std::string& file, const std::string& time) {
        host.files.add_file(file, "crash report of servicekit, format 1\ntime: " + time +
                                      "\npid: 7\nsignal: SIGSEGV (11)\ncode: SEGV_MAPERR (1), address not mapped\n"
                                      "event: backup, for 1 s\n\nbacktrace of thread 7 (x), which crashed:\n"
                                      "  #00 0x1 /usr/bin/x+0x2 (_Z4workv+0x3)\n\nend of the report\n");
    }
};

TEST_F(CrashesTest, ReportsThatThereAreNone) {
    EXPECT_EQ(run({"crashes"}), 0);
    EXPECT_THAT(out(), HasSubstr("no crash reports"));
}

TEST_F(CrashesTest, AreListedEvenIfTheServiceDoesNotRun) {
    add_report("/run/just-another-server.crash", "2026-11-22T06:11:00.1Z");
    add_report("/run/just-another-server.crash.20261122T061000Z.7", "2026-11-22T06:10:00.1Z");

    EXPECT_EQ(run({"crashes"}), 0);
    EXPECT_THAT(out(), StartsWith("1  2026-11-22T06:11:00.1Z  SIGSEGV (address not mapped) in the event 'backup'\n"
                                  "   /run/just-another-server.crash\n"
                                  "      x+0x2 (work()+0x3)\n"
                                  "2  2026-11-22T06:10:00.1Z  "));
}

TEST_F(CrashesTest, AreListedAsJson) {
    add_report("/run/just-another-server.crash", "2026-11-22T06:11:00.1Z");

    EXPECT_EQ(run({"crashes", "--json"}), 0);
    EXPECT_THAT(out(), AllOf(StartsWith(R"({"crashes":[{"time":"2026-11-22T06:11:00.1Z","pid":7,"signal":"SIGSEGV",)"),
                             HasSubstr(R"("file":"/run/just-another-server.crash")")));
}

TEST_F(CrashesTest, AReportIsShown) {
    add_report("/run/just-another-server.crash", "2026-11-22T06:11:00.1Z");
    add_report("/run/just-another-server.crash.20261122T061000Z.7", "2026-11-22T06:10:00.1Z");

    EXPECT_EQ(run({"crashes", "show", "2"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr("\ntime: 2026-11-22T06:10:00.1Z\n"), HasSubstr("(work()+0x3)")));
}

TEST_F(CrashesTest, AMissingReportIsRefused) {
    EXPECT_EQ(run({"crashes", "show"}), 1);
    EXPECT_THAT(host.streams.written(os::Stream::error), HasSubstr("there is no crash report 1"));
    EXPECT_EQ(run({"crashes", "burn"}), 64);
}

}  // namespace
}  // namespace servicekit::cli
