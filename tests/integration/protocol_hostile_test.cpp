// Invalid input from clients, and clients that behave badly.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "integration/support/raw_client.hpp"
#include "integration/support/service_test.hpp"
#include "integration/support/turnstile.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::size_t mebibyte = 1024 * 1024;

class ProtocolTest : public RunningTrialTest {
protected:
    [[nodiscard]] RawClient connect() const { return RawClient{trial.control_socket()}; }

    /// Returns the reply to one request, sent without a newline by a client that keeps listening.
    [[nodiscard]] Object reply_to(const std::string& request) const {
        RawClient client = connect();
        client.send(request);
        return client.reply();
    }

    /// Returns all output for a client that sends this and then closes its sending side.
    [[nodiscard]] std::string all_replies_to(const std::string& requests) const {
        RawClient client = connect();
        client.send(requests);
        client.finish_sending();
        return without_spaces(client.rest());
    }
    /// Removes the spaces that the service sends while a client waits. They are not part of any reply here.
    [[nodiscard]] static std::string without_spaces(std::string text) {
        std::erase(text, ' ');
        return text;
    }

    [[nodiscard]] Object error_for(const std::string& request) const { return error_in(reply_to(request)); }

    void expect_that_it_lives() const {
        EXPECT_FALSE(service->has_ended());
        EXPECT_EQ(service->call("echo", {{"integer", 7}}), (Object{{"integer", 7}}));
    }
};

// Invalid requests

TEST_F(ProtocolTest, AFirstByteOtherThanABracketIsMalformedAtOnce) {
    for (const char* rubbish : {"{", "x", "\"status\"", "GET / HTTP/1.1\r\n\r\n", "]", "\xff", "  1"}) {
        const Object error = error_for(rubbish);
        EXPECT_EQ(text_in(error, "code"), "malformed-request") << rubbish;
        EXPECT_TRUE(error.contains("offset")) << rubbish;
    }
    expect_that_it_lives();
}

TEST_F(ProtocolTest, ARequestWithoutAFindableEndClosesTheConnection) {
    RawClient client = connect();
    client.send("x[\"status\"]");

    EXPECT_EQ(text_in(error_in(client.reply()), "code"), "malformed-request");
    EXPECT_THAT(client.rest(), IsEmpty());
}

TEST_F(ProtocolTest, AnIncompleteRequestIsMalformed) {
    for (const char* half : {"[", "[\"status\"", "[\"status\",{\"a\":", "[\"sta"}) {
        const std::string reply = all_replies_to(half);
        EXPECT_THAT(reply, HasSubstr("\"code\":\"malformed-request\"")) << half;
        EXPECT_THAT(reply, EndsWith("\n")) << half;
    }
    expect_that_it_lives();
}

TEST_F(ProtocolTest, AnArrayThatIsNotARequestIsMalformed) {
    for (const char* wrong : {"[]", "[1]", "[null]", "[{}]", "[\"echo\",1]", "[\"echo\",null]", "[\"echo\",{},[]]",
                              "[\"echo\",{},{},{}]", "['echo']", "[\"echo\",]", "[\"echo\"}", "[\"echo\" {}]", "[echo]",
                              "[\"echo\",{\"number\":1e999}]", "[\"echo\",{\"string\":\"\\ud800\"}]"}) {
        const Object error = error_for(wrong);
        EXPECT_EQ(text_in(error, "code"), "malformed-request") << wrong;
        EXPECT_TRUE(error.contains("offset")) << wrong;
    }
    expect_that_it_lives();
}

TEST_F(ProtocolTest, InvalidUtf8IsMalformedAndItsOffsetReported) {
    for (const char* wrong : {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80"}) {
        const std::string before = R"(["echo",{"string":"a)";
        const Object error = error_for(before + wrong + "\"}]");
        EXPECT_EQ(text_in(error, "code"), "malformed-request") << to_json(error);
        EXPECT_THAT(text_in(error, "message"), HasSubstr("UTF-8"));
        EXPECT_GE(error.find("offset")->as_integer(), static_cast<std::int64_t>(before.size() - 1)) << to_json(error);
    }
    expect_that_it_lives();
}

TEST_F(ProtocolTest, ZeroBytesAreRefused) {
    using namespace std::string_literals;
    EXPECT_EQ(text_in(error_for("\0[\"status\"]"s), "code"), "malformed-request");
    EXPECT_EQ(text_in(error_for("[\"ec\0ho\"]"s), "code"), "malformed-request");
    expect_that_it_lives();
}

