// What an update of a metric costs.
#include "servicekit/core/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "counted_calls.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;

using cost::Cost;
using cost::cost_of;
using cost::nothing;

class MetricsCostTest : public ::testing::Test {
protected:
    Metrics metrics{[](std::string_view) { return false; }};
};

TEST_F(MetricsCostTest, AnUpdateNeitherAllocatesNorLocks) {
    const Counter lines = metrics.counter("lines", "lines taken in");
    const Gauge connections = metrics.gauge("connections", "clients that are connected");
    const RealGauge load = metrics.real_gauge("load", "share of the time that it works");
    const Histogram times = metrics.histogram("reply", "how long a reply takes", {0.01, 0.1, 1}, "seconds");
    // Also the first one.
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(cost_of([&] { lines.add(); }), nothing);
        EXPECT_EQ(cost_of([&] { lines.add(41); }), nothing);
        EXPECT_EQ(cost_of([&] { connections.set(3); }), nothing);
        EXPECT_EQ(cost_of([&] { connections.add(-2); }), nothing);
        EXPECT_EQ(cost_of([&] { load.set(0.25); }), nothing);
        EXPECT_EQ(cost_of([&] { times.observe(0.05); }), nothing);
        EXPECT_EQ(cost_of([&] { times.observe(20ms); }), nothing);
    }
    EXPECT_EQ(lines.value(), 126U);
}

TEST_F(MetricsCostTest, AnUpdateOfASeriesWithLabelsCostsNoMore) {
    const auto replies = metrics.labelled_counter("replies", "replies that were sent", {"method", "code"});
    const auto times = metrics.labelled_histogram("reply", "how long a reply takes", {"method"}, {0.01, 1}, "seconds");
    const Counter ok = replies.with({"get", "200"});
    const Histogram get = times.with({"get"});
    EXPECT_EQ(cost_of([&] { ok.add(); }), nothing);
    EXPECT_EQ(cost_of([&] { get.observe(0.05); }), nothing);
}

TEST_F(MetricsCostTest, ATextIsSetWithoutAllocation) {
    const Text peer = metrics.text("peer", "the client that connected last");
    EXPECT_EQ(cost_of([&] { peer.set("192.0.2.7"); }).allocations, 0);
}

// A count that is always 0 proves nothing.
TEST_F(MetricsCostTest, ANewSeriesAllocatesAndLocks) {
    const auto replies = metrics.labelled_counter("replies", "replies that were sent", {"code"});
    const Cost cost = cost_of([&] { static_cast<void>(replies.with({"200"})); });
    EXPECT_GT(cost.allocations, 0);
    EXPECT_EQ(cost.locks > 0, cost::counts_locks);
}

}  // namespace
}  // namespace servicekit
