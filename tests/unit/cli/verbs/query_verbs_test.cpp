#include "unit/cli/program_fixture.hpp"

#include <cerrno>

namespace servicekit::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class StatusTest : public ProgramFixture {};

TEST_F(StatusTest, ShowsARunningService) {
    start_instance();
    replies["status"] = R"({"pid":7000,"uptime":61,"name":"just-another-server","state":"running","connections":12})";
    EXPECT_EQ(run({"status"}), 0);
    EXPECT_EQ(out(),
              "name         just-another-server\nstate        running\npid          7000\n"
              "uptime       1 minute 1 second\nconnections  12\n");
}

TEST_F(StatusTest, PrintsTheReplyUnchanged) {
    start_instance();
    replies["status"] = R"({"pid":7000,"uptime":61})";
    EXPECT_EQ(run({"status", "--json"}), 0);
    EXPECT_EQ(out(), "{\"pid\":7000,\"uptime\":61}\n");
}

TEST_F(StatusTest, ShowsTheOuterPidOfAServiceInAPidNamespace) {
    start_instance();
    replies["status"] = R"({"pid":1,"uptime":61})";
    EXPECT_EQ(run({"status", "--json"}), 0);
    EXPECT_EQ(out(), "{\"pid\":7000,\"uptime\":61,\"pid-inside\":1}\n");
    EXPECT_EQ(run({"status"}), 0);
    EXPECT_THAT(out(), HasSubstr("\npid         7000\n"));
    EXPECT_EQ(run({"pid"}), 0);
    EXPECT_THAT(out(), ::testing::EndsWith("\n7000\n"));
}

TEST_F(StatusTest, ShowsTheRepliedPidIfAnotherProcessListens) {
    start_instance();
    owner = Owner{.pid = 8000, .where = "pid 8000"};
    replies["status"] = R"({"pid":8000})";
    EXPECT_EQ(run({"status", "--json"}), 0);
    replies["status"] = R"({"pid":8001})";  // a successor that started after the lock was checked
    EXPECT_EQ(run({"status", "--json"}), 0);
    EXPECT_EQ(out(), "{\"pid\":8000}\n{\"pid\":8001}\n");
}

TEST_F(StatusTest, PrintsTheReplyForPeopleOnATerminal) {
    start_instance();
    host.streams.set_terminal(os::Stream::out, true);
    replies["status"] = R"({"pid":7000})";
    EXPECT_EQ(run({"status", "--json"}), 0);
    EXPECT_EQ(out(), "{\n  \"pid\": 7000\n}\n");
}

TEST_F(StatusTest, ShowsTheLocksOwnerIfTheServiceDoesNotAnswer) {
    start_instance();
    EXPECT_EQ(run({"status"}), 0);
    EXPECT_EQ(out(), "name   just-another-server\nstate  running\npid    7000\n");
    EXPECT_THAT(error(), HasSubstr("cannot get a reply to 'status'"));
}

TEST_F(StatusTest, IsUnknownIfOnlyASocketExistsAndDoesNotAnswer) {
    start_instance();
    host.files.take_away(pid_file);
    owner.reset();
    EXPECT_EQ(run({"status"}), 4);
}

TEST_F(StatusTest, IsUnknownIfTheLockCannotBeRead) {
    lock_error = os_error("open", pid_file, EACCES);
    EXPECT_EQ(run({"status"}), 4);
    EXPECT_EQ(run({"pid"}), 4);
    EXPECT_EQ(run({"stop"}), 77);
}

TEST_F(StatusTest, DistinguishesAKilledServiceFromAStoppedOne) {
    EXPECT_EQ(run({"status"}), 3);
    start_instance();
    end_instance();
    EXPECT_EQ(run({"status"}), 3);
    host.files.take_away(pid_file);
    start_instance();
    host.process_died(running_pid);
    owner.reset();
    EXPECT_EQ(run({"status"}), 1);
    EXPECT_THAT(out(), HasSubstr("it was killed and left '/run/just-another-server.pid', "
                                 "'/run/just-another-server.control'"));
}

