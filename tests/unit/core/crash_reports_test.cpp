#include "core/crash_reports.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <vector>

#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_files.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string report(const std::string& time, const std::string& pid, const std::string& signal = "SIGSEGV") {
    return "crash report of servicekit, format 1\ntime: " + time + "\nservice: trial\nversion: 1.2\npid: " + pid +
           "\nuptime: 90.000 s\nsignal: " + signal +
           " (11)\ncode: SEGV_MAPERR (1), address not mapped to object\naddress: 0x0000000000000000\n"
           "thread: 12 (control)\nexception: std::runtime_error: no port\nevent: outer, for 2.000 s\n"
           "event: backup, for 1.000 s\nprogram: /usr/bin/trial\nbuild-id: none\n\nlast events, the latest first:\n"
           "  2026-11-22T06:10:00.000000Z event: a lie\n\nbacktrace of thread 12 (control), which crashed:\n"
           "  #00 0x000055786c9c2139 /usr/bin/trial+0x6d139 (_ZN5trial5writeEi+0xb)\n"
           "  #01 0x00007fdae6c4524a /usr/lib/libc.so.6+0x2724a\n  #02 0x0000000000000007\n\nend of the report\n";
}

class CrashReportsTest : public ::testing::Test {
protected:
    CrashReportsTest() {
        files.add_directory("/var/log");
        clock.set_system_time(std::chrono::system_clock::time_point{1'795'328'000s});  // 2026-11-22T06:13:20Z
    }

    mocks::FakeClock clock;
    mocks::FakeFiles files;
    CrashReports reports{"/var/log", "trial", files, clock};
    const std::vector<uid_t> writers{0, 33};  // root, and the user that the service becomes
};

TEST_F(CrashReportsTest, AReportIsSummarised) {
    const CrashSummary crash = parse_crash_report(report("2026-11-22T06:10:00.123456Z", "4711"));

    EXPECT_EQ(crash.time, "2026-11-22T06:10:00.123456Z");
    EXPECT_EQ(crash.pid, "4711");
    EXPECT_EQ(crash.version, "1.2");
    EXPECT_EQ(crash.signal, "SIGSEGV");
    EXPECT_EQ(crash.reason, "address not mapped to object");
    EXPECT_EQ(crash.address, "0x0000000000000000");
    EXPECT_EQ(crash.thread, "12 (control)");
    EXPECT_EQ(crash.event, "backup");
    EXPECT_EQ(crash.exception, "std::runtime_error: no port");
    EXPECT_THAT(crash.frames,
                ElementsAre("trial+0x6d139 (trial::write(int)+0xb)", "libc.so.6+0x2724a", "  #02 0x0000000000000007"));
    EXPECT_TRUE(crash.is_whole);
}

TEST_F(CrashReportsTest, AnExitIsSummarised) {
    const CrashSummary crash = parse_crash_report(
        "crash report of servicekit, format 1\ntime: 2026-11-22T06:10:00.123456Z\nservice: trial\npid: 4711\n"
        "exit: exit(7)\nthread: 12 (control)\nevent: backup, for 1.000 s\n\n"
        "backtrace of thread 12 (control), which called exit:\n"
        "  #00 0x000055786c9c2139 /usr/bin/trial+0x6d139 (_ZN5trial5writeEi+0xb)\n\nend of the report\n");

    EXPECT_EQ(crash.exit, "exit(7)");
    EXPECT_EQ(crash.signal, "");
    EXPECT_EQ(crash.in_words(), "exit(7) in the event 'backup'");
    EXPECT_EQ(crash.what_the_process_did(), "called exit(7) in the event 'backup'");
    EXPECT_EQ(*crash.fields().find("exit"), Value{"exit(7)"});
    EXPECT_THAT(crash.frames, ElementsAre("trial+0x6d139 (trial::write(int)+0xb)"));
    EXPECT_TRUE(crash.is_whole);
}

TEST_F(CrashReportsTest, ATruncatedReportIsMarked) {
    const std::string whole = report("2026-11-22T06:10:00.123456Z", "4711");

    EXPECT_FALSE(parse_crash_report(whole.substr(0, whole.size() / 2)).is_whole);
    EXPECT_EQ(parse_crash_report(whole.substr(0, whole.find("uptime"))).pid, "4711");
}

TEST_F(CrashReportsTest, AnyBrokenTextIsAccepted) {
    const std::string whole = report("2026-11-22T06:10:00.123456Z", "4711");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const CrashSummary crash = parse_crash_report(std::string_view{whole}.substr(0, size));
        EXPECT_FALSE(crash.is_whole);
    }
    EXPECT_EQ(parse_crash_report("something else\n").signal, "");
}

TEST_F(CrashReportsTest, TheLatestOfSeveralReportsInAFileCounts) {
    EXPECT_EQ(parse_crash_report(report("2026-11-22T06:10:00.1Z", "1") + report("2026-11-22T06:11:00.1Z", "2")).pid,
              "2");
}

TEST_F(CrashReportsTest, ItsDescriptionIsOneLine) {
    EXPECT_EQ(parse_crash_report(report("2026-11-22T06:10:00.1Z", "1")).in_words(),
              "SIGSEGV (address not mapped to object) in the event 'backup': std::runtime_error: no port");
    EXPECT_EQ(CrashSummary{}.in_words(), "an unknown signal");
}

TEST_F(CrashReportsTest, WithoutACrashNothingIsMoved) {
    EXPECT_FALSE(reports.put_away(writers).value());
    EXPECT_THAT(reports.list().value(), IsEmpty());
}

TEST_F(CrashReportsTest, AnEmptyFileIsKeptForTheNextReport) {
    files.add_file("/var/log/trial.crash");

    EXPECT_FALSE(reports.put_away(writers).value());
    EXPECT_TRUE(files.exists("/var/log/trial.crash"));
    EXPECT_THAT(reports.list().value(), IsEmpty());
}

TEST_F(CrashReportsTest, ALinkIsNotAReport) {
    files.add_file("/etc/shadow", "secret");
    files.add_link("/var/log/trial.crash", "/etc/shadow");

    EXPECT_FALSE(reports.put_away(writers).value());
    EXPECT_THAT(reports.list().value(), IsEmpty());
}

TEST_F(CrashReportsTest, OnlyAFileOfAWriterIsALastReport) {
    files.add_file("/var/log/trial.crash", report("2026-11-22T06:10:00.123456Z", "4711"));
    files.set_owner("/var/log/trial.crash", 1000, 1000);
    EXPECT_FALSE(reports.put_away(writers).value());
    EXPECT_TRUE(files.exists("/var/log/trial.crash"));

    files.set_owner("/var/log/trial.crash", 33, 33);
    EXPECT_TRUE(reports.put_away(writers).value());
}

TEST_F(CrashReportsTest, AReportIsMovedToANameWithItsTimeAndPid) {
    files.add_file("/var/log/trial.crash", report("2026-11-22T06:10:00.123456Z", "4711"));

    const auto last = reports.put_away(writers);

    EXPECT_EQ(last.value()->file, "/var/log/trial.crash.20261122T061000Z.4711");
    EXPECT_TRUE(files.exists("/var/log/trial.crash.20261122T061000Z.4711"));
    EXPECT_FALSE(files.exists("/var/log/trial.crash"));
}

TEST_F(CrashReportsTest, AnotherFileIsMovedToANameWithTheStartTime) {
    for (const std::string& text : {std::string{"anything"}, report("../../etc/passwd", "4711"), report("", "x")}) {
        files.add_file("/var/log/trial.crash", text);
        EXPECT_EQ(reports.put_away(writers).value()->file.find("/var/log/trial.crash.2026"), 0U) << text;
    }
}

TEST_F(CrashReportsTest, ReportsAreListedLatestFirst) {
    files.add_file("/var/log/trial.crash", report("2026-11-22T06:12:00.1Z", "3"));
    files.add_file("/var/log/trial.crash.20261122T061100Z.2", report("2026-11-22T06:11:00.1Z", "2"));
    files.add_file("/var/log/trial.crash.20261122T061000Z.1", report("2026-11-22T06:10:00.1Z", "1"));

    std::vector<std::string> pids;
    const auto listed = reports.list();
    for (const CrashSummary& crash : *listed) pids.push_back(crash.pid);

    EXPECT_THAT(pids, ElementsAre("3", "2", "1"));
}

TEST_F(CrashReportsTest, AnUnchangedFileIsNotReadAgain) {
    files.add_file("/var/log/trial.crash.20261122T061000Z.1", report("2026-11-22T06:10:00.1Z", "1"));
    CrashReports::Memory memory;
    EXPECT_EQ(reports.list(memory).value().front().pid, "1");

    files.failures.fail_always("read_at", EIO);
    EXPECT_EQ(reports.list(memory).value().front().pid, "1");

    files.failures.succeed_again("read_at");
    files.add_file("/var/log/trial.crash.20261122T061100Z.2", report("2026-11-22T06:11:00.1Z", "2"));
    EXPECT_EQ(reports.list(memory).value().front().pid, "2");
    files.take_away("/var/log/trial.crash.20261122T061000Z.1");
    EXPECT_EQ(reports.list(memory).value().size(), 1U);
    EXPECT_EQ(memory.size(), 1U);
}

TEST_F(CrashReportsTest, OtherFilesAreIgnored) {
    files.add_file("/var/log/trial.crash.other.crash.20261122T061000Z.1", report("2026-11-22T06:10:00.1Z", "1"));
    files.add_file("/var/log/trial.crash.bak", "mine");
    files.add_file("/var/log/other.crash.20261122T061000Z.1", "another's");

    EXPECT_THAT(reports.list().value(), IsEmpty());
    EXPECT_TRUE(reports.remove_older(0));
    EXPECT_TRUE(files.exists("/var/log/trial.crash.bak"));
    EXPECT_TRUE(files.exists("/var/log/other.crash.20261122T061000Z.1"));
}

TEST_F(CrashReportsTest, OnlyRegularFilesAreReports) {
    const std::string beginning = "/var/log/trial.crash.20261122T06";
    files.add_file("/etc/shadow", "secret");
    files.add_other(beginning + "1001Z.1");
    files.add_link(beginning + "1002Z.2", "/etc/shadow");
    files.add_directory(beginning + "1003Z.3");
    files.add_file(beginning + "1004Z.4");
    files.add_file(beginning + "1005Z.5", report("2026-11-22T06:10:05.1Z", "5"));

    const auto listed = reports.list();

    ASSERT_EQ(listed.value().size(), 1U);
    EXPECT_EQ(listed->front().pid, "5");
    for (const char* other : {"1001Z.1", "1002Z.2", "1003Z.3", "1004Z.4"})
        EXPECT_EQ(reports.read(beginning + other).error().message(),
                  "cannot read '" + beginning + other + "': it is not a crash report");
    EXPECT_EQ(reports.remove_older(1).value(), 1U);
    EXPECT_TRUE(files.exists(beginning + "1003Z.3"));
    EXPECT_TRUE(files.exists(beginning + "1005Z.5"));
}

TEST_F(CrashReportsTest, AFileThatCannotBeReadHidesNoReport) {
    files.add_file("/var/log/trial.crash.20261122T061000Z.1", report("2026-11-22T06:10:00.1Z", "1"));
    files.add_file("/var/log/trial.crash.20261122T061100Z.2", report("2026-11-22T06:11:00.1Z", "2"));

    files.failures.fail_always("read_at", EIO, "/var/log/trial.crash.20261122T061100Z.2");
    ASSERT_EQ(reports.list().value().size(), 1U);
    EXPECT_EQ(reports.list()->front().pid, "1");

    files.failures.fail_always("read_at", EIO);
    EXPECT_THAT(reports.list().error().message(), HasSubstr("cannot read '/var/log/trial.crash.2026"));
}

TEST_F(CrashReportsTest, TheReportOfTheLastLifeMayHaveAnotherName) {
    files.add_file("/var/log/trial.crash", "not ours");
    files.set_owner("/var/log/trial.crash", 1000, 1000);
    const std::string other = reports.other_report(4711);
    EXPECT_EQ(other, "/var/log/trial.crash.20261122T061319Z.4711");
    files.add_file(other, report("2026-11-22T06:13:20.1Z", "4711"));

    EXPECT_FALSE(reports.put_away(writers).value());
    EXPECT_FALSE(reports.put_away(writers, 4712).value());
    EXPECT_EQ(reports.put_away(writers, 4711).value()->file, "/var/log/trial.crash.20261122T061320Z.4711");
    EXPECT_FALSE(files.exists(other));

    // Reported once, also if the next life has the same pid, as the first process of a container does.
    EXPECT_FALSE(reports.put_away(writers, 4711).value());
}

TEST_F(CrashReportsTest, AReportOfSomebodyElseIsNotOfTheLastLife) {
    const std::string other = reports.other_report(4711);
    files.add_file(other, report("2026-11-22T06:13:20.1Z", "4711"));
    files.set_owner(other, 1000, 1000);

    EXPECT_FALSE(reports.put_away(writers, 4711).value());
    EXPECT_TRUE(files.exists(other));
}

TEST_F(CrashReportsTest, EmptyFilesOfOtherNamesAreRemoved) {
    const std::string other = reports.other_report(4711);
    files.add_file(other);
    files.add_file("/var/log/trial.crash.20261122T061000Z.1", "a report");
    files.add_file("/var/log/trial.crash.20261122T061000Z.2");
    files.set_owner("/var/log/trial.crash.20261122T061000Z.2", 1000, 1000);

    EXPECT_TRUE(reports.remove_empty(writers));

    EXPECT_THAT(files.names_in("/var/log"),
                ElementsAre("trial.crash.20261122T061000Z.1", "trial.crash.20261122T061000Z.2"));
}

TEST_F(CrashReportsTest, TheOldestReportsAreRemoved) {
    for (const char* stamp : {"20261122T061000Z.9", "20261122T061100Z.8", "20261122T061200Z.7"})
        files.add_file(std::string{"/var/log/trial.crash."} + stamp, "old");

    EXPECT_TRUE(reports.remove_older(1));

    EXPECT_THAT(files.names_in("/var/log"), ElementsAre("trial.crash.20261122T061200Z.7"));
}

TEST_F(CrashReportsTest, AReportFromTheFutureGetsTheStartTime) {
    files.add_file("/var/log/trial.crash", report("2031-01-01T00:00:00.1Z", "7"));
    files.add_file("/var/log/trial.crash.20261122T061000Z.1", report("2026-11-22T06:10:00.1Z", "1"));

    EXPECT_EQ(reports.put_away(writers).value()->file, "/var/log/trial.crash.20261122T061320Z.7");
    EXPECT_TRUE(reports.remove_older(1));

    EXPECT_THAT(files.names_in("/var/log"), ElementsAre("trial.crash.20261122T061320Z.7"));
}

TEST_F(CrashReportsTest, AReportFromTheFutureCountsAsOldest) {
    files.add_file("/var/log/trial.crash.20261122T061000Z.1", report("2026-11-22T06:10:00.1Z", "1"));
    files.add_file("/var/log/trial.crash.20310101T000000Z.2", report("2031-01-01T00:00:00.1Z", "2"));

    EXPECT_EQ(reports.list().value().front().pid, "1");
    EXPECT_TRUE(reports.remove_older(1));

    EXPECT_THAT(files.names_in("/var/log"), ElementsAre("trial.crash.20261122T061000Z.1"));
}

TEST_F(CrashReportsTest, ReportsItsErrors) {
    files.add_file("/var/log/trial.crash", "x");
    files.failures.fail_next("rename", EACCES);
    EXPECT_THAT(reports.put_away(writers).error().message(), HasSubstr("cannot rename '/var/log/trial.crash' to '"));

    files.failures.fail_next("list", EIO);
    EXPECT_THAT(reports.list().error().message(), HasSubstr("'/var/log'"));
}

TEST_F(CrashReportsTest, AReportIsReadWithSourceNames) {
    files.add_file("/var/log/trial.crash", report("2026-11-22T06:12:00.1Z", "3"));

    const auto text = reports.read("/var/log/trial.crash");

    EXPECT_THAT(text.value(), AllOf(HasSubstr("/usr/bin/trial+0x6d139 (trial::write(int)+0xb)\n"),
                                    HasSubstr("\n  #02 0x0000000000000007\n"), HasSubstr("\nend of the report\n")));
}

TEST_F(CrashReportsTest, AFrameIsDemangledIfPossible) {
    EXPECT_EQ(demangle_frame("  #00 0x1 /x+0x2 (_Z4mainv+0x3)"), "  #00 0x1 /x+0x2 (main()+0x3)");
    EXPECT_EQ(demangle_frame("  #00 0x1 /x+0x2 (_Zwrong+0x3)"), "  #00 0x1 /x+0x2 (_Zwrong+0x3)");
    EXPECT_EQ(demangle_frame("  #00 0x1 /x+0x2 (main+0x3)"), "  #00 0x1 /x+0x2 (main+0x3)");
    EXPECT_EQ(demangle_frame("+0x3 (_Z"), "+0x3 (_Z");
}

}  // namespace
}  // namespace servicekit
