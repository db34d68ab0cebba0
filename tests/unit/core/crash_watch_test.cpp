#include "core/crash_watch.hpp"

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string_view>

#include "servicekit/mocks/fake_life.hpp"
#include "unit/core/service_fixture.hpp"

namespace servicekit {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class CrashWatchTest : public testing::ServiceTest {
protected:
    CrashWatchTest() {
        // 2026-11-22T06:13:20Z, after the crashes of these tests.
        host.clock.set_system_time(std::chrono::system_clock::time_point{std::chrono::seconds{1'795'328'000}});
    }

    static constexpr auto report = "/var/log/trial.crash";
};

TEST_F(CrashWatchTest, WatchesWhileTheServiceRuns) {
    then([this] {
        ASSERT_TRUE(host.crashes.is_installed());
        EXPECT_EQ(host.crashes.plan().name, "trial");
        EXPECT_EQ(host.crashes.plan().version, "1.0");
        EXPECT_TRUE(host.crashes.plan().may_use_stderr);
        EXPECT_EQ(host.crashes.report(), report);
        EXPECT_EQ(host.crashes.keeping(), os::CrashReporter::Keeping::nameless);
    });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_FALSE(host.crashes.is_installed());
    EXPECT_FALSE(host.files.exists(report));
}

TEST_F(CrashWatchTest, IsTurnedOffByItsSetting) {
    hooks.on_load = [](Settings& settings) { settings.set(setting::no_crash_reports, true); };
    then([this] { EXPECT_FALSE(host.crashes.is_installed()); });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
}

TEST_F(CrashWatchTest, TakesNoSignalsIfTheProgramHandlesThemAll) {
    options.with_signal_handlers = false;
    then([this] {
        EXPECT_FALSE(host.crashes.is_installed());
        service().request_stop();
    });

    EXPECT_EQ(run(), 0);
}

TEST_F(CrashWatchTest, AReportNamesTheRunningEvents) {
    std::vector<std::string> running;
    hooks.on_reload = [&] {
        const os::EventTrail& trail = *host.crashes.plan().trail;
        for (std::size_t level = 0; level < trail.depth(); ++level)
            running.emplace_back(trail.running(level).name.view());
    };
    ask(R"(["reload"])");
    then([this] {
        const os::EventTrail& trail = *host.crashes.plan().trail;
        EXPECT_EQ(trail.depth(), 0U);
        EXPECT_EQ(trail.ended(0).name.view(), "reload");
        EXPECT_EQ(trail.ended(0).outcome.view(), "ok");
        // It was requested before the event.
        EXPECT_EQ(trail.ended(1).name.view(), "status");
        EXPECT_EQ(trail.ended(2).name.view(), "start");
    });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_EQ(running, std::vector<std::string>{"reload"});
}

TEST_F(CrashWatchTest, AFailedEventIsKeptWithItsReason) {
    hooks.on_reload = [] { throw std::runtime_error("no port"); };
    ask(R"(["reload"])");
    then([this] { EXPECT_EQ(host.crashes.plan().trail->ended(0).outcome.view(), "failed: no port"); });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
}

TEST_F(CrashWatchTest, TheNextStartReportsTheCrashAndMovesTheReport) {
    then([this] { host.crashes.crash("SIGSEGV", "address not mapped to object"); });
    raise(SIGTERM);
    EXPECT_EQ(run(), 0);
    ASSERT_TRUE(host.files.exists(report));

    Service next{options, {}, Service::Policies::on(host.host()), host.host()};
    raise(SIGTERM);
    EXPECT_EQ(next.run(), 0);

    EXPECT_THAT(log(), HasSubstr("the last life crashed: SIGSEGV (address not mapped to object); the report is in "
                                 "'/var/log/trial.crash.20261122T061000Z.4711'"));
    EXPECT_FALSE(host.files.exists(report));
}

TEST_F(CrashWatchTest, AnOverlongCrashLineLosesOnlyItsEnd) {
    const std::string reason(600, 'x');
    then([&] {
        host.crashes.crash("SIGSEGV", reason);
        EXPECT_THAT(log(), HasSubstr(": " + ("crashed by SIGSEGV (" + reason).substr(0, 512) +
                                     "; the report is in '/var/log/trial.crash'\n"));
    });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
}

/// A thread that logs while the report is written.
class Talker final : public os::CrashListener {
public:
    explicit Talker(Logger& log) : log_{&log} {}
    void write_at_crash(std::string_view crash) noexcept override {
        if (!crash.empty()) log_->info("meanwhile");
    }

private:
    Logger* log_;
};

TEST_F(CrashWatchTest, LinesLoggedDuringTheReportFollowTheCrashLine) {
    hooks.on_load = [](Settings& settings) { settings.set(setting::log_delay, std::chrono::minutes{1}); };
    Talker talker{service().log()};
    then([&] {
        host.crashes.add_listener(talker);
        host.crashes.crash("SIGSEGV", "address not mapped to object");
        EXPECT_THAT(log(), ContainsRegex(" fatal trial\\[4711\\]: crashed by SIGSEGV [^\n]*\n"
                                         "[^\n]* info trial\\[4711\\]: meanwhile\n$"));
    });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
}

TEST_F(CrashWatchTest, BeforeAChangeOfUserTheNamedFileIsTheUsers) {
    host.users.add_user({.name = "trial", .uid = 1000, .gid = 1000});
    hooks.on_load = [](Settings& settings) { settings.set(setting::user, "trial"); };
    then([this] {
        EXPECT_EQ(host.crashes.keeping(), os::CrashReporter::Keeping::named);
        EXPECT_EQ(host.crashes.owner(), 1000U);
    });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    // The directory belongs to root, so the report can't be removed. The next start checks its size.
    EXPECT_EQ(host.files.content(report), "");
}

TEST_F(CrashWatchTest, ItsErrorsAreWarnings) {
    host.crashes.failures().fail_next("open_report", ENOSPC);
    host.files.failures.fail_next("list", EIO, "/var/log");
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_THAT(log(), AllOf(HasSubstr("warning"), HasSubstr("cannot open the crash report '/var/log/trial.crash'"),
                             HasSubstr("cannot list directory '/var/log'")));
}

TEST_F(CrashWatchTest, WithoutALogFileTheReportIsInTheRunDirectory) {
    options.log_file.clear();
    then([this] { EXPECT_EQ(host.crashes.report(), "/run/trial.crash"); });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
}

TEST_F(CrashWatchTest, TheDirectoryCanBeSet) {
    hooks.on_load = [](Settings& settings) { settings.set(setting::crash_directory, "/var/crash"); };
    then([this] { EXPECT_EQ(host.crashes.report(), "/var/crash/trial.crash"); });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
}

TEST_F(CrashWatchTest, CrashesAreAnEvent) {
    host.files.add_file("/var/log/trial.crash.20261122T061000Z.7",
                        "crash report of servicekit, format 1\ntime: 2026-11-22T06:10:00.1Z\npid: 7\n");
    ask(R"(["crashes"])");
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_EQ(replies.at(0).find(R"({"crashes":[{"time":"2026-11-22T06:10:00.1Z","pid":7,)"), 0U) << replies.at(0);
}

TEST_F(CrashWatchTest, OnlyTheConfiguredNumberOfReportsIsKept) {
    hooks.on_load = [](Settings& settings) { settings.set(setting::crash_keep, 1); };
    host.files.add_file("/var/log/trial.crash.20261122T061000Z.7", "old");
    host.files.add_file("/var/log/trial.crash.20261122T061100Z.8", "older");
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_FALSE(host.files.exists("/var/log/trial.crash.20261122T061000Z.7"));
    EXPECT_TRUE(host.files.exists("/var/log/trial.crash.20261122T061100Z.8"));
}

TEST_F(CrashWatchTest, AFileOfAnotherUserInTheWayIsReportedAndKept) {
    host.files.add_file(report, "crash report of servicekit, format 1\nsignal: SIGSEGV (11)\n\nend of the report\n");
    host.files.set_owner(report, 1000, 1000);
    then([this] {
        EXPECT_THAT(host.crashes.report(), ContainsRegex("^/var/log/trial.crash.[0-9]*T[0-9]*Z.4711$"));
        host.crashes.crash("SIGSEGV", "address not mapped to object");
    });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_EQ(host.files.status_of(report).uid, 1000U);
    EXPECT_THAT(log(), AllOf(HasSubstr("it is somebody else's; a crash would be reported in '/var/log/trial.crash."),
                             ::testing::Not(HasSubstr("the last life crashed"))));
}

TEST_F(CrashWatchTest, TheNextStartReportsACrashThatAvoidedAFileInTheWay) {
    host.files.add_file(report, "not ours");
    host.files.set_owner(report, 1000, 1000);
    host.files.add_file("/var/log/trial.crash.20261122T060000Z.4700",
                        "crash report of servicekit, format 1\ntime: 2026-11-22T06:10:00.1Z\npid: 4700\n"
                        "signal: SIGSEGV (11)\n\nend of the report\n");
    host.files.add_file("/var/log/trial.crash.20261122T060100Z.4712");
    host.files.add_file(pid_file, "4700\n");
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_THAT(log(), AllOf(HasSubstr("the last life crashed: SIGSEGV; the report is in "
                                       "'/var/log/trial.crash.20261122T061000Z.4700'"),
                             ::testing::Not(HasSubstr("ended without a stop"))));
    EXPECT_FALSE(host.files.exists("/var/log/trial.crash.20261122T060100Z.4712"));
}

TEST_F(CrashWatchTest, ALinkIsNotALastReport) {
    host.files.add_file("/etc/secret", "crash report of servicekit, format 1\nsignal: SECRET (11)\n");
    host.files.add_link(report, "/etc/secret");
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_THAT(log(), ::testing::Not(HasSubstr("SECRET")));
    EXPECT_EQ(host.files.status_of("/etc/secret").uid, 0U);
}

}  // namespace
}  // namespace servicekit