TEST_F(StatusTest, FindsAServiceWithoutALock) {
    start_instance();
    host.files.take_away(pid_file);
    owner.reset();
    replies["status"] = R"({"state":"running"})";
    EXPECT_EQ(run({"status"}), 0);
    EXPECT_EQ(run({"pid"}), 0);
    EXPECT_THAT(out(), HasSubstr("7000\n"));
}

TEST_F(StatusTest, AnInstanceThatEndsDuringTheQueryDoesNotRun) {
    start_instance();
    owner.reset();  // now only its socket can be found
    on_request = [this](const std::string&) { end_instance_after(std::chrono::milliseconds{1}); };
    EXPECT_EQ(run({"status"}), 3);
    EXPECT_THAT(out(), HasSubstr("not running"));
}

class QueryTest : public ProgramFixture {};

TEST_F(QueryTest, NeedsARunningService) {
    for (const auto& verb : std::vector<std::vector<std::string>>{
             {"reload"}, {"events"}, {"log-level"}, {"log-reopen"}, {"call", "status"}})
        EXPECT_EQ(run(verb), 7);
    EXPECT_EQ(run({"pid"}), 3);
    EXPECT_EQ(out(), "");
}

TEST_F(QueryTest, ShowsAndSetsTheLogLevel) {
    start_instance();
    replies["log-level"] = R"({"level":"debug"})";
    EXPECT_EQ(run({"log-level"}), 0);
    EXPECT_EQ(run({"log-level", "debug"}), 0);
    EXPECT_EQ(out(), "debug\ndebug\n");
    EXPECT_THAT(instance->requests[0], StartsWith(R"(["log-level",{},)"));
    EXPECT_THAT(instance->requests[1], StartsWith(R"(["log-level",{"level":"debug"},)"));
}

TEST_F(QueryTest, ReloadsWithItsOwnTimeout) {
    start_instance();
    replies["reload"] = R"({"applied":["log-level"],"needs-restart":[]})";
    EXPECT_EQ(run({"reload"}), 0);
    EXPECT_EQ(run({"reload", "--timeout", "2.5"}), 0);
    EXPECT_EQ(out(), "applied  log-level\napplied  log-level\n");
    EXPECT_THAT(instance->requests, ElementsAre(R"(["reload",{},{"timeout":30}])", R"(["reload",{},{"timeout":2.5}])"));
}

TEST_F(QueryTest, AReloadWithAnotherConfigFileIsNotSent) {
    start_instance();
    host.files.add_file("/etc/a.json", "{}");
    host.files.add_file("/etc/b.json", "{}");
    host.files.add_link("/etc/link.json", "a.json");
    replies["reload"] = R"({"applied":[],"needs-restart":[]})";
    replies["settings"] = R"({"settings":{"config":{"value":"/etc/a.json","origin":"command-line"}}})";
    EXPECT_EQ(run({"reload", "--config", "/etc/b.json"}), 64);
    EXPECT_THAT(error(), HasSubstr("cannot reload with the config file '/etc/b.json': the service was started with "
                                   "'/etc/a.json', which a reload reads again; 'restart' takes another\n"));
    replies["settings"] = R"({"settings":{"config":{"value":null,"origin":"not set"}}})";
    EXPECT_EQ(run({"reload", "--config", "/etc/b.json"}), 64);
    EXPECT_THAT(error(), HasSubstr("the service was started without one"));
    EXPECT_THAT(instance->requests, ::testing::Each(StartsWith(R"(["settings")")));
    replies["settings"] = R"({"settings":{"config":{"value":"/etc/a.json","origin":"command-line"}}})";
    EXPECT_EQ(run({"reload", "--config", "/etc/a.json"}), 0);
    EXPECT_EQ(run({"reload", "--config", "/etc/link.json"}), 0);
}

