#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "integration/os/forked_child.hpp"
#include "integration/os/sockets/local_sockets_fixture.hpp"

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;
using test::ForkedChild;
using test::Lines;
using PosixLocalListenerTest = test::LocalSocketsTest;

constexpr auto generous = 30s;

class PosixLocalConnectionTest : public test::LocalSocketsTest {
protected:
    std::string receive(LocalConnection& from) {
        std::array<char, 64> buffer{};
        const Transfer transfer = from.receive(buffer);
        EXPECT_EQ(transfer.state, Transfer::State::done);
        return {buffer.data(), transfer.bytes};
    }
    Transfer try_to_receive(LocalConnection& from) {
        std::array<char, 64> buffer{};
        return from.receive(buffer);
    }
    Transfer fill(LocalConnection& connection) {
        const std::string block(4096, 'x');
        for (;;)
            if (const Transfer transfer = connection.send(block); transfer.state != Transfer::State::done)
                return transfer;
    }

    std::unique_ptr<LocalListener> listener = listen(path);
    std::unique_ptr<LocalConnection> client = connect(path);
    std::unique_ptr<LocalConnection> server = accept_from(*listener);
};

TEST_F(PosixLocalConnectionTest, CarriesBytesBothWays) {
    EXPECT_EQ(client->send("[\"stop\"]").bytes, 8U);
    EXPECT_EQ(receive(*server), "[\"stop\"]");

    EXPECT_EQ(server->send("{}\n").bytes, 3U);
    EXPECT_EQ(receive(*client), "{}\n");
}

TEST_F(PosixLocalConnectionTest, ReceivingNothingWouldBlock) {
    EXPECT_EQ(try_to_receive(*server).state, Transfer::State::would_block);
    EXPECT_EQ(try_to_receive(*client).state, Transfer::State::would_block);
}

TEST_F(PosixLocalConnectionTest, SendingToAPeerThatDoesNotReceiveWouldBlock) {
    EXPECT_EQ(fill(*server).state, Transfer::State::would_block);
    EXPECT_FALSE(server->wait_until_writable(0ms));

    while (try_to_receive(*client).state == Transfer::State::done) {
    }

    EXPECT_TRUE(server->wait_until_writable(generous));
    EXPECT_EQ(server->send("x").state, Transfer::State::done);
}

TEST_F(PosixLocalConnectionTest, ReceivesTheEndOnceThePeerHasShutDownSending) {
    EXPECT_EQ(client->send("last").bytes, 4U);
    client->shut_down_sending();

    EXPECT_EQ(receive(*server), "last");
    EXPECT_EQ(try_to_receive(*server).state, Transfer::State::closed);
    EXPECT_EQ(server->send("reply").state, Transfer::State::done);
    EXPECT_EQ(receive(*client), "reply");
}

TEST_F(PosixLocalConnectionTest, SendingToAClosedPeerRaisesNoSignal) {
    client.reset();

    EXPECT_EQ(server->send("x").state, Transfer::State::closed);
    EXPECT_EQ(try_to_receive(*server).state, Transfer::State::closed);
}

TEST_F(PosixLocalConnectionTest, ReportsThatThePeerLeftWithoutReading) {
    EXPECT_EQ(server->send("never read").state, Transfer::State::done);
    client.reset();

    const Transfer transfer = try_to_receive(*server);

    EXPECT_EQ(transfer.state, Transfer::State::failed);
    EXPECT_EQ(transfer.errno_value, ECONNRESET);
}

TEST_F(PosixLocalConnectionTest, WaitsUntilSomethingCanBeReceived) {
    EXPECT_FALSE(client->wait_until_readable(0ms));

    std::thread replying{[&] { EXPECT_EQ(server->send("{}\n").bytes, 3U); }};

    EXPECT_TRUE(client->wait_until_readable(generous));
    replying.join();
}

TEST_F(PosixLocalConnectionTest, BothEndsAreCloseOnExecAndNonBlocking) {
    for (const int descriptor : {listener->descriptor(), client->descriptor(), server->descriptor()}) {
        EXPECT_EQ(fcntl(descriptor, F_GETFD), FD_CLOEXEC);
        EXPECT_NE(fcntl(descriptor, F_GETFL) & O_NONBLOCK, 0);
    }
}

