#include <string>
#include <thread>

#include "unit/policies/control/control_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::SizeIs;

class ControlRequestsTest : public ControlFixture {
protected:
    void SetUp() override { open(); }
    [[nodiscard]] bool has_connections() const {
        return host.reactor.describe().find("a connection") != std::string::npos;
    }
};

// Where a request ends.

TEST_F(ControlRequestsTest, AnswersARequestWithoutATerminator) {
    auto client = connect();
    EXPECT_EQ(client.ask("[\"stop\"]"), "{\"did\":[\"stop\"]}\n");
    EXPECT_FALSE(client.is_at_end());
}

TEST_F(ControlRequestsTest, AnswersSocatWithAndWithoutANewline) {
    for (const std::string text : {"[\"stop\"]", "[\"stop\"]\n", "[\"stop\"]\r\n"}) {
        auto client = connect();
        client.send(text);
        client.half_close();
        EXPECT_EQ(client.receive_all(), "{\"did\":[\"stop\"]}\n");
        EXPECT_TRUE(client.is_at_end());
        EXPECT_FALSE(client.was_reset());
    }
}

TEST_F(ControlRequestsTest, AnswersARequestSentByteByByte) {
    auto client = connect();
    const std::string text = R"(["a", {"b": "]}\"\\", "c": [1, {}]}])";
    for (const char byte : text) {
        EXPECT_THAT(requests.asked, SizeIs(0));
        client.send({&byte, 1});
        loop.run_ready();
    }
    EXPECT_THAT(requests.texts(), ElementsAre(text));
    EXPECT_EQ(client.receive_all(), RecordedRequests::answer(text));
}

TEST_F(ControlRequestsTest, SkipsWhiteSpaceBetweenRequests) {
    auto client = connect();
    client.send(" \n\t [\"a\"] \r\n\n[\"b\"][\"c\"]\n");
    client.half_close();
    EXPECT_EQ(client.receive_all(), "{\"did\":[\"a\"]}\n{\"did\":[\"b\"]}\n{\"did\":[\"c\"]}\n");
    EXPECT_THAT(requests.texts(), ElementsAre("[\"a\"]", "[\"b\"]", "[\"c\"]"));
}

TEST_F(ControlRequestsTest, AnswersRequestsOneByOne) {
    auto client = connect();
    for (int count = 0; count < 5; ++count) EXPECT_EQ(client.ask("[\"a\"]\n"), "{\"did\":[\"a\"]}\n");
}

TEST_F(ControlRequestsTest, AnswersTenThousandAtOnceInOrder) {
    auto client = connect();
    std::string sent;
    std::string expected;
    for (int number = 0; number < 10'000; ++number) {
        const std::string text = "[\"" + std::to_string(number) + "\"]";
        sent += text;
        expected += RecordedRequests::answer(text);
    }
    client.send(sent);
    client.half_close();
    EXPECT_EQ(client.receive_all(), expected);
    EXPECT_TRUE(client.is_at_end());
}

TEST_F(ControlRequestsTest, ALackOfMemoryEndsOnlyItsConnection) {
    auto hungry = connect();
    auto other = connect();
    EXPECT_EQ(other.ask("[\"a\"]"), "{\"did\":[\"a\"]}\n");

    hungry.send("[\"hungry\"][\"b\"]");
    loop.run_ready();

    EXPECT_TRUE(hungry.is_at_end() || hungry.was_reset());
    EXPECT_EQ(other.ask("[\"a\"]"), "{\"did\":[\"a\"]}\n");
    EXPECT_THAT(requests.notes, ElementsAre("cannot serve a connection: std::bad_alloc"));
    EXPECT_THAT(requests.texts(), ElementsAre("[\"a\"]", "[\"hungry\"]", "[\"a\"]"));
}

TEST_F(ControlRequestsTest, AConnectionEndedForLackOfMemoryMakesRoom) {
    for (int count = 0; count < 2000; ++count) {
        auto hungry = connect();
        hungry.send("[\"hungry\"]");
        loop.run_ready();
    }
    EXPECT_EQ(connect().ask("[\"a\"]"), "{\"did\":[\"a\"]}\n");
    EXPECT_FALSE(has_connections() && host.reactor.open_descriptors() > 2);
}

TEST_F(ControlRequestsTest, AcceptsAgainOnceAConnectionCanBeWatched) {
    host.reactor.loop_failures.fail_next("watch", ENOSPC);
    auto refused = connect();
    loop.run_ready();
    EXPECT_TRUE(refused.is_at_end() || refused.was_reset());
    EXPECT_THAT(requests.notes, ElementsAre(::testing::HasSubstr("No space left on device")));
    EXPECT_EQ(connect().ask("[\"a\"]"), "{\"did\":[\"a\"]}\n");
}