TEST_F(ProtocolTest, NestingDeeperThanTheLimitIsTooLarge) {
    const Object error = error_for(std::string(200'000, '['));

    EXPECT_EQ(text_in(error, "code"), "request-too-large");
    EXPECT_EQ(error.find("limit")->as_integer(), 64);
    expect_that_it_lives();
}

TEST_F(ProtocolTest, NestingUpToTheLimitIsServed) {
    // The request and its parameters are two levels themselves.
    const std::string list = std::string(62, '[') + std::string(62, ']');

    EXPECT_EQ(to_json(reply_to(R"(["echo",{"list":)" + list + "}]")), R"({"list":)" + list + "}");
    EXPECT_EQ(text_in(error_for(R"(["echo",{"list":[)" + list + "]}]"), "code"), "request-too-large");
}

TEST_F(ProtocolTest, AnOversizedRequestGetsAReadableError) {
    RawClient client = connect();
    client.send(R"(["echo",{"string":")" + std::string(2 * mebibyte, 'x') + "\"}]");

    const Object error = error_in(client.reply());

    EXPECT_EQ(text_in(error, "code"), "request-too-large");
    EXPECT_EQ(error.find("limit")->as_integer(), static_cast<std::int64_t>(mebibyte));
    EXPECT_THAT(client.rest(), IsEmpty());
    expect_that_it_lives();
}

TEST_F(ProtocolTest, RequestUpToTheSizeLimitIsServed) {
    const std::string frame = R"(["echo",{"string":""}])";
    const std::string text(mebibyte - frame.size(), 'x');

    EXPECT_EQ(text_in(reply_to(R"(["echo",{"string":")" + text + "\"}]"), "string"), text);
    EXPECT_EQ(text_in(error_for(R"(["echo",{"string":"x)" + text + "\"}]"), "code"), "request-too-large");
}

// Requests that cannot be served

TEST_F(ProtocolTest, ADuplicateKeyIsABadArgument) {
    const Object error = error_for(R"(["echo",{"integer":1,"string":"a","integer":2}])");

    EXPECT_EQ(text_in(error, "code"), "bad-argument");
    EXPECT_EQ(text_in(error, "event"), "echo");
    EXPECT_EQ(text_in(error, "argument"), "integer");
    EXPECT_EQ(text_in(error_for(R"(["echo",{},{"timeout":1,"timeout":1}])"), "argument"), "timeout");
    EXPECT_EQ(text_in(error_for(R"(["echo",{"object":{"a":1,"b":2,"a":3}}])"), "code"), "bad-argument");
}

TEST_F(ProtocolTest, UnknownOptionIsABadArgument) {
    const Object error = error_for(R"(["echo",{},{"progres":true}])");

    EXPECT_EQ(text_in(error, "code"), "bad-argument");
    EXPECT_EQ(text_in(error, "argument"), "progres");
    EXPECT_THAT(text_in(error, "expected"), HasSubstr("progress"));
}

TEST_F(ProtocolTest, OptionOfTheWrongTypeIsABadArgument) {
    for (const char* options : {R"({"timeout":0})", R"({"timeout":-1})", R"({"timeout":"1"})", R"({"progress":1})"}) {
        const Object error = error_for(std::string{R"(["echo",{},)"} + options + "]");
        EXPECT_EQ(text_in(error, "code"), "bad-argument") << options;
    }
}

TEST_F(ProtocolTest, AnUnknownMissingOrMistypedParameterIsABadArgument) {
    struct Case {
        const char* request;
        const char* argument;
        const char* expected;
    };
    for (const Case& wrong :
         {Case{R"(["echo",{"strin":"a"}])", "strin", "string"}, Case{R"(["sleep"])", "seconds", "a number"},
          Case{R"(["echo",{"integer":"1"}])", "integer", "an integer"},
          Case{R"(["echo",{"integer":1.5}])", "integer", "an integer"},
          Case{R"(["echo",{"integer":99999999999999999999}])", "integer", "an integer"},
          Case{R"(["sleep",{"seconds":-1}])", "seconds", "at least 0"},
          Case{R"(["stop",{"now":true}])", "now", "no parameters"}}) {
        const Object error = error_for(wrong.request);
        EXPECT_EQ(text_in(error, "code"), "bad-argument") << wrong.request;
        EXPECT_EQ(text_in(error, "argument"), wrong.argument);
        EXPECT_THAT(text_in(error, "expected"), HasSubstr(wrong.expected));
    }
    expect_that_it_lives();
}

TEST_F(ProtocolTest, AnUnknownLogLevelIsABadArgument) {
    const Object error = error_for(R"(["log-level",{"level":"loud"}])");

    EXPECT_EQ(text_in(error, "code"), "bad-argument") << to_json(error);
}

