// The service and its clients while a handler runs, hangs or fails.
#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "integration/support/raw_client.hpp"
#include "integration/support/service_test.hpp"
#include "integration/support/turnstile.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

class HandlersTest : public ServiceTest {
protected:
    [[nodiscard]] RawClient connect() const { return RawClient{trial.control_socket()}; }

    /// Returns a client that has sent this request and waits for the reply.
    [[nodiscard]] RawClient ask(const std::string& request) const {
        RawClient client = connect();
        client.send(request);
        return client;
    }

    /// Returns a client whose event runs until the turnstile lets it pass. \param options of the request
    [[nodiscard]] RawClient hold(const RunningService& service, const Object& options = {}) const {
        RawClient client =
            ask("[\"read-line\"," + to_json(Object{{"path", turnstile.path()}}) + "," + to_json(options) + "]");
        service.await_busy("read-line");
        return client;
    }

    [[nodiscard]] static Object busy_of(const Object& status) {
        const Value* busy = status.find("busy");
        return busy != nullptr ? busy->as_object() : Object{};
    }

    [[nodiscard]] static Strings keys_of(const Object& object) {
        Strings keys;
        for (const auto& member : object) keys.push_back(member.first);
        return keys;
    }

    Turnstile turnstile{directory.file("turnstile")};
};

// Status and the rest of the control plane

TEST_F(HandlersTest, StatusBeginsWithPidControlSocketAndUptime) {
    const RunningService service{trial};

    const Object status = service.call("status");

    EXPECT_THAT(keys_of(status), ElementsAre("pid", "control-socket", "uptime", "name", "version", "state",
                                             "started-at", "pid-file", "greeting", "notes"));
    EXPECT_EQ(status.find("pid")->as_integer(), service.pid());
    EXPECT_EQ(text_in(status, "control-socket"), trial.control_socket());
    EXPECT_LE(status.find("uptime")->as_integer(0), patience.count());
    EXPECT_EQ(text_in(status, "name"), "trial-service");
    EXPECT_EQ(text_in(status, "version"), "1.2.3");
    EXPECT_EQ(text_in(status, "state"), "running");
    EXPECT_THAT(text_in(status, "started-at"), testing::MatchesRegex("[0-9-]+T[0-9:]+Z"));
}

/// The parameter is a request whose handler never returns.
class EndlessHandlerTest : public HandlersTest, public testing::WithParamInterface<const char*> {
protected:
    static std::string request() { return R"([")" + std::string{GetParam()} + R"(",{}])"; }
};

INSTANTIATE_TEST_SUITE_P(Handlers, EndlessHandlerTest, testing::Values("hang", "spin"),
                         [](const auto& tested) { return std::string{tested.param}; });

TEST_P(EndlessHandlerTest, ControlPlaneStillAnswers) {
    const RunningService service{trial};
    const Object before = service.call("status");
    const RawClient hanging = ask(request());
    service.await_busy(GetParam());

    const auto asked = Clock::now();
    const Object status = service.call("status");
    const auto answered = Clock::now();

    // It takes no time; the limit is for a busy machine.
    EXPECT_LT(answered - asked, 5s);
    EXPECT_EQ(text_in(status, "state"), "running");
    const Object busy = busy_of(status);
    EXPECT_THAT(keys_of(busy), ElementsAre("event", "seconds"));
    EXPECT_EQ(text_in(busy, "event"), GetParam());
    EXPECT_LE(busy.find("seconds")->as_integer(0), patience.count());
    EXPECT_EQ(text_in(status, "greeting"), text_in(before, "greeting"));
    EXPECT_THAT(text_in(status, "as-of"), testing::MatchesRegex("[0-9-]+T[0-9:]+Z"));
    EXPECT_TRUE(service.call("events").contains("events"));
    EXPECT_EQ(text_in(service.call("log-level", {{"level", "debug"}}), "level"), "debug");
    EXPECT_THAT(service.call("log-reopen"), testing::Eq(Object{}));
    EXPECT_EQ(trial.verb({"status"}).exit_code, 0);
}

