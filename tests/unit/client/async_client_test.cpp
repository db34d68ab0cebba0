#include "servicekit/async_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "servicekit/base/json.hpp"
#include "unit/client/scripted_service_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AsyncClientTest : public testing::ScriptedServiceTest {
protected:
    /// Records how the call ended.
    AsyncClient::OnReply note(const std::string& name) {
        return [this, name](const Result<Object, CallError>& reply) {
            ended.push_back(name + ": " + (reply ? to_json(*reply) : reply.error().error().message()));
        };
    }
    /// Runs an application's loop, with the fakes instead of poll(2). \returns the number of iterations
    int run(AsyncClient& driven, std::chrono::milliseconds at_most = 1h) {
        const auto end = host.clock.steady_now() + at_most;
        int rounds = 0;
        while (driven.pending() > 0 && host.clock.steady_now() < end) {
            ++rounds;
            const auto deadline = driven.next_deadline();
            const auto is_due = [&] { return deadline && host.clock.steady_now() >= *deadline; };
            const auto is_ready = [&] {
                if (is_due() || driven.descriptor() < 0) return is_due();
                return driven.wants_to_write() ? host.reactor.is_writable(driven.descriptor())
                                               : host.reactor.is_readable(driven.descriptor());
            };
            auto left = std::chrono::ceil<std::chrono::milliseconds>(end - host.clock.steady_now());
            if (driven.poll_timeout() >= 0) left = std::min(left, std::chrono::milliseconds{driven.poll_timeout()});
            host.reactor.run_until(is_ready, "the application's loop", left);
            driven.proceed();
        }
        return rounds;
    }

    AsyncClient client{testing::scripted_socket, {}, host.host()};
    std::vector<std::string> ended;
};

TEST_F(AsyncClientTest, HasNothingToWatchWithoutACall) {
    EXPECT_EQ(client.pending(), 0U);
    EXPECT_EQ(client.descriptor(), -1);
    EXPECT_FALSE(client.next_deadline());
    EXPECT_EQ(client.poll_timeout(), -1);
    client.proceed();
    EXPECT_EQ(service.connections, 0);
}

TEST_F(AsyncClientTest, CallsBackWithTheReply) {
    answer({{.text = "{\"uptime\":12}\n", .after = 3s}});
    client.call("status", {}, {}, note("status"));
    EXPECT_EQ(client.pending(), 1U);
    EXPECT_EQ(client.poll_timeout(), 0);

    client.proceed();
    EXPECT_GE(client.descriptor(), 0);
    EXPECT_FALSE(client.wants_to_write());
    EXPECT_FALSE(client.next_deadline());
    EXPECT_THAT(ended, IsEmpty());

    EXPECT_EQ(run(client), 1);
    EXPECT_THAT(ended, ElementsAre(R"(status: {"uptime":12})"));
    EXPECT_EQ(client.descriptor(), -1);
    EXPECT_THAT(service.requests, ElementsAre(R"(["status"])"));
}

TEST_F(AsyncClientTest, MakesOneCallAtATimeInOrder) {
    script_ = [](const std::string& request) { return Pieces{{.text = "{\"asked\":" + request + "}\n", .after = 1s}}; };
    client.call("first", {}, {}, note("1"));
    client.call("second", {{"to", "x"}}, {}, note("2"));
    client.proceed();
    host.settle();
    EXPECT_THAT(service.requests, ElementsAre(R"(["first"])"));
    run(client);
    EXPECT_THAT(ended, ElementsAre(R"(1: {"asked":["first"]})", R"(2: {"asked":["second",{"to":"x"}]})"));
    EXPECT_EQ(service.connections, 1);
}

TEST_F(AsyncClientTest, AReplyMayLeadToTheNextCall) {
    client.call("first", {}, {}, [&](const auto&) { client.call("second", {}, {}, note("second")); });
    run(client);
    EXPECT_THAT(ended, ElementsAre("second: {}"));
    EXPECT_EQ(service.connections, 1);
}

