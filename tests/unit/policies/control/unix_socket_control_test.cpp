#include "servicekit/policies/control/unix_socket_control.hpp"

#include <cerrno>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "servicekit/mocks/mock_event_loop.hpp"
#include "servicekit/mocks/mock_local_sockets.hpp"
#include "unit/policies/control/control_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::NiceMock;
using ::testing::SizeIs;
using ::testing::Throw;

class UnixSocketControlTest : public ControlFixture {
protected:
    [[nodiscard]] os::FileStatus socket_file() const { return host.files.status_of(std::string{path}); }
    [[nodiscard]] bool has_socket_file() const { return host.files.exists(std::string{path}); }
    [[nodiscard]] Error error_of_opening(UnixSocketControl::Options options = {}) {
        control = control_with(std::move(options));
        const auto opened = control->open(requests, loop);
        return opened ? Error{} : opened.error();
    }
};

// Permission to connect.

TEST_F(UnixSocketControlTest, ListensAtTheDeploymentsPathForItsOwnUserOnly) {
    open();
    EXPECT_EQ(control->endpoint(), path);
    EXPECT_EQ(socket_file().permissions, mode_t{0600});
    EXPECT_EQ(socket_file().uid, 500U);
    EXPECT_THROW((void)connect_as(1000), std::runtime_error);
    EXPECT_EQ(connect().ask("[\"a\"]"), "{\"did\":[\"a\"]}\n");
    EXPECT_EQ(connect_as(0).ask("[\"a\"]"), "{\"did\":[\"a\"]}\n");
}

TEST_F(UnixSocketControlTest, ListensAtThePathOfTheOptions) {
    open({.path = "/run/other.control"});
    EXPECT_EQ(control->endpoint(), "/run/other.control");
    EXPECT_TRUE(host.files.exists("/run/other.control"));
    EXPECT_FALSE(has_socket_file());
}

TEST_F(UnixSocketControlTest, GivesTheSocketThePermissionsOwnerAndGroupOfTheOptions) {
    open({.permissions = 0660, .owner = "alice", .group = "operators"});
    EXPECT_EQ(socket_file().permissions, mode_t{0660});
    EXPECT_EQ(socket_file().uid, 1000U);
    EXPECT_EQ(socket_file().gid, 70U);
    EXPECT_EQ(connect_as(1234).ask("[\"a\"]"), "{\"did\":[\"a\"]}\n");
}

TEST_F(UnixSocketControlTest, RefusesUsersAndGroupsThatDoNotExist) {
    const Error no_user = error_of_opening({.owner = "nobody-here"});
    EXPECT_EQ(no_user.exit_code, ExitCode::configuration);
    EXPECT_EQ(no_user.message(), "cannot listen on '" + std::string{path} + "': there is no user 'nobody-here'");
    EXPECT_EQ(error_of_opening({.group = "none"}).reason, "there is no group 'none'");
    host.users.failures.fail_next("find_group", EIO);
    EXPECT_EQ(error_of_opening({.group = "operators"}).errno_value, EIO);
    EXPECT_FALSE(has_socket_file());
}

TEST_F(UnixSocketControlTest, RefusesARelativePath) {
    EXPECT_EQ(error_of_opening({.path = "a.control"}).message(), "cannot listen on 'a.control': not an absolute path");
}

TEST_F(UnixSocketControlTest, ReportsThePeer) {
    open();
    (void)connect().ask("[\"a\"][\"b\"]");
    ASSERT_THAT(requests.asked, SizeIs(2));
    for (const auto& asked : requests.asked) {
        EXPECT_EQ(asked.peer.pid, 9000);
        EXPECT_EQ(asked.peer.uid, 500U);
        EXPECT_EQ(asked.peer.gid, 500U);
        EXPECT_THAT(asked.peer.groups, IsEmpty()) << "they are read only for those who want them";
        EXPECT_THAT(asked.responder->peer_groups(), ElementsAre(500U, 70U));
    }
}

