// The verbs of every service program, in each state of a service.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <ostream>
#include <string>

#include "integration/support/service_test.hpp"
#include "integration/support/strangers.hpp"
#include "integration/support/turnstile.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

class VerbsTest : public ServiceTest {
protected:
    /// Returns the message that the service does not run, which names the pidfile.
    [[nodiscard]] std::string not_running() const {
        return "trial-service: not running; looked at '" + trial.pid_file() + "'";
    }

    /// Leaves a service that was killed before it could clean up.
    void leave_a_dead_one() {
        RunningService service{trial};
        service.process().end();
        ASSERT_TRUE(fs::exists(trial.control_socket()));
        ASSERT_GT(trial.pid_in_file(), 0);
    }
};

TEST_F(VerbsTest, WithoutAVerbTheUsageIsPrinted) {
    const Outcome outcome = run_command({.arguments = {"trial-service"}});

    EXPECT_EQ(outcome.exit_code, 64);
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_THAT(outcome.err, StartsWith("Usage: trial-service VERB [OPTIONS]\n"));
}

TEST_F(VerbsTest, AnUnknownVerbIsReportedWithTheNearestName) {
    const Outcome outcome = trial.verb({"stats"});

    EXPECT_EQ(outcome.exit_code, 64);
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("there is no verb 'stats'"), HasSubstr("did you mean 'status'?")));
}

TEST_F(VerbsTest, AnUnknownOptionIsReportedWithTheNearestName) {
    const Outcome outcome = trial.verb({"status", "--log-fiel", "x"});

    EXPECT_EQ(outcome.exit_code, 64);
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("'--log-fiel'"), HasSubstr("did you mean '--log-file'?")));
}

TEST_F(VerbsTest, AnInvalidValueIsReportedWithItsOption) {
    const Outcome outcome = trial.verb({"start", "--stop-timeout", "soon"});

    EXPECT_EQ(outcome.exit_code, 64);
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("--stop-timeout"), HasSubstr("soon")));
}

TEST_F(VerbsTest, AnInvalidVariableIsNamed) {
    trial.add_variable("TRIAL_SERVICE_STOP_TIMEOUT", "soon");

    const Outcome outcome = trial.verb({"start"});

    EXPECT_EQ(outcome.exit_code, 78);
    EXPECT_THAT(outcome.err, HasSubstr("TRIAL_SERVICE_STOP_TIMEOUT"));
}

TEST_F(VerbsTest, HelpListsVerbsAndOptions) {
    const Outcome help = run_command({.arguments = {"trial-service", "--help"}});

    EXPECT_EQ(help.exit_code, 0);
    EXPECT_THAT(help.err, IsEmpty());
    for (const std::string verb : {"start", "run", "check", "stop", "kill", "restart", "reload", "status", "events",
                                   "log-level", "log-reopen", "call", "wait", "pid", "where", "logs"})
        EXPECT_THAT(help.out, ContainsRegex("\n +" + verb + " "));
    for (const std::string option : {"name",
                                     "run-directory",
                                     "pid-file",
                                     "control-socket",
                                     "control-mode",
                                     "control-owner",
                                     "control-group",
                                     "control-read",
                                     "control-operate",
                                     "control-admin",
                                     "config",
                                     "log-file",
                                     "log-level",
                                     "user",
                                     "group",
                                     "umask",
                                     "working-directory",
                                     "no-new-privileges",
                                     "limit-core",
                                     "limit-open-files",
                                     "writable",
                                     "start-timeout",
                                     "stop-timeout",
                                     "no-signal-handlers",
                                     "no-control-server"})
        EXPECT_THAT(help.out, ContainsRegex("\n +--" + option + " "));
}

TEST_F(VerbsTest, EachVerbHasItsOwnHelp) {
    const Outcome help = run_command({.arguments = {"trial-service", "stop", "--help"}});

    EXPECT_EQ(help.exit_code, 0);
    EXPECT_THAT(help.out, AllOf(HasSubstr("--no-wait"), HasSubstr("--timeout")));
    EXPECT_THAT(help.err, IsEmpty());
}

TEST_F(VerbsTest, VersionPrintsTheProgramsVersion) {
    const Outcome version = run_command({.arguments = {"trial-service", "--version"}});

    EXPECT_EQ(version.exit_code, 0);
    EXPECT_THAT(version.out, MatchesRegex("trial-service 1\\.2\\.3 \\(servicekit [0-9.]+\\)\n"));
}