TEST_F(AsyncClientTest, ReportsProgressAndTurns) {
    answer({{R"({"progress":{"state":"queued","running":"upload"}})"
             "\n"},
            {.text = R"({"progress":{"state":"running"}})"
                     "\n"
                     R"({"progress":{"done":1,"total":2}})"
                     "\n{}\n",
             .after = 1s}});
    std::string told;
    client.call(
        "backup", {},
        {.on_progress = [&](const Progress& progress) { told += std::to_string(progress.done) + ";"; },
         .on_turn = [&](const Turn& turn) { told += turn.has_come ? "runs;" : "behind " + turn.running + ";"; }},
        note("backup"));
    run(client);
    EXPECT_EQ(told, "behind upload;runs;1;");
    EXPECT_THAT(ended, ElementsAre("backup: {}"));
}

TEST_F(AsyncClientTest, AnErrorReplyKeepsTheConnection) {
    answer({{R"({"error":{"code":"event-not-found","message":"there is no event 'x'"}})"
             "\n"}});
    std::string code;
    client.call("x", {}, {}, [&](const auto& reply) { code = reply.error().code(); });
    client.call("x", {}, {}, note("again"));
    run(client);
    EXPECT_EQ(code, "event-not-found");
    EXPECT_THAT(ended, ElementsAre("again: cannot run 'x': there is no event 'x' (event-not-found)"));
    EXPECT_EQ(service.connections, 1);
}

TEST_F(AsyncClientTest, ACallThatTimesOutEndsAndTheNextOneReconnects) {
    answer({{.text = "{\"late\":true}\n", .after = 1h}});
    client.call("slow", {}, {.timeout = 2s}, [&](const auto& reply) {
        note("slow")(reply);
        answer({{"{\"late\":false}\n"}});
    });
    client.call("quick", {}, {}, note("quick"));
    const auto begin = host.clock.steady_now();
    run(client);
    EXPECT_EQ(host.clock.steady_now() - begin, 2500ms);
    EXPECT_THAT(
        ended, ElementsAre("slow: cannot get a reply to 'slow' from '/run/just-another-server.control': the time is up",
                           R"(quick: {"late":false})"));
    EXPECT_THAT(service.requests, ElementsAre(R"(["slow",{},{"timeout":2}])", R"(["quick"])"));
    EXPECT_EQ(service.connections, 2);
}

TEST_F(AsyncClientTest, TheTimeoutOfACallIncludesItsWaitInTheQueue) {
    script_ = [](const std::string& request) {
        return Pieces{{.text = "{}\n", .after = request == R"(["slow"])" ? 10s : 1s}};
    };
    client.call("slow", {}, {}, note("slow"));
    client.call("impatient", {}, {.timeout = 3s}, note("impatient"));
    client.call("patient", {}, {.timeout = 15s}, note("patient"));
    run(client);
    EXPECT_THAT(ended, ElementsAre(HasSubstr("impatient: cannot get a reply"), "slow: {}", HasSubstr("patient: {}")));
    EXPECT_THAT(service.requests, ElementsAre(R"(["slow"])", R"(["patient",{},{"timeout":5}])"));
}

TEST_F(AsyncClientTest, ReportsThatItCannotConnectAndDoesNotThrow) {
    AsyncClient nobody{"/run/nobody.control", {}, host.host()};
    nobody.call("status", {}, {}, note("nobody"));
    run(nobody);
    EXPECT_THAT(ended, ElementsAre("nobody: cannot connect to '/run/nobody.control': No such file or directory"));
}