// Files that exist at the path.

TEST_F(UnixSocketControlTest, ReplacesAStaleSocket) {
    open();
    host.process_died(4711);
    ASSERT_TRUE(has_socket_file());
    auto next = control_with({});
    ASSERT_TRUE(next->open(requests, loop));
    EXPECT_EQ(connect().ask("[\"a\"]"), "{\"did\":[\"a\"]}\n");
}

TEST_F(UnixSocketControlTest, RefusesToReplaceAServedSocket) {
    open();
    auto second = control_with({});
    const auto opened = second->open(requests, loop);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().exit_code, ExitCode::already_running);
    EXPECT_EQ(opened.error().message(),
              "cannot listen on '" + std::string{path} + "': already served by a running process");
    EXPECT_EQ(connect().ask("[\"a\"]"), "{\"did\":[\"a\"]}\n");
}

TEST_F(UnixSocketControlTest, KeepsAFileThatIsNotASocket) {
    host.files.add_file(std::string{path}, "mine");
    const Error error = error_of_opening();
    EXPECT_EQ(error.exit_code, ExitCode::cannot_create);
    EXPECT_EQ(host.files.content(std::string{path}), "mine");
}

TEST_F(UnixSocketControlTest, DistinguishesAMissingPermission) {
    host.sockets.failures().fail_next("listen", EACCES);
    const Error error = error_of_opening();
    EXPECT_EQ(error.exit_code, ExitCode::permission);
    EXPECT_EQ(error.message(), "cannot listen on '" + std::string{path} + "': Permission denied");
}

TEST_F(UnixSocketControlTest, DoesNotReplaceASocketThatItCannotProbe) {
    host.sockets.failures().fail_next("probe", EACCES);
    EXPECT_EQ(error_of_opening().exit_code, ExitCode::permission);
    host.sockets.failures().fail_next("probe", EIO);
    EXPECT_EQ(error_of_opening().exit_code, ExitCode::cannot_create);
}

TEST_F(UnixSocketControlTest, LeavesNoSocketIfTheLoopCannotWatchIt) {
    NiceMock<mocks::MockEventLoop> broken;
    EXPECT_CALL(broken, watch).WillOnce(Throw(std::system_error{ENOSPC, std::generic_category()}));
    control = control_with({});
    const auto opened = control->open(requests, broken);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().exit_code, ExitCode::os);
    EXPECT_EQ(opened.error().errno_value, ENOSPC);
    EXPECT_FALSE(has_socket_file());
}

TEST_F(UnixSocketControlTest, LeavesNoSocketWithoutMemoryToWatchIt) {
    NiceMock<mocks::MockEventLoop> broken;
    EXPECT_CALL(broken, watch).WillOnce(Throw(std::bad_alloc{}));
    control = control_with({});
    const auto opened = control->open(requests, broken);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().exit_code, ExitCode::os);
    EXPECT_EQ(opened.error().errno_value, ENOMEM);
    EXPECT_FALSE(has_socket_file());
}

// Handing over to another user.

TEST_F(UnixSocketControlTest, GivesTheSocketToTheServicesNewUser) {
    host.act_as({.pid = 4711, .uid = 0, .gid = 0});
    open({.max_connections = 2, .reserved_for_owner = 1});
    ASSERT_TRUE(control->change_owner(1000, 1000));
    EXPECT_EQ(socket_file().uid, 1000U);
    EXPECT_EQ(socket_file().gid, 1000U);
    auto first = connect_as(1000);
    auto second = connect_as(1000);
    EXPECT_EQ(first.ask("[\"a\"]"), "{\"did\":[\"a\"]}\n");
    EXPECT_EQ(second.ask("[\"a\"]"), "{\"did\":[\"a\"]}\n");
}

