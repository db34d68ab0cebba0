#include "servicekit/mocks/fake_local_sockets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <stdexcept>

#include "servicekit/mocks/fake_event_loop.hpp"

namespace servicekit::mocks {
namespace {

using namespace std::chrono_literals;
using os::Listening;
using State = os::Transfer::State;
using ::testing::ElementsAre;

const Peer root{.pid = 4242, .uid = 0, .gid = 0, .groups = {4, 27}};
const Peer stranger{.pid = 4243, .uid = 1000, .gid = 1000, .groups = {}};

class FakeLocalSocketsTest : public ::testing::Test {
protected:
    static inline const std::string path = "/run/x.control";

    FakeLocalSocketsTest() { files.add_directory("/run"); }

    std::unique_ptr<os::LocalListener> listen(const os::LocalSocketAccess& access = {}) {
        return *sockets.listen(path, access);
    }
    /// Leaves the file of a socket, as a killed process does.
    void leave_stale_socket() {
        const auto listener = listen();
        sockets.process_died(process.id());
    }
    static std::string received(os::LocalConnection& connection) {
        std::array<char, 100> buffer{};
        return {buffer.data(), connection.receive(buffer).bytes};
    }

    FakeClock clock;
    FakeReactor reactor{clock};
    FakeFiles files;
    FakeProcess process;
    FakeLocalSockets sockets{reactor, files, process};
};

TEST_F(FakeLocalSocketsTest, CreatesAFileWithTheRequestedAccess) {
    const auto listener = listen({.permissions = 0660, .owner = 33, .group = 4});
    const os::FileStatus status = files.status_of(path);
    EXPECT_EQ(status.type, os::FileType::socket);
    EXPECT_EQ(status.permissions, 0660U);
    EXPECT_EQ(status.uid, 33U);
    EXPECT_EQ(status.gid, 4U);
    ASSERT_TRUE(listener->change_owner(1000, 1001));
    EXPECT_EQ(files.status_of(path).gid, 1001U);
}

TEST_F(FakeLocalSocketsTest, AcceptsWaitingClientsInOrder) {
    const auto listener = listen();
    EXPECT_EQ(listener->accept().value(), nullptr);
    EXPECT_FALSE(reactor.is_readable(listener->descriptor()));
    FakeClient first = sockets.connect(path, root);
    FakeClient second = sockets.connect(path, {.pid = 7, .uid = 0, .gid = 0});
    EXPECT_TRUE(reactor.is_readable(listener->descriptor()));
    const auto connection = *listener->accept();
    EXPECT_EQ(connection->peer().pid, 4242);
    EXPECT_THAT(connection->peer().groups, ElementsAre());
    EXPECT_THAT(connection->peer_groups(), ElementsAre(4, 27));
    EXPECT_EQ((*listener->accept())->peer().pid, 7);
    EXPECT_EQ(listener->accept().value(), nullptr);
}

TEST_F(FakeLocalSocketsTest, CarriesBytesBetweenAClientAndAConnection) {
    const auto listener = listen();
    FakeClient client = sockets.connect(path, root);
    client.send("[\"status\"]");
    const auto connection = *listener->accept();
    EXPECT_EQ(received(*connection), "[\"status\"]");
    EXPECT_EQ(connection->send("{}\n").bytes, 3U);
    EXPECT_EQ(client.receive(), "{}\n");
    client.half_close();
    EXPECT_TRUE(reactor.is_readable(connection->descriptor()));
    connection->shut_down_sending();
    EXPECT_TRUE(client.is_at_end());
}

TEST_F(FakeLocalSocketsTest, BlocksAWriterWhoseClientDoesNotRead) {
    sockets.set_buffer_size(4);
    const auto listener = listen();
    FakeClient client = sockets.connect(path, root);
    const auto connection = *listener->accept();
    EXPECT_EQ(connection->send("0123456").bytes, 4U);
    EXPECT_EQ(connection->send("456").state, State::would_block);
    EXPECT_FALSE(reactor.is_writable(connection->descriptor()));
    EXPECT_EQ(client.receive(), "0123");
    EXPECT_TRUE(reactor.is_writable(connection->descriptor()));
}

TEST_F(FakeLocalSocketsTest, ServesClientsInALoop) {
    FakeEventLoop loop{reactor};
    const auto listener = listen();
    const auto listener_watch = loop.watch(listener->descriptor());
    std::unique_ptr<os::LocalConnection> connection;
    std::unique_ptr<os::Watch> watch;
    std::string unsent;
    std::function<void()> echo = [&] {
        if (unsent.empty()) unsent = received(*connection);
        unsent.erase(0, connection->send(unsent).bytes);
        if (unsent.empty())
            watch->await_readable(echo);
        else
            watch->await_writable(echo);
    };
    listener_watch->await_readable([&] {
        connection = *listener->accept();
        watch = loop.watch(connection->descriptor());
        watch->await_readable(echo);
    });
    sockets.set_buffer_size(5);
    FakeClient client = sockets.connect(path, root);
    EXPECT_EQ(client.ask("much more than five bytes"), "much more than five bytes");
    EXPECT_EQ(client.ask("again"), "again");
}

TEST_F(FakeLocalSocketsTest, ResetsAClientWithUnreadData) {
    const auto listener = listen();
    FakeClient client = sockets.connect(path, root);
    client.send("unread");
    auto connection = *listener->accept();
    connection->send("error");
    connection.reset();
    EXPECT_TRUE(client.was_reset());
    EXPECT_EQ(client.receive(), "error");
    EXPECT_TRUE(client.is_at_end());
}

TEST_F(FakeLocalSocketsTest, NoticesAClientThatLeaves) {
    const auto listener = listen();
    std::unique_ptr<os::LocalConnection> connection;
    {
        FakeClient client = sockets.connect(path, root);
        connection = *listener->accept();
        FakeClient moved = std::move(client);
        EXPECT_EQ(connection->send("x").state, State::done);
        EXPECT_EQ(moved.receive(), "x");
    }
    EXPECT_EQ(connection->send("x").state, State::closed);
}

TEST_F(FakeLocalSocketsTest, ReportsIfSomethingListens) {
    EXPECT_EQ(sockets.probe(path).value(), Listening::nothing);
    EXPECT_EQ(sockets.probe("/none/x").value(), Listening::nothing);
    auto listener = listen();
    EXPECT_EQ(sockets.probe(path).value(), Listening::yes);
    listener.reset();
    EXPECT_EQ(sockets.probe(path).value(), Listening::nothing);
    leave_stale_socket();
    EXPECT_EQ(sockets.probe(path).value(), Listening::no);
    files.add_file("/run/plain");
    EXPECT_EQ(sockets.probe("/run/plain").value(), Listening::not_socket);
}

TEST_F(FakeLocalSocketsTest, ReplacesASocketButNoOtherFile) {
    leave_stale_socket();
    const auto stale = files.status_of(path);
    const auto listener = listen();
    EXPECT_FALSE(files.status_of(path).is_same_file(stale));
    files.add_file("/run/plain", "precious");
    const auto refused = sockets.listen("/run/plain", {});
    EXPECT_EQ(refused.error().errno_value, EADDRINUSE);
    EXPECT_EQ(files.content("/run/plain"), "precious");
    EXPECT_EQ(sockets.listen("/none/x", {}).error().errno_value, ENOENT);
}

TEST_F(FakeLocalSocketsTest, RemovesItsOwnFileOnly) {
    const auto old = listen();
    const auto successor = listen();
    ASSERT_TRUE(old->remove_file());
    EXPECT_TRUE(files.exists(path));
    ASSERT_TRUE(successor->remove_file());
    EXPECT_FALSE(files.exists(path));
    EXPECT_TRUE(successor->remove_file());
}

TEST_F(FakeLocalSocketsTest, RefusesClientsWithoutAListenerOrPermission) {
    EXPECT_EQ(sockets.connect(path).error().errno_value, ENOENT);
    leave_stale_socket();
    EXPECT_EQ(sockets.connect(path).error().errno_value, ECONNREFUSED);
    const auto listener = listen();
    EXPECT_THROW((void)sockets.connect(path, stranger), std::runtime_error);
    files.set_permissions(path, 0666);
    EXPECT_NO_THROW((void)sockets.connect(path, stranger));
    files.act_as(stranger);
    files.set_permissions(path, 0600);
    EXPECT_EQ(sockets.probe(path).error().errno_value, EACCES);
}

TEST_F(FakeLocalSocketsTest, TryConnectReturnsNoConnectionIfTooManyWait) {
    EXPECT_EQ(sockets.try_connect(path).error().errno_value, ENOENT);
    const auto listener = listen();
    sockets.set_backlog(1);
    const auto first = sockets.try_connect(path);
    ASSERT_TRUE(first.value());
    EXPECT_FALSE(sockets.try_connect(path).value());
    const auto connection = *listener->accept();
    EXPECT_TRUE(sockets.try_connect(path).value());
    sockets.failures().fail_next("try_connect", EMFILE);
    EXPECT_EQ(sockets.try_connect(path).error().errno_value, EMFILE);
}

TEST_F(FakeLocalSocketsTest, TryConnectCanRefuseALink) {
    const auto listener = listen();
    files.add_link("/run/link.control", path);
    EXPECT_TRUE(sockets.try_connect("/run/link.control").value());
    EXPECT_EQ(sockets.try_connect("/run/link.control", os::Links::do_not_follow).error().errno_value, ELOOP);
    EXPECT_TRUE(sockets.try_connect(path, os::Links::do_not_follow).value());
}

TEST_F(FakeLocalSocketsTest, KnowsTheSocketsOfTheServiceManager) {
    const auto listener = listen();
    static_cast<void>(sockets.listen_for_service("/run/managed.control"));
    EXPECT_EQ(sockets.paths_of_managers(), std::vector<std::string>{"/run/managed.control"});
}

TEST_F(FakeLocalSocketsTest, LetsAConnectionWaitOnVirtualTime) {
    const auto listener = listen();
    const auto client = *sockets.connect(path);
    const auto connection = *listener->accept();
    EXPECT_EQ(client->peer().pid, process.id());
    const auto begin = clock.steady_now();
    EXPECT_TRUE(client->wait_until_writable(1s));
    EXPECT_FALSE(client->wait_until_readable(1s));
    EXPECT_EQ(clock.steady_now() - begin, 1s);

    FakeEventLoop loop{reactor};
    const auto timer = loop.timer();
    timer->start(300ms, [&] { connection->send("late"); });
    EXPECT_TRUE(client->wait_until_readable(1s));
    EXPECT_EQ(clock.steady_now() - begin, 1300ms);
    EXPECT_EQ(received(*client), "late");
}

TEST_F(FakeLocalSocketsTest, ClosesTheSocketsOfADeadProcessAndKeepsTheFile) {
    const auto listener = listen();
    FakeClient client = sockets.connect(path, root);
    FakeClient waiting = sockets.connect(path, root);
    const auto connection = *listener->accept();
    sockets.process_died(process.id());
    EXPECT_TRUE(client.is_at_end());
    EXPECT_TRUE(waiting.is_at_end());
    EXPECT_EQ(sockets.probe(path).value(), Listening::no);
    EXPECT_TRUE(listener->remove_file());
    EXPECT_TRUE(files.exists(path));
}

TEST_F(FakeLocalSocketsTest, FailsOnDemand) {
    sockets.failures().fail_next("listen", EPERM, path);
    EXPECT_EQ(sockets.listen(path, {}).error().exit_code, ExitCode::permission);
    const auto listener = listen();
    const FakeClient client = sockets.connect(path, root);
    sockets.failures().fail_next("accept", EMFILE);
    EXPECT_EQ(listener->accept().error().errno_value, EMFILE);
    const auto connection = *listener->accept();
    sockets.failures().fail_next("send", EIO);
    EXPECT_EQ(connection->send("x").state, State::failed);
    sockets.failures().fail_next("receive", EIO);
    std::array<char, 1> buffer{};
    EXPECT_EQ(connection->receive(buffer).errno_value, EIO);
    sockets.failures().fail_next("remove_file", EACCES);
    EXPECT_FALSE(listener->remove_file());
    sockets.failures().fail_next("probe", EIO);
    EXPECT_FALSE(sockets.probe(path));
}

}  // namespace
}  // namespace servicekit::mocks