TEST_F(ProtocolTest, AnUnknownEventIsAnsweredWithTheNearestName) {
    const Object error = error_for(R"(["sttaus"])");

    EXPECT_EQ(text_in(error, "code"), "event-not-found");
    EXPECT_EQ(text_in(error, "event"), "sttaus");
    EXPECT_EQ(text_in(error, "did-you-mean"), "status");
    EXPECT_FALSE(error_for(R"(["nothing-of-the-kind"])").contains("did-you-mean"));
}

TEST_F(ProtocolTest, ClientsCannotTriggerStart) {
    EXPECT_EQ(text_in(error_for(R"(["start"])"), "code"), "event-not-found");

    std::vector<std::string> names;
    const Object reply = reply_to(R"(["events"])");
    for (const Value& event : reply.find("events")->as_list()) names.push_back(text_in(event.as_object(), "name"));
    EXPECT_THAT(names, testing::IsSupersetOf({"status", "stop", "kill", "load", "reload", "events", "log-level",
                                              "log-reopen", "log-flush", "echo", "hang"}));
    EXPECT_THAT(names, testing::Not(testing::Contains("start")));
}

TEST_F(ProtocolTest, RequestsAfterARefusedOneAreServed) {
    EXPECT_THAT(all_replies_to(R"(["nothing"] ["echo",{"wrong":1}] ["echo",{"integer":3}])"),
                EndsWith("}}\n{\"integer\":3}\n"));
}

// Clients that send in unusual ways

TEST_F(ProtocolTest, ARequestMaySendOneByteAtATime) {
    RawClient client = connect();
    for (const char byte : std::string{" \n[\"echo\" , {\"string\": \"]\\\"[{\\u00e4\xc3\xa4\"}]"})
        client.send({&byte, 1});

    EXPECT_EQ(client.line(), "{\"string\":\"]\\\"[{\xc3\xa4\xc3\xa4\"}");
}

TEST_F(ProtocolTest, ThousandPipelinedRequestsAreAnsweredInOrder) {
    std::string requests;
    for (int number = 0; number < 1000; ++number) {
        // The control plane answers some of them by itself. Those answers must not overtake the others.
        requests += number % 3 == 0 ? R"(["log-level"])" : R"(["echo",{"integer":)" + std::to_string(number) + "}]";
        if (number % 5 == 0) requests += "\n\r\t ";
    }
    RawClient client = connect();
    client.send(requests);
    client.finish_sending();

    for (int number = 0; number < 1000; ++number)
        ASSERT_EQ(without_spaces(client.line()),
                  number % 3 == 0 ? R"({"level":"info"})" : R"({"integer":)" + std::to_string(number) + "}");
    EXPECT_THAT(without_spaces(client.rest()), IsEmpty());
}

TEST_F(ProtocolTest, AClientThatNeverClosesIsDisconnectedAfterItsReply) {
    RawClient client = connect();
    client.send("[\"echo\",{\"integer\":1}]\n");

    EXPECT_EQ(client.rest(), "{\"integer\":1}\n");
}

TEST_F(ProtocolTest, SilentClientsBlockNoOtherClient) {
    std::vector<RawClient> silent;
    while (silent.size() < 50) silent.push_back(connect());
    for (std::size_t i = 0; i < silent.size(); i += 2) silent[i].send("[\"status\"");

    expect_that_it_lives();

    // They are all served later.
    for (std::size_t i = 0; i < silent.size(); i += 2) silent[i].send("]");
    for (std::size_t i = 0; i < silent.size(); i += 2)
        EXPECT_EQ(silent[i].reply().find("pid")->as_integer(), service->pid());
}

TEST_F(ProtocolTest, AnOperatorWithAllConnectionsCanStillStopTheService) {
    std::vector<RawClient> all;
    while (all.size() < 512) all.push_back(connect());

    const Outcome status = trial.verb({"status"});
    EXPECT_EQ(status.exit_code, 0);
    EXPECT_THAT(status.err, HasSubstr("too many connections"));
    const Outcome stopped = trial.verb({"stop"});
    EXPECT_EQ(stopped.exit_code, 0) << stopped;
    EXPECT_EQ(service->exit_code(), 0);
}