TEST_F(ControlRequestsTest, ServesOthersBetweenTheRequestsOfOneConnection) {
    auto greedy = connect();
    std::string sent;
    for (int number = 0; number < 1'000; ++number) sent += "[\"greedy\"]";
    greedy.send(sent);
    for (std::size_t before = 0; requests.asked.size() < 1'000; before = requests.asked.size()) {
        ASSERT_TRUE(host.reactor.step());
        EXPECT_LE(requests.asked.size() - before, 64U);
    }
}

// The order of answers.

TEST_F(ControlRequestsTest, ServesARequestThatArrivesDuringTheSend) {
    auto client = connect();
    EXPECT_EQ(client.ask("[\"slow 1\"]"), "");
    client.when_something_comes([&] {
        client.send("[\"slow 2\"]");
        host.reactor.run_ready();
        EXPECT_THAT(requests.texts(), ElementsAre("[\"slow 1\"]", "[\"slow 2\"]"));
    });
    requests.answer_last();
    EXPECT_EQ(client.receive_all(), "{\"did\":[\"slow 1\"]}\n");
    requests.answer_last();
    EXPECT_EQ(client.receive_all(), "{\"did\":[\"slow 2\"]}\n");
}

TEST_F(ControlRequestsTest, KeepsTheOrderOfRepliesGivenDuringASend) {
    auto client = connect();
    EXPECT_EQ(client.ask("[\"slow\"]"), "");
    client.when_something_comes([&] {
        client.send("[\"quick\"][\"bad\"]");
        client.half_close();
        host.reactor.run_ready();
        EXPECT_FALSE(client.is_at_end());
    });
    requests.answer_last();
    EXPECT_EQ(client.receive_all(), "{\"did\":[\"slow\"]}\n{\"did\":[\"quick\"]}\n{\"did\":[\"bad\"]}\n");
    EXPECT_TRUE(client.is_at_end());
}

TEST_F(ControlRequestsTest, ClosesIfTheClientFinishedDuringTheSend) {
    auto client = connect();
    EXPECT_EQ(client.ask("[\"slow\"]"), "");
    client.when_something_comes([&] {
        client.half_close();
        host.reactor.run_ready();
        EXPECT_FALSE(client.is_at_end());
    });
    requests.answer_last();
    EXPECT_EQ(client.receive_all(), "{\"did\":[\"slow\"]}\n");
    EXPECT_TRUE(client.is_at_end());
}

TEST_F(ControlRequestsTest, ClosesDuringASend) {
    auto client = connect();
    EXPECT_EQ(client.ask("[\"slow\"]"), "");
    client.when_something_comes([&] { control->close(); });
    requests.answer_last();
    EXPECT_EQ(client.receive(), "{\"did\":[\"slow\"]}\n");
    EXPECT_TRUE(client.is_at_end());
}

TEST_F(ControlRequestsTest, SurvivesAClientThatLeavesDuringTheSend) {
    auto client = connect();
    EXPECT_EQ(client.ask("[\"slow\"]"), "");
    client.when_something_comes([&] {
        client.close();
        host.reactor.run_ready();
    });
    requests.answer_last();
    EXPECT_EQ(connect().ask("[\"next\"]"), "{\"did\":[\"next\"]}\n");
}

TEST_F(ControlRequestsTest, HandlesARequestOnceThePreviousOneIsAnswered) {
    auto client = connect();
    client.send("[\"slow 1\"][\"slow 2\"][\"quick\"]");
    EXPECT_EQ(client.receive_all(), "");
    EXPECT_THAT(requests.texts(), ElementsAre("[\"slow 1\"]"));
    requests.answer_last();
    EXPECT_EQ(client.receive_all(), "{\"did\":[\"slow 1\"]}\n");
    EXPECT_THAT(requests.asked, SizeIs(2));
    requests.answer_last();
    EXPECT_EQ(client.receive_all(), "{\"did\":[\"slow 2\"]}\n{\"did\":[\"quick\"]}\n");
}

TEST_F(ControlRequestsTest, KeepsRequestsThatArriveDuringAnother) {
    auto client = connect();
    client.send("[\"slow\"");
    loop.run_ready();
    client.send("] [\"ne");
    loop.run_ready();
    client.send("xt\"]");
    EXPECT_EQ(client.receive_all(), "");
    requests.answer_last();
    EXPECT_EQ(client.receive_all(), "{\"did\":[\"slow\"]}\n{\"did\":[\"next\"]}\n");
}

TEST_F(ControlRequestsTest, AnswersOneClientWhileAnotherWaits) {
    auto waiting = connect();
    EXPECT_EQ(waiting.ask("[\"slow\"]"), "");
    auto other = connect();
    EXPECT_EQ(other.ask("[\"quick\"]"), "{\"did\":[\"quick\"]}\n");
}

TEST_F(ControlRequestsTest, SendsAReplyAtOnceOnItsThread) {
    auto client = connect();
    EXPECT_EQ(client.ask("[\"slow\"]"), "");
    std::thread event_thread{[this] { requests.answer_last(); }};
    event_thread.join();
    EXPECT_EQ(client.receive(), "{\"did\":[\"slow\"]}\n");
}

TEST_F(ControlRequestsTest, AcceptsOnlyOneReplyToARequest) {
    auto client = connect();
    client.send("[\"slow\"]");
    loop.run_ready();
    requests.answer_last();
    requests.answer_last();
    EXPECT_FALSE(requests.asked.back().responder->progress("{\"progress\":{}}\n"));
    EXPECT_EQ(client.receive_all(), "{\"did\":[\"slow\"]}\n");
}

// Clients that stop sending or disconnect.

TEST_F(ControlRequestsTest, ClosesOnceAHalfClosedClientHasItsReplies) {
    auto client = connect();
    client.send("[\"slow 1\"][\"slow 2\"]");
    client.half_close();
    loop.run_ready();
    requests.answer_last();
    loop.run_ready();
    EXPECT_FALSE(client.is_at_end());
    requests.answer_last();
    EXPECT_EQ(client.receive_all(), "{\"did\":[\"slow 1\"]}\n{\"did\":[\"slow 2\"]}\n");
    EXPECT_TRUE(client.is_at_end());
}

TEST_F(ControlRequestsTest, SendsSpacesToAHalfClosedClientThatWaits) {
    auto client = connect();
    client.send("[\"slow\"]\n");
    client.half_close();
    loop.run_ready();
    advance(1s);
    EXPECT_EQ(client.receive(), "     ");
    requests.answer_last();
    EXPECT_EQ(client.receive_all(), "{\"did\":[\"slow\"]}\n");
    EXPECT_TRUE(client.is_at_end());
}

TEST_F(ControlRequestsTest, SendsNoSpacesToAClientThatMaySendMore) {
    auto client = connect();
    client.send("[\"slow\"]");
    loop.run_ready();
    advance(10s);
    EXPECT_EQ(client.receive_all(), "");
}

TEST_F(ControlRequestsTest, ClosesAConnectionWithoutARequest) {
    auto client = connect();
    client.half_close();
    EXPECT_EQ(client.receive_all(), "");
    EXPECT_TRUE(client.is_at_end());
    EXPECT_THAT(requests.refusals, SizeIs(0));
}

TEST_F(ControlRequestsTest, ReportsAnIncompleteRequest) {
    auto client = connect();
    client.send("[\"a\"] [\"sto");
    client.half_close();
    EXPECT_EQ(client.receive_all(), "{\"did\":[\"a\"]}\n{\"error\":1}\n");
    EXPECT_EQ(requests.refusals.at(0).reason, Reason::malformed);
    EXPECT_EQ(requests.refusals.at(0).number, 5U);
    EXPECT_TRUE(client.is_at_end());
}

TEST_F(ControlRequestsTest, TheEventOfALeavingClientContinues) {
    auto client = connect();
    client.send("[\"slow\"][\"never asked\"]");
    loop.run_ready();
    client.close();
    loop.run_ready();
    EXPECT_FALSE(requests.asked.at(0).responder->progress("{\"progress\":{}}\n"));
    requests.answer_last();
    loop.run_until_idle();
    EXPECT_EQ(connect().ask("[\"b\"]"), "{\"did\":[\"b\"]}\n");
}

TEST_F(ControlRequestsTest, ASpaceDetectsAClientThatLeft) {
    auto client = connect();
    client.send("[\"slow\"]");
    loop.run_ready();
    EXPECT_TRUE(has_connections());
    client.close();
    advance(200ms);
    EXPECT_FALSE(has_connections());
}

// Input that is not a request.

TEST_F(ControlRequestsTest, RefusesAFirstByteOtherThanABracketAtOnce) {
    auto client = connect();
    EXPECT_EQ(client.ask(" \nh"), "{\"error\":1}\n");
    EXPECT_EQ(requests.refusals.at(0).reason, Reason::malformed);
    EXPECT_EQ(requests.refusals.at(0).number, 0U);
    EXPECT_EQ(requests.refusals.at(0).text, "the request is not a JSON array: it does not begin with [");
    EXPECT_TRUE(client.is_at_end());
}

TEST_F(ControlRequestsTest, ReportsWhereARequestIsMalformed) {
    auto client = connect();
    EXPECT_EQ(client.ask("  [\"a\", {\"b\": 1]]"), "{\"error\":1}\n");
    EXPECT_EQ(requests.refusals.at(0).number, 13U);
}

TEST_F(ControlRequestsTest, AnswersEarlierRequestsBeforeAMalformedOne) {
    auto client = connect();
    client.send("[\"slow\"] no [\"never asked\"]");
    EXPECT_EQ(client.receive_all(), "");
    requests.answer_last();
    EXPECT_EQ(client.receive_all(), "{\"did\":[\"slow\"]}\n{\"error\":1}\n");
    EXPECT_THAT(requests.asked, SizeIs(1));
    EXPECT_TRUE(client.is_at_end());
}

TEST_F(ControlRequestsTest, ClosesAfterAnArrayThatIsNotARequest) {
    auto client = connect();
    EXPECT_EQ(client.ask("[\"a\"][\"bad\"][\"never asked\"]"), "{\"did\":[\"a\"]}\n{\"did\":[\"bad\"]}\n");
    EXPECT_THAT(requests.asked, SizeIs(2));
    EXPECT_TRUE(client.is_at_end());
    client.send("[\"never asked\"]");
    client.close();
    loop.run_ready();
    EXPECT_FALSE(client.was_reset());
    EXPECT_FALSE(has_connections());
}

TEST_F(ControlRequestsTest, ClosesAfterAnArrayLaterFoundNotToBeARequest) {
    auto client = connect();
    EXPECT_EQ(client.ask("[\"slow\"]"), "");
    requests.asked.at(0).responder->reply_and_close("{\"error\":{}}\n");
    EXPECT_EQ(client.receive_all(), "{\"error\":{}}\n");
    EXPECT_TRUE(client.is_at_end());
}

TEST_F(ControlRequestsTest, ReadsOnAfterAnErrorToAvoidAReset) {
    auto client = connect();
    client.send(std::string(1'000'000, 'x'));
    EXPECT_EQ(client.receive_all(), "{\"error\":1}\n");
    EXPECT_TRUE(client.is_at_end());
    client.close();
    loop.run_until_idle();
    EXPECT_FALSE(client.was_reset());
}

TEST_F(ControlRequestsTest, ClosesAtMostASecondAfterAnError) {
    auto client = connect();
    client.send("no");
    EXPECT_EQ(client.receive_all(), "{\"error\":1}\n");
    advance(900ms);
    client.send("still here");
    loop.run_ready();
    EXPECT_FALSE(client.was_reset());
    advance(500ms);
    client.send("!");
    EXPECT_FALSE(has_connections());
}

TEST_F(ControlRequestsTest, ReadsOnAfterAnErrorUpToALimit) {
    auto client = connect();
    client.send(std::string(20'000'000, 'x'));
    loop.run_ready();
    EXPECT_TRUE(client.was_reset());
}

// Progress.

TEST_F(ControlRequestsTest, SendsProgressBeforeTheReply) {
    auto client = connect();
    client.send("[\"slow\"]");
    loop.run_ready();
    EXPECT_TRUE(requests.asked.at(0).responder->progress("{\"progress\":1}\n"));
    EXPECT_EQ(client.receive(), "{\"progress\":1}\n");
    EXPECT_TRUE(requests.asked.at(0).responder->progress("{\"progress\":2}\n"));
    requests.answer_last();
    EXPECT_EQ(client.receive_all(), "{\"progress\":2}\n{\"did\":[\"slow\"]}\n");
}

TEST_F(ControlRequestsTest, DropsProgressThatTheClientDoesNotRead) {
    host.sockets.set_buffer_size(25);
    auto client = connect();
    client.send("[\"slow\"]");
    loop.run_ready();
    const auto& responder = requests.asked.at(0).responder;
    EXPECT_TRUE(responder->progress("{\"progress\":1}\n"));
    EXPECT_TRUE(responder->progress("{\"progress\":2}\n"));
    EXPECT_FALSE(responder->progress("{\"progress\":3}\n"));
    EXPECT_EQ(client.receive_all(), "{\"progress\":1}\n{\"progress\":2}\n");
    EXPECT_TRUE(responder->progress("{\"progress\":4}\n"));
    requests.answer_last();
    EXPECT_EQ(client.receive_all(), "{\"progress\":4}\n{\"did\":[\"slow\"]}\n");
}

TEST_F(ControlRequestsTest, DropsProgressAfterTheReply) {
    auto client = connect();
    EXPECT_EQ(client.ask("[\"a\"]"), "{\"did\":[\"a\"]}\n");
    EXPECT_FALSE(requests.asked.at(0).responder->progress("{\"progress\":1}\n"));
    EXPECT_EQ(client.receive_all(), "");
}

// Items.

TEST_F(ControlRequestsTest, RetriesAnItemWhenTheClientHasReadEnough) {
    host.sockets.set_buffer_size(25);
    auto client = connect();
    client.send("[\"slow\"]");
    loop.run_ready();
    const auto& responder = requests.asked.at(0).responder;
    const std::string item = "{\"item\":{\"text\":\"" + std::string(1000, 'x') + "\"}}\n";
    std::string expected;
    int calls = 0;
    const auto send = [&] { return responder->send_item(item, [&] { ++calls; }); };
    while (send() == Responder::Sent::yes) expected += item;
    EXPECT_GE(expected.size(), 64 * 1024U);
    EXPECT_EQ(send(), Responder::Sent::full);
    EXPECT_EQ(responder->send_item(item, {}), Responder::Sent::full) << "nobody wants to know when there is room";
    loop.run_ready();
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(client.receive_all(), expected);
    EXPECT_EQ(calls, 2) << "each of them is told, once";
    EXPECT_EQ(send(), Responder::Sent::yes);
    requests.answer_last();
    EXPECT_EQ(client.receive_all(), item + "{\"did\":[\"slow\"]}\n");
    EXPECT_EQ(send(), Responder::Sent::never);
    EXPECT_EQ(calls, 2);
}

TEST_F(ControlRequestsTest, AWaitingItemNoticesThatTheClientIsGone) {
    host.sockets.set_buffer_size(25);
    auto client = connect();
    client.send("[\"slow\"]");
    loop.run_ready();
    const auto& responder = requests.asked.at(0).responder;
    const std::string item(100'000, 'x');
    int calls = 0;
    const auto send = [&] { return responder->send_item(item, [&] { ++calls; }); };
    EXPECT_EQ(send(), Responder::Sent::yes);
    EXPECT_EQ(send(), Responder::Sent::full);
    client.close();
    loop.run_ready();
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(send(), Responder::Sent::never);
}

TEST_F(ControlRequestsTest, AnItemThatWaitsBehindTheReplyOfAnotherThreadIsSentAgain) {
    host.sockets.set_buffer_size(1'000'000);
    auto client = connect();
    client.send("[\"slow\"]");
    loop.run_ready();
    int calls = 0;
    // The client has read the reply before the send() that brought it is back, and asks again.
    client.when_something_comes([&] {
        client.send("[\"slow\"]");
        loop.run_ready();
        const auto responder = requests.asked.back().responder;
        EXPECT_EQ(responder->send_item(std::string(100'000, 'x'), [] {}), Responder::Sent::yes);
        EXPECT_EQ(responder->send_item("{}\n", [&calls] { ++calls; }), Responder::Sent::full);
    });
    requests.answer_last();
    loop.run_ready();
    EXPECT_EQ(requests.asked.size(), 2U);
    EXPECT_EQ(calls, 1);
}

// A client that reads little at a time.

TEST_F(ControlRequestsTest, SendsTheRestOfAReplyWhenTheClientReads) {
    host.sockets.set_buffer_size(10);
    auto client = connect();
    client.send("[\"slow\"]");
    loop.run_ready();
    const std::string reply = "{\"text\":\"" + std::string(1'000, 'x') + "\"}\n";
    requests.asked.at(0).responder->reply(reply);
    EXPECT_EQ(client.receive_all(), reply);
    EXPECT_EQ(client.ask("[\"a\"]"), "{\"did\":[\"a\"]}\n");
}

TEST_F(ControlRequestsTest, SendsEverythingToASlowHalfClosedClient) {
    host.sockets.set_buffer_size(30);
    auto client = connect();
    client.send("[\"a\"][\"slow\"][\"c\"]");
    client.half_close();
    loop.run_ready();
    requests.answer_last();
    EXPECT_EQ(client.receive_all(), "{\"did\":[\"a\"]}\n{\"did\":[\"slow\"]}\n{\"did\":[\"c\"]}\n");
    EXPECT_TRUE(client.is_at_end());
}

}  // namespace
}  // namespace servicekit