TEST_F(UnixSocketControlTest, KeepsOwnerAndGroupOfTheOptionsAtAHandover) {
    host.act_as({.pid = 4711, .uid = 0, .gid = 0});
    open({.permissions = 0660, .group = "operators"});
    ASSERT_TRUE(control->change_owner(1000, 1000));
    EXPECT_EQ(socket_file().uid, 1000U);
    EXPECT_EQ(socket_file().gid, 70U);
}

TEST_F(UnixSocketControlTest, ReportsWhyItCannotBeHandedOver) {
    open();
    host.sockets.failures().fail_next("change_owner", EPERM);
    EXPECT_EQ(control->change_owner(1000, 1000).error().errno_value, EPERM);
}

TEST_F(UnixSocketControlTest, HandsNothingOverBeforeItIsOpen) {
    control = control_with({});
    EXPECT_TRUE(control->change_owner(1000, 1000));
}

// Closing.

TEST_F(UnixSocketControlTest, ClosesWithoutMemory) {
    NiceMock<mocks::MockLocalSockets> sockets;
    EXPECT_CALL(sockets, listen).WillOnce([] {
        auto listener = std::make_unique<NiceMock<mocks::MockLocalListener>>();
        EXPECT_CALL(*listener, remove_file).WillOnce(Throw(std::bad_alloc{}));
        return Result<std::unique_ptr<os::LocalListener>>{std::move(listener)};
    });
    os::Host hungry = host.host();
    hungry.sockets = &sockets;
    control = std::make_unique<UnixSocketControl>(UnixSocketControl::Options{}, hungry);
    control->configure(deployment());
    NiceMock<mocks::MockEventLoop> quiet;
    ASSERT_TRUE(control->open(requests, quiet));

    control->close();

    EXPECT_THAT(requests.notes, IsEmpty());
}

TEST_F(UnixSocketControlTest, ClosesWithoutMemoryToReportWhatFailed) {
    open();
    host.sockets.failures().fail_next("remove_file", EIO);
    requests.when_noted = [] { throw std::bad_alloc{}; };

    control->close();

    EXPECT_THROW((void)connect(), std::runtime_error);
}

TEST_F(UnixSocketControlTest, ClosingRemovesItsFileAndEndsItsConnections) {
    open();
    auto idle = connect();
    EXPECT_EQ(idle.ask("[\"a\"]"), "{\"did\":[\"a\"]}\n");
    auto waiting = connect();
    EXPECT_EQ(waiting.ask("[\"slow\"]"), "");
    control->close();
    control->close();
    EXPECT_FALSE(has_socket_file());
    EXPECT_TRUE(idle.is_at_end());
    EXPECT_TRUE(waiting.is_at_end());
    loop.run_until_idle();
}

TEST_F(UnixSocketControlTest, KeepsTheFileOfASuccessor) {
    open();
    host.files.take_away(std::string{path});
    auto successor = control_with({});
    ASSERT_TRUE(successor->open(requests, loop));
    control->close();
    EXPECT_TRUE(has_socket_file());
    EXPECT_EQ(connect().ask("[\"a\"]"), "{\"did\":[\"a\"]}\n");
}

TEST_F(UnixSocketControlTest, DropsRepliesAfterItIsClosed) {
    open();
    auto client = connect();
    EXPECT_EQ(client.ask("[\"slow\"]"), "");
    control->close();
    EXPECT_FALSE(requests.asked.at(0).responder->progress("{\"progress\":{}}\n"));
    control.reset();
    requests.answer_last();
    EXPECT_EQ(client.receive_all(), "");
}

TEST_F(UnixSocketControlTest, SendsPendingRepliesBeforeItCloses) {
    open();
    host.sockets.set_buffer_size(20);
    auto client = connect();
    client.send("[\"slow\"]\n");
    loop.run_ready();
    const std::string reply = "{\"text\":\"" + std::string(40, 'x') + "\"}\n";
    requests.asked.at(0).responder->reply(reply);
    std::string received;
    host.reactor.whenever_idle([&] { received += client.receive(); });
    control->close();
    received += client.receive();
    EXPECT_EQ(received, reply);
    EXPECT_TRUE(client.is_at_end());
}

