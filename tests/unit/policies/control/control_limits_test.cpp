#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "unit/policies/control/control_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::SizeIs;

class ControlLimitsTest : public ControlFixture {
protected:
    using Options = UnixSocketControl::Options;

    static constexpr uid_t alice = 1000;
    static constexpr uid_t bob = 1001;

    void open_to_all(Options options = {}) {
        options.permissions = 0666;
        open(std::move(options));
    }
    [[nodiscard]] bool is_served(mocks::FakeClient& client) {
        return client.ask("[\"a\"]") == RecordedRequests::answer("[\"a\"]");
    }
    [[nodiscard]] bool has_timer() {
        const auto before = host.clock.steady_now();
        loop.run_until_idle();
        return host.clock.steady_now() != before;
    }
};

// Times.

TEST_F(ControlLimitsTest, ClosesFiveSecondsAfterTheLastReply) {
    open();
    auto client = connect();
    EXPECT_TRUE(is_served(client));
    advance(4'900ms);
    EXPECT_FALSE(client.is_at_end());
    EXPECT_TRUE(is_served(client));
    advance(4'900ms);
    EXPECT_FALSE(client.is_at_end());
    advance(500ms);
    EXPECT_TRUE(client.is_at_end());
}

TEST_F(ControlLimitsTest, WaitsForAReplyWithoutALimit) {
    open();
    auto client = connect();
    client.send("[\"slow\"]");
    loop.run_ready();
    advance(3'600s);
    EXPECT_FALSE(client.is_at_end());
    requests.answer_last();
    EXPECT_EQ(client.receive(), "{\"did\":[\"slow\"]}\n");
    advance(4'900ms);
    EXPECT_FALSE(client.is_at_end());
}

TEST_F(ControlLimitsTest, ClosesWhenAFirstRequestTakesLongerThanAMinute) {
    open();
    auto silent = connect();
    auto slow = connect();
    auto blank = connect();
    for (int second = 0; second < 59; ++second) {
        slow.send(second == 0 ? "[" : " ");
        blank.send("\n");
        advance(1s);
    }
    for (auto* client : {&silent, &slow, &blank}) EXPECT_FALSE(client->is_at_end());
    advance(2s);
    for (auto* client : {&silent, &slow, &blank}) EXPECT_TRUE(client->is_at_end());
}

TEST_F(ControlLimitsTest, ClosesWhenALaterRequestTakesLongerThanAMinute) {
    open();
    auto client = connect();
    EXPECT_TRUE(is_served(client));
    advance(3s);
    for (int second = 0; second < 59; ++second) {
        client.send(second == 0 ? "[" : " ");
        advance(1s);
    }
    EXPECT_FALSE(client.is_at_end());
    advance(2s);
    EXPECT_TRUE(client.is_at_end());
}

TEST_F(ControlLimitsTest, RunsNoTimerWhileThereIsNoConnection) {
    open();
    EXPECT_FALSE(has_timer());
    {
        auto client = connect();
        EXPECT_TRUE(is_served(client));
    }
    loop.run_until_idle();
    EXPECT_FALSE(has_timer());
}

TEST_F(ControlLimitsTest, StartsNoTimerForAnImmediateReply) {
    open();
    auto client = connect();
    client.send("[\"a\"]\n");
    client.half_close();
    EXPECT_EQ(client.receive_all(), "{\"did\":[\"a\"]}\n");
    EXPECT_TRUE(client.is_at_end());
    EXPECT_FALSE(has_timer());
}

// Sizes.

TEST_F(ControlLimitsTest, AcceptsARequestOfTheMaximumSizeAndRefusesALonger) {
    open({.max_request_bytes = 100});
    auto fits = connect();
    const std::string text = "[\"" + std::string(96, 'x') + "\"]";
    EXPECT_EQ(fits.ask(text), RecordedRequests::answer(text));

    auto longer = connect();
    EXPECT_EQ(longer.ask("[\"" + std::string(97, 'x') + "\"]"), "{\"error\":1}\n");
    EXPECT_EQ(requests.refusals.at(0).reason, Reason::too_large);
    EXPECT_EQ(requests.refusals.at(0).number, 100U);
    EXPECT_EQ(requests.refusals.at(0).text, "the request is longer than 100 bytes");
    EXPECT_TRUE(longer.is_at_end());
}

TEST_F(ControlLimitsTest, RefusesATooLargeRequestWhileTheClientSends) {
    open();
    auto client = connect();
    client.send("[\"" + std::string(5'000'000, 'x') + "\"]");
    EXPECT_EQ(client.receive_all(), "{\"error\":1}\n");
    EXPECT_EQ(requests.refusals.at(0).number, 1024U * 1024U);
    client.close();
    loop.run_ready();
    EXPECT_FALSE(client.was_reset());
}

TEST_F(ControlLimitsTest, RefusesATooDeeplyNestedRequest) {
    open();
    auto fits = connect();
    EXPECT_EQ(fits.ask(std::string(64, '[') + std::string(64, ']')).substr(0, 7), "{\"did\":");
    auto deeper = connect();
    EXPECT_EQ(deeper.ask(std::string(65, '[')), "{\"error\":1}\n");
    EXPECT_EQ(requests.refusals.at(0).reason, Reason::too_deep);
    EXPECT_EQ(requests.refusals.at(0).number, 64U);
}

TEST_F(ControlLimitsTest, LimitsRequestsPipelinedBehindASlowOne) {
    open({.max_request_bytes = 1'000});
    host.sockets.set_buffer_size(100);
    auto client = connect();
    client.send("[\"slow\"]");
    std::string expected = "{\"did\":[\"slow\"]}\n";
    for (int count = 0; count < 1'000; ++count) {
        client.send("[\"a\"]");
        expected += "{\"did\":[\"a\"]}\n";
    }
    client.half_close();
    loop.run_ready();
    EXPECT_THAT(requests.asked, SizeIs(1));
    advance(1s);
    EXPECT_EQ(client.receive(), "");  // the service has not seen the end of the request yet: no spaces
    requests.answer_last();
    EXPECT_EQ(client.receive_all(), expected);
    EXPECT_TRUE(client.is_at_end());
}

// Replies that the client does not read.

TEST_F(ControlLimitsTest, DisconnectsAClientThatDoesNotRead) {
    open({.max_reply_backlog = 1'000});
    host.sockets.set_buffer_size(100);
    auto client = connect();
    for (int count = 0; count < 1'000; ++count) client.send("[\"a\"]");
    loop.run_ready();
    EXPECT_LE(requests.asked.size(), (1'000 + 100) / RecordedRequests::answer("[\"a\"]").size() + 1);
    auto other = connect();
    EXPECT_TRUE(is_served(other));
    advance(4'900ms);
    EXPECT_FALSE(client.was_reset());
    advance(500ms);
    EXPECT_TRUE(client.was_reset());
}

TEST_F(ControlLimitsTest, ContinuesWithAClientThatReadsLate) {
    open({.max_reply_backlog = 1'000});
    host.sockets.set_buffer_size(100);
    auto client = connect();
    std::string expected;
    for (int count = 0; count < 1'000; ++count) {
        client.send("[\"a\"]");
        expected += RecordedRequests::answer("[\"a\"]");
    }
    advance(4s);
    std::string received = client.receive();
    advance(4s);
    received += client.receive_all();
    EXPECT_EQ(received, expected);
}

TEST_F(ControlLimitsTest, SendsASingleReplyThatIsLongerThanTheBacklog) {
    open({.max_reply_backlog = 1'000});
    host.sockets.set_buffer_size(100);
    auto client = connect();
    client.send("[\"slow\"]");
    loop.run_ready();
    const std::string reply = "{\"text\":\"" + std::string(50'000, 'x') + "\"}\n";
    requests.asked.at(0).responder->reply(reply);
    EXPECT_EQ(client.receive_all(), reply);
}

TEST_F(ControlLimitsTest, GivesAClientAMinuteToReadAReply) {
    open();
    host.sockets.set_buffer_size(10);
    auto client = connect();
    client.send("[\"a\"]");
    advance(59s);
    EXPECT_EQ(client.receive(), "{\"did\":[\"a");
    loop.run_ready();
    EXPECT_EQ(client.receive(), "\"]}\n");
    advance(4s);
    EXPECT_FALSE(client.is_at_end());

    auto reads_never = connect();
    reads_never.send("[\"a\"]");
    advance(61s);
    EXPECT_EQ(reads_never.receive(), "{\"did\":[\"a");
    EXPECT_TRUE(reads_never.is_at_end());
}

TEST_F(ControlLimitsTest, LimitsUnreadRepliesOfAStrangerOnAllConnections) {
    open_to_all({.max_reply_backlog = 2'000, .max_buffered_replies = 8'000});
    host.sockets.set_buffer_size(100);
    const std::size_t reply = RecordedRequests::answer("[\"a\"]").size();
    std::vector<mocks::FakeClient> greedy;
    for (int count = 0; count < 20; ++count) greedy.push_back(connect_as(alice));
    for (int request = 0; request < 1'000; ++request)
        for (auto& client : greedy) client.send("[\"a\"]");
    loop.run_ready();
    // A quarter of the room, the socket buffers, and the last reply of each client.
    EXPECT_LE(requests.asked.size() * reply, 2'000 + 20 * (100 + reply));

    auto other = connect_as(bob);
    EXPECT_TRUE(is_served(other));
    auto owner = connect();
    EXPECT_TRUE(is_served(owner));
    advance(5'500ms);
    EXPECT_TRUE(std::any_of(greedy.begin(), greedy.end(), [](auto& client) { return client.was_reset(); }));
    greedy.clear();
    loop.run_ready();
    auto next = connect_as(alice);
    EXPECT_TRUE(is_served(next));
}

TEST_F(ControlLimitsTest, LimitsUnreadRepliesOfAllStrangersTogether) {
    open_to_all({.max_reply_backlog = 2'000, .max_buffered_replies = 8'000});
    host.sockets.set_buffer_size(100);
    const std::size_t reply = RecordedRequests::answer("[\"a\"]").size();
    std::vector<mocks::FakeClient> greedy;
    for (uid_t user = alice; user < alice + 20; ++user) greedy.push_back(connect_as(user));
    for (int request = 0; request < 1'000; ++request)
        for (auto& client : greedy) client.send("[\"a\"]");
    loop.run_ready();
    EXPECT_LE(requests.asked.size() * reply, 6'000 + 20 * (100 + reply));
    auto innocent = connect_as(alice + 100);
    EXPECT_TRUE(is_served(innocent));
    auto owner = connect();
    EXPECT_TRUE(is_served(owner));
}

TEST_F(ControlLimitsTest, ContinuesOnceTheUsersOtherConnectionsAreRead) {
    open_to_all({.max_reply_backlog = 2'000, .max_buffered_replies = 8'000});
    host.sockets.set_buffer_size(100);
    auto hoarding = connect_as(alice);
    for (int request = 0; request < 1'000; ++request) hoarding.send("[\"a\"]");
    loop.run_ready();
    auto waiting = connect_as(alice);
    EXPECT_EQ(waiting.ask("[\"b\"]"), "");
    (void)hoarding.receive_all();
    advance(200ms);
    EXPECT_EQ(waiting.receive_all(), RecordedRequests::answer("[\"b\"]"));
}

// Turns.

TEST_F(ControlLimitsTest, GivesEachStrangerTheSameTime) {
    open_to_all();
    std::vector<mocks::FakeClient> flood;
    for (int count = 0; count < 10; ++count) flood.push_back(connect_as(alice));
    auto other = connect_as(bob);
    for (auto& client : flood)
        for (int request = 0; request < 50; ++request) client.send("[\"costly\"]");
    for (int request = 0; request < 50; ++request) other.send("[\"b\"]");
    requests.when_asked = [&](std::string_view text) { host.clock.advance(text == "[\"b\"]" ? 100us : 1ms); };
    loop.run_ready();
    const auto texts = requests.texts();
    const auto last = std::find(texts.rbegin(), texts.rend(), "[\"b\"]").base();
    // Fifty cheap requests take as long as five costly ones.
    EXPECT_LE(last - texts.begin(), 50 + 10);
    EXPECT_EQ(texts.size(), 550U);
}

TEST_F(ControlLimitsTest, ServesAStrangerWhoMayOperateFirst) {
    open_to_all({.operate = {"user:" + std::to_string(bob)}});
    std::vector<mocks::FakeClient> flood;
    for (uid_t user = alice + 10; user < alice + 18; ++user) {
        flood.push_back(connect_as(user));
        flood.back().send("[\"a\"]");
    }
    auto operator_ = connect_as(bob);
    operator_.send("[\"operate\"]");
    requests.when_asked = [&](std::string_view) { host.clock.advance(1ms); };
    loop.run_ready();
    EXPECT_EQ(requests.texts().front(), "[\"operate\"]");
}

TEST_F(ControlLimitsTest, AStrangerThatClosesWhileQueuedIsRemoved) {
    open_to_all();
    std::vector<mocks::FakeClient> flood;
    for (int count = 0; count < 10; ++count) flood.push_back(connect_as(alice));
    for (auto& client : flood)
        for (int request = 0; request < 10; ++request) client.send("[\"a\"]");
    requests.when_asked = [&](std::string_view) {
        host.clock.advance(1ms);
        if (requests.asked.size() == 5) flood.clear();
        if (requests.asked.size() == 6) control->close();
    };
    loop.run_ready();
    EXPECT_LE(requests.asked.size(), 6U);
}

TEST_F(ControlLimitsTest, ServesAnOperatorBetweenTwoRequestsOfAStranger) {
    open_to_all();
    auto owner = connect();
    EXPECT_TRUE(is_served(owner));
    auto stranger = connect_as(alice);
    for (int request = 0; request < 200; ++request) stranger.send("[\"a\"]");
    const auto started = requests.asked.size();
    requests.when_asked = [&](std::string_view) {
        host.clock.advance(1ms);
        if (requests.asked.size() == started + 20) owner.send("[\"owner\"]");
    };
    loop.run_ready();
    const auto texts = requests.texts();
    EXPECT_EQ(texts.at(started + 20), "[\"owner\"]");
    EXPECT_EQ(texts.size(), started + 201);
}

TEST_F(ControlLimitsTest, AnOperatorWaitsNoLongerThanATurnOfCheapRequests) {
    open_to_all();
    auto owner = connect();
    EXPECT_TRUE(is_served(owner));
    std::vector<mocks::FakeClient> flood;
    for (int count = 0; count < 20; ++count) {
        flood.push_back(connect_as(alice));
        for (int request = 0; request < 50; ++request) flood.back().send("[\"a\"]");
    }
    std::chrono::steady_clock::time_point sent{};
    std::chrono::steady_clock::duration waited{};
    requests.when_asked = [&](std::string_view text) {
        if (text == "[\"owner\"]") waited = host.clock.steady_now() - sent;
        host.clock.advance(3us);
        if (requests.asked.size() != 300) return;
        sent = host.clock.steady_now();
        owner.send("[\"owner\"]");
    };
    loop.run_ready();
    EXPECT_EQ(requests.asked.size(), 1'002U);
    EXPECT_LE(waited, 55us);
}

TEST_F(ControlLimitsTest, AnOperatorWaitsForFewAcceptsInAFlood) {
    open_to_all();
    auto owner = connect();
    EXPECT_TRUE(is_served(owner));
    std::vector<mocks::FakeClient> storm;
    for (int count = 0; count < 500; ++count) storm.push_back(connect_as(alice));
    int accepted = 0;
    int accepted_when_asked = 0;
    host.faults.before_each([&](std::string_view operation) {
        if (operation != "sockets.accept" || accepted == 5'000) return;
        host.clock.advance(10us);
        storm.push_back(connect_as(alice));
        if (++accepted == 1'000) owner.send("[\"owner\"]");
    });
    requests.when_asked = [&](std::string_view) { accepted_when_asked = accepted; };
    loop.run_ready();
    host.faults.before_each({});
    EXPECT_EQ(accepted, 5'000);
    EXPECT_LE(accepted_when_asked, 1'000 + 20);
}

TEST_F(ControlLimitsTest, ServesAnOperatorAsSoonAsItIsAccepted) {
    open_to_all();
    std::vector<mocks::FakeClient> strangers;
    for (int count = 0; count < 8; ++count) {
        strangers.push_back(connect_as(alice));
        strangers.back().send("[\"a\"]");
    }
    auto owner = connect();
    owner.send("[\"owner\"]");
    loop.run_ready();
    EXPECT_EQ(requests.texts().front(), "[\"owner\"]");
    EXPECT_THAT(requests.asked, SizeIs(9));
}

TEST_F(ControlLimitsTest, ReceivesFromAStrangerNoLongerThanItsTurnLasts) {
    open_to_all();
    auto owner = connect();
    EXPECT_TRUE(is_served(owner));
    auto stranger = connect_as(alice);
    stranger.send("[\"" + std::string(8'000, 'x') + "\"]");
    int received = 0;
    int received_when_asked = 0;
    host.faults.before_each([&](std::string_view operation) {
        if (operation != "sockets.receive") return;
        // The kernel delivers each byte separately.
        host.clock.advance(50us);
        if (++received == 10) owner.send("[\"owner\"]");
    });
    requests.when_asked = [&](std::string_view text) {
        if (text == "[\"owner\"]") received_when_asked = received;
    };
    loop.run_ready();
    host.faults.before_each({});
    EXPECT_THAT(requests.asked, SizeIs(3));
    EXPECT_LE(received_when_asked, 10 + 2);
}

TEST_F(ControlLimitsTest, ChecksTimeoutsOfManyConnectionsInPortions) {
    open();
    std::vector<mocks::FakeClient> waiting;
    for (int count = 0; count < 100; ++count) {
        waiting.push_back(connect());
        waiting.back().send("[\"slow\"]");
        waiting.back().half_close();
    }
    loop.run_ready();
    const auto told = [&] {
        return std::count_if(waiting.begin(), waiting.end(), [](auto& client) { return client.receive() == " "; });
    };
    host.clock.advance(200ms);
    EXPECT_TRUE(host.reactor.step());
    EXPECT_EQ(told(), 32);
    loop.run_ready();
    EXPECT_EQ(told(), 100 - 32);
}

// Descriptors.

TEST_F(ControlLimitsTest, StrangersLeaveDescriptorsFreeForOperators) {
    host.process.set_descriptor_limit(100);
    open_to_all();
    std::vector<mocks::FakeClient> silent;
    for (uid_t user = alice; user < alice + 5; ++user)
        for (int count = 0; count < 64; ++count) silent.push_back(connect_as(user));
    loop.run_ready();
    EXPECT_LE(host.reactor.open_descriptors(), 100U);
    EXPECT_EQ(control->counts()->refused_no_files, requests.refusals.size());
    EXPECT_EQ(requests.refusals.front().reason, Reason::too_many);
    EXPECT_EQ(requests.refusals.front().number, 75U);
    EXPECT_EQ(requests.refusals.front().text, "too many open files");
    EXPECT_EQ(silent.back().receive_all(), "{\"error\":" + std::to_string(requests.refusals.size()) + "}\n");
    EXPECT_TRUE(silent.back().is_at_end());

    std::vector<mocks::FakeClient> owners;
    for (int count = 0; count < 10; ++count) {
        owners.push_back(connect());
        EXPECT_TRUE(is_served(owners.back()));
    }
    silent.clear();
    loop.run_ready();
    auto next = connect_as(bob);
    EXPECT_TRUE(is_served(next));
}

TEST_F(ControlLimitsTest, OperatorsLeaveSomeDescriptorsFreeForTheLog) {
    host.process.set_descriptor_limit(100);
    open_to_all();
    std::vector<mocks::FakeClient> owners;
    for (int count = 0; count < 120; ++count) owners.push_back(connect());
    loop.run_ready();
    ASSERT_FALSE(requests.refusals.empty());
    EXPECT_EQ(requests.refusals.front().number, 97U);
}

TEST_F(ControlLimitsTest, FollowsTheLimitOfDescriptorsWithinASecond) {
    host.process.set_descriptor_limit(100);
    open_to_all();
    auto first = connect_as(alice);
    EXPECT_TRUE(is_served(first));
    host.process.set_descriptor_limit(4);
    advance(1s);
    auto refused = connect_as(alice);
    EXPECT_FALSE(is_served(refused));
    EXPECT_EQ(control->counts()->refused_no_files, 1U);
}

// Request sizes of clients that may only read.

TEST_F(ControlLimitsTest, TakesSmallerRequestsFromAClientThatMayNotOperate) {
    open_to_all({.operate = {"user:" + std::to_string(bob)}, .max_request_bytes_of_readers = 100});
    const std::string text = "[\"" + std::string(200, 'x') + "\"]";
    auto reader = connect_as(alice);
    EXPECT_EQ(reader.ask(text), "{\"error\":1}\n");
    EXPECT_EQ(requests.refusals.at(0).reason, Reason::too_large);
    EXPECT_EQ(requests.refusals.at(0).number, 100U);
    auto may_operate = connect_as(bob);
    EXPECT_EQ(may_operate.ask(text), RecordedRequests::answer(text));
    auto owner = connect();
    EXPECT_EQ(owner.ask(text), RecordedRequests::answer(text));
}

// Connections.

TEST_F(ControlLimitsTest, RefusesConnectionsBeyondTheMaximum) {
    open({.max_connections = 3, .reserved_for_owner = 1});
    std::vector<mocks::FakeClient> clients;
    for (int count = 0; count < 3; ++count) {
        clients.push_back(connect());
        EXPECT_TRUE(is_served(clients.back()));
    }
    auto refused = connect();
    EXPECT_EQ(refused.ask("[\"a\"]\n"), "{\"error\":1}\n");
    EXPECT_EQ(requests.refusals.at(0).reason, Reason::too_many);
    EXPECT_EQ(requests.refusals.at(0).number, 3U);
    EXPECT_TRUE(refused.is_at_end());
    refused.close();
    loop.run_ready();
    EXPECT_FALSE(refused.was_reset());

    clients.pop_back();
    auto next = connect();
    EXPECT_TRUE(is_served(next));
}

TEST_F(ControlLimitsTest, CountsConnections) {
    control = control_with({});
    EXPECT_EQ(control->counts()->open, 0U);
    open({.max_connections = 2, .reserved_for_owner = 0});
    auto first = connect();
    auto second = connect();
    EXPECT_TRUE(is_served(first));
    EXPECT_TRUE(is_served(second));
    auto refused = connect();
    EXPECT_FALSE(is_served(refused));
    refused.close();
    second.close();
    loop.run_ready();
    const auto counts = control->counts();
    ASSERT_TRUE(counts);
    EXPECT_EQ(counts->open, 1U);
    EXPECT_EQ(counts->accepted, 2U);
    EXPECT_EQ(counts->refused_too_many, 1U);
    EXPECT_EQ(counts->refused_no_files, 0U);
    EXPECT_EQ(counts->failed, 0U);
}

TEST_F(ControlLimitsTest, ReservesConnectionsForOwnerAndRoot) {
    open_to_all({.max_connections = 3, .reserved_for_owner = 1});
    auto first = connect_as(alice);
    auto second = connect_as(bob);
    auto refused = connect_as(bob);
    EXPECT_TRUE(is_served(first));
    EXPECT_TRUE(is_served(second));
    EXPECT_FALSE(is_served(refused));
    EXPECT_EQ(requests.refusals.at(0).number, 2U);
    auto root = connect_as(0);
    EXPECT_TRUE(is_served(root));
    root.close();
    loop.run_ready();
    auto owner = connect();
    EXPECT_TRUE(is_served(owner));
}

TEST_F(ControlLimitsTest, GivesEachStrangerItsShareOfConnections) {
    open_to_all({.max_connections_per_user = 2});
    std::vector<mocks::FakeClient> clients;
    for (int count = 0; count < 2; ++count) clients.push_back(connect_as(alice));
    auto refused = connect_as(alice);
    EXPECT_FALSE(is_served(refused));
    EXPECT_EQ(requests.refusals.at(0).number, 2U);
    auto other = connect_as(bob);
    EXPECT_TRUE(is_served(other));
    for (int count = 0; count < 5; ++count) {
        clients.push_back(connect());
        EXPECT_TRUE(is_served(clients.back()));
    }
}

TEST_F(ControlLimitsTest, AStrangerBeyondItsShareIsServedIfOneIsFreedSoon) {
    open_to_all({.max_connections_per_user = 1});
    auto first = connect_as(alice);
    EXPECT_TRUE(is_served(first));
    auto second = connect_as(alice);
    second.send("[\"a\"]");
    EXPECT_TRUE(host.reactor.step());  // the service accepts it
    EXPECT_TRUE(host.reactor.step());  // and has its first turn
    first.close();
    EXPECT_EQ(second.receive_all(), RecordedRequests::answer("[\"a\"]"));
}

TEST_F(ControlLimitsTest, ServesTheOwnerInAFloodOfConnections) {
    open_to_all();
    std::vector<mocks::FakeClient> flood;
    for (int count = 0; count < 2'000; ++count) flood.push_back(connect_as(alice));
    loop.run_ready();
    auto owner = connect();
    EXPECT_TRUE(is_served(owner));
    // All get an error. Connections beyond the limit for a careful close are closed at once.
    EXPECT_EQ(requests.refusals.size(), 2'000U - 64U);
    for (std::size_t count = 64; count < flood.size(); ++count)
        EXPECT_EQ(flood[count].receive().substr(0, 9), "{\"error\":") << count;
    EXPECT_LT(host.reactor.describe().size(), 20'000U);
}

TEST_F(ControlLimitsTest, PausesIfNoConnectionCanBeAccepted) {
    open();
    auto before = connect();
    EXPECT_TRUE(is_served(before));
    host.sockets.failures().fail_always("accept", EMFILE);
    auto client = connect();
    EXPECT_EQ(client.ask("[\"a\"]"), "");
    EXPECT_TRUE(is_served(before));
    EXPECT_GT(control->counts()->failed, 0U);
    EXPECT_EQ(control->counts()->accepted, 1U);
    host.sockets.failures().succeed_again("accept");
    EXPECT_EQ(client.receive_all(), "");
    advance(100ms);
    EXPECT_EQ(client.receive(), "{\"did\":[\"a\"]}\n");
}

// Bytes of unfinished requests.

TEST_F(ControlLimitsTest, AStrangerGetsAQuarterOfTheRoomForPartialRequests) {
    open_to_all({.max_request_bytes = 1'000, .max_buffered_bytes = 8'000});
    std::vector<mocks::FakeClient> greedy;
    for (int count = 0; count < 2; ++count) {
        greedy.push_back(connect_as(alice));
        EXPECT_EQ(greedy.back().ask("[\"" + std::string(900, 'x')), "");
    }
    auto beyond = connect_as(alice);
    EXPECT_EQ(beyond.ask("[\"" + std::string(900, 'x')), "{\"error\":1}\n");
    EXPECT_EQ(requests.refusals.at(0).reason, Reason::too_many);
    EXPECT_EQ(requests.refusals.at(0).number, 8'000U);
    EXPECT_TRUE(beyond.is_at_end());

    auto whole = connect_as(alice);
    EXPECT_TRUE(is_served(whole));
    auto other = connect_as(bob);
    EXPECT_EQ(other.ask("[\"" + std::string(900, 'x')), "");
    EXPECT_NE(other.ask("\"]"), "");

    greedy.clear();
    loop.run_ready();
    auto next = connect_as(alice);
    EXPECT_EQ(next.ask("[\"" + std::string(900, 'x')), "");
}

TEST_F(ControlLimitsTest, ReservesRoomForARequestOfTheOwner) {
    open_to_all({.max_request_bytes = 1'000, .max_buffered_bytes = 4'000});
    std::vector<mocks::FakeClient> greedy;
    for (uid_t user = alice; user < alice + 5; ++user) {
        greedy.push_back(connect_as(user));
        (void)greedy.back().ask("[\"" + std::string(900, 'x'));
    }
    EXPECT_THAT(requests.refusals, SizeIs(2));
    auto owner = connect();
    EXPECT_EQ(owner.ask("[\"" + std::string(900, 'x')), "");
    EXPECT_NE(owner.ask("\"]"), "");
}

TEST_F(ControlLimitsTest, PipelinedRequestsWaitInTheSocketWithoutRoom) {
    open_to_all({.max_request_bytes = 300, .max_buffered_bytes = 800});
    host.sockets.set_buffer_size(150);
    auto client = connect_as(alice);
    client.send("[\"slow\"]");
    std::string expected = "{\"did\":[\"slow\"]}\n";
    for (int count = 0; count < 300; ++count) {
        client.send("[\"a\"]");
        expected += "{\"did\":[\"a\"]}\n";
    }
    EXPECT_EQ(client.receive_all(), "");
    requests.answer_last();
    EXPECT_EQ(client.receive_all(), expected);
    EXPECT_THAT(requests.refusals, SizeIs(0));
}

}  // namespace
}  // namespace servicekit
