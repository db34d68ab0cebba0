#include "servicekit/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cmath>
#include <stdexcept>

#include "client/exchange.hpp"
#include "servicekit/base/json.hpp"
#include "servicekit/mocks/mock_clock.hpp"
#include "servicekit/mocks/mock_local_sockets.hpp"
#include "servicekit/os/host.hpp"
#include "unit/client/scripted_service_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::NiceMock;
using ::testing::Return;

class ClientTest : public testing::ScriptedServiceTest {
protected:
    Client connect() { return *Client::connect(testing::scripted_socket, {}, host.host()); }
};

TEST_F(ClientTest, ReturnsTheReplyAsAnObject) {
    answer({{"{\"uptime\":12}\n"}});
    const auto reply = connect().call("status");
    ASSERT_TRUE(reply);
    EXPECT_EQ(to_json(*reply), R"({"uptime":12})");
    EXPECT_THAT(service.requests, ElementsAre(R"(["status"])"));
}

TEST_F(ClientTest, SendsArgumentsAndOptionsIfThereAreAny) {
    Client client = connect();
    ASSERT_TRUE(client.call("backup", {{"directory", "/x"}}));
    ASSERT_TRUE(client.call("status", {}, {.timeout = 1500ms}));
    ASSERT_TRUE(client.call("backup", {{"directory", "/x"}}, {.on_progress = [](const Progress&) {}}));
    EXPECT_THAT(service.requests, ElementsAre(R"(["backup",{"directory":"/x"}])", R"(["status",{},{"timeout":1.5}])",
                                              R"(["backup",{"directory":"/x"},{"progress":true}])"));
    EXPECT_EQ(service.connections, 1);
}

TEST_F(ClientTest, ReportsTheTurnOfTheEvent) {
    answer({{R"({"progress":{"state":"queued","running":"upload"}})"
             "\n"
             R"({"progress":{"state":"running"}})"
             "\n"
             R"({"progress":{"done":1,"total":2}})"
             "\n{}\n"}});
    std::string told;
    const auto on_turn = [&told](const Turn& turn) {
        told += (turn.has_come ? "runs;" : "behind " + turn.running + ";");
    };
    ASSERT_TRUE(connect().call("backup", {}, {.on_turn = on_turn}));
    EXPECT_EQ(told, "behind upload;runs;");
    EXPECT_THAT(service.requests, ElementsAre(R"(["backup",{},{"queue":true}])"));
}

TEST_F(ClientTest, CallsAnOlderServiceWithoutTheOption) {
    script_ = [](const std::string& request) {
        if (request.find("queue") == std::string::npos) return Pieces{{"{\"files\":2}\n"}};
        return Pieces{{R"({"error":{"code":"bad-argument","message":"option 'queue' of the request","event":"backup",)"
                       R"("argument":"queue","expected":"'progress' or 'timeout'"}})"
                       "\n"}};
    };
    const auto reply = connect().call("backup", {}, {.on_turn = [](const Turn&) {}});
    ASSERT_TRUE(reply);
    EXPECT_EQ(to_json(*reply), R"({"files":2})");
}

TEST_F(ClientTest, AsksAServiceThatKnowsNoStreamForOneReply) {
    script_ = [](const std::string& request) {
        if (request.find("stream") == std::string::npos) return Pieces{{"{\"files\":2}\n"}};
        return Pieces{{R"({"error":{"code":"bad-argument","message":"option 'stream' of the request","event":"list",)"
                       R"("argument":"stream","expected":"'progress', 'queue', 'timeout' or 'wait'"}})"
                       "\n"}};
    };
    const auto reply =
        connect().call("list", {}, {.on_turn = [](const Turn&) {}, .on_item = [](const Object&) { FAIL(); }});
    ASSERT_TRUE(reply);
    EXPECT_EQ(to_json(*reply), R"({"files":2})");
    EXPECT_EQ(service.requests.back(), R"(["list",{},{"queue":true}])");
}

TEST_F(ClientTest, AWrongArgumentNamedLikeTheOptionIsAnError) {
    answer({{R"({"error":{"code":"bad-argument","message":"no","argument":"queue","expected":"an integer"}})"
             "\n"}});
    EXPECT_EQ(connect().call("backup", {}, {.on_turn = [](const Turn&) {}}).error().code(), "bad-argument");
    EXPECT_EQ(service.requests.size(), 1U);
}

