// What is reported at the end of an event: in the log, and to clients that wait for the end of the service.
#include <stdexcept>
#include <utility>

#include "unit/core/service_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class EndsOfEventsTest : public testing::ServiceTest {
protected:
    mocks::FakeClient connect() { return host.sockets.connect(socket, peer); }
    /// Runs until a TERM. \returns the exit code
    int finish() {
        raise(SIGTERM);
        return run();
    }
};

TEST_F(EndsOfEventsTest, TheLogHasTheEndAndTheDurationOfAnEvent) {
    add("backup", [this](Context&) {
        host.reactor.advance(1250ms);
        return Reply{};
    });
    ask(R"(["backup"])");
    EXPECT_EQ(finish(), 0);
    EXPECT_THAT(log(), HasSubstr("event 'backup' is done after 1.250 s\n"));
}

TEST_F(EndsOfEventsTest, TheLogReportsOnceThatAnEventFailed) {
    add("backup", [](Context&) -> Reply { throw std::runtime_error("no space"); });
    ask(R"(["backup"])");
    EXPECT_EQ(finish(), 0);
    EXPECT_THAT(log(), HasSubstr("event 'backup' failed: no space (std::runtime_error)\n"));
    EXPECT_THAT(log(), Not(HasSubstr("is done")));
}

TEST_F(EndsOfEventsTest, AReadOnlyEventIsNotLogged) {
    add(
        "count",
        [](Context&) {
            return Reply{{"count", 1}};
        },
        true);
    ask(R"(["count"])");
    ask(R"(["status"])");
    ask(R"(["log-level"])");
    EXPECT_EQ(finish(), 0);
    EXPECT_THAT(log(), Not(HasSubstr("event '")));
}

TEST_F(EndsOfEventsTest, AnEventThatIsServedAtOnceIsLogged) {
    ask(R"(["log-reopen"])");
    EXPECT_EQ(finish(), 0);
    EXPECT_THAT(log(), HasSubstr("event 'log-reopen' is done\n"));
}

TEST_F(EndsOfEventsTest, AStopReportsEventsThatNeverRan) {
    add("long", [this](Context&) {
        auto waiting = connect();
        waiting.ask(R"(["backup"])");
        host.signals.raise(SIGTERM, {.pid = 99, .uid = 0, .gid = 0});
        host.reactor.advance(1ms);
        return Reply{};
    });
    add("backup", [](Context&) { return Reply{}; });
    ask(R"(["long"])");
    EXPECT_EQ(run(), 0);
    EXPECT_THAT(log(), HasSubstr("event 'backup' never ran: the service is stopping\n"));
    EXPECT_THAT(log(), HasSubstr("event 'long' is done"));
}

TEST_F(EndsOfEventsTest, AnEventRemovedFromTheQueueNeverRan) {
    add("long", [this](Context&) {
        auto waiting = connect();
        waiting.ask(R"(["backup", {}, {"timeout": 1}])");
        host.reactor.advance(2s);
        EXPECT_THAT(waiting.receive(), HasSubstr(R"("code":"timeout")"));
        return Reply{};
    });
    add("backup", [](Context&) { return Reply{}; });
    ask(R"(["long"])");
    EXPECT_EQ(finish(), 0);
    EXPECT_THAT(log(), HasSubstr("event 'backup' never ran: the time of its caller was up\n"));
}

TEST_F(EndsOfEventsTest, AReloadReportsAppliedSettingsAndThoseForARestart) {
    host.files.add_file("/etc/trial.json", R"({"app": {"greeting": "hello"}})");
    options.config = "/etc/trial.json";
    then([this] {
        rewrite("/etc/trial.json", R"({"stop-timeout": 5, "pid-file": "/run/other.pid", "app": {"greeting": "hi"}})");
    });
    raise(SIGHUP);
    then([] {});
    EXPECT_EQ(finish(), 0);
    EXPECT_THAT(log(),
                HasSubstr("event 'reload' is done; applied: stop-timeout, /app/greeting; needs a restart: pid-file\n"));
}

TEST_F(EndsOfEventsTest, AReloadThatChangesNothingIsReported) {
    raise(SIGHUP);
    then([] {});
    EXPECT_EQ(finish(), 0);
    EXPECT_THAT(log(), HasSubstr("event 'reload' is done; nothing has changed\n"));
}

// Clients that wait for the end.

