#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "servicekit/base/json.hpp"
#include "servicekit/mocks/fake_life.hpp"
#include "servicekit/policies.hpp"
#include "servicekit/policy/lock_policy.hpp"
#include "servicekit/service.hpp"

namespace servicekit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(StatusCostTest, OnAKeptConnectionAStatusIsOneReceiveAndOneSend) {
    mocks::FakeOs os;
    mocks::FakeLife life{os, [&os] { return mocks::fake_service<Service>(os, {.name = "trial", .daemonize = false}); }};
    ASSERT_TRUE(life.start());
    auto client = life.connect();
    // The first request runs on the event thread, and finds that the application adds nothing to the status.
    ASSERT_THAT(client.ask("[\"status\"]\n"), HasSubstr("running"));
    os.faults.forget();

    ASSERT_THAT(client.ask("[\"status\"]\n"), HasSubstr("running"));

    std::vector<std::string> calls;
    for (const auto& operation : os.faults.operations()) calls.push_back(operation.name);
    EXPECT_THAT(calls, ElementsAre("sockets.receive", "sockets.send"));
    EXPECT_EQ(life.stop(), 0);
}

/// A service whose status has metrics only.
class LineTaker final : public Service {
public:
    using Service::BasicService;

private:
    Counter lines_ = metrics().counter("lines", "lines taken in");

    void on_start() override { lines_.add(3); }
};

TEST(StatusCostTest, WithMetricsEvenTheFirstStatusIsCheap) {
    mocks::FakeOs os;
    mocks::FakeLife life{os,
                         [&os] { return mocks::fake_service<LineTaker>(os, {.name = "trial", .daemonize = false}); }};
    ASSERT_TRUE(life.start());
    auto client = life.connect();
    ASSERT_THAT(client.ask("[\"log-level\"]\n"), HasSubstr("info"));
    os.faults.forget();

    ASSERT_THAT(client.ask("[\"status\"]\n"), HasSubstr(R"("lines":3})"));

    std::vector<std::string> calls;
    for (const auto& operation : os.faults.operations()) calls.push_back(operation.name);
    EXPECT_THAT(calls, ElementsAre("sockets.receive", "sockets.send"));
    EXPECT_EQ(life.stop(), 0);
}

/// A lock that gives the status a field of its own, and two that the service has itself.
class FieldsLock final : public LockPolicy {
public:
    Result<Acquisition> acquire(LockWait /*wait*/, const std::stop_token& /*stop*/) override { return Acquisition{}; }
    Result<std::optional<Owner>> owner() override { return std::optional<Owner>{}; }
    void release() noexcept override {}
    [[nodiscard]] Object status_fields() const override {
        return {{"state", "locked"}, {"shelf", "upper"}, {"pid", 0}};
    }
};

TEST(StatusTextTest, IsOneObjectInWhichTheServicesOwnFieldsStand) {
    mocks::FakeOs os;
    using Locked = BasicService<ForkingDaemon, FieldsLock, FileLog, UnixSocketControl>;
    mocks::FakeLife life{
        os,
        [&os] { return mocks::fake_service<Locked>(os, {.name = "trial", .version = "1\"\n2", .daemonize = false}); }};
    ASSERT_TRUE(life.start());
    auto client = life.connect();
    for (int round = 0; round < 2; ++round) {
        os.advance(std::chrono::seconds{1});
        const auto parsed = parse_json(client.ask("[\"status\"]\n"));
        const auto* const value = std::get_if<Value>(&parsed);
        ASSERT_NE(value, nullptr);
        const Object& status = value->as_object();
        EXPECT_EQ(status.get<std::string>("name"), "trial");
        EXPECT_EQ(status.get<std::string>("version"), "1\"\n2");
        EXPECT_EQ(status.get<std::string>("state"), "running");
        EXPECT_EQ(status.get<std::string>("shelf"), "upper");
        EXPECT_NE(status.get<int>("pid"), 0);
        EXPECT_EQ(status.get<int>("uptime"), round + 1);
    }
    EXPECT_EQ(life.stop(), 0);
}

}  // namespace
}  // namespace servicekit
