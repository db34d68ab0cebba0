#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <thread>

#include "servicekit/os/event_loop.hpp"

namespace servicekit::os {
namespace {

TEST(PosixParkingTest, ReturnsAtOnceWhenUnparkedBefore) {
    const auto parking = make_posix_parking();

    parking->unpark();
    parking->park();
}

TEST(PosixParkingTest, MakesEarlierWritesVisible) {
    const auto parking = make_posix_parking();
    int handed_over = 0;

    std::thread other{[&] {
        handed_over = 42;
        parking->unpark();
    }};
    parking->park();
    EXPECT_EQ(handed_over, 42);
    other.join();
}

TEST(PosixParkingTest, PlaysPingPongBetweenTwoThreads) {
    constexpr int rounds = 100'000;
    const auto here = make_posix_parking();
    const auto there = make_posix_parking();
    int ball = 0;

    std::thread other{[&] {
        for (int round = 0; round < rounds; ++round) {
            there->park();
            ++ball;
            here->unpark();
        }
    }};
    for (int round = 0; round < rounds; ++round) {
        there->unpark();
        here->park();
        ASSERT_EQ(ball, round + 1);
    }
    other.join();
}

TEST(PosixParkingTest, LosesNoUnparkOfManyThreads) {
    constexpr std::uint64_t each = 50'000;
    const auto parking = make_posix_parking();
    std::atomic<std::uint64_t> handed_over{0};
    const auto hand_over = [&] {
        for (std::uint64_t i = 0; i < each; ++i) {
            handed_over.fetch_add(1, std::memory_order_relaxed);
            parking->unpark();
        }
    };

    std::thread one{hand_over};
    std::thread two{hand_over};
    // Ends only if the last unpark() wakes it: if that is lost, it sleeps for ever.
    while (handed_over.load(std::memory_order_relaxed) < 2 * each) parking->park();
    one.join();
    two.join();
    EXPECT_EQ(handed_over.load(), 2 * each);
}

}  // namespace
}  // namespace servicekit::os