struct VerbWithoutService {
    Strings arguments;
    int exit_code;
};

std::ostream& operator<<(std::ostream& stream, const VerbWithoutService& verb) {
    return stream << verb.arguments.front();
}

std::string test_name(const testing::TestParamInfo<VerbWithoutService>& info) {
    std::string name = info.param.arguments.front();
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

class VerbWithoutServiceTest : public VerbsTest, public testing::WithParamInterface<VerbWithoutService> {};

TEST_P(VerbWithoutServiceTest, ReportsThatNoServiceRuns) {
    const Outcome outcome = trial.verb(GetParam().arguments);

    EXPECT_EQ(outcome.exit_code, GetParam().exit_code);
    EXPECT_EQ(outcome.out + outcome.err, not_running() + "\n");
}

TEST_P(VerbWithoutServiceTest, ReportsTheSameForAKilledService) {
    leave_a_dead_one();

    const Outcome outcome = trial.verb(GetParam().arguments);

    const bool is_status = GetParam().arguments.front() == "status";
    EXPECT_EQ(outcome.exit_code, is_status ? 1 : GetParam().exit_code);
    EXPECT_THAT(outcome.out + outcome.err, StartsWith(not_running()));
}

INSTANTIATE_TEST_SUITE_P(, VerbWithoutServiceTest,
                         testing::Values(VerbWithoutService{{"status"}, 3}, VerbWithoutService{{"pid"}, 3},
                                         VerbWithoutService{{"stop"}, 0}, VerbWithoutService{{"kill"}, 0},
                                         VerbWithoutService{{"reload"}, 7}, VerbWithoutService{{"events"}, 7},
                                         VerbWithoutService{{"log-level"}, 7}, VerbWithoutService{{"log-reopen"}, 7},
                                         VerbWithoutService{{"call", "echo"}, 7},
                                         VerbWithoutService{{"wait", "--test"}, 0}),
                         test_name);

TEST_F(VerbsTest, StatusShowsWhatAKilledServiceLeft) {
    leave_a_dead_one();

    const Outcome status = trial.verb({"status"});

    EXPECT_EQ(status.exit_code, 1);
    EXPECT_EQ(status.out, not_running() + "; it was killed and left '" + trial.pid_file() + "', '" +
                              trial.control_socket() + "'\n");
}

TEST_F(VerbsTest, StartReplacesAKilledService) {
    leave_a_dead_one();

    const RunningService service{trial};

    EXPECT_EQ(trial.verb({"status"}).exit_code, 0);
}

TEST_F(VerbsTest, StatusIsReadableForPeople) {
    const RunningService service{trial};

    const Outcome status = trial.verb({"status"});

    EXPECT_EQ(status.exit_code, 0);
    EXPECT_THAT(status.out, MatchesRegex("name +trial-service 1\\.2\\.3\n"
                                         "state +running\n"
                                         "pid +[0-9]+\n"
                                         "uptime +[0-9]+ seconds?\n"
                                         "greeting +hello\n"
                                         "notes +\\[\\]\n"));
}

TEST_F(VerbsTest, StatusIsReadableForPrograms) {
    const RunningService service{trial};

    const Outcome status = trial.verb({"status", "--json"});

    EXPECT_EQ(status.exit_code, 0);
    const Object fields = std::get<Value>(parse_json(status.out)).as_object();
    EXPECT_EQ(*fields.find("pid"), Value{service.pid()});
    EXPECT_EQ(*fields.find("control-socket"), Value{trial.control_socket()});
    EXPECT_EQ(*fields.find("state"), Value{"running"});
    EXPECT_EQ(*fields.find("greeting"), Value{"hello"});
}

TEST_F(VerbsTest, StatusWorksWhileAHandlerHangs) {
    const RunningService service{trial};
    service.call("status");  // the service's own fields are current
    RunningCommand hanging{trial.command({"call", "hang"})};
    service.await_busy("hang");

    const Outcome status = trial.verb({"status", "--json"});

    EXPECT_EQ(status.exit_code, 0);
    EXPECT_THAT(status.out, AllOf(HasSubstr(R"("busy":{"event":"hang")"), HasSubstr(R"("greeting":"hello")"),
                                  HasSubstr(R"("as-of":")")));
}

TEST_F(VerbsTest, StatusWorksIfOnStatusHangs) {
    trial.configure_app({{"status-hangs", true}});
    const RunningService service{trial};

    const Outcome status = trial.verb({"status", "--json"});

    EXPECT_EQ(status.exit_code, 0) << status;
    EXPECT_THAT(status.out, HasSubstr("\"pid\":" + std::to_string(service.pid())));
}

TEST_F(VerbsTest, StatusShowsThatItRunsIfOnStatusThrows) {
    trial.configure_app({{"status-throws", true}});
    const RunningService service{trial};

    const Outcome status = trial.verb({"status", "--json"});

    EXPECT_EQ(status.exit_code, 0);
    EXPECT_THAT(status.out, HasSubstr("\"pid\":" + std::to_string(service.pid())));
    EXPECT_THAT(status.err, HasSubstr("status throws on purpose"));
}

TEST_F(VerbsTest, StatusIsUnknownWithoutAccessToTheRunDirectory) {
    if (!is_root()) GTEST_SKIP() << "only root can be another user";
    fs::create_directory(run);
    fs::permissions(run, fs::perms{0700});

    for (const std::string verb : {"status", "pid"}) {
        const Outcome outcome = run_command(as_stranger(trial.command({verb})));

        EXPECT_EQ(outcome.exit_code, 4) << verb;
        EXPECT_THAT(outcome.err, HasSubstr("'" + trial.pid_file() + "': Permission denied")) << verb;
    }
}

TEST_F(VerbsTest, PidPrintsThePid) {
    const RunningService service{trial};

    const Outcome pid = trial.verb({"pid"});

    EXPECT_EQ(pid.exit_code, 0);
    EXPECT_EQ(pid.out, std::to_string(service.pid()) + "\n");
}

TEST_F(VerbsTest, WaitTestReportsThatAServiceRuns) {
    const RunningService service{trial};

    const Outcome wait = trial.verb({"wait", "--test"});

    EXPECT_EQ(wait.exit_code, 1);
    EXPECT_EQ(wait.out, "trial-service: running (pid " + std::to_string(service.pid()) + ")\n");
}

TEST_F(VerbsTest, WaitReturnsWhenTheServiceHasEnded) {
    const Turnstile turnstile{directory.file("turnstile")};
    RunningService service{trial};
    RunningCommand reading{trial.command({"call", "read-line", "path=turnstile"})};
    service.await_busy("read-line");
    RunningCommand wait{trial.command({"wait"})};

    service.signal(SIGTERM);
    service.await_log("stopping: SIGTERM");
    EXPECT_FALSE(wait.has_ended());
    turnstile.let_pass();

    EXPECT_EQ(wait.finish().exit_code, 0);
    EXPECT_EQ(trial.verb({"wait", "--test"}).exit_code, 0);
    EXPECT_EQ(reading.finish().exit_code, 0);
}

TEST_F(VerbsTest, WaitReturnsAtOnceIfNoServiceRuns) { EXPECT_EQ(trial.verb({"wait"}).exit_code, 0); }

TEST_F(VerbsTest, EventsShowsNamesAndParameters) {
    const RunningService service{trial};

    const Outcome events = trial.verb({"events"});

    EXPECT_EQ(events.exit_code, 0);
    EXPECT_THAT(events.out, HasSubstr("sleep seconds=NUMBER [heed=BOOLEAN]\n    ends after a time\n"));
    EXPECT_THAT(events.out, HasSubstr("\nstop\n"));
    EXPECT_THAT(events.out, Not(HasSubstr("\nstart\n")));
}

TEST_F(VerbsTest, LogLevelShowsAndSetsTheLevel) {
    const RunningService service{trial};
    EXPECT_EQ(trial.verb({"log-level"}).out, "info\n");

    EXPECT_EQ(trial.verb({"log-level", "debug"}).out, "debug\n");

    EXPECT_EQ(trial.verb({"log-level"}).out, "debug\n");
    EXPECT_EQ(trial.verb({"log-level", "chatty"}).exit_code, 64);
}

TEST_F(VerbsTest, LogReopenFollowsAMovedLog) {
    const RunningService service{trial};
    fs::rename(trial.log_file(), directory.file("log.1"));

    const Outcome reopened = trial.verb({"log-reopen"});
    service.call("echo", {{"string", "after"}});

    EXPECT_EQ(reopened.exit_code, 0) << reopened;
    await_text_in(trial.log_file(), "after");
    EXPECT_THAT(read_file(directory.file("log.1")), AllOf(HasSubstr(" ready\n"), Not(HasSubstr("after"))));
}

TEST_F(VerbsTest, CheckStartsNothing) {
    trial.configure_app({{"greeting", "good day"}});

    const Outcome check = trial.verb({"check"});

    EXPECT_EQ(check.exit_code, 0);
    EXPECT_EQ(check.out, "trial-service: the configuration is fine\n");
    EXPECT_FALSE(fs::exists(run));
    EXPECT_FALSE(fs::exists(trial.log_file()));
}

TEST_F(VerbsTest, CheckReportsWhatIsWrong) {
    trial.configure_app({{"greeting", 7}});

    const Outcome check = trial.verb({"check"});

    EXPECT_EQ(check.exit_code, 78);
    EXPECT_THAT(check.err, HasSubstr("/app/greeting"));
}

TEST_F(VerbsTest, CheckLooksForTheUser) {
    const Outcome check = trial.verb({"check", "--user", "no-such-user"});

    EXPECT_EQ(check.exit_code, 78);
    EXPECT_THAT(check.err, HasSubstr("'no-such-user': there is no such user"));
}

TEST_F(VerbsTest, WhereShowsTheLayerOfEachSetting) {
    trial.configure({{"log-level", "debug"}, {"umask", "027"}, {"app", Object{{"greeting", "hello"}}}});
    trial.add_variable("TRIAL_SERVICE_STOP_TIMEOUT", "3");
    trial.add_variable("TRIAL_SERVICE_UMASK", "077");

    const Outcome where = trial.verb({"where", "--start-timeout", "7"});

    EXPECT_EQ(where.exit_code, 0) << where;
    const auto row = [](const std::string& name, const std::string& value, const std::string& layer) {
        return ContainsRegex("(^|\n)" + name + " +" + value + " +" + layer + "\n");
    };
    EXPECT_THAT(where.out, row("name", "trial-service", "program"));
    EXPECT_THAT(where.out, row("run-directory", run, "command-line"));
    EXPECT_THAT(where.out, row("pid-file", trial.pid_file(), "follows from the others"));
    EXPECT_THAT(where.out, row("log-level", "debug", "config-file"));
    EXPECT_THAT(where.out, row("umask", "077", "environment"));
    EXPECT_THAT(where.out, row("stop-timeout", "3", "environment"));
    EXPECT_THAT(where.out, row("start-timeout", "7", "command-line"));
    EXPECT_THAT(where.out, row("working-directory", "/", "built-in"));
    EXPECT_THAT(where.out, row("user", "-", "not set"));
    EXPECT_THAT(where.out, row("app.greeting", "hello", "config-file"));
    EXPECT_THAT(where.out, row("app.start-hangs", "false", "built-in"));
}

TEST_F(VerbsTest, WhereShowsWhatOnLoadHasSet) {
    trial.configure_app({{"run-directory", directory.file("loaded")}});

    const Outcome where = run_command({.arguments = {"trial-service", "where", "--config", trial.config_file()}});

    EXPECT_THAT(where.out, ContainsRegex("run-directory +" + directory.file("loaded") + " +on-load\n"));
}

TEST_F(VerbsTest, VerbsThatKnowThePlaceRunNoLoadEvent) {
    RunningService service{trial};
    trial.configure_app({{"load-throws", true}});

    const Outcome status = trial.verb({"status"});
    const Outcome stopped = trial.verb({"stop"});

    EXPECT_EQ(status.exit_code, 0);
    EXPECT_THAT(status.err, IsEmpty());
    EXPECT_EQ(stopped.exit_code, 0);
    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(VerbsTest, VerbsThatLoadWarnAboutABrokenConfiguration) {
    RunningService service{trial};
    trial.configure_app({{"load-throws", true}});

    // The verb needs the directory of the reports.
    const Outcome crashes = trial.verb({"crashes"});

    EXPECT_EQ(crashes.exit_code, 0) << crashes;
    EXPECT_THAT(crashes.err, HasSubstr("warning: cannot load the configuration: load throws on purpose"));
}

TEST_F(VerbsTest, AVerbDoesNothingIfThePlaceIsUncertain) {
    // Another instance, in the default place, which applies if the configuration cannot be read.
    const Variables elsewhere{{"RUNTIME_DIRECTORY", run}};
    const auto verb = [&](const Strings& arguments) {
        Strings words{"trial-service"};
        words.insert(words.end(), arguments.begin(), arguments.end());
        return run_command({.arguments = words, .variables = elsewhere});
    };
    ASSERT_EQ(verb({"start"}).exit_code, 0);
    write_file(directory.file("broken.json"), "{\"run-directory\": \"/elsewhere\"");
    for (const std::string& config :
         {directory.file("broken.json"), directory.file("missing.json"), directory.path()}) {
        for (const std::string name :
             {"stop", "kill", "wait", "reload", "pid", "health", "events", "logs", "crashes"}) {
            const Outcome outcome = verb({name, "--config", config});
            EXPECT_EQ(outcome.exit_code, 78) << name << ": " << outcome;
            EXPECT_THAT(outcome.err, HasSubstr("cannot find the service: "));
        }
        EXPECT_EQ(verb({"status", "--config", config}).exit_code, 4);
    }
    EXPECT_EQ(verb({"status"}).exit_code, 0);
    const Outcome named = verb({"stop", "--config", directory.file("broken.json"), "--run-directory", run});
    EXPECT_EQ(named.exit_code, 0) << named;
    EXPECT_EQ(verb({"status"}).exit_code, 3);
}

TEST_F(VerbsTest, ATypoInTheProgramsKeysDoesNotPreventAStop) {
    trial.configure_app({{"greeting", "hello"}});
    const Variables elsewhere{{"RUNTIME_DIRECTORY", run}};
    const auto verb = [&](const std::string& name) {
        return run_command(
            {.arguments = {"trial-service", name, "--config", trial.config_file()}, .variables = elsewhere});
    };
    for (const Object& app : {Object{{"greting", "hello"}}, Object{{"greeting", 5}}, Object{{"load-throws", true}}}) {
        trial.configure_app({{"greeting", "hello"}});
        ASSERT_EQ(verb("start").exit_code, 0);
        fs::remove_all(records_directory());  // as after a start that could not write a record
        trial.configure_app(app);
        const Outcome status = verb("status");
        EXPECT_EQ(status.exit_code, 0) << status;
        EXPECT_THAT(status.err, HasSubstr("trial-service: warning: "));
        const Outcome stopped = verb("stop");
        EXPECT_EQ(stopped.exit_code, 0) << stopped;
        EXPECT_THAT(stopped.out, HasSubstr("stopped (pid "));
    }
    // The load event failed, and no running service can confirm that it set no other place.
    EXPECT_EQ(verb("stop").exit_code, 78);
}

TEST_F(VerbsTest, WhereShowsDifferingValuesOfTheRunningService) {
    trial.configure_app({{"greeting", "hello"}});
    const RunningService service{trial, {"--start-timeout", "7"}};
    trial.configure_app({{"greeting", "good day"}});

    const Outcome where = trial.verb({"where"});
    EXPECT_EQ(where.exit_code, 0) << where;
    EXPECT_THAT(where.out, ContainsRegex("start-timeout +90 +built-in +running: 7 \\(command-line\\)\n"));
    EXPECT_THAT(where.out, ContainsRegex("control-mode +600 +policy\n"));
    EXPECT_THAT(where.out, ContainsRegex("app.greeting +good day +config-file +running: hello\n"));
    EXPECT_THAT(where.out, Not(HasSubstr("left to the policy")));
    const Outcome json = trial.verb({"where", "--json"});
    EXPECT_THAT(json.out, HasSubstr(R"("start-timeout":{"value":90,"origin":"built-in","running":{"value":7)"));
}

TEST_F(VerbsTest, AReloadWithAnotherConfigFileIsRefused) {
    trial.configure_app({{"greeting", "hello"}});
    const RunningService service{trial};
    write_file(directory.file("other.json"), "{}");

    const Outcome other = trial.verb({"reload", "--config", directory.file("other.json")});
    EXPECT_EQ(other.exit_code, 64) << other;
    EXPECT_THAT(other.err, HasSubstr("the service was started with '" + trial.config_file() + "'"));
    EXPECT_EQ(trial.verb({"reload"}).exit_code, 0);
}

TEST_F(VerbsTest, CheckReportsAMissingLogDirectory) {
    const Outcome checked = trial.verb({"check", "--log-file", directory.file("missing/log")});
    EXPECT_EQ(checked.exit_code, 78);
    EXPECT_THAT(checked.err, HasSubstr("'" + directory.file("missing") + "' does not exist"));
    EXPECT_EQ(trial.verb({"check"}).exit_code, 0);
}

TEST_F(VerbsTest, AConfigFileMayHaveAByteOrderMark) {
    trial.write_config("\xEF\xBB\xBF{\"stop-timeout\": 5}");
    EXPECT_EQ(trial.verb({"check"}).exit_code, 0);
    trial.write_config(std::string{"\xFF\xFE{\0}\0", 6});
    const Outcome wide = trial.verb({"check"});
    EXPECT_EQ(wide.exit_code, 78);
    EXPECT_THAT(wide.err, HasSubstr("the text is UTF-16, expected UTF-8"));
}

TEST_F(VerbsTest, OutputThatCannotBeWrittenIsAFailure) {
    for (const std::string verb : {"--help", "--version", "where"}) {
        const Outcome outcome = shell("trial-service " + verb + " >/dev/full");
        EXPECT_EQ(outcome.exit_code, 71) << verb << ": " << outcome;
        EXPECT_THAT(outcome.err, HasSubstr("cannot write to 'stdout': No space left on device"));
    }
}

struct Refused {
    std::string name;
    Strings options;
    std::string words;
};

class RestartRefusedTest : public ServiceTest, public testing::WithParamInterface<Refused> {};

TEST_P(RestartRefusedTest, ARestartThatCannotStartStopsNothing) {
    const RunningService service{trial};
    const auto with = [](const std::string& verb) {
        Strings words{verb};
        words.insert(words.end(), GetParam().options.begin(), GetParam().options.end());
        return words;
    };

    const Outcome restarted = trial.verb(with("restart"));

    EXPECT_EQ(restarted.exit_code, 78) << restarted;
    EXPECT_THAT(restarted.err, HasSubstr(GetParam().words));
    EXPECT_EQ(trial.verb(with("check")).exit_code, 78);
    EXPECT_FALSE(service.has_ended());
}

INSTANTIATE_TEST_SUITE_P(
    ServiceTest, RestartRefusedTest,
    testing::Values(Refused{"LogGroup", {"--log-group", "nogrp"}, "the group 'nogrp': there is no such group"},
                    Refused{"ControlOwner", {"--control-owner", "nouser"}, "there is no user 'nouser'"},
                    Refused{"ControlGroup", {"--control-group", "nogrp"}, "there is no group 'nogrp'"},
                    Refused{"ControlRead", {"--control-read", "user:nouser"}, "there is no user 'nouser'"},
                    Refused{"ControlOperate", {"--control-operate", "group:nogrp"}, "there is no group 'nogrp'"},
                    Refused{"ControlAdmin", {"--control-admin", "user:nouser"}, "there is no user 'nouser'"},
                    Refused{"Stdin", {"--stdin", "/nonexist"}, "'/nonexist': it does not exist"},
                    Refused{"Writable", {"--writable", "/nonexistent/x"}, "'/nonexistent/x': it does not exist"},
                    Refused{
                        "ReadyFd", {"--ready-fd", "77"}, "cannot report readiness on 'descriptor 77': it is not open"},
                    Refused{"StdoutDescriptor", {"--stdout", "/dev/fd/77"}, "'descriptor 77': it is not open"},
                    Refused{"LogDescriptor", {"--log-file", "/dev/fd/77"}, "'descriptor 77': it is not open"}),
    [](const auto& instance) { return instance.param.name; });

TEST_F(VerbsTest, WithoutAControlServerItsSocketIsNotChecked) {
    const Outcome checked = trial.verb({"check", "--no-control-server", "--control-socket", "/nonexistent/x",
                                        "--control-group", "nogrp", "--control-read", "user:nouser"});

    EXPECT_EQ(checked.exit_code, 0) << checked;
}

}  // namespace
}  // namespace servicekit::test