TEST_F(AsyncClientTest, RetriesIfTheQueueIsFullAndNeverBlocks) {
    host.sockets.set_backlog(0);
    client.call("status", {}, {}, note("status"));
    client.proceed();
    EXPECT_EQ(client.descriptor(), -1);
    EXPECT_EQ(client.poll_timeout(), 20);
    run(client, 1s);
    EXPECT_THAT(ended, IsEmpty());
    host.sockets.set_backlog(32);
    run(client);
    EXPECT_THAT(ended, ElementsAre("status: {}"));

    host.sockets.set_backlog(0);
    service.hang_up();
    client.call("status", {}, {.timeout = 1s}, note("full"));
    run(client);
    EXPECT_THAT(ended.back(), HasSubstr("full: cannot get a reply to 'status'"));
}

TEST_F(AsyncClientTest, ReconnectsIfTheServiceHasHungUpOrIsAboutTo) {
    client.call("status", {}, {}, note("1"));
    run(client);
    service.hang_up();
    client.call("status", {}, {}, note("2"));
    run(client);
    host.clock.advance(4500ms);
    client.call("status", {}, {}, note("3"));
    run(client);
    EXPECT_THAT(ended, ElementsAre("1: {}", "2: {}", "3: {}"));
    EXPECT_EQ(service.connections, 3);
}

TEST_F(AsyncClientTest, ReportsAHangUpWithoutAReply) {
    answer({{.then_close = true}});
    client.call("kill", {}, {}, note("kill"));
    run(client);
    EXPECT_THAT(ended.at(0), HasSubstr("the service closed the connection without a reply"));
}

