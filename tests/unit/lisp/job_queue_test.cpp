#include "lisp/job_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace servicekit::lisp {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// Threads of the test play the threads of Lisp.
class JobQueueTest : public ::testing::Test {
protected:
    JobQueue exchange{{.serve = [this](const std::string& function,
                                       const Value::List& arguments) { return serve(function, arguments); },
                       .summon = [this]() -> std::optional<Answer> {
                           ++summoned;
                           return refusal;
                       },
                       .log = [this](const std::string&, const std::string& text) { logged.push_back(text); }}};
    std::function<Answer(const std::string&, const Value::List&)> serve =
        [](const std::string& function, const Value::List&) -> Answer { return {.value = function + "!"}; };
    std::optional<Answer> refusal;
    int summoned = 0;
    std::vector<std::string> logged;

    static Evaluation done(const char* output) { return {.output = output}; }
    Answer call(const std::string& function) {
        const CallId id = exchange.ask(function, {});
        return std::get<Answer>(exchange.await(id));
    }
};

TEST_F(JobQueueTest, AWorkerGetsTheJobAndTheWaiterItsEvaluation) {
    std::thread worker{[this] { exchange.finish(exchange.next_job()->id, done("fine")); }};
    const auto job = exchange.submit({.texts = {"1"}});

    EXPECT_EQ(exchange.wait(*job, std::nullopt, {})->output, "fine");
    worker.join();
    EXPECT_EQ(summoned, 0);
}

TEST_F(JobQueueTest, AWaiterServesCallsFromLisp) {
    const auto job = exchange.submit({});
    Answer answer;
    std::thread worker{[&] {
        const auto mine = exchange.next_job();
        answer = call("status");
        exchange.finish(mine->id, done(""));
    }};

    EXPECT_TRUE(exchange.wait(*job, std::nullopt, {}));
    worker.join();
    EXPECT_EQ(answer.value, Value{"status!"});
    EXPECT_EQ(summoned, 0);
}

TEST_F(JobQueueTest, ACallerOfTheServiceDoesItsNestedJobs) {
    std::string nested;
    serve = [&](const std::string&, const Value::List&) -> Answer {
        const auto inner = exchange.submit({.texts = {"inner"}});
        nested = exchange.wait(*inner, std::nullopt, {})->output;
        return {};
    };
    const auto job = exchange.submit({.texts = {"outer"}});
    std::thread worker{[&] {
        const auto outer = exchange.next_job();
        const CallId id = exchange.ask("trigger", {});
        auto step = exchange.await(id);
        const auto inner = std::get<std::shared_ptr<const Job>>(step);
        exchange.finish(inner->id, done(inner->task.texts[0].c_str()));
        EXPECT_TRUE(std::get<Answer>(exchange.await(id)).ok);
        exchange.finish(outer->id, done("outer"));
    }};

    EXPECT_EQ(exchange.wait(*job, std::nullopt, {})->output, "outer");
    worker.join();
    EXPECT_EQ(nested, "inner");
}

TEST_F(JobQueueTest, WithoutAWaiterTheServiceIsSummoned) {
    const CallId id = exchange.ask("status", {});
    EXPECT_EQ(summoned, 1);

    exchange.serve_calls();

    EXPECT_EQ(std::get<Answer>(exchange.await(id)).value, Value{"status!"});
}

TEST_F(JobQueueTest, AStoppedServiceAnswersWithAnError) {
    refusal = Answer{.ok = false, .text = "the service is starting", .type = "not-ready"};

    const Answer answer = call("status");

    EXPECT_FALSE(answer.ok);
    EXPECT_EQ(answer.type, "not-ready");
}

TEST_F(JobQueueTest, WaitingEndsAtItsTimeoutOrAStop) {
    const auto job = exchange.submit({});
    EXPECT_FALSE(exchange.wait(*job, Clock::now() + 1ms, {}));
    std::stop_source stop;
    stop.request_stop();
    EXPECT_FALSE(exchange.wait(*job, std::nullopt, stop.get_token()));

    EXPECT_TRUE(exchange.abandon(*job));

    exchange.finish(job->id, done("too late"));
    EXPECT_FALSE(exchange.abandon(*job));
}

TEST_F(JobQueueTest, AThreadThatLeavesBlocksNothing) {
    std::optional<Fault> fault;
    CallId id = 0;
    serve = [&](const std::string&, const Value::List&) -> Answer {
        const auto inner = exchange.submit({});
        exchange.leave(id);
        fault = exchange.wait(*inner, std::nullopt, {})->fault;
        return {};
    };
    id = exchange.ask("trigger", {});

    exchange.serve_calls();

    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->kind, FaultKind::exit);
}

TEST_F(JobQueueTest, ClosingEndsAllWaits) {
    const CallId pending = exchange.ask("status", {});
    std::thread worker{[this] { EXPECT_EQ(exchange.next_job(), nullptr); }};

    exchange.close();

    worker.join();
    EXPECT_FALSE(std::get<Answer>(exchange.await(pending)).ok);
    EXPECT_FALSE(call("status").ok);
    exchange.log("info", "too late");
    EXPECT_TRUE(logged.empty());
}

}  // namespace
}  // namespace servicekit::lisp