TEST_F(ProtocolTest, AnOperatorWithAllDescriptorsGetsAnErrorUntilSomeAreFree) {
    service.reset();
    Command command = trial.command({"run"});
    const Strings with_few{"sh", "-c", "ulimit -n 40; exec \"$@\"", "sh"};
    command.arguments.insert(command.arguments.begin(), with_few.begin(), with_few.end());
    RunningCommand poor{command};
    await_state("it runs", [this] { return trial.verb({"health", "--ready"}).exit_code == 0; });
    std::vector<RawClient> silent;
    while (silent.size() < 50) silent.push_back(connect());
    EXPECT_EQ(text_in(error_in(silent.back().reply()), "message"), "too many open files");
    EXPECT_EQ(trial.verb({"log-reopen"}).exit_code, 1);

    silent.clear();

    await_state("it is served", [this] { return trial.verb({"log-reopen"}).exit_code == 0; });
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(poor.finish().exit_code, 0);
}

// Clients that do not read or do not wait

TEST_F(ProtocolTest, ALateReaderDelaysNoOtherClientAndGetsAllReplies) {
    RawClient late = connect();
    for (int count = 0; count < 30; ++count) late.send(R"(["big-reply",{"bytes":100000}])");
    service->await_log("big-reply");

    for (int count = 0; count < 20; ++count) expect_that_it_lives();

    late.finish_sending();
    EXPECT_EQ(without_spaces(late.rest()).size(), 30 * (100'000 + std::string_view{"{\"text\":\"\"}\n"}.size()));
}

TEST_F(ProtocolTest, AClientThatDoesNotReadIsServedUpToItsBacklog) {
    RawClient greedy = connect();
    // Few enough that the kernel buffers them all: otherwise the client would block once the service stops reading.
    for (int count = 0; count < 60; ++count) greedy.send(R"(["big-reply",{"bytes":1000000}])");
    const auto served = [this] {
        const std::string log = trial.log();
        std::size_t count = 0;
        const std::string asked = "event 'big-reply' {";
        for (auto at = log.find(asked); at != std::string::npos; at = log.find(asked, at + 1)) ++count;
        return count;
    };
    // 4 MiB, in addition to what the kernel buffers.
    await_state("the backlog is full", [&served] { return served() >= 5; });

    for (int count = 0; count < 20; ++count) expect_that_it_lives();

    EXPECT_LE(served(), 6U);
}

TEST_F(ProtocolTest, BigReplyArrivesWhole) {
    const std::string reply = all_replies_to(R"(["big-reply",{"bytes":8388608}])");

    EXPECT_TRUE(reply == "{\"text\":\"" + std::string(8 * mebibyte, 'x') + "\"}\n") << reply.size();
}

TEST_F(ProtocolTest, AClientThatLeavesBeforeItsReplyDoesNoHarm) {
    for (int count = 0; count < 50; ++count) {
        RawClient client = connect();
        client.send(R"(["big-reply",{"bytes":1000000}]["status"])");
        client.close();
    }
    expect_that_it_lives();
}

TEST_F(ProtocolTest, ClientThatGoesAwayDoesNotCancelItsEvent) {
    const Turnstile turnstile{directory.file("turnstile")};
    RawClient first = connect();
    first.send("[\"read-line\"," + to_json(Object{{"path", turnstile.path()}}) + "]");
    service->await_busy("read-line");
    RawClient second = connect();
    second.send(R"(["note",{"text":"queued"}])");
    service->await_log("event 'note'");
    first.close();
    second.close();

    turnstile.let_pass();

    EXPECT_EQ(to_json(service->call("notes")), R"({"notes":["queued"]})");
}

TEST_F(ProtocolTest, AHalfClosedClientGetsSpacesUntilTheReply) {
    const Turnstile turnstile{directory.file("turnstile")};
    RawClient client = connect();
    client.send("[\"read-line\"," + to_json(Object{{"path", turnstile.path()}}) + "]");
    client.finish_sending();
    service->await_busy("read-line");

    await_state("a space has come", [&client] { return client.has_output(); });
    turnstile.let_pass();

    const std::string reply = client.rest();
    EXPECT_THAT(reply, StartsWith(" "));
    EXPECT_EQ(reply.substr(reply.find_first_not_of(' ')), "{\"line\":\"\"}\n");
}

TEST_F(ProtocolTest, SocatPrintsTheReplyOfAnEventThatTakesLongerThanItWaits) {
    if (shell("command -v socat").exit_code != 0) GTEST_SKIP() << "socat is not installed";

    const Outcome outcome =
        shell(R"(echo '["sleep",{"seconds":1.5}]' | socat unix-connect:run/trial-service.control - | tr -d ' ')");

    EXPECT_EQ(outcome.out, "{\"interrupted\":false}\n");
}

}  // namespace
}  // namespace servicekit::test
