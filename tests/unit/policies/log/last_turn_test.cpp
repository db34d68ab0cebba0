#include "policies/log/last_turn.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

namespace servicekit::policies {
namespace {

using namespace std::chrono_literals;

TEST(LastTurnTest, PassesTheTurnOnToOneThatWaits) {
    Turns turns;
    std::thread waiting;
    {
        const LastTurn last{turns};
        ASSERT_TRUE(last.is_ours());
        waiting = std::thread{[&turns] { const Turns::Turn turn{turns}; }};
    }
    waiting.join();
    EXPECT_TRUE(LastTurn{turns}.is_ours());
}

TEST(LastTurnTest, AThreadThatKeepsTheTurnIsWaitedForOnce) {
    Turns turns;
    const Turns::Turn kept{turns};
    const auto begin = std::chrono::steady_clock::now();
    for (int times = 0; times < 1000; ++times) EXPECT_FALSE(LastTurn{turns}.is_ours());
    // All of them would take a hundred seconds.
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 50s);
}

TEST(LastTurnTest, ATurnThatIsPassedOnAfterAllIsHad) {
    Turns turns;
    {
        const Turns::Turn kept{turns};
        EXPECT_FALSE(LastTurn{turns}.is_ours());
    }
    EXPECT_TRUE(LastTurn{turns}.is_ours());
    EXPECT_TRUE(LastTurn{turns}.is_ours());
}

// A signal comes wherever the thread is, also where it holds what a turn is waited for with.
TEST(LastTurnTest, IsSafeInAHandlerWhateverTheThreadDoes) {
    static Turns turns;
    static std::atomic<int> handled;
    handled = 0;
    struct sigaction action {};
    struct sigaction before {};
    action.sa_handler = [](int) {
        const LastTurn last{turns};
        ++handled;
    };
    ASSERT_EQ(::sigaction(SIGUSR2, &action, &before), 0);
    std::atomic<bool> ends{false};
    const auto take_turns = [&ends] {
        while (!ends) const Turns::Turn turn{turns};
    };
    std::thread one{take_turns};
    std::thread two{take_turns};
    std::thread three{take_turns};
    for (int signals = 1; signals <= 100; ++signals) {
        ::pthread_kill(one.native_handle(), SIGUSR2);
        while (handled < signals) std::this_thread::yield();
    }
    ends = true;
    one.join();
    two.join();
    three.join();
    ::sigaction(SIGUSR2, &before, nullptr);
}

}  // namespace
}  // namespace servicekit::policies
