#include "servicekit/os/message_sockets.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "integration/os/temporary_directory.hpp"
#include "integration/support/message_receiver.hpp"

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;
using servicekit::test::MessageReceiver;
using Kind = MessageSocket::Kind;
using State = Transfer::State;

class PosixMessageSocketsTest : public testing::Test {
protected:
    std::unique_ptr<MessageSocket> connect() {
        auto connected = sockets.connect(path);
        EXPECT_TRUE(connected) << connected.error().message();
        return connected ? std::move(*connected) : nullptr;
    }

    test::TemporaryDirectory directory;
    std::string path = directory.file("socket");
    MessageSockets& sockets = posix_message_sockets();
};

TEST_F(PosixMessageSocketsTest, SendsDatagrams) {
    MessageReceiver receiver{path, SOCK_DGRAM};
    const auto socket = connect();
    EXPECT_EQ(socket->kind(), Kind::datagram);
    EXPECT_EQ(socket->send("one", 0ms).bytes, 3U);
    EXPECT_EQ(socket->send("two", 0ms).bytes, 3U);
    EXPECT_EQ(receiver.next().text, "one");
    EXPECT_EQ(receiver.next().text, "two");
}

TEST_F(PosixMessageSocketsTest, SendsBytesToAStreamSocket) {
    MessageReceiver receiver{path, SOCK_STREAM};
    const auto socket = connect();
    EXPECT_EQ(socket->kind(), Kind::stream);
    EXPECT_EQ(socket->send("one\n", 0ms).bytes, 4U);
    receiver.accept();
    EXPECT_EQ(receiver.next().text, "one\n");
    receiver.hang_up();
    EXPECT_EQ(socket->send("two\n", 0ms).state, State::closed);
}

TEST_F(PosixMessageSocketsTest, DoesNotConnectIfNobodyListens) {
    EXPECT_EQ(sockets.connect(path).error().errno_value, ENOENT);
    { const MessageReceiver gone{path, SOCK_DGRAM}; }
    const auto refused = sockets.connect(path);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message(), "cannot connect to '" + path + "': Connection refused");
}

TEST_F(PosixMessageSocketsTest, AClosedReceiverIsNoticed) {
    std::unique_ptr<MessageSocket> socket;
    {
        const MessageReceiver receiver{path, SOCK_DGRAM};
        socket = connect();
    }
    EXPECT_EQ(socket->send("one", 0ms).errno_value, ECONNREFUSED);
}

TEST_F(PosixMessageSocketsTest, ABlockedReceiverDelaysOnlyBriefly) {
    MessageReceiver receiver{path, SOCK_DGRAM};
    const auto socket = connect();
    Transfer done;
    int sent = 0;
    while ((done = socket->send("x", 0ms)).state == State::done && sent < 100'000) ++sent;
    EXPECT_EQ(done.state, State::would_block);
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(socket->send("x", 50ms).state, State::would_block);
    EXPECT_GE(std::chrono::steady_clock::now() - before, 50ms);
    receiver.next();
    EXPECT_EQ(socket->send("y", 30s).state, State::done);
}

TEST_F(PosixMessageSocketsTest, ATooLongMessageGoesInASealedFile) {
    MessageReceiver receiver{path, SOCK_DGRAM};
    const auto socket = connect();
    const std::string much(20U << 20U, 'x');
    const Transfer done = socket->send(much, 0ms);
    ASSERT_EQ(done.state, State::failed);
    EXPECT_TRUE(done.errno_value == EMSGSIZE || done.errno_value == ENOBUFS) << done.errno_value;
    EXPECT_EQ(socket->send_in_file(much, 0ms).state, State::done);
    const auto message = receiver.next();
    EXPECT_EQ(message.text, "");
    ASSERT_TRUE(message.file);
    EXPECT_EQ(MessageReceiver::content_of(message), much);
    EXPECT_EQ(::fcntl(message.file.get(), F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
}

TEST_F(PosixMessageSocketsTest, PathsMayBeLongerThanAnAddress) {
    const std::string deep = directory.file(std::string(120, 'n'));
    std::filesystem::create_directory(deep);
    const MessageReceiver receiver{path, SOCK_DGRAM};
    std::filesystem::rename(path, deep + "/socket");
    path = deep + "/socket";
    EXPECT_NE(connect(), nullptr);
}

}  // namespace
}  // namespace servicekit::os
