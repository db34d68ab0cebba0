// Health checks with real threads, for the thread sanitizer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>

#include "core/health_checks.hpp"
#include "core/log_router.hpp"
#include "core/waits.hpp"
#include "servicekit/core/event.hpp"
#include "servicekit/mocks/fake_boost_log.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;

class HealthChecksThreadsTest : public ::testing::Test {
protected:
    HealthChecksThreadsTest() {
        checks_->arm(*loop_);
        EXPECT_TRUE(loop_->start());
    }
    ~HealthChecksThreadsTest() override { end(); }
    void end() {
        if (!checks_) return;
        stop_.request_stop();
        checks_->stop(patience_);
        loop_->stop();
        has_ended_ = checks_->have_ended(patience_);
        checks_->disarm();
        checks_.reset();
    }
    template <class Condition>
    void await(const Condition& condition) {
        const auto deadline = std::chrono::steady_clock::now() + patience_;
        while (!condition()) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline);
            std::this_thread::sleep_for(1ms);
        }
    }

    const os::Host& host_ = os::posix_host();
    mocks::FakeBoostLog boost_log_;
    LogRouter router_{*host_.clock, *host_.process, *host_.streams, boost_log_};
    std::stop_source stop_;
    std::unique_ptr<os::EventLoop> loop_ = host_.make_event_loop("control");
    std::shared_ptr<HealthChecks> checks_ = std::make_shared<HealthChecks>(
        host_, std::make_shared<Waits>(*host_.clock, host_.make_parking), stop_.get_token(), router_.whole());
    bool has_ended_ = false;
    const std::chrono::seconds patience_{60};
};

TEST_F(HealthChecksThreadsTest, ResultsAreReadWhileManyChecksRun) {
    std::atomic<int> runs{0};
    constexpr int enough = 400;
    for (int i = 0; i < 8; ++i)
        checks_->add("check-" + std::to_string(i),
                     [&runs, i](const Context&) {
                         if ((++runs + i) % 2 == 0) throw std::runtime_error{"it is odd"};
                     },
                     {.interval = 1ms, .timeout = 20s});
    checks_->begin();
    std::size_t least = 8;
    await([&] {
        least = std::min(least, checks_->results().size());
        return runs >= enough;
    });
    checks_->add("late", [](const Context&) {}, {});
    await([&] { return checks_->results().back().outcome == HealthResult::Outcome::ok; });
    EXPECT_EQ(least, 8U);
    end();
    EXPECT_TRUE(has_ended_);
}

TEST_F(HealthChecksThreadsTest, ACheckThatHangsMayOutliveTheService) {
    // Shared with the thread, because the test may end first.
    auto released = std::make_shared<std::promise<void>>();
    std::shared_future<void> release = released->get_future().share();
    auto ended = std::make_shared<std::promise<void>>();
    std::future<void> end_of_check = ended->get_future();
    std::weak_ptr<HealthChecks> left = checks_;
    checks_->add("hangs",
                 [release, ended](const Context&) {
                     release.wait();
                     ended->set_value();
                 },
                 {.timeout = 1ms});
    checks_->begin();
    await([&] { return checks_->results().front().outcome == HealthResult::Outcome::timed_out; });
    end();
    EXPECT_FALSE(has_ended_);
    loop_.reset();
    released->set_value();
    end_of_check.get();
    await([&] { return left.expired(); });
}

TEST_F(HealthChecksThreadsTest, AStopEndsAllWaitsOfChecks) {
    std::atomic<int> begun{0};
    for (int i = 0; i < 4; ++i)
        checks_->add("check-" + std::to_string(i),
                     [&begun](const Context& context) {
                         ++begun;
                         EXPECT_FALSE(context.wait_for(1h));
                     },
                     {.timeout = 1h});
    checks_->begin();
    await([&] { return begun == 4; });
    end();
    EXPECT_TRUE(has_ended_);
}

}  // namespace
}  // namespace servicekit
