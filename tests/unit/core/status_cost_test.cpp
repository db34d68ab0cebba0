#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/types.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
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

TEST(StatusCostTest, TheTextOfTheLastStatusIsNotRepeatedOnceAFieldHasChanged) {
    using namespace std::chrono_literals;
    mocks::FakeOs os;
    mocks::FakeLife life{os, [&os] { return mocks::fake_service<Service>(os, {.name = "trial", .daemonize = false}); }};
    ASSERT_TRUE(life.start());
    ASSERT_THAT(life.ask("[\"status\"]\n"), HasSubstr("running"));

    EXPECT_THAT(life.ask("[\"status\"]\n"), HasSubstr("\"uptime\":0,"));
    EXPECT_THAT(life.ask("[\"status\"]\n"), HasSubstr("\"uptime\":0,"));
    os.advance(7s);
    EXPECT_THAT(life.ask("[\"status\"]\n"), HasSubstr("\"uptime\":7,"));
    EXPECT_THAT(life.ask("[\"status\"]\n"), HasSubstr("\"uptime\":7,"));
    const auto timer = life.service()->every(60s, "feed the ducks", [] {});
    EXPECT_THAT(life.ask("[\"status\"]\n"), HasSubstr("feed the ducks"));
    EXPECT_EQ(life.stop(), 0);
}

TEST(StatusCostTest, ClientsThatStayAreNotReceivedFromTwice) {
    mocks::FakeOs os;
    mocks::FakeLife life{os, [&os] { return mocks::fake_service<Service>(os, {.name = "trial", .daemonize = false}); }};
    ASSERT_TRUE(life.start());
    std::vector<mocks::FakeClient> clients;
    const auto receives_of_next_client = [&] {
        os.faults.forget();
        clients.push_back(life.connect());
        EXPECT_THAT(clients.back().ask("[\"status\"]\n"), HasSubstr("running"));
        const auto& calls = os.faults.operations();
        return std::count_if(calls.begin(), calls.end(),
                             [](const auto& call) { return call.name == "sockets.receive"; });
    };
    EXPECT_EQ(receives_of_next_client(), 2);
    while (receives_of_next_client() == 2) ASSERT_LT(clients.size(), 5U);
    int received_twice = 0;
    constexpr int more_clients = 32;
    for (int client = 0; client < more_clients; ++client)
        if (receives_of_next_client() == 2) ++received_twice;
    EXPECT_EQ(received_twice, 2) << "one client in 16 shows whether they still stay";
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
class FieldsLock : public LockPolicy {
public:
    Result<Acquisition> acquire(LockWait /*wait*/, const std::stop_token& /*stop*/) override { return Acquisition{}; }
    Result<std::optional<Owner>> owner() override { return std::optional<Owner>{}; }
    void release() noexcept override {}
    [[nodiscard]] Object status_fields() const override {
        return {{"state", "locked"}, {"shelf", "upper"}, {"pid", 0}};
    }
};

class FixedFieldsLock final : public FieldsLock {
public:
    [[nodiscard]] Object status_fields() const override {
        Object fields = FieldsLock::status_fields();
        fields.append("queue", "of the lock");  // taken: the status has it while events wait
        return fields;
    }
    [[nodiscard]] bool has_fixed_status() const noexcept override { return true; }
};

template <class Lock>
class StatusTextTest : public ::testing::Test {};
using Locks = ::testing::Types<FieldsLock, FixedFieldsLock>;
TYPED_TEST_SUITE(StatusTextTest, Locks);

TYPED_TEST(StatusTextTest, IsOneObjectInWhichTheServicesOwnFieldsStand) {
    mocks::FakeOs os;
    using Locked = BasicService<ForkingDaemon, TypeParam, FileLog, UnixSocketControl>;
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

/// A lock whose field changes, and that later has a field with the name of a metric.
class ChangingLock final : public LockPolicy {
public:
    Result<Acquisition> acquire(LockWait /*wait*/, const std::stop_token& /*stop*/) override { return Acquisition{}; }
    Result<std::optional<Owner>> owner() override { return std::optional<Owner>{}; }
    void release() noexcept override {}
    [[nodiscard]] Object status_fields() const override {
        const int count = (*calls_)++;
        Object fields{{"round", count / 4}};
        if (count >= 4) fields.append("lines", "of the lock");
        return fields;
    }

private:
    std::shared_ptr<std::atomic<int>> calls_ = std::make_shared<std::atomic<int>>(0);
};

class ChangingLineTaker final : public BasicService<ForkingDaemon, ChangingLock, FileLog, UnixSocketControl> {
public:
    using BasicService::BasicService;

private:
    Counter lines_ = metrics().counter("lines", "lines taken in");

    void on_start() override { lines_.add(3); }
};

TEST(ChangingStatusTest, ShowsWhatChangedAndAMetricOnlyOnce) {
    mocks::FakeOs os;
    mocks::FakeLife life{
        os, [&os] { return mocks::fake_service<ChangingLineTaker>(os, {.name = "trial", .daemonize = false}); }};
    ASSERT_TRUE(life.start());
    auto client = life.connect();
    std::string last;
    for (int request = 0; request < 16; ++request) {
        const std::string reply = client.ask("[\"status\"]\n");
        EXPECT_THAT(reply, HasSubstr(R"("lines":3})"));
        EXPECT_EQ(reply.find("\"lines\""), reply.rfind("\"lines\"")) << reply;
        last = reply;
    }
    const std::string first_round = R"("round":0)";
    EXPECT_EQ(last.find(first_round), std::string::npos) << last;
    EXPECT_THAT(last, HasSubstr(R"("round":)"));
    EXPECT_EQ(life.stop(), 0);
}

TEST(PeerGroupsTest, AHandlerSeesTheGroupsOfEachClient) {
    mocks::FakeOs os;
    mocks::FakeLife life{
        os, [&os] {
            auto service = mocks::fake_service<Service>(os, {.name = "trial", .daemonize = false});
            service->events().add({.name = "groups", .handler = [](const Arguments&, Context& context) {
                                       Value::List groups;
                                       for (const gid_t group : context.peer().groups) groups.emplace_back(group);
                                       return Reply{Object{{"groups", std::move(groups)}}};
                                   }});
            return service;
        }};
    ASSERT_TRUE(life.start());
    auto member = life.connect({.pid = 50, .uid = 0, .gid = 0, .groups = {4, 27}});
    auto loner = life.connect({.pid = 51, .uid = 0, .gid = 0});
    for (int request = 0; request < 2; ++request) {
        EXPECT_THAT(member.ask("[\"groups\"]\n"), HasSubstr(R"({"groups":[4,27]})"));
        EXPECT_THAT(loner.ask("[\"groups\"]\n"), HasSubstr(R"({"groups":[]})"));
    }
    EXPECT_EQ(life.stop(), 0);
}

}  // namespace
}  // namespace servicekit