TEST_P(EndlessHandlerTest, StopBecomesAKillAtItsTimeout) {
    RunningCommand service{trial.command({"run", "--stop-timeout", "0.5"})};
    await_text_in(trial.log_file(), "ready");
    const RawClient hanging = ask(request());
    await_state("it is busy", [this] { return busy_of(ask(R"(["status"])").reply()).contains("event"); });

    EXPECT_EQ(to_json(ask(R"(["stop"])").reply()), R"({"result":"stop-initiated"})");

    const Outcome ended = service.finish();
    const std::string why = "'" + std::string{GetParam()} + "' still runs";
    EXPECT_EQ(ended.exit_code, 70) << ended;
    EXPECT_THAT(ended.err, HasSubstr("trial-service: cannot stop: stopping took longer than 500 ms; " + why));
    EXPECT_THAT(trial.log(), HasSubstr("on_stop is skipped: " + why));
    EXPECT_THAT(trial.log(), Not(HasSubstr("on_stop ran")));
    EXPECT_THAT(read_file(trial.pid_file()), IsEmpty());
    EXPECT_EQ(trial.verb({"status"}).exit_code, 3);
}

TEST_P(EndlessHandlerTest, KillEndsItAtOnceAndCleanly) {
    RunningCommand service{trial.command({"run"})};
    await_text_in(trial.log_file(), "ready");
    const RawClient hanging = ask(request());
    await_state("it is busy", [this] { return busy_of(ask(R"(["status"])").reply()).contains("event"); });

    const Outcome killed = trial.verb({"kill"});

    EXPECT_EQ(killed.exit_code, 0) << killed;
    EXPECT_EQ(service.finish().exit_code, 0);
    EXPECT_THAT(trial.log(), HasSubstr("on_kill is skipped: '" + std::string{GetParam()} + "' still runs"));
    EXPECT_EQ(trial.verb({"status"}).exit_code, 3);
}

TEST_P(EndlessHandlerTest, IntEndsIt) {
    RunningService service{trial};
    const RawClient hanging = ask(request());
    service.await_busy(GetParam());

    service.signal(SIGINT);

    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(HandlersTest, StatusIsNotBusyWhenNothingRuns) {
    const RunningService service{trial};
    {
        RawClient held = hold(service);
        turnstile.let_pass();
        EXPECT_EQ(held.line(), R"({"line":""})");
    }
    EXPECT_FALSE(service.call("status").contains("busy"));
}

TEST_F(HandlersTest, ASleepingHandlerIsInterruptedAndThenStopRuns) {
    RunningService service{trial};
    RawClient sleeping = ask(R"(["sleep",{"seconds":3600}])");
    service.await_busy("sleep");

    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);

    EXPECT_EQ(sleeping.line(), R"({"interrupted":true})");
    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(trial.log(), HasSubstr("on_stop ran"));
}

TEST_F(HandlersTest, QueuedEventsFailWithNotReadyAtAStop) {
    RunningService service{trial};
    RawClient held = hold(service);
    RawClient waiting = ask(R"(["note",{"text":"late"}])");
    service.await_log("event 'note'");

    EXPECT_EQ(to_json(ask(R"(["stop"])").reply()), R"({"result":"stop-initiated"})");

    EXPECT_EQ(to_json(waiting.reply()),
              R"({"error":{"code":"not-ready","message":"the service is stopping","state":"stopping"}})");
    EXPECT_EQ(text_in(error_in(ask(R"(["note",{"text":"later"}])").reply()), "code"), "not-ready");
    EXPECT_EQ(text_in(ask(R"(["status"])").reply(), "state"), "stopping");
    turnstile.let_pass();
    EXPECT_EQ(held.line(), R"({"line":""})");
    EXPECT_EQ(service.exit_code(), 0);
}

