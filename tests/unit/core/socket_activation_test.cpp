// A service with sockets that the service manager has opened.
#include <gmock/gmock.h>

#include "unit/core/systemd_fixture.hpp"

namespace servicekit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SocketActivationTest : public testing::SystemdServiceTest {};

TEST_F(SocketActivationTest, TheManagersControlSocketRemainsAfterTheService) {
    host.service_manager.pass_socket("control", host.sockets.listen_for_service(socket));
    ask(R"(["status"])");
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_THAT(replies[0], HasSubstr(R"("control-socket":"/run/trial.control")"));
    EXPECT_TRUE(host.files.exists(socket));
}

TEST_F(SocketActivationTest, ARequestBeforeTheServiceStartedIsAnswered) {
    host.service_manager.pass_socket("control", host.sockets.listen_for_service(socket));
    auto early = host.sockets.connect(socket, peer);
    early.send(R"(["log-level"])");
    std::string reply;
    then([&] { reply = early.receive(); });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_THAT(reply, HasSubstr(R"("level":"info")"));
}

TEST_F(SocketActivationTest, ASocketOfAnotherGroupThanConfiguredIsLogged) {
    host.service_manager.pass_socket("control", host.sockets.listen_for_service(socket));
    hooks.on_load = [](Settings& settings) { settings.set(setting::control_group, "1"); };
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_THAT(errors(),
                HasSubstr("cannot let the group '1' connect to '/run/trial.control': the service manager made "
                          "it, for group 0"));
}

TEST_F(SocketActivationTest, ASocketAtAnotherPathIsAConfigurationError) {
    host.service_manager.pass_socket("control", host.sockets.listen_for_service("/run/other.control"));

    EXPECT_EQ(run(), 78);
    EXPECT_THAT(errors(), HasSubstr("trial: cannot listen on '/run/trial.control': "));
    EXPECT_FALSE(host.locks.owner(pid_file, os::Look::thorough).value());
}

TEST_F(SocketActivationTest, TwoControlSocketsAreAConfigurationError) {
    host.service_manager.pass_socket("control", 3);
    host.service_manager.pass_socket("control", 4);

    EXPECT_EQ(run(), 78);
    EXPECT_THAT(errors(), HasSubstr("trial: cannot take over the socket 'control': "));
}

TEST_F(SocketActivationTest, InvalidDescriptorsOfTheManagerFailTheStart) {
    host.service_manager.failures().fail_next("take_listen_sockets", EINVAL);

    EXPECT_EQ(run(), 71);
    EXPECT_THAT(errors(), HasSubstr("trial: cannot take over the service manager's sockets"));
}

TEST_F(SocketActivationTest, TheProgramFindsItsSocketsByName) {
    host.service_manager.pass_socket("http", 3);
    host.service_manager.pass_socket("control", host.sockets.listen_for_service(socket));
    host.service_manager.pass_socket("http", 5);
    host.service_manager.pass_socket("admin", 6);
    std::vector<int> at_load;
    hooks.on_load = [&](Settings&) { at_load = service().listen_sockets("http"); };
    std::vector<std::string> names;
    hooks.on_start = [&] {
        for (const os::ListenSocket& passed : service().listen_sockets()) names.push_back(passed.name);
    };
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_THAT(at_load, ElementsAre(3, 5));
    EXPECT_THAT(names, ElementsAre("http", "http", "admin"));
    EXPECT_THAT(service().listen_sockets("admin"), ElementsAre(6));
    EXPECT_THAT(service().listen_sockets("nothing"), IsEmpty());
}

TEST_F(SocketActivationTest, WithoutAManagerThereAreNoSockets) {
    raise(SIGTERM);
    EXPECT_EQ(run(), 0);
    EXPECT_THAT(service().listen_sockets(), IsEmpty());
}

/// The same for a service that goes to the background.
class SocketActivationInTheBackgroundTest : public testing::ServiceTest {};

TEST_F(SocketActivationInTheBackgroundTest, TheSocketsStayOpen) {
    options.daemonize = true;
    host.process.follow({mocks::FakeProcess::Side::child, mocks::FakeProcess::Side::child});
    const int control = host.sockets.listen_for_service(socket);
    host.service_manager.pass_socket("control", control);
    host.service_manager.pass_socket("http", 77);
    for (const int inherited : {control, 77, 78}) host.inherited.leave_open(inherited);
    host.inherited.open_in_program(79);
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_TRUE(host.inherited.is_open(control));
    EXPECT_TRUE(host.inherited.is_open(77));
    EXPECT_FALSE(host.inherited.is_open(78)) << "nobody passed it on purpose";
    EXPECT_TRUE(host.inherited.is_open(79)) << "the program has opened it";
    EXPECT_THAT(service().listen_sockets("http"), ElementsAre(77));
    EXPECT_TRUE(host.files.exists(socket));
}

}  // namespace
}  // namespace servicekit
