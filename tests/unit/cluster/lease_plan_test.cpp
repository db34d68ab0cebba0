#include "cluster/lease_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace servicekit::cluster {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(LeasePlanTest, ByDefaultTheTimesFitEachTtl) {
    for (auto ttl = 2s; ttl <= 3600s; ++ttl) {
        for (const std::size_t endpoints : {1U, 2U, 3U, 5U}) {
            const auto plan = LeasePlan::of(ttl, std::nullopt, endpoints);
            ASSERT_TRUE(plan) << plan.error().message();
            const int requests = endpoints == 1 ? 2 : 3;
            EXPECT_LE(plan->period + requests * plan->patience + plan->give_up + plan->margin, ttl);
            // chronyd slews a clock by up to a twelfth.
            EXPECT_LE((plan->ttl - plan->margin) * 12 / 11, plan->ttl);
            EXPECT_GE(plan->give_up, plan->loss_stop);
            EXPECT_GT(plan->give_up + plan->margin, 1s);
        }
    }
}

TEST(LeasePlanTest, ShortLeasesLeaveTimeForRequests) {
    EXPECT_GE(LeasePlan::of(2s, std::nullopt, 3)->patience, 100ms);
    EXPECT_GE(LeasePlan::of(3s, std::nullopt, 3)->patience, 230ms);
}

TEST(LeasePlanTest, APauseOfOnStopThatDoesNotFitIsRefusedWithTheArithmetic) {
    const auto plan = LeasePlan::of(10s, 6s, 3);
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().exit_code, ExitCode::configuration);
    EXPECT_EQ(
        plan.error().message(),
        "cannot use 'a lease of 10 s': the time between renewals (3333 ms), 3 requests of 200 ms, "
        "loss-stop-timeout (6 s) and a margin of 1 s need 10933 ms; raise cluster-ttl or lower loss-stop-timeout");
}

TEST(LeasePlanTest, ALongerTimeForOnStopLeavesLessForRequests) {
    EXPECT_LT(LeasePlan::of(10s, 5s, 3)->patience, LeasePlan::of(10s, std::nullopt, 3)->patience);
}

}  // namespace
}  // namespace servicekit::cluster