TEST_F(EndsOfEventsTest, AWaitingClientLearnsTheBeginningAndACleanStop) {
    std::string begun;
    std::optional<mocks::FakeClient> client;
    hooks.on_stop = [&] { begun = client->receive(); };
    then([&] {
        client = connect();
        client->send(R"(["stop", {}, {"wait": true, "queue": true}])");
    });
    EXPECT_EQ(run(), 0);
    EXPECT_EQ(begun, R"({"progress":{"state":"running"}})"
                     "\n");
    EXPECT_EQ(client->receive(), "{\"result\":\"stopped\"}\n");
}

TEST_F(EndsOfEventsTest, AWaitingClientLearnsThatTheStopFailed) {
    hooks.on_stop = [] { throw std::runtime_error("lost the connection"); };
    std::optional<mocks::FakeClient> client;
    then([&] {
        client = connect();
        client->send(R"(["stop", {}, {"wait": true}])");
    });
    EXPECT_EQ(run(), 70);
    EXPECT_EQ(client->receive(),
              R"({"error":{"code":"event-error","message":"cannot stop: lost the connection","event":"stop",)"
              R"("type":"servicekit::Error"}})"
              "\n");
}

TEST_F(EndsOfEventsTest, AWaitingClientLearnsThatTheStopTimedOut) {
    hooks.on_stop = [this] { host.reactor.advance(9s); };
    std::optional<mocks::FakeClient> client;
    then([&] {
        client = connect();
        client->send(R"(["stop", {}, {"wait": true}])");
    });
    EXPECT_EQ(run(), 70);
    EXPECT_THAT(client->receive(), HasSubstr("cannot stop: stopping took longer than 8 s"));
}

TEST_F(EndsOfEventsTest, AWaitingClientLearnsThatTheServiceWasKilled) {
    std::optional<mocks::FakeClient> killing;
    hooks.on_stop = [&] {
        killing = connect();
        killing->send(R"(["kill", {}, {"wait": true}])");
        host.reactor.advance(1ms);
    };
    std::optional<mocks::FakeClient> client;
    then([&] {
        client = connect();
        client->send(R"(["stop", {}, {"wait": true}])");
    });
    EXPECT_EQ(run(), 0);
    EXPECT_THAT(client->receive(), HasSubstr("cannot stop: it was killed"));
    EXPECT_EQ(killing->receive(), "{\"result\":\"killed\"}\n");
}

TEST_F(EndsOfEventsTest, AWaitingClientGetsProgressAndItsTimeout) {
    std::string told;
    std::optional<mocks::FakeClient> client;
    service().events().replace("stop", [&](const Arguments&, Context& context) {
        context.progress(1, 2, "half");
        told = client->receive();
        host.reactor.advance(2s);
        return Reply{};
    });
    then([&] {
        client = connect();
        client->send(R"(["stop", {}, {"wait": true, "progress": true, "timeout": 1}])");
    });
    EXPECT_EQ(run(), 0);
    EXPECT_EQ(told, R"({"progress":{"done":1,"total":2,"message":"half"}})"
                    "\n");
    EXPECT_THAT(client->receive(), HasSubstr(R"("code":"timeout")"));
}

TEST_F(EndsOfEventsTest, OnlyStopAndKillCanBeWaitedFor) {
    ask(R"(["reload", {}, {"wait": true}])");
    EXPECT_EQ(finish(), 0);
    EXPECT_THAT(replies.at(0), HasSubstr("option 'wait' of the request: expected none but with 'stop' and 'kill'"));
}

TEST_F(EndsOfEventsTest, AStopByTheProgramDuringTheStartFailsTheStart) {
    std::vector<std::string> seen;
    hooks = {.on_start = [this] { service().request_stop(); }, .on_stop = [&] { seen.emplace_back("stop"); }};
    EXPECT_EQ(run(), 75);
    EXPECT_THAT(seen, ElementsAre("stop"));
    EXPECT_THAT(log(), HasSubstr("cannot start: stopped while starting"));
    EXPECT_THAT(log(), Not(HasSubstr("ready")));
    expect_all_released();
}

TEST_F(EndsOfEventsTest, AStopEventDuringTheStartFailsTheStart) {
    hooks.on_start = [this] { (void)service().trigger("stop"); };
    EXPECT_EQ(run(), 75);
    EXPECT_THAT(log(), Not(HasSubstr("ready")));
}

