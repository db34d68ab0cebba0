#include "servicekit/mocks/fake_stream.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <string>

namespace servicekit::mocks {
namespace {

using End = FakeStream::End;
using State = os::Transfer::State;

class FakeStreamTest : public ::testing::Test {
protected:
    std::string received(End end, std::size_t at_most = 100) {
        std::string text(at_most, '\0');
        text.resize(stream.receive(end, text).bytes);
        return text;
    }
    State receiving(End end) {
        std::array<char, 10> buffer{};
        return stream.receive(end, buffer).state;
    }

    FakeStream stream{{.pid = 1}, {.pid = 2}, 8};
};

TEST_F(FakeStreamTest, CarriesBytesBothWays) {
    EXPECT_EQ(stream.send(End::client, "ask").bytes, 3U);
    EXPECT_EQ(stream.send(End::server, "answer").bytes, 6U);
    EXPECT_EQ(received(End::server, 2), "as");
    EXPECT_EQ(received(End::server), "k");
    EXPECT_EQ(received(End::client), "answer");
    EXPECT_EQ(receiving(End::client), State::would_block);
    EXPECT_EQ(stream.who(End::client).pid, 2);
}

TEST_F(FakeStreamTest, HasALimitedBuffer) {
    EXPECT_EQ(stream.send(End::server, "0123456789").bytes, 8U);
    EXPECT_FALSE(stream.is_writable(End::server));
    EXPECT_EQ(stream.send(End::server, "x").state, State::would_block);
    EXPECT_EQ(received(End::client, 3), "012");
    EXPECT_TRUE(stream.is_writable(End::server));
    EXPECT_EQ(stream.send(End::server, "abcdef").bytes, 3U);
    EXPECT_EQ(received(End::client), "34567abc");
}

TEST_F(FakeStreamTest, DeliversTheRestLater) {
    stream.send_all(End::client, "0123456789abc");
    stream.shut_down_sending(End::client);
    EXPECT_EQ(stream.unread(End::server), 8U);
    EXPECT_EQ(received(End::server), "01234567");
    EXPECT_FALSE(stream.is_at_end(End::server));
    EXPECT_EQ(received(End::server), "89abc");
    EXPECT_TRUE(stream.is_at_end(End::server));
    EXPECT_EQ(receiving(End::server), State::closed);
}

TEST_F(FakeStreamTest, StillReceivesAfterShuttingDownSending) {
    stream.shut_down_sending(End::client);
    EXPECT_TRUE(stream.is_readable(End::server));
    EXPECT_EQ(receiving(End::server), State::closed);
    EXPECT_EQ(stream.send(End::client, "x").state, State::closed);
    EXPECT_EQ(stream.send(End::server, "answer").bytes, 6U);
    EXPECT_EQ(received(End::client), "answer");
}

TEST_F(FakeStreamTest, DeliversDataSentBeforeTheClose) {
    stream.send(End::server, "bye");
    stream.close(End::server);
    EXPECT_TRUE(stream.is_closed(End::server));
    EXPECT_EQ(received(End::client), "bye");
    EXPECT_EQ(receiving(End::client), State::closed);
    EXPECT_EQ(stream.send(End::client, "x").state, State::closed);
    EXPECT_TRUE(stream.is_writable(End::client));
    EXPECT_FALSE(stream.was_reset(End::client));
}

TEST_F(FakeStreamTest, ResetsThePeerIfClosedWithUnreadData) {
    stream.send(End::client, "unread");
    stream.send(End::server, "read");
    stream.close(End::server);
    EXPECT_TRUE(stream.was_reset(End::client));
    EXPECT_EQ(received(End::client), "read");
    std::array<char, 10> buffer{};
    const os::Transfer transfer = stream.receive(End::client, buffer);
    EXPECT_EQ(transfer.state, State::failed);
    EXPECT_EQ(transfer.errno_value, ECONNRESET);
    EXPECT_EQ(receiving(End::client), State::closed);
}

}  // namespace
}  // namespace servicekit::mocks
