#include "policies/control/outbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "servicekit/mocks/mock_local_sockets.hpp"

namespace servicekit::policies {
namespace {

using State = os::Transfer::State;
using ::testing::NiceMock;
using ::testing::Return;

class OutboxTest : public ::testing::Test {
protected:
    OutboxTest() {
        ON_CALL(*socket, send).WillByDefault([this](std::string_view bytes) -> os::Transfer {
            if (const auto call = std::exchange(meanwhile, nullptr)) call();
            const std::size_t count = std::min({bytes.size(), room, std::size_t{4}});
            if (count == 0) return {.state = State::would_block};
            room -= count;
            received += bytes.substr(0, count);
            return {.bytes = count};
        });
    }

    void send(std::string_view line, ControlServer::Tick now) {
        std::unique_lock lock{mutex};
        outbox.send(socket, line, now, lock);
        EXPECT_TRUE(lock.owns_lock());
    }

    std::size_t room = 1'000;  ///< the total that can be sent, in pieces of four bytes
    std::string received;
    std::function<void()> meanwhile;  ///< called once, while the kernel sends
    std::shared_ptr<NiceMock<mocks::MockLocalConnection>> socket =
        std::make_shared<NiceMock<mocks::MockLocalConnection>>();
    std::mutex mutex;
    Outbox outbox{7};
};

TEST_F(OutboxTest, SendsALineAtOnceInSeveralPieces) {
    send("a whole line\n", 8);
    EXPECT_EQ(received, "a whole line\n");
    EXPECT_EQ(outbox.backlog(), 0U);
    EXPECT_EQ(outbox.moved(), 8U);
}

TEST_F(OutboxTest, KeepsUnsentTextInOrder) {
    room = 6;
    send("the first\n", 8);
    room = 1'000;
    send("the second\n", 9);
    EXPECT_EQ(received, "the fi");
    EXPECT_EQ(outbox.backlog(), 15U);
    outbox.flush(*socket, 10);
    EXPECT_EQ(received, "the first\nthe second\n");
    EXPECT_EQ(outbox.backlog(), 0U);
}

TEST_F(OutboxTest, KnowsTheTimeOfTheLastSend) {
    EXPECT_EQ(outbox.moved(), 7U);
    room = 0;
    send("waits\n", 8);
    outbox.flush(*socket, 9);
    EXPECT_EQ(outbox.moved(), 8U);
    room = 1;
    outbox.flush(*socket, 10);
    outbox.flush(*socket, 11);
    EXPECT_EQ(outbox.moved(), 10U);
}

TEST_F(OutboxTest, SendsKeptLinesTogether) {
    EXPECT_CALL(*socket, send("a\nb\n"));
    outbox.keep("a\n");
    outbox.keep("b\n");
    EXPECT_EQ(outbox.backlog(), 4U);
    outbox.flush(*socket, 8);
    EXPECT_EQ(received, "a\nb\n");
}

TEST_F(OutboxTest, KeepsTheOrderOfLongAndShortLines) {
    room = 0;
    std::string expected;
    for (int line = 0; line < 20; ++line) {
        const std::string text = std::to_string(line) + std::string(line % 3 == 0 ? 100'000 : 10, 'x') + "\n";
        send(text, 8);
        expected += text;
    }
    EXPECT_EQ(outbox.backlog(), expected.size());
    for (std::size_t read = 0; read < expected.size(); read += 50'000) {
        room = 50'000;
        outbox.flush(*socket, 9);
        EXPECT_EQ(outbox.backlog(), expected.size() - std::min(expected.size(), read + 50'000));
    }
    EXPECT_EQ(received, expected);
    room = 1'000;
    send("next\n", 10);
    EXPECT_EQ(received, expected + "next\n");
}

TEST_F(OutboxTest, ReleasesTheLockDuringTheSend) {
    bool was_free = false;
    meanwhile = [&] {
        was_free = mutex.try_lock();
        mutex.unlock();
        EXPECT_TRUE(outbox.is_sending());
    };
    send("a line\n", 8);
    EXPECT_TRUE(was_free);
    EXPECT_FALSE(outbox.is_sending());
}

TEST_F(OutboxTest, SendsLinesAddedDuringTheSendAfterwards) {
    meanwhile = [&] {
        send("the second\n", 9);
        outbox.keep("the third\n");
        outbox.flush(*socket, 9);
        outbox.send_space(*socket);
        EXPECT_EQ(received, "");
    };
    send("the first\n", 8);
    EXPECT_EQ(received, "the first\nthe second\nthe third\n");
    EXPECT_EQ(outbox.backlog(), 0U);
}

TEST_F(OutboxTest, KeepsTheRestBeforeLinesAddedDuringTheSend) {
    room = 6;
    meanwhile = [&] { send("the second\n", 9); };
    send("the first\n", 8);
    EXPECT_EQ(received, "the fi");
    EXPECT_EQ(outbox.backlog(), 15U);
    room = 1'000;
    outbox.flush(*socket, 10);
    EXPECT_EQ(received, "the first\nthe second\n");
}

TEST_F(OutboxTest, ASocketReleasedDuringTheSendLivesUntilItReturns) {
    const std::weak_ptr<os::LocalConnection> watched = socket;
    meanwhile = [&] {
        socket.reset();
        EXPECT_FALSE(watched.expired());
    };
    send("a line\n", 8);
    EXPECT_TRUE(watched.expired());
}

TEST_F(OutboxTest, SendsASpaceOrNothing) {
    outbox.send_space(*socket);
    EXPECT_EQ(received, " ");
    room = 0;
    outbox.send_space(*socket);
    EXPECT_EQ(outbox.backlog(), 0U);
    EXPECT_FALSE(outbox.is_broken());
}

TEST_F(OutboxTest, GivesUpOnAClientThatAcceptsNothing) {
    EXPECT_CALL(*socket, send).Times(3).WillRepeatedly(Return(os::Transfer{.state = State::closed}));
    Outbox by_flush{7};
    Outbox by_space{7};
    send("lost\n", 8);
    by_flush.keep("lost\n");
    by_flush.flush(*socket, 8);
    by_space.send_space(*socket);
    EXPECT_TRUE(outbox.is_broken());
    EXPECT_TRUE(by_flush.is_broken());
    EXPECT_TRUE(by_space.is_broken());
    send("not even tried\n", 9);
}

}  // namespace
}  // namespace servicekit::policies
