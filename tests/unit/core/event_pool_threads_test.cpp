// The pool, later replies and cancel with real threads, for the thread sanitizer.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <vector>

#include "core/event_pool.hpp"
#include "core/log_router.hpp"
#include "core/run_requests.hpp"
#include "core/waits.hpp"
#include "servicekit/mocks/fake_boost_log.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;

class EventPoolThreadsTest : public ::testing::Test {
protected:
    EventPoolThreadsTest() {
        pool_.arm(*loop_);
        EXPECT_TRUE(loop_->start());
    }
    ~EventPoolThreadsTest() override {
        pool_.pause();
        loop_->stop();
        pool_.close();
    }

    /// Queues a concurrent event.
    std::shared_ptr<QueuedEvent> ask(Handler handler) {
        EventDeclaration event{.name = "job", .handler = std::move(handler)};
        event.concurrent = true;
        auto run =
            std::make_shared<QueuedEvent>(std::make_shared<const EventDeclaration>(std::move(event)), Arguments{},
                                          Peer{.uid = 0, .role = ControlRole::owner},
                                          std::make_unique<CallbackAnswer>([this](const Object*, const Object* error) {
                                              if (error != nullptr) ++errors_;
                                              ++answers_;
                                          }));
        EXPECT_TRUE(queue_.push(run));
        pool_.wake();
        return run;
    }
    void await_answers(int count) {
        while (answers_ < count) std::this_thread::yield();
        while (!runs_.are_over()) std::this_thread::yield();
    }

    const os::Host& host_ = os::posix_host();
    mocks::FakeBoostLog boost_log_;
    LogRouter router_{*host_.clock, *host_.process, *host_.streams, boost_log_};
    std::unique_ptr<os::Parking> parking_ = host_.make_parking();
    EventQueue queue_{*parking_, *host_.clock};
    Runs runs_{[this] { queue_.wake(); }};
    std::shared_ptr<const Waits> waits_ = std::make_shared<Waits>(*host_.clock, host_.make_parking);
    ServiceMetrics metrics_;
    RunnerSurroundings surroundings_{
        router_.whole(),
        *host_.clock,
        *host_.threads,
        waits_,
        runs_,
        metrics_,
        [](EventRun& run, const std::function<Reply(EventRun&)>& next) { return next(run); }};
    std::unique_ptr<os::EventLoop> loop_ = host_.make_event_loop("control");
    os::EventTrail trail_;
    EventPool pool_{queue_, surroundings_, trail_, host_};
    RunRequests run_requests_{queue_, runs_, metrics_, *host_.users, router_.whole()};
    std::atomic<int> answers_{0};
    std::atomic<int> errors_{0};
};

TEST_F(EventPoolThreadsTest, NothingRunsWhileItIsPaused) {
    std::atomic<int> running{0};
    std::atomic<int> together{0};
    constexpr int jobs = 400;
    std::thread asker{[&] {
        for (int i = 0; i < jobs; ++i)
            ask([&](const Arguments&, Context& context) {
                ++running;
                static_cast<void>(context.wait_for(1ms));
                --running;
                return Reply{};
            });
    }};
    for (int i = 0; i < 50; ++i) {
        pool_.resume();
        std::this_thread::yield();
        pool_.pause();
        together += running;
    }
    asker.join();
    pool_.resume();
    await_answers(jobs);
    EXPECT_EQ(together, 0);
    EXPECT_EQ(errors_, 0);
}

TEST_F(EventPoolThreadsTest, CancelsAndRepliesMayCoincide) {
    pool_.resume();
    constexpr int jobs = 200;
    std::vector<std::thread> workers;
    std::mutex mutex;
    for (int i = 0; i < jobs; ++i)
        ask([&](const Arguments&, Context& context) {
            const std::lock_guard guard{mutex};
            workers.emplace_back([reply = context.reply_later()] {
                reply.progress(1, 2);
                static_cast<void>(reply.wait_for(1ms));
                reply.succeed({{"stopped", reply.stop_token().stop_requested()}});
            });
            return Reply{};
        });
    for (int id = 1; id <= jobs; ++id)
        static_cast<void>(run_requests_.cancel(id, {.uid = 0, .role = ControlRole::owner}));
    await_answers(jobs);
    for (std::thread& worker : workers) worker.join();
}

TEST_F(EventPoolThreadsTest, AStopReachesAllRunningEvents) {
    pool_.resume();
    constexpr int jobs = 4;
    std::atomic<int> begun{0};
    for (int i = 0; i < jobs; ++i)
        ask([&](const Arguments&, Context& context) {
            ++begun;
            EXPECT_FALSE(context.wait_for(1h));
            return Reply{};
        });
    while (begun < jobs) std::this_thread::yield();
    runs_.request_stop();
    await_answers(jobs);
}

}  // namespace
}  // namespace servicekit
