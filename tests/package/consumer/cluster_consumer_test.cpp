#include <gtest/gtest.h>
#include <servicekit/cluster/etcd_lock.hpp>
#include <servicekit/mocks/fake_etcd.hpp>
#include <servicekit/mocks/fake_os.hpp>

#include <chrono>
#include <string>

namespace {

class Wins final : public servicekit::Contender {
public:
    void won() override { ++count; }
    void lost(const servicekit::Error&, std::chrono::milliseconds) override {}
    void report(servicekit::LogLevel, const std::string&) override {}

    int count = 0;
};

}  // namespace

TEST(ClusterConsumerTest, TakesTheLockInAnEtcdInMemory) {
    servicekit::mocks::FakeOs os;
    servicekit::mocks::FakeEtcd etcd{os.reactor};
    servicekit::EtcdLock lock{{.endpoints = etcd.endpoints()}, os.host(), etcd.transport("machine1")};
    lock.configure({.name = "greeter", .pid_file = "/run/greeter.pid"});
    ASSERT_TRUE(lock.acquire(servicekit::LockWait::fail_fast, {}));
    Wins wins;
    ASSERT_TRUE(lock.contend(wins, {}));
    os.advance(std::chrono::seconds{1});
    EXPECT_EQ(wins.count, 1);
    EXPECT_TRUE(lock.is_active());
}