TEST_F(UnixSocketControlTest, ClosesWithinATenthOfASecondDespiteBlockedClients) {
    open();
    host.sockets.set_buffer_size(20);
    std::vector<mocks::FakeClient> clients;
    for (int count = 0; count < 50; ++count) {
        clients.push_back(connect());
        clients.back().send("[\"" + std::string(100, 'x') + "\"]");
    }
    loop.run_ready();
    const auto before = host.clock.steady_now();
    control->close();
    EXPECT_LE(host.clock.steady_now() - before, 100ms);
}

TEST_F(UnixSocketControlTest, DoesNotResetAClientWithUnreadBytes) {
    open();
    auto client = connect();
    EXPECT_EQ(client.ask("[\"a\"]"), "{\"did\":[\"a\"]}\n");
    client.send("\n");
    control->close();
    EXPECT_TRUE(client.is_at_end());
    EXPECT_FALSE(client.was_reset());
}

/// Answers a request and closes the control within it, as `kill` does.
class ClosingRequests final : public Requests {
public:
    void request(std::string_view text, const Peer&, std::shared_ptr<Responder> responder) override {
        responder->reply(RecordedRequests::answer(text));
        control->close();
        last_text = text;
    }
    [[nodiscard]] std::string refuse(const Refusal&) override { return {}; }

    UnixSocketControl* control = nullptr;
    std::string last_text;
};

TEST_F(UnixSocketControlTest, CanBeClosedFromWithinARequest) {
    ClosingRequests closing;
    control = control_with({});
    closing.control = control.get();
    ASSERT_TRUE(control->open(closing, loop));
    auto client = connect();
    auto other = connect();
    client.send("[\"kill\"");
    loop.run_ready();
    client.send("]\n[\"never asked\"]");
    EXPECT_EQ(client.receive_all(), "{\"did\":[\"kill\"]}\n");
    EXPECT_EQ(closing.last_text, "[\"kill\"]");
    EXPECT_TRUE(client.is_at_end());
    EXPECT_TRUE(other.is_at_end());
    EXPECT_FALSE(has_socket_file());
}

TEST_F(UnixSocketControlTest, ItsDestructorCloses) {
    open();
    auto client = connect();
    EXPECT_EQ(client.ask("[\"a\"]"), "{\"did\":[\"a\"]}\n");
    control.reset();
    EXPECT_TRUE(client.is_at_end());
    EXPECT_FALSE(has_socket_file());
}

TEST_F(UnixSocketControlTest, CanBeOpenedAgain) {
    open();
    control->close();
    ASSERT_TRUE(control->open(requests, loop));
    EXPECT_EQ(connect().ask("[\"a\"]"), "{\"did\":[\"a\"]}\n");
}

TEST_F(UnixSocketControlTest, UsesTheLoopsThreadExceptForReplies) {
    open();
    ASSERT_TRUE(loop.start());
    auto client = connect();
    EXPECT_EQ(client.ask("[\"slow\"][\"a\"]"), "");
    requests.answer_last();
    EXPECT_EQ(client.receive_all(), "{\"did\":[\"slow\"]}\n{\"did\":[\"a\"]}\n");
    advance(10s);
    EXPECT_TRUE(client.is_at_end());
    loop.post([this] { control->close(); });
    loop.stop();
}

TEST_F(UnixSocketControlTest, CanBeMovedBeforeItIsOpened) {
    UnixSocketControl first{{}, host.host()};
    UnixSocketControl moved = std::move(first);
    moved.configure(deployment());
    ASSERT_TRUE(moved.open(requests, loop));
    EXPECT_EQ(connect().ask("[\"a\"]"), "{\"did\":[\"a\"]}\n");
    EXPECT_EQ(moved.status_fields(), Object{});
}

}  // namespace
}  // namespace servicekit