TEST_F(PosixLocalConnectionTest, AForkedChildKeepsNoConnection) {
    ForkedChild child{[this](Lines& lines) {
        for (const int descriptor : {listener->descriptor(), client->descriptor(), server->descriptor()})
            if (fcntl(descriptor, F_GETFD) != -1) return 1;
        lines.tell("ready");
        lines.hear();
        return 0;
    }};
    ASSERT_EQ(child.hear(), "ready");

    server.reset();

    EXPECT_EQ(try_to_receive(*client).state, Transfer::State::closed);
    child.tell("leave");
    EXPECT_EQ(child.wait(), 0);
}

TEST_F(PosixLocalConnectionTest, KnowsItsPeer) {
    for (const LocalConnection* end : {client.get(), server.get()}) {
        EXPECT_EQ(end->peer().pid, getpid());
        EXPECT_EQ(end->peer().uid, geteuid());
        EXPECT_EQ(end->peer().gid, getegid());
    }
}

TEST_F(PosixLocalListenerTest, KnowsAPeerAfterItsProcessHasEnded) {
    const auto listener = listen(path);
    ForkedChild child{[this](Lines&) { return sockets.connect(path) ? 0 : 1; }};
    const pid_t pid = child.pid();
    const auto server = accept_from(*listener);

    EXPECT_EQ(child.wait(), 0);

    EXPECT_EQ(server->peer().pid, pid);
    EXPECT_EQ(server->peer().uid, geteuid());
}

TEST_F(PosixLocalListenerTest, KnowsAllGroupsOfAPeer) {
    if (geteuid() != 0) GTEST_SKIP() << "only root may choose its groups";
    const auto listener = listen(path);
    // More than the initial buffer for groups could hold.
    std::vector<gid_t> groups(500);
    for (std::size_t i = 0; i < groups.size(); ++i) groups[i] = static_cast<gid_t>(20'000 + i);
    ForkedChild child{[&](Lines& lines) {
        if (setgroups(groups.size(), groups.data()) != 0) return 1;
        const auto client = sockets.connect(path);
        lines.hear();
        return client ? 0 : 2;
    }};
    const auto server = accept_from(*listener);

    std::vector<gid_t> told = server->peer_groups();

    std::sort(told.begin(), told.end());
    EXPECT_EQ(told, groups);
    child.tell("leave");
    EXPECT_EQ(child.wait(), 0);
}

TEST_F(PosixLocalListenerTest, AcceptReturnsNullIfNobodyWaits) {
    const auto listener = listen(path);

    auto accepted = listener->accept();

    ASSERT_TRUE(accepted);
    EXPECT_EQ(*accepted, nullptr);
}

TEST_F(PosixLocalListenerTest, AcceptsAClientThatHasAlreadyLeft) {
    const auto listener = listen(path);
    connect(path).reset();

    const auto server = accept_from(*listener);

    ASSERT_NE(server, nullptr);
    std::array<char, 8> buffer{};
    EXPECT_EQ(server->receive(buffer).state, Transfer::State::closed);
}

TEST_F(PosixLocalListenerTest, FewClientsQueueBeforeAClientThatWaits) {
    const auto listener = listen(path);
    for (int count = 0; count < 100; ++count) EXPECT_EQ(sockets.probe(path).value(), Listening::yes);
    std::atomic<bool> is_connected = false;
    std::thread waiting{[&] {
        const auto client = connect(path);
        EXPECT_NE(client, nullptr);
        is_connected = true;
    }};

    int accepted = 0;
    while (!is_connected)
        if (const auto next = listener->accept(); next && *next) ++accepted;
    waiting.join();

    EXPECT_LE(accepted, 40);
}

TEST_F(PosixLocalListenerTest, ReportsThatNoDescriptorsAreLeft) {
    const auto listener = listen(path);
    const auto client = connect(path);
    const int next = dup(0);
    close(next);
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    rlimit no_more = before;
    no_more.rlim_cur = static_cast<rlim_t>(next);
    setrlimit(RLIMIT_NOFILE, &no_more);

    const auto accepted = listener->accept();

    setrlimit(RLIMIT_NOFILE, &before);
    ASSERT_FALSE(accepted);
    EXPECT_EQ(accepted.error().errno_value, EMFILE);
    EXPECT_EQ(accepted.error().object, path);
}

}  // namespace
}  // namespace servicekit::os