// Timeouts set by the caller

TEST_F(HandlersTest, ATimeoutInTheQueueRemovesTheEvent) {
    const RunningService service{trial};
    RawClient held = hold(service);

    const Object error = error_in(ask(R"(["note",{"text":"late"},{"timeout":0.1}])").reply());

    EXPECT_EQ(text_in(error, "code"), "timeout");
    EXPECT_EQ(text_in(error, "event"), "note");
    turnstile.let_pass();
    EXPECT_EQ(held.line(), R"({"line":""})");
    EXPECT_EQ(to_json(service.call("notes")), R"({"notes":[]})");
}

TEST_F(HandlersTest, ATimeoutWhileTheEventRunsLetsItGoOn) {
    const RunningService service{trial};
    RawClient held = hold(service, {{"timeout", 0.5}});

    const Object error = error_in(held.reply());

    EXPECT_EQ(text_in(error, "code"), "timeout");
    EXPECT_EQ(text_in(error, "event"), "read-line");
    EXPECT_EQ(text_in(busy_of(service.call("status")), "event"), "read-line");
    // The late reply is discarded; the connection serves the next request.
    held.send(R"(["echo",{"integer":1}])");
    turnstile.let_pass();
    EXPECT_EQ(held.line(), R"({"integer":1})");
}

TEST_F(HandlersTest, ASufficientTimeoutChangesNothing) {
    const RunningService service{trial};

    EXPECT_EQ(ask(R"(["echo",{"integer":1},{"timeout":30}])").line(), R"({"integer":1})");
}

// What handlers do

TEST_F(HandlersTest, EventsThatAHandlerTriggersRunNested) {
    const RunningService service{trial};

    EXPECT_EQ(to_json(service.call("nested", {{"depth", 15}})), R"({"depth":15})");
    EXPECT_EQ(to_json(service.call("post-and-trigger")), R"({"notes":["triggered"]})");
    EXPECT_EQ(to_json(service.call("notes")), R"({"notes":["triggered","posted"]})");
}

TEST_F(HandlersTest, NestingOfEventsIsLimited) {
    const RunningService service{trial};

    const Object error = service.call_in_vain("nested", {{"depth", 16}});

    EXPECT_EQ(text_in(error, "code"), "event-error");
    EXPECT_THAT(text_in(error, "message"), HasSubstr("nested deeper than 16"));
    EXPECT_EQ(to_json(service.call("nested", {{"depth", 3}})), R"({"depth":3})");
}

TEST_F(HandlersTest, AHandlersExceptionIsAnErrorReplyAndTheServiceRunsOn) {
    const RunningService service{trial};

    const Object error = service.call_in_vain("throw");

    EXPECT_EQ(to_json(error), R"({"code":"event-error","message":"thrown on purpose",)"
                              R"("event":"throw","type":"std::runtime_error"})");
    service.await_log("event 'throw' failed: thrown on purpose (std::runtime_error)");
    EXPECT_EQ(to_json(service.call("echo", {{"integer", 1}})), R"({"integer":1})");
    EXPECT_EQ(text_in(service.call("status"), "state"), "running");
}

TEST_F(HandlersTest, AnyThrownTypeIsReportedByItsName) {
    const RunningService service{trial};

    const Object error = service.call_in_vain("throw", {{"what", "int"}});

    EXPECT_EQ(to_json(error), R"({"code":"event-error","message":"an exception of type int",)"
                              R"("event":"throw","type":"int"})");
    EXPECT_EQ(to_json(service.call("echo", {{"integer", 1}})), R"({"integer":1})");
}