TEST_F(ClientTest, SendsNothingThatJsonCannotExpress) {
    Client client = connect();
    for (const Value& value : {Value{"h\xF6her"}, Value{std::nan("")}, Value{HUGE_VAL}}) {
        const auto reply = client.call("backup", {{"directory", value}});
        ASSERT_FALSE(reply);
        EXPECT_EQ(reply.error().error().exit_code, ExitCode::usage);
        EXPECT_THAT(reply.error().error().message(),
                    HasSubstr("cannot ask for 'backup': the argument 'directory' has no form"));
    }
    EXPECT_TRUE(service.requests.empty());
}

TEST_F(ClientTest, ReturnsAnErrorReplyAndGoesOn) {
    answer({{R"({"error":{"code":"event-not-found","message":"there is no event 'x'","did-you-mean":"y"}})"
             "\n"}});
    Client client = connect();
    const auto reply = client.call("x");
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code(), "event-not-found");
    EXPECT_STREQ(reply.error().what(), "there is no event 'x'");
    EXPECT_EQ(reply.error().fields().find("did-you-mean")->as_string(), "y");
    EXPECT_EQ(reply.error().error().message(), "cannot run 'x': there is no event 'x' (event-not-found)");
    answer({{"{}\n"}});
    EXPECT_TRUE(client.call("y"));
    EXPECT_EQ(service.connections, 1);
}

TEST_F(ClientTest, SkipsTheSpacesOfASlowEvent) {
    answer({{" ", 200ms}, {" ", 200ms}, {"{\"done\"", 200ms}, {":true}", 200ms}, {"\n", 200ms}});
    const auto reply = connect().call("backup");
    ASSERT_TRUE(reply);
    EXPECT_EQ(to_json(*reply), R"({"done":true})");
}

TEST_F(ClientTest, ReportsProgressBeforeTheReply) {
    answer({{R"({"progress":{"done":3,"total":10,"message":"c.txt"}})"
             "\n"},
            {R"({"progress":{"done":4,"total":0}})"
             "\n{}\n"}});
    std::vector<std::string> seen;
    const auto on_progress = [&seen](const Progress& progress) {
        seen.push_back(std::to_string(progress.done) + "/" + std::to_string(progress.total) + " " + progress.message);
    };
    ASSERT_TRUE(connect().call("backup", {}, {.on_progress = on_progress}));
    EXPECT_THAT(seen, ElementsAre("3/10 c.txt", "4/0 "));
}

TEST_F(ClientTest, AServiceThatSendsWithoutEndCanBeGivenUp) {
    std::string lines;
    for (int count = 0; count < 2000; ++count)
        lines += R"({"progress":{"done":1,"total":2}})"
                 "\n";
    answer({{lines}});
    int seen = 0;
    const auto reply = connect().call(
        "backup", {},
        {.is_given_up = [&seen] { return seen > 0; }, .on_progress = [&seen](const Progress&) { ++seen; }});
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().error().errno_value, EINTR);
    EXPECT_LT(seen, 2000);
}

TEST_F(ClientTest, ReportsItemsBeforeTheReply) {
    answer({{R"({"progress":{"item":{"n":1}}})"
             "\n"
             R"({"progress":{"item":{"n":2}}})"
             "\n"},
            {"{\"sent\":2}\n"}});
    std::vector<std::string> seen;
    const auto reply =
        connect().call("list", {}, {.on_item = [&](const Object& item) { seen.push_back(to_json(item)); }});
    ASSERT_TRUE(reply);
    EXPECT_EQ(to_json(*reply), R"({"sent":2})");
    EXPECT_THAT(seen, ElementsAre(R"({"n":1})", R"({"n":2})"));
    EXPECT_THAT(service.requests, ElementsAre(R"(["list",{},{"stream":true}])"));
}

TEST_F(ClientTest, WithoutAStreamAReplyMayHaveAFieldItem) {
    answer({{R"({"item":{"n":1}})"
             "\n"}});
    const auto reply = connect().call("get", {}, {.on_item = [](const Object&) { FAIL(); }});
    ASSERT_TRUE(reply);
    EXPECT_EQ(to_json(*reply), R"({"item":{"n":1}})");
}

TEST_F(ClientTest, AReplyMayContainTheReservedNames) {
    answer({{R"({"error":"none","state":"running"})"
             "\n"}});
    EXPECT_TRUE(connect().call("status"));
}

TEST_F(ClientTest, WaitsALittleLongerThanTheServiceItself) {
    answer({{R"({"error":{"code":"timeout","message":"too slow"}})"
             "\n",
             1000ms}});
    Client client = connect();
    EXPECT_EQ(client.call("backup", {}, {.timeout = 1s}).error().code(), "timeout");
}

