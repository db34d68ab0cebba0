#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "servicekit/mocks/fake_life.hpp"
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

}  // namespace
}  // namespace servicekit