TEST_F(EndsOfEventsTest, ALateReplyBecomesTheErrorTimeout) {
    // The control thread has not noticed the timeout yet.
    add("slow", [this](Context&) {
        host.clock.advance(std::chrono::seconds{2});
        return Reply{{"done", true}};
    });
    add("fails", [this](Context&) -> Reply {
        host.clock.advance(std::chrono::seconds{2});
        throw std::runtime_error("no disk");
    });
    ask(R"(["slow", {}, {"timeout": 1}])");
    ask(R"(["fails", {}, {"timeout": 1}])");
    ask(R"(["slow", {}, {"timeout": 3}])");
    EXPECT_EQ(finish(), 0);
    EXPECT_THAT(replies, ElementsAre(HasSubstr(R"("code":"timeout")"), HasSubstr(R"("code":"timeout")"),
                                     HasSubstr(R"({"done":true})")));
    EXPECT_THAT(log(), HasSubstr("event 'fails' failed: no disk"));
}

// The application's fields of the status.

TEST_F(EndsOfEventsTest, OnStatusCannotSetBuiltInFields) {
    hooks.on_status = [](Reply& reply) {
        reply.set("pid", 1).set("state", "asleep").set("pid-file", "/tmp/x").set("as-of", "never").set("jobs", 3);
    };
    ask(R"(["status"])");
    ask(R"(["status"])");
    EXPECT_EQ(finish(), 0);
    EXPECT_THAT(replies.at(0), HasSubstr(R"("state":"running")"));
    EXPECT_THAT(replies.at(0), HasSubstr(R"("jobs":3)"));
    for (const char* changed : {R"("pid":1,)", "asleep", "/tmp/x", "never"})
        EXPECT_THAT(replies.at(0), Not(HasSubstr(changed)));
    const std::string line = "on_status() may not set 'pid', which is built in";
    EXPECT_EQ(log().find(line), log().rfind(line));
    EXPECT_THAT(log(), HasSubstr(line));
}

TEST_F(EndsOfEventsTest, AReplacedStatusMaySetBuiltInFields) {
    service().events().replace("status", [](const Arguments&, Context&) { return Reply{{"state", "asleep"}}; });
    ask(R"(["status"])");
    EXPECT_EQ(finish(), 0);
    EXPECT_THAT(replies.at(0), HasSubstr(R"("state":"asleep")"));
}

TEST_F(EndsOfEventsTest, OnStatusRunsAgainBeforeAnEvent) {
    int jobs = 0;
    std::string meanwhile;
    hooks.on_status = [&](Reply& reply) { reply.set("jobs", ++jobs); };
    add("work", [&](Context&) {
        meanwhile = connect().ask(R"(["status"])");
        return Reply{};
    });
    ask(R"(["status"])");
    then([this] { host.reactor.advance(1s); });
    ask(R"(["work"])");
    ask(R"(["work"])");
    EXPECT_EQ(finish(), 0);
    EXPECT_THAT(meanwhile, HasSubstr(R"("jobs":2)"));
    EXPECT_EQ(jobs, 2);
}

TEST_F(EndsOfEventsTest, ASlowOnStatusDoesNotRunBeforeAnEvent) {
    int asked = 0;
    hooks.on_status = [&](Reply& reply) {
        reply.set("asked", ++asked);
        host.reactor.advance(200ms);
    };
    add("work", [](Context&) { return Reply{}; });
    for (int i = 0; i < 3; ++i) {
        ask(R"(["work"])");
        then([this] { host.reactor.advance(1s); });
    }
    EXPECT_EQ(finish(), 0);
    EXPECT_EQ(asked, 1);
}

TEST_F(EndsOfEventsTest, AnOnStatusThatThrowsDelaysNoEvent) {
    hooks.on_status = [](Reply&) { throw std::runtime_error("no statistics"); };
    add("work", [](Context&) { return Reply{{"worked", true}}; });
    ask(R"(["work"])");
    then([this] { host.reactor.advance(2s); });
    ask(R"(["work"])");
    EXPECT_EQ(finish(), 0);
    EXPECT_THAT(replies, ElementsAre(HasSubstr("worked"), HasSubstr("worked")));
    const std::string line = "event 'status' failed before 'work': no statistics";
    EXPECT_EQ(log().find(line), log().rfind(line));
    EXPECT_THAT(log(), HasSubstr(line));
}

TEST_F(EndsOfEventsTest, AStartInTheBackgroundWithoutALogFileWarns) {
    options.log_file.clear();
    options.daemonize = true;
    then([] {});
    raise(SIGTERM);
    (void)run();
    EXPECT_THAT(errors(),
                HasSubstr("trial: warning: no log file is set, so the log is lost; name one with --log-file\n"));
}

TEST_F(EndsOfEventsTest, AStartInTheForegroundWithoutALogFileDoesNotWarn) {
    options.log_file.clear();
    EXPECT_EQ(finish(), 0);
    EXPECT_THAT(errors(), Not(HasSubstr("warning")));
}

}  // namespace
}  // namespace servicekit