TEST_F(ClientTest, GivesUpOnAServiceThatDoesNotAnswerInTime) {
    answer({{"{}\n", 10s}});
    Client client = connect();
    const auto begin = host.clock.steady_now();
    const auto reply = client.call("backup", {}, {.timeout = 1s});
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().error().exit_code, ExitCode::timeout);
    EXPECT_EQ(reply.error().error().message(),
              "cannot get a reply to 'backup' from '/run/just-another-server.control': the time is up");
    EXPECT_LE(host.clock.steady_now() - begin, 2s);
}

TEST_F(ClientTest, ACallerThatGivesUpMayCallAgain) {
    answer({{.text = "{\"late\":true}\n", .after = 3600s}});
    Client client = connect();
    int asked = 0;
    const auto given_up = client.call("backup", {}, {.is_given_up = [&] { return ++asked == 3; }});
    ASSERT_FALSE(given_up);
    EXPECT_EQ(given_up.error().error().errno_value, EINTR);
    EXPECT_EQ(asked, 3);

    answer({{"{\"state\":\"running\"}\n"}});
    EXPECT_EQ(to_json(*client.call("status")), R"({"state":"running"})");
}

TEST_F(ClientTest, ACallerThatDoesNotGiveUpGetsTheReply) {
    answer({{.text = "{\"late\":true}\n", .after = 1s}});
    EXPECT_EQ(to_json(*connect().call("backup", {}, {.is_given_up = [] { return false; }})), R"({"late":true})");
}

TEST_F(ClientTest, NeverMistakesALateReplyForAnother) {
    answer({{"{\"late\":true}\n", 3s}});
    Client client = connect();
    ASSERT_FALSE(client.call("slow", {}, {.timeout = 1s}));
    answer({{"{\"late\":false}\n"}});
    host.clock.advance(3s);
    const auto reply = client.call("quick");
    ASSERT_TRUE(reply);
    EXPECT_EQ(to_json(*reply), R"({"late":false})");
    EXPECT_EQ(service.connections, 2);
}

TEST_F(ClientTest, ReconnectsAfterACallbackThrew) {
    answer({{R"({"progress":{"done":1,"total":2}})"
             "\n{}\n"}});
    Client client = connect();
    const auto fail = [](const Progress&) { throw std::runtime_error("no screen"); };
    EXPECT_THROW(static_cast<void>(client.call("backup", {}, {.on_progress = fail})), std::runtime_error);
    EXPECT_TRUE(client.call("backup"));
    EXPECT_EQ(service.connections, 2);
}

TEST_F(ClientTest, ReconnectsIfTheServiceHasHungUp) {
    Client client = connect();
    ASSERT_TRUE(client.call("status"));
    service.hang_up();
    EXPECT_TRUE(client.call("status"));
    EXPECT_EQ(service.connections, 2);
}

TEST_F(ClientTest, ReconnectsBeforeTheServicesIdleTimeout) {
    Client client = connect();
    ASSERT_TRUE(client.call("status"));
    host.clock.advance(4500ms);
    EXPECT_TRUE(client.call("status"));
    EXPECT_EQ(service.connections, 2);
}

TEST_F(ClientTest, ReportsAHangUpWithoutAReply) {
    answer({{.then_close = true}});
    const auto reply = connect().call("kill");
    ASSERT_FALSE(reply);
    EXPECT_THAT(reply.error().error().reason, HasSubstr("closed the connection without a reply"));

    answer({{.text = "{\"half", .then_close = true}});
    EXPECT_THAT(connect().call("kill").error().error().reason, HasSubstr("closed the connection within its reply"));
}

TEST_F(ClientTest, RejectsAnInvalidReply) {
    answer({{"[1]\n"}});
    EXPECT_THAT(connect().call("status").error().error().reason, HasSubstr("something else than a reply"));
    answer({{"hello\n"}});
    EXPECT_THAT(connect().call("status").error().error().reason, HasSubstr("'hello'"));
}

TEST_F(ClientTest, KnowsTheProcessThatListens) { EXPECT_EQ(connect().peer().pid, ScriptedService::pid); }

TEST_F(ClientTest, CanBeMoved) {
    Client first = connect();
    Client second = std::move(first);
    EXPECT_TRUE(second.call("status"));
}

TEST_F(ClientTest, ReportsThatItCannotConnect) {
    const auto client = Client::connect("/run/nobody.control", {}, host.host());
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().errno_value, ENOENT);
}

