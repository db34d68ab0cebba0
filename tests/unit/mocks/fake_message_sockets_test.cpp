#include "servicekit/mocks/fake_message_sockets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>

namespace servicekit::mocks {
namespace {

using namespace std::chrono_literals;
using ::testing::SizeIs;
using State = os::Transfer::State;

TEST(FakeMessageSocketsTest, AListenerGetsMessages) {
    FakeMessageSockets sockets;
    EXPECT_EQ(sockets.connect("/log").error().errno_value, ENOENT);
    sockets.listen("/log");
    const auto socket = std::move(sockets.connect("/log").value());
    EXPECT_EQ(socket->kind(), os::MessageSocket::Kind::datagram);
    EXPECT_EQ(socket->send("one", 5ms).bytes, 3U);
    EXPECT_EQ(socket->send_in_file("two", 7ms).bytes, 3U);
    EXPECT_EQ(sockets.last_patience(), 7ms);
    ASSERT_THAT(sockets.messages("/log"), SizeIs(2));
    EXPECT_FALSE(sockets.messages("/log").at(0).came_in_file);
    EXPECT_TRUE(sockets.messages("/log").at(1).came_in_file);
    EXPECT_EQ(sockets.text("/log"), "onetwo");
}

TEST(FakeMessageSocketsTest, ADatagramIsSentWholeOrRefused) {
    FakeMessageSockets sockets;
    sockets.set_longest(4);
    sockets.listen("/log");
    const auto socket = std::move(sockets.connect("/log").value());
    EXPECT_EQ(socket->send("12345", 0ms).errno_value, EMSGSIZE);
    sockets.limit("/log", 3);
    EXPECT_EQ(socket->send("1234", 0ms).state, State::would_block);
    EXPECT_EQ(socket->send("123", 0ms).state, State::done);
    EXPECT_EQ(socket->send("1", 0ms).state, State::would_block);
}

TEST(FakeMessageSocketsTest, AStreamMayAcceptAPart) {
    FakeMessageSockets sockets;
    sockets.listen("/log", os::MessageSocket::Kind::stream);
    const auto socket = std::move(sockets.connect("/log").value());
    sockets.limit("/log", 3);
    EXPECT_EQ(socket->send("12345", 0ms).bytes, 3U);
    sockets.close("/log");
    EXPECT_EQ(socket->send("45", 0ms).state, State::closed);
}

TEST(FakeMessageSocketsTest, ANewListenerIsAnotherReceiver) {
    FakeMessageSockets sockets;
    sockets.listen("/log");
    const auto socket = std::move(sockets.connect("/log").value());
    sockets.listen("/log");
    EXPECT_EQ(socket->send("x", 0ms).errno_value, ECONNREFUSED);
    EXPECT_TRUE(sockets.connect("/log"));
    EXPECT_EQ(sockets.connections(), 2U);
}

TEST(FakeMessageSocketsTest, FailsOnDemand) {
    FakeMessageSockets sockets;
    sockets.listen("/log");
    const auto socket = std::move(sockets.connect("/log").value());
    for (const char* operation : {"connect", "send", "send_in_file"})
        sockets.failures().fail_next(operation, ENOMEM, "/log");
    EXPECT_FALSE(sockets.connect("/log"));
    EXPECT_EQ(socket->send("x", 0ms).errno_value, ENOMEM);
    EXPECT_EQ(socket->send_in_file("x", 0ms).errno_value, ENOMEM);
}

}  // namespace
}  // namespace servicekit::mocks