TEST_F(AsyncClientTest, SendsALargeRequestInPieces) {
    host.sockets.set_buffer_size(1000);
    answer({{"{}\n"}});
    const std::string text(100'000, 'x');
    client.call("put", {{"text", text}}, {}, note("put"));
    client.proceed();
    EXPECT_TRUE(client.wants_to_write());
    run(client);
    EXPECT_THAT(ended, ElementsAre("put: {}"));
    EXPECT_THAT(service.requests, ElementsAre("[\"put\",{\"text\":\"" + text + "\"}]"));
}

TEST_F(AsyncClientTest, SendsNothingThatJsonCannotExpress) {
    client.call("backup", {{"directory", "h\xF6her"}}, {}, note("backup"));
    EXPECT_THAT(ended, IsEmpty());
    run(client);
    EXPECT_THAT(ended.at(0), HasSubstr("cannot ask for 'backup': the argument 'directory' has no form"));
    EXPECT_TRUE(service.requests.empty());
}

TEST_F(AsyncClientTest, SendsNothingToAStranger) {
    host.process.set_id(7000);
    host.act_as({.pid = 7000, .uid = 2000, .gid = 2000});
    host.files.set_permissions("/run", 0777);
    const auto listener = host.sockets.listen("/run/stranger.control", {.permissions = 0666});
    ASSERT_TRUE(listener);
    host.act_as({.pid = 1, .uid = 0, .gid = 0});
    AsyncClient stranger{"/run/stranger.control", host.host()};
    ExitCode code = ExitCode::os;
    stranger.call("status", {}, {}, [&](const auto& reply) { code = reply.error().error().exit_code; });
    run(stranger);
    EXPECT_EQ(code, ExitCode::permission);
}

TEST_F(AsyncClientTest, ACallerMayGiveUpACall) {
    answer({{.text = "{}\n", .after = 1h}});
    bool is_given_up = false;
    client.call("backup", {}, {.is_given_up = [&] { return is_given_up; }}, [&](const auto& reply) {
        EXPECT_EQ(reply.error().error().errno_value, EINTR);
        note("backup")(reply);
    });
    client.proceed();
    EXPECT_EQ(client.pending(), 1U);
    is_given_up = true;
    client.proceed();
    EXPECT_EQ(ended.size(), 1U);
    EXPECT_EQ(client.pending(), 0U);
}

TEST_F(AsyncClientTest, AnExceptionOfACallbackEndsOnlyItsCall) {
    answer({{R"({"progress":{"done":1,"total":2}})"
             "\n{}\n"}});
    client.call("first", {}, {.on_progress = [](const Progress&) { throw std::runtime_error("no screen"); }},
                note("first"));
    client.call("second", {}, {}, [](const auto&) { throw std::runtime_error("no disk"); });
    client.call("third", {}, {}, note("third"));
    EXPECT_THROW(run(client), std::runtime_error);
    EXPECT_EQ(client.pending(), 2U);
    EXPECT_THROW(run(client), std::runtime_error);
    EXPECT_EQ(client.pending(), 1U);
    run(client);
    EXPECT_THAT(ended, ElementsAre("third: {}"));
}

TEST_F(AsyncClientTest, ACallbackMayDestroyTheClient) {
    answer({{R"({"progress":{"done":1,"total":2}})"
             "\n"
             R"({"progress":{"done":2,"total":2}})"
             "\n{}\n"}});
    for (const bool in_progress : {true, false}) {
        std::optional<AsyncClient> own{std::in_place, testing::scripted_socket, std::vector<uid_t>{}, host.host()};
        int calls = 0;
        const auto destroy = [&] {
            ++calls;
            own.reset();
        };
        CallOptions options;
        if (in_progress) options.on_progress = [&](const Progress&) { destroy(); };
        own->call("first", {}, options, [&](const auto&) { destroy(); });
        own->call("second", {}, {}, note("second"));
        while (own) {
            host.settle();
            own->proceed();
        }
        EXPECT_EQ(calls, 1);
    }
    EXPECT_THAT(ended, IsEmpty());
    host.settle();
    EXPECT_EQ(host.open_descriptors(), 1U) << "the listener's";
}

TEST_F(AsyncClientTest, TheGiveUpCallbackMayDestroyTheClient) {
    for (const std::string destroys : {"first", "second"}) {
        answer({{.text = "{}\n", .after = 1h}});
        std::optional<AsyncClient> own{std::in_place, testing::scripted_socket, std::vector<uid_t>{}, host.host()};
        for (const std::string event : {"first", "second"}) {
            const auto destroy = [&, event] {
                if (event != destroys) return false;
                own.reset();
                return true;
            };
            own->call(event, {}, {.is_given_up = destroy}, note(event));
        }
        for (int turn = 0; own && turn < 3; ++turn) {
            own->proceed();
            if (own) host.settle();
        }
        EXPECT_FALSE(own);
        EXPECT_THAT(ended, IsEmpty());
    }
}

TEST_F(AsyncClientTest, ItsDestructorCallsNothingAndClosesTheConnection) {
    answer({{.text = "{}\n", .after = 1s}});
    {
        AsyncClient own{testing::scripted_socket, {}, host.host()};
        own.call("status", {}, {}, note("status"));
        own.proceed();
        AsyncClient moved = std::move(own);
        EXPECT_EQ(moved.pending(), 1U);
        EXPECT_EQ(moved.path(), testing::scripted_socket);
        moved = AsyncClient{testing::scripted_socket, {}, host.host()};
        EXPECT_EQ(moved.pending(), 0U);
    }
    host.advance(2s);
    EXPECT_THAT(ended, IsEmpty());
}

TEST_F(AsyncClientTest, AServiceThatSendsMuchIsReadInParts) {
    std::string lines;
    for (int count = 0; count < 2000; ++count) lines += "{\"progress\":{\"done\":1,\"total\":2}}\n";
    answer({{lines + "{}\n"}});
    int seen = 0;
    client.call("backup", {}, {.on_progress = [&seen](const Progress&) { ++seen; }}, note("backup"));
    client.proceed();
    host.settle();
    client.proceed();
    EXPECT_GT(seen, 0);
    EXPECT_LT(seen, 2000);
    EXPECT_EQ(client.poll_timeout(), 0) << "there is more, which no descriptor shows";
    run(client);
    EXPECT_EQ(seen, 2000);
    EXPECT_THAT(ended, ElementsAre("backup: {}"));
}

}  // namespace
}  // namespace servicekit