TEST_F(QueryTest, AReloadReportsWhatItDoesNotApply) {
    start_instance();
    replies["reload"] = R"({"applied":[],"needs-restart":[]})";
    replies["settings"] = R"({"settings":{"log-level":{"value":"info","origin":"built-in"}}})";
    EXPECT_EQ(run({"reload", "--log-level", "debug"}), 0);
    EXPECT_EQ(error(),
              "just-another-server: warning: cannot use '--log-level': a reload reads the config file only; 'restart' "
              "takes the command line\n");
}

TEST_F(QueryTest, AReloadMayRepeatTheOptionsOfTheStart) {
    start_instance();
    host.process.set_directory("/srv");
    replies["reload"] = R"({"applied":[],"needs-restart":[]})";
    replies["settings"] =
        R"({"settings":{"log-level":{"value":"debug"},"log-file":{"value":"/srv/x.log"},"log-delay":{"value":2}}})";
    EXPECT_EQ(run({"reload", "--log-level", "debug", "--log-file", "x.log", "--log-delay", "2"}), 0);
    EXPECT_EQ(error(), "");
}

TEST_F(QueryTest, AReloadReportsThatItCannotCompareConfigFiles) {
    start_instance();
    host.files.add_file("/etc/b.json", "{}");
    replies["reload"] = R"({"applied":[],"needs-restart":[]})";
    replies["settings"] = R"({"error":{"code":"not-allowed","message":"uid 7 may not"}})";
    EXPECT_EQ(run({"reload", "--config", "/etc/b.json"}), 0);
    EXPECT_THAT(error(),
                HasSubstr("warning: cannot compare the config file with the service's '/etc/b.json': uid 7 may "
                          "not\n"));
}

TEST_F(QueryTest, AReloadThatTakesTooLongReportsTheRunningEvent) {
    start_instance();
    replies["reload"] = R"({"error":{"code":"timeout","message":"the time is up","event":"reload"}})";
    replies["status"] = R"({"state":"running","busy":{"event":"backup","seconds":7}})";
    EXPECT_EQ(run({"reload", "--timeout", "2.5"}), 75);
    replies["status"] = R"({"state":"reloading","busy":{"event":"reload","seconds":2}})";
    EXPECT_EQ(run({"reload", "--timeout", "2"}), 75);
    EXPECT_EQ(error(),
              "just-another-server: cannot reload within 2500 ms: 'backup' runs before it; the reload was given up\n"
              "just-another-server: cannot reload within 2 s: its load event still runs, and goes on\n");
}

TEST_F(QueryTest, AReloadOfAServiceThatDoesNotAnswerGivesUp) {
    start_instance();
    EXPECT_EQ(run({"reload", "--timeout", "2"}), 75);
    EXPECT_EQ(error(), "just-another-server: cannot reload within 2 s: the service does not answer at all\n");
}

TEST_F(QueryTest, ReportsAMissingControlSocket) {
    start_instance();
    host.files.take_away(control_socket);
    EXPECT_EQ(run({"reload"}), 71);
    EXPECT_EQ(error(),
              "just-another-server: cannot ask for 'reload': the service (pid 7000) has no control socket at "
              "'/run/just-another-server.control'; SIGHUP makes it reload, SIGUSR1 makes it reopen its log\n");
}

TEST_F(QueryTest, ListsEvents) {
    start_instance();
    replies["events"] = R"({"events":[{"name":"stop","description":"stops it","parameters":[]}]})";
    EXPECT_EQ(run({"events"}), 0);
    EXPECT_EQ(out(), "stop\n    stops it\n");
}

TEST_F(QueryTest, ReportsWhyAnEventFailed) {
    start_instance();
    replies["log-reopen"] = R"({"error":{"code":"event-error","message":"disk full"}})";
    EXPECT_EQ(run({"log-reopen"}), 1);
    EXPECT_EQ(error(), "just-another-server: cannot run 'log-reopen': disk full (event-error)\n");
}

}  // namespace
}  // namespace servicekit::cli
