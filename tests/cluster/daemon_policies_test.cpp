// The lock in etcd together with each daemon policy: in the background, under a service manager, as pid 1.
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "cluster/cluster_test.hpp"
#include "integration/support/await.hpp"
#include "integration/support/notify_socket.hpp"
#include "integration/support/running_service.hpp"
#include "prometheus/prometheus_server.hpp"

namespace servicekit::test {
namespace {

class DaemonPoliciesTest : public ClusterTest {
protected:
    void SetUp() override {
        ClusterTest::SetUp();
        if (IsSkipped()) return;
        etcd.emplace(Etcd::Options{.nodes = 1});
        active.emplace(contender(*etcd, 0));
        active->start();
        active->await_state_field("running");
    }

    void TearDown() override {
        active.reset();
        etcd.reset();
        ClusterTest::TearDown();
    }

    /// Returns another instance of the program, which contends in a way of its own. \param kind of cluster_trial.cpp
    [[nodiscard]] ServiceProgram another(const std::string& kind, const Object& settings = {}) const {
        std::filesystem::create_directory(directory.file("another"));
        ServiceProgram program{"cluster-trial", directory.file("another")};
        Object config{{"cluster-endpoints", etcd->urls()}, {"cluster-prefix", Contender::prefix}, {"cluster-ttl", 3}};
        config.merge(settings);
        program.configure(config);
        if (!kind.empty()) program.add_variable("CLUSTER_TRIAL_KIND", kind);
        return program;
    }

    static void await_state(const ServiceProgram& program, const std::string& state) {
        await_scrapes("the other instance is " + state, [&] {
            return program.verb({"status", "--json"}).out.find(R"("state":")" + state + '"') != std::string::npos;
        });
    }

    std::optional<Etcd> etcd;
    std::optional<Contender> active;
};

TEST_F(DaemonPoliciesTest, AStartInTheBackgroundReturnsInStandbyAndTheServiceFollows) {
    const ServiceProgram program = another("");
    RunningService standby{program};
    await_state(program, "standby");

    active->signal(SIGTERM);

    await_state(program, "running");
    standby.signal(SIGTERM);
    EXPECT_EQ(standby.exit_code(), 0);
    EXPECT_EQ(active->finish().exit_code, 0);
}

TEST_F(DaemonPoliciesTest, AServiceManagerHearsOfTheStandbyAndOfTheActivity) {
    NotifySocket manager{directory.file("notify")};
    ServiceProgram program = another("systemd");
    program.add_variable("NOTIFY_SOCKET", manager.address());
    RunningCommand standby{mortal(program.command({"run"}))};
    manager.await("STATUS=standing by");
    manager.await("READY=1");

    active->signal(SIGTERM);

    manager.await("STATUS=running");
    await_state(program, "running");
    standby.signal(SIGTERM);
    manager.await("STOPPING=1");
    EXPECT_EQ(standby.finish().exit_code, 0);
}

TEST_F(DaemonPoliciesTest, AServiceManagerMayWaitForTheActivity) {
    NotifySocket manager{directory.file("notify")};
    ServiceProgram program = another("systemd", {{"ready-when", "active"}});
    program.add_variable("NOTIFY_SOCKET", manager.address());
    RunningCommand standby{mortal(program.command({"run"}))};
    manager.await("STATUS=standing by");
    for (const Notification& notification : manager.seen()) EXPECT_FALSE(notification.has("READY=1"));

    active->signal(SIGTERM);

    manager.await("READY=1");
    await_state(program, "running");
    standby.signal(SIGTERM);
    EXPECT_EQ(standby.finish().exit_code, 0);
}

TEST_F(DaemonPoliciesTest, TheFirstProcessOfAContainerFollows) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may make a pid namespace";
    const ServiceProgram program = another("container");
    Command command = program.command({"run"});
    const Strings namespaces{"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"};
    command.arguments.insert(command.arguments.begin(), namespaces.begin(), namespaces.end());
    RunningCommand standby{mortal(command)};
    await_state(program, "standby");

    active->signal(SIGTERM);

    await_state(program, "running");
    EXPECT_EQ(program.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(standby.finish().exit_code, 0);
}

}  // namespace
}  // namespace servicekit::test
