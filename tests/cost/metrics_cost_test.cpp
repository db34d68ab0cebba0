// What an update of a metric costs. It is a program of its own because it replaces operator new and
// pthread_mutex_lock(3), to count their calls.
#include "servicekit/core/metrics.hpp"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <ostream>
#include <string>
#include <string_view>

namespace {

std::atomic<long> allocations{0};
std::atomic<long> locks{0};

// The thread sanitizer has a pthread_mutex_lock() of its own, which must not be replaced.
#ifdef __SANITIZE_THREAD__
constexpr bool counts_locks = false;
#else
constexpr bool counts_locks = true;
#endif

}  // namespace

void* operator new(std::size_t size) {
    ++allocations;
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc{};
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    ++allocations;
    const auto unit = static_cast<std::size_t>(alignment);
    if (void* const memory = std::aligned_alloc(unit, (size + unit - 1) / unit * unit)) return memory;
    throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

#ifndef __SANITIZE_THREAD__
extern "C" int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
    using Lock = int (*)(pthread_mutex_t*);
    static std::atomic<void*> real{nullptr};
    if (real == nullptr) real = ::dlsym(RTLD_NEXT, "pthread_mutex_lock");
    ++locks;
    return reinterpret_cast<Lock>(real.load())(mutex);
}
#endif

namespace servicekit {
namespace {

using namespace std::chrono_literals;

/// What was counted during a call.
struct Cost {
    long allocations = 0;
    long locks = 0;
    bool operator==(const Cost&) const = default;
};
std::ostream& operator<<(std::ostream& stream, const Cost& cost) {
    return stream << cost.allocations << " allocations, " << cost.locks << " locks";
}
template <class Call>
Cost cost_of(const Call& call) {
    const Cost before{allocations, locks};
    call();
    return {allocations - before.allocations, locks - before.locks};
}
constexpr Cost nothing{};

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
    EXPECT_EQ(cost.locks > 0, counts_locks);
}

}  // namespace
}  // namespace servicekit