TEST_F(HandlersTest, AnOnStatusThatThrowsIsAnErrorAndTheServiceRunsOn) {
    trial.configure_app({{"status-throws", true}});
    RunningService service{trial};

    EXPECT_EQ(text_in(service.call_in_vain("status"), "message"), "status throws on purpose");
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(HandlersTest, AnOnStatusThatHangsIsLeftOutOfTheStatus) {
    trial.configure_app({{"status-hangs", true}});
    const RunningService service{trial};

    const Object status = service.call("status");

    EXPECT_EQ(status.find("pid")->as_integer(), service.pid());
    EXPECT_FALSE(status.contains("greeting"));
    EXPECT_EQ(service.call("status").find("pid")->as_integer(), service.pid());
}

TEST_F(HandlersTest, ProgressGoesToCallersThatRequestIt) {
    const RunningService service{trial};

    RawClient wants = ask(R"(["progress",{"steps":2},{"progress":true}])");
    EXPECT_EQ(wants.line(), R"({"progress":{"done":1,"total":2,"message":"step 1"}})");
    EXPECT_EQ(wants.line(), R"({"progress":{"done":2,"total":2,"message":"step 2"}})");
    EXPECT_EQ(wants.line(), R"({"steps":2})");
    EXPECT_EQ(ask(R"(["progress",{"steps":2}])").line(), R"({"steps":2})");
}

// Order

TEST_F(HandlersTest, ReloadQueuesBehindTheRunningEvent) {
    trial.configure_app({{"greeting", "old"}});
    const RunningService service{trial};
    EXPECT_EQ(text_in(service.call("status"), "greeting"), "old");
    RawClient held = hold(service);
    trial.configure_app({{"greeting", "new"}});
    RawClient reload = ask(R"(["reload"])");
    service.await_log("event 'reload'");

    const Object meanwhile = service.call("status");
    EXPECT_EQ(text_in(meanwhile, "state"), "running");
    EXPECT_EQ(text_in(meanwhile, "greeting"), "old");
    EXPECT_EQ(text_in(busy_of(meanwhile), "event"), "read-line");
    EXPECT_FALSE(reload.has_output());

    turnstile.let_pass();

    EXPECT_EQ(keys_of(reload.reply()), (Strings{"applied", "needs-restart"}));
    EXPECT_EQ(held.line(), R"({"line":""})");
    EXPECT_EQ(text_in(service.call("status"), "greeting"), "new");
}

TEST_F(HandlersTest, NoTwoEventsRunAtOnce) {
    const RunningService service{trial};
    constexpr int each = 100;
    std::vector<RawClient> clients;
    while (clients.size() < 20) clients.push_back(connect());
    for (int count = 0; count < each; ++count)
        for (RawClient& client : clients) client.send(R"(["count"])");

    std::vector<bool> seen(20 * each + 1, false);
    for (RawClient& client : clients) {
        for (int count = 0; count < each; ++count) {
            const Object reply = client.reply();
            ASSERT_EQ(reply.find("most-at-once")->as_integer(), 1);
            const auto number = reply.find("counted")->as<std::size_t>();
            ASSERT_LT(number, seen.size());
            EXPECT_FALSE(seen[number]) << number;
            seen[number] = true;
        }
    }
}

TEST_F(HandlersTest, TenThousandRequestsOverFiftyConnectionsAreAllAnswered) {
    const RunningService service{trial};
    constexpr int each = 200;
    std::vector<RawClient> clients;
    while (clients.size() < 50) clients.push_back(connect());
    int number = 0;
    for (RawClient& client : clients) {
        std::string requests;
        for (int count = 0; count < each; ++count)
            requests += R"(["echo",{"integer":)" + std::to_string(number++) + "}]\n";
        client.send(requests);
        client.finish_sending();
    }

    number = 0;
    for (RawClient& client : clients) {
        std::string expected;
        for (int count = 0; count < each; ++count) expected += R"({"integer":)" + std::to_string(number++) + "}\n";
        std::string replies = client.rest();
        std::erase(replies, ' ');
        EXPECT_EQ(replies, expected);
    }
}

}  // namespace
}  // namespace servicekit::test