/// A connection that transfers what the test allows, byte by byte.
class ClientTransferTest : public ::testing::Test {
protected:
    ClientTransferTest() {
        ON_CALL(sockets, connect).WillByDefault([this] {
            auto connection = std::make_unique<NiceMock<mocks::MockLocalConnection>>();
            prepare(*connection);
            return Result<std::unique_ptr<os::LocalConnection>>{std::move(connection)};
        });
    }
    static os::Transfer would_block() { return {.state = os::Transfer::State::would_block}; }
    static os::Transfer give(std::span<char> buffer, std::string_view text) {
        std::copy(text.begin(), text.end(), buffer.begin());
        return {.bytes = text.size()};
    }

    std::function<void(mocks::MockLocalConnection&)> prepare;
    NiceMock<mocks::MockLocalSockets> sockets;
    NiceMock<mocks::MockClock> clock;
};

TEST_F(ClientTransferTest, SendsARequestInPieces) {
    std::string sent;
    bool is_full = false;
    prepare = [&](mocks::MockLocalConnection& connection) {
        ON_CALL(connection, send).WillByDefault([&](std::string_view bytes) {
            is_full = !is_full;
            if (!is_full) return would_block();
            sent += bytes.front();
            return os::Transfer{.bytes = 1};
        });
        ON_CALL(connection, receive).WillByDefault([&](std::span<char> buffer) {
            return sent.ends_with('\n') ? give(buffer, "{}\n") : would_block();
        });
        EXPECT_CALL(connection, wait_until_writable).Times(8).WillRepeatedly(Return(true));
    };
    auto client = *Client::connect(testing::scripted_socket, {}, {.clock = &clock, .sockets = &sockets});
    EXPECT_TRUE(client.call("stop"));
    EXPECT_EQ(sent, "[\"stop\"]\n");
}

TEST_F(ClientTransferTest, ReadsTheErrorOfAPartlySentRequest) {
    bool is_asked = false;
    prepare = [&](mocks::MockLocalConnection& connection) {
        ON_CALL(connection, send).WillByDefault([&](std::string_view) {
            is_asked = true;
            return os::Transfer{.state = os::Transfer::State::failed, .errno_value = EPIPE};
        });
        ON_CALL(connection, receive).WillByDefault([&](std::span<char> buffer) {
            return is_asked ? give(buffer, R"({"error":{"code":"busy","message":"full"}})"
                                           "\n")
                            : would_block();
        });
    };
    auto client = *Client::connect(testing::scripted_socket, {}, {.clock = &clock, .sockets = &sockets});
    EXPECT_EQ(client.call("stop").error().code(), "busy");
}

TEST_F(ClientTransferTest, RejectsAnEndlessLine) {
    bool is_asked = false;
    std::size_t given = 0;
    prepare = [&](mocks::MockLocalConnection& connection) {
        ON_CALL(connection, send).WillByDefault([&](std::string_view bytes) {
            is_asked = true;
            return os::Transfer{.bytes = bytes.size()};
        });
        ON_CALL(connection, receive).WillByDefault([&](std::span<char> buffer) {
            if (!is_asked) return would_block();
            std::fill(buffer.begin(), buffer.end(), 'x');
            given += buffer.size();
            return os::Transfer{.bytes = buffer.size()};
        });
    };
    auto client = *Client::connect(testing::scripted_socket, {}, {.clock = &clock, .sockets = &sockets});
    const auto reply = client.call("status");
    ASSERT_FALSE(reply);
    EXPECT_THAT(reply.error().error().reason, HasSubstr("longer than 67108864 bytes"));
    EXPECT_LE(given, Exchange::longest_line + 65536 * 2);
}

TEST_F(ClientTest, SendsNothingToAStranger) {
    host.process.set_id(7000);
    host.act_as({.pid = 7000, .uid = 2000, .gid = 2000});
    host.files.set_permissions("/run", 0777);
    const auto listener = host.sockets.listen("/run/stranger.control", {.permissions = 0666});
    ASSERT_TRUE(listener);
    host.act_as({.pid = 1, .uid = 0, .gid = 0});

    const auto refused = Client::connect("/run/stranger.control", {1000}, host.host());

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().exit_code, ExitCode::permission);
    EXPECT_EQ(
        refused.error().message(),
        "cannot talk to '/run/stranger.control': it is served by uid 2000 (pid 7000), who is neither root nor this "
        "user, nor the service's user that the setting 'user' names");
    EXPECT_TRUE(Client::connect("/run/stranger.control", {1000, 2000}, host.host()));
}

}  // namespace
}  // namespace servicekit
