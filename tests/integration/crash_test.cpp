// What a crashed service leaves behind, and what its operator sees.
#include <csignal>
#include <filesystem>
#include <string>
#include <utility>
#include <variant>

#include "integration/support/raw_client.hpp"
#include "integration/support/service_test.hpp"
#include "integration/support/strangers.hpp"

namespace servicekit::test {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class CrashTest : public ServiceTest {
protected:
    /// Makes a running service crash. \returns 128 and the number of the signal that ended it
    int crash(RunningService& service, const std::string& how) {
        const Outcome asked = crashing.verb({"call", "crash", "how=" + how});
        EXPECT_NE(asked.exit_code, 0) << asked;
        return service.exit_code();
    }
    [[nodiscard]] std::string report() const { return read_file(report_file); }

    ServiceProgram crashing{"crash-trial", directory.path()};
    std::string report_file = directory.file("crash-trial.crash");
};

TEST_F(CrashTest, AServiceThatNeverCrashesLeavesNoFile) {
    RunningService service{crashing};
    EXPECT_FALSE(std::filesystem::exists(report_file));

    service.signal(SIGTERM);

    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_FALSE(std::filesystem::exists(report_file));
}

TEST_F(CrashTest, EveryCrashIsReportedAndKeepsItsExitStatus) {
    struct Kind {
        std::string how;
        int signal;
        std::string told;
    };
    for (const Kind& kind : {Kind{"write", SIGSEGV, "write_to_nowhere"}, Kind{"thread", SIGSEGV, "write_to_nowhere"},
                             Kind{"stack", SIGSEGV, "overflow_the_stack"}, Kind{"abort", SIGABRT, "abort"},
                             Kind{"kill", SIGABRT, "SI_USER"},
                             Kind{"exception", SIGABRT, "exception: std::runtime_error: thrown on purpose"}}) {
        RunningService service{crashing};

        EXPECT_EQ(crash(service, kind.how), 128 + kind.signal) << kind.how;

        EXPECT_THAT(report(), AllOf(StartsWith("crash report of servicekit"), EndsWith("\nend of the report\n")));
        EXPECT_THAT(report(), HasSubstr("\nevent: crash, for ")) << kind.how;
        EXPECT_THAT(report(), HasSubstr(kind.told)) << kind.how;
        EXPECT_THAT(report(), HasSubstr("\nservice: crash-trial\nversion: 1.2.3\n"));
        EXPECT_THAT(report(), ContainsRegex("\nbacktrace of thread [0-9]+ \\(control\\):\n  #00 ")) << kind.how;
        EXPECT_THAT(report(), ContainsRegex("\nlast events, the latest first:\n  [^\n]* status, took [^\n]*: ok\n"
                                            "  [^\n]* start, took [^\n]*: ok\n"));
    }
}

TEST_F(CrashTest, AConcurrentEventThatCrashesIsNamed) {
    RunningService service{crashing};

    EXPECT_NE(crashing.verb({"call", "crash-beside"}).exit_code, 0);

    EXPECT_EQ(service.exit_code(), 128 + SIGSEGV);
    EXPECT_THAT(report(), HasSubstr("\nevent: crash-beside, for "));
    EXPECT_THAT(report(), ContainsRegex("\nthread: [0-9]+ \\(events\\)\n"));
    EXPECT_THAT(crashing.log(), HasSubstr(" in the event 'crash-beside'; the report is in '"));
}

TEST_F(CrashTest, AFaultSignalFromOutsideIsReported) {
    RunningService service{crashing};

    service.signal(SIGSEGV);

    EXPECT_EQ(service.exit_code(), 128 + SIGSEGV);
    EXPECT_THAT(report(), HasSubstr("sent by kill\nsender: pid "));
}

TEST_F(CrashTest, TheLastLogLineHasTheUsualPrefix) {
    RunningService service{crashing};
    const std::string pid = std::to_string(service.pid());

    crash(service, "write");

    EXPECT_THAT(crashing.log(),
                ContainsRegex("\n20[0-9-]+T[0-9:.]+Z fatal crash-trial\\[" + pid +
                              "\\]: crashed by SIGSEGV \\(address not mapped to object\\) at 0x0 [^\n]*; the report is "
                              "in '[^\n]*'\n$"));
}

TEST_F(CrashTest, AJsonLogStaysJson) {
    crashing.add_options({"--log-format", "json"});
    RunningService service{crashing};

    EXPECT_NE(crashing.verb({"call", "crash", "how=abort", "words=\"quoted\""}).exit_code, 0);
    EXPECT_GT(service.exit_code(), 128);

    const Object last = objects_in(crashing.log()).back();
    EXPECT_EQ(last.find("level")->as_string(), "fatal");
    EXPECT_EQ(last.find("service")->as_string(), "crash-trial");
    EXPECT_THAT(last.find("message")->as_string(), StartsWith("crashed by SIGABRT"));
}

TEST_F(CrashTest, ASigabrtFromOutsideStillStops) {
    RunningService service{crashing};

    service.signal(SIGABRT);

    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_FALSE(std::filesystem::exists(report_file));
}

TEST_F(CrashTest, TheNextStartReportsItAndKeepsTheReport) {
    {
        RunningService service{crashing};
        crash(service, "write");
    }
    const RunningService next{crashing};

    next.await_log(
        "the last life crashed: SIGSEGV (address not mapped to object) in the event 'crash'; the report is "
        "in '" +
        report_file + ".");
    EXPECT_FALSE(std::filesystem::exists(report_file));
}

TEST_F(CrashTest, CrashesAreListedAndShown) {
    for (int life = 0; life < 2; ++life) {
        RunningService service{crashing};
        crash(service, "write");
    }

    const Outcome listed = crashing.verb({"crashes"});
    EXPECT_EQ(listed.exit_code, 0) << listed;
    EXPECT_THAT(listed.out, AllOf(HasSubstr("1  20"), HasSubstr("2  20"), HasSubstr("write_to_nowhere()+0x")));
    EXPECT_THAT(crashing.verb({"crashes", "--json"}).out, HasSubstr(R"("signal":"SIGSEGV")"));
    EXPECT_THAT(crashing.verb({"crashes", "show"}).out, EndsWith("\nend of the report\n"));
    EXPECT_THAT(crashing.verb({"crashes", "show", "3"}).err, HasSubstr("there is no crash report 3"));

    const RunningService running{crashing};
    EXPECT_EQ(running.call("crashes").find("crashes")->as_list().size(), 2U);
}

TEST_F(CrashTest, OnlyTheConfiguredNumberOfReportsIsKept) {
    crashing.add_options({"--crash-keep", "1"});
    for (int life = 0; life < 3; ++life) {
        RunningService service{crashing};
        crash(service, "abort");
    }

    const RunningService running{crashing};

    EXPECT_EQ(running.call("crashes").find("crashes")->as_list().size(), 1U);
}

TEST_F(CrashTest, ReportsCanBeTurnedOff) {
    crashing.add_options({"--no-crash-reports"});
    RunningService service{crashing};

    EXPECT_EQ(crash(service, "write"), 128 + SIGSEGV);

    EXPECT_FALSE(std::filesystem::exists(report_file));
}

TEST_F(CrashTest, AServiceThatGaveUpRootStillReports) {
    if (!is_root()) GTEST_SKIP() << "only root can become somebody else";
    crashing.add_options({"--user", std::to_string(stranger), "--group", std::to_string(stranger)});
    RunningService service{crashing};
    ASSERT_TRUE(std::filesystem::exists(report_file));

    EXPECT_EQ(crash(service, "write"), 128 + SIGSEGV);

    EXPECT_THAT(report(), EndsWith("\nend of the report\n"));
}

TEST_F(CrashTest, AConfinedServiceStillReports) {
    const std::string elsewhere = directory.file("elsewhere");
    std::filesystem::create_directory(elsewhere);
    crashing.add_options({"--writable", elsewhere, "--crash-directory", directory.file("crashes")});
    RunningService service{crashing};

    EXPECT_EQ(crash(service, "write"), 128 + SIGSEGV);

    EXPECT_THAT(read_file(directory.file("crashes") + "/crash-trial.crash"), EndsWith("\nend of the report\n"));
}

TEST_F(CrashTest, ACleanStopRemovesTheEmptyReportOfAConfinedService) {
    crashing.add_options({"--no-new-privileges"});
    RunningService service{crashing};
    EXPECT_TRUE(std::filesystem::exists(report_file));

    service.signal(SIGTERM);

    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_FALSE(std::filesystem::exists(report_file));
}

TEST_F(CrashTest, AnExitIsReportedLoggedAndKeepsItsExitCode) {
    struct Kind {
        std::string how;
        std::string call;
    };
    for (const Kind& kind :
         {Kind{"exit", "exit(7)"}, Kind{"exit in a thread", "exit(7)"}, Kind{"quick_exit", "quick_exit()"}}) {
        RunningService service{crashing};

        EXPECT_EQ(crash(service, kind.how), 7) << kind.how;

        EXPECT_THAT(report(), AllOf(StartsWith("crash report of servicekit"), EndsWith("\nend of the report\n")));
        EXPECT_THAT(report(), HasSubstr("\nexit: " + kind.call + "\n"));
        EXPECT_THAT(report(), HasSubstr("\nevent: crash, for "));
        EXPECT_THAT(report(), ContainsRegex("\\), which called exit:\n([^\n]*\n){2,4}[^\n]*crash"));
        EXPECT_THAT(report(), ContainsRegex("\nbacktrace of thread [0-9]+ \\(control\\):\n  #00 "));
        EXPECT_THAT(crashing.log(), HasSubstr(" fatal crash-trial[" + std::to_string(service.pid()) +
                                              "]: " + kind.call + " was called in thread "));
        EXPECT_THAT(crashing.verb({"crashes"}).out, HasSubstr("Z  " + kind.call + " in the event 'crash'\n"));
    }
    const RunningService next{crashing};
    next.await_log("the last life called quick_exit() in the event 'crash'; the report is in '" + report_file + ".");
    EXPECT_THAT(next.call("crashes").find("crashes")->as_list().front().as_object().find("exit")->as_string(),
                "quick_exit()");
}

TEST_F(CrashTest, AnExitDuringTheStopIsReported) {
    crashing.configure_app({{"stop", "exit 0"}});
    RunningService service{crashing};

    service.signal(SIGTERM);

    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(report(), HasSubstr("\nexit: exit(0)\n"));
    EXPECT_THAT(crashing.log(), HasSubstr("in the event 'stop'; the report is in '"));
}

TEST_F(CrashTest, AnExitOfAChildIsNotReported) {
    RunningService service{crashing};

    EXPECT_EQ(crashing.verb({"call", "crash", "how=exit in a child"}).exit_code, 1);
    service.signal(SIGTERM);

    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_FALSE(std::filesystem::exists(report_file));
    EXPECT_THAT(crashing.log(), Not(HasSubstr("was called")));
}

TEST_F(CrashTest, WithoutReportsAnExitIsOnlyLogged) {
    for (const char* option : {"--no-crash-reports", "--no-signal-handlers"}) {
        ServiceProgram quiet{"crash-trial", directory.path()};
        quiet.add_options({option});
        RunningService service{quiet};

        EXPECT_EQ(crash(service, "exit"), 7) << option;

        EXPECT_THAT(quiet.log(), ContainsRegex(" fatal crash-trial\\[" + std::to_string(service.pid()) +
                                               "\\]: exit\\(7\\) was called in thread [0-9]+ \\([^)]*\\) in the event "
                                               "'crash'\n"));
        EXPECT_FALSE(std::filesystem::exists(report_file));
    }
}

TEST_F(CrashTest, AStartThatCrashesNamesTheCauseAndTheReport) {
    struct Kind {
        std::string how;
        std::string words;
    };
    const std::string where = "; the report is in '" + report_file + "'";
    for (const Kind& kind :
         {Kind{"write", "crashed by SIGSEGV (address not mapped to object) at 0x0"},
          Kind{"abort", "crashed by SIGABRT (sent by raise or tgkill)"}, Kind{"exit", "exit(7) was called"},
          Kind{"exit 0", "exit(0) was called"}, Kind{"exit in a thread", "exit(7) was called"},
          Kind{"quick_exit", "quick_exit() was called"}}) {
        crashing.configure_app({{"start", kind.how}});

        const Outcome start = crashing.verb({"start"});

        EXPECT_EQ(start.exit_code, 70) << start;
        EXPECT_THAT(start.err, StartsWith("crash-trial: cannot start 'crash-trial': the service (pid ")) << kind.how;
        EXPECT_THAT(start.err, HasSubstr(") ended before it was ready: " + kind.words + " in thread "));
        EXPECT_THAT(start.err,
                    EndsWith(" in the event 'start'" + where + "; the log is '" + crashing.log_file() + "'\n"));
        EXPECT_THAT(report(), EndsWith("\nend of the report\n"));
    }
}

TEST_F(CrashTest, AnUncaughtExceptionInTheStartPrecedesItsReport) {
    crashing.configure_app({{"start", "exception"}});

    const Outcome start = crashing.verb({"start"});

    EXPECT_EQ(start.exit_code, 70) << start;
    EXPECT_THAT(start.err,
                HasSubstr(" in the event 'start': std::runtime_error: thrown on purpose; the report is in '" +
                          report_file + "'"));
}

TEST_F(CrashTest, AnUnreportedEndOfAStartShowsHowTheProcessEnded) {
    struct Kind {
        std::string how;
        std::string words;
    };
    const std::string early = " before it was ready";
    crashing.add_options({"--no-crash-reports"});
    for (const Kind& kind : {Kind{"write", "was killed by signal 11 (SIGSEGV)" + early},
                             Kind{"kill -9", "was killed by signal 9 (SIGKILL)" + early + ", without saying why"},
                             Kind{"_exit", "ended with exit code 7" + early + ", without saying why"}}) {
        crashing.configure_app({{"start", kind.how}});

        const Outcome start = crashing.verb({"start"});

        EXPECT_EQ(start.exit_code, 70) << start;
        EXPECT_THAT(start.err, EndsWith(") " + kind.words + "; the log is '" + crashing.log_file() + "'\n"))
            << kind.how;
    }
}

TEST_F(CrashTest, AChildLeftBehindDoesNotHideTheCrash) {
    crashing.configure_app({{"start", "leave a child and abort"}});

    const Outcome start = crashing.verb({"start", "--start-timeout", "60"});

    EXPECT_THAT(start.err, HasSubstr("crashed by SIGABRT"));
    for (const ProcessFacts& facts : descendants()) Process{facts.pid}.end();
}

TEST_F(CrashTest, ClosingTheStartPipeIsReported) {
    crashing.configure_app({{"start", "close all"}});

    const Outcome start = crashing.verb({"start"});

    EXPECT_EQ(start.exit_code, 70) << start;
    EXPECT_THAT(start.err, HasSubstr(") closed the pipe by which it reports that it is ready, and still runs\n"));
    for (const ProcessFacts& facts : descendants()) Process{facts.pid}.end();
}

TEST_F(CrashTest, ACrashInALoadInsideTheServiceIsReported) {
    crashing.add_variable("CRASH_TRIAL_LOADS_IN_SERVICE", "1");
    for (const std::string how : {"write", "exit"}) {
        crashing.configure_app({{"load", how}});

        const Outcome start = crashing.verb({"start"});

        EXPECT_EQ(start.exit_code, 70) << start;
        EXPECT_THAT(start.err, HasSubstr(how == "exit" ? "exit(7) was called" : "crashed by SIGSEGV"));
        EXPECT_THAT(start.err, EndsWith(" in the event 'load'\n"));
    }
}

TEST_F(CrashTest, AnExitInTheLoadIsReportedAsAFailure) {
    for (const auto& [how, exit_code] : {std::pair<std::string, int>{"exit 0", 70}, {"exit", 7}, {"quick_exit", 7}}) {
        crashing.configure_app({{"load", how}});

        const Outcome start = crashing.verb({"start"});

        EXPECT_EQ(start.exit_code, exit_code) << start;
        EXPECT_THAT(start.err,
                    ContainsRegex("^crash-trial: cannot start: (quick_)?exit\\([07]?\\) was called in thread "
                                  "[0-9]+ \\(crash-trial\\) in the event 'load'\n$"));
    }
}

TEST_F(CrashTest, WithoutADirectoryTheForegroundReportsToStderr) {
    const std::string away = directory.file("away");
    write_file(away, "no directory");
    Command command = crashing.command({"run", "--crash-directory", away + "/crashes"});
    RunningCommand running{command};
    await_state("it runs", [&] { return crashing.verb({"health", "--ready"}).exit_code == 0; });

    running.signal(SIGSEGV);

    const Outcome outcome = running.finish();
    EXPECT_EQ(outcome.exit_code, 128 + SIGSEGV);
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("crash report of servicekit"), HasSubstr("\nend of the report\n")));
}

}  // namespace
}  // namespace servicekit::test
