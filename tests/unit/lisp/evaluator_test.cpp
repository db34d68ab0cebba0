#include "lisp/evaluator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "unit/lisp/fake_machine.hpp"

namespace servicekit::lisp {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class EvaluatorTest : public ::testing::Test {
protected:
    explicit EvaluatorTest(std::chrono::milliseconds grace = 10s) : grace_of_forms{grace} {}

    std::chrono::milliseconds grace_of_forms;
    std::unique_ptr<FakeMachine> made = std::make_unique<FakeMachine>();
    FakeMachine& machine = *made;
    std::function<Answer(const std::string&)> serve = [](const std::string&) { return Answer{}; };
    Evaluator evaluator{std::move(made),
                        {.heap = 1000, .text = 20},
                        {.serve = [this](const std::string& function, const Value::List&) { return serve(function); },
                         .summon = [] { return std::optional<Answer>{}; },
                         .log = [](const std::string&, const std::string&) {}},
                        {.grace = grace_of_forms, .interrupt_interval = 1ms}};

    static Task task(const char* text, std::optional<std::chrono::milliseconds> time_limit = {}) {
        return {.texts = {text}, .time_limit = time_limit};
    }
    Fault fault_of(const Task& task) {
        const auto evaluation = evaluator.evaluate(task);
        EXPECT_TRUE(evaluation && evaluation->fault);
        return evaluation && evaluation->fault ? *evaluation->fault : Fault{};
    }
};

TEST_F(EvaluatorTest, BootsOnceAtTheFirstTask) {
    EXPECT_EQ(machine.boots, 0);
    EXPECT_FALSE(evaluator.has_booted());

    EXPECT_TRUE(evaluator.evaluate(task("1")));
    EXPECT_TRUE(evaluator.evaluate(task("2")));

    EXPECT_TRUE(evaluator.has_booted());
    EXPECT_EQ(machine.boots, 1);
    EXPECT_EQ(machine.limits().heap, 1000U);
    EXPECT_EQ(machine.limits().text, 20U);
    EXPECT_THAT(machine.texts(), ElementsAre("1", "2"));
}

TEST_F(EvaluatorTest, AFailedBootIsReportedAndNotRetried) {
    machine.boot_error = Error{ExitCode::internal, "boot", "Lisp", "no memory"};

    EXPECT_EQ(evaluator.evaluate(task("1")).error().message(), "cannot boot 'Lisp': no memory");
    EXPECT_EQ(evaluator.evaluate(task("2")).error().message(), "cannot evaluate: Lisp could not be booted");

    EXPECT_FALSE(evaluator.has_booted());
    EXPECT_EQ(machine.boots, 1);
    EXPECT_THAT(machine.tasks(), IsEmpty());
}

TEST_F(EvaluatorTest, BootTasksRunBeforeTheFirstTask) {
    evaluator.on_boot([this] { EXPECT_TRUE(evaluator.evaluate(task("on boot"))); });

    EXPECT_TRUE(evaluator.evaluate(task("1")));
    EXPECT_TRUE(evaluator.evaluate(task("2")));

    EXPECT_THAT(machine.texts(), ElementsAre("on boot", "1", "2"));
}

TEST_F(EvaluatorTest, InterruptsUntilTheFormLeaves) {
    machine.evaluate = [this](const Job& job) { return machine.leave_at_interrupt(job.id, 3); };

    const Fault fault = fault_of(task("(loop)", 1ms));

    EXPECT_EQ(fault.kind, FaultKind::timeout);
    EXPECT_EQ(fault.message, "it took longer than 1 ms");
    EXPECT_GE(machine.interrupts_of(1), 3);
    EXPECT_EQ(machine.replacements, 0);
}

TEST_F(EvaluatorTest, AFormThatEndsAtTheInterruptIsASuccess) {
    machine.evaluate = [this](const Job& job) {
        machine.leave_at_interrupt(job.id, 1);
        return Evaluation{.output = "just in time"};
    };

    const auto evaluation = evaluator.evaluate(task("(nearly-a-loop)", 1ms));

    EXPECT_FALSE(evaluation->fault);
    EXPECT_EQ(evaluation->output, "just in time");
}

/// An evaluator whose forms have no time to clean up.
class ImpatientEvaluatorTest : public EvaluatorTest {
protected:
    ImpatientEvaluatorTest() : EvaluatorTest{2ms} {}
};

TEST_F(ImpatientEvaluatorTest, AStuckWorkerIsReplaced) {
    machine.evaluate = [this](const Job& job) {
        return job.task.texts.front() == "stuck" ? machine.stay() : Evaluation{.output = "served"};
    };

    const Fault fault = fault_of(task("stuck", 1ms));

    EXPECT_EQ(fault.kind, FaultKind::stuck);
    EXPECT_EQ(fault.message, "it took longer than 1 ms, and can't be interrupted");
    EXPECT_EQ(machine.replacements, 1);
    EXPECT_EQ(evaluator.evaluate(task("fine"))->output, "served");
}

TEST_F(ImpatientEvaluatorTest, WithoutAnotherWorkerNothingIsEvaluated) {
    machine.evaluate = [this](const Job&) { return machine.stay(); };
    machine.replace_error = Error{ExitCode::internal, "start", "a thread", "no memory"};

    EXPECT_EQ(fault_of(task("stuck", 1ms)).message,
              "it took longer than 1 ms, and can't be interrupted; cannot start 'a thread': no memory");
    EXPECT_FALSE(evaluator.evaluate(task("next")));
    EXPECT_EQ(machine.replacements, 1);
    // The worker may not even have begun the first one.
    EXPECT_THAT(machine.texts(), Not(Contains("next")));
}

TEST_F(EvaluatorTest, AStopRequestEndsATaskWithoutALimit) {
    std::stop_source stop;
    machine.evaluate = [&](const Job& job) {
        stop.request_stop();
        return machine.leave_at_interrupt(job.id, 2);
    };

    const Fault fault = fault_of({.texts = {"(loop)"}, .stop = stop.get_token()});

    EXPECT_EQ(fault.kind, FaultKind::timeout);
    EXPECT_EQ(fault.message, "interrupted");
}

/// A task calls the service, which makes Lisp run another task.
class NestedEvaluatorTest : public EvaluatorTest {
protected:
    explicit NestedEvaluatorTest(std::chrono::milliseconds grace = 10s) : EvaluatorTest{grace} {
        machine.evaluate = [this](const Job& job) {
            if (job.task.texts.front() == "inner") return inner_form(job);
            begin_outer_form(job);
            machine.ask("inner");
            return Evaluation{.output = "outer"};
        };
        serve = [this](const std::string&) {
            inner_fault = evaluator.evaluate(inner)->fault;
            return Answer{};
        };
    }

    Task inner = task("inner");
    std::optional<Fault> inner_fault;
    std::function<Evaluation(const Job&)> inner_form = [this](const Job& job) {
        return machine.leave_at_interrupt(job.id, 1);
    };
    std::function<void(const Job&)> begin_outer_form = [](const Job&) {};
};

TEST_F(NestedEvaluatorTest, ATaskDoesNotOutlastItsOuterTask) {
    inner.time_limit = 1h;

    // Long enough for the worker to begin the task on a busy machine.
    EXPECT_EQ(evaluator.evaluate(task("outer", 200ms))->output, "outer");

    EXPECT_EQ(inner_fault.value().message, "what it belongs to took too long");
}

TEST_F(NestedEvaluatorTest, ATaskMayHaveLessTimeThanItsOuterTask) {
    inner.time_limit = 1ms;

    EXPECT_EQ(evaluator.evaluate(task("outer", 1h))->output, "outer");

    EXPECT_EQ(inner_fault.value().message, "it took longer than 1 ms");
}

TEST_F(NestedEvaluatorTest, AStopRequestReachesTheInnermostTask) {
    std::stop_source stop;
    inner_form = [&](const Job& job) {
        stop.request_stop();
        return machine.leave_at_interrupt(job.id, 1);
    };

    EXPECT_EQ(evaluator.evaluate({.texts = {"outer"}, .stop = stop.get_token()})->output, "outer");

    EXPECT_EQ(inner_fault.value().message, "interrupted");
}

class ImpatientNestedEvaluatorTest : public NestedEvaluatorTest {
protected:
    ImpatientNestedEvaluatorTest() : NestedEvaluatorTest{5ms} {}
};

TEST_F(ImpatientNestedEvaluatorTest, AnEvaluationDuringCleanUpEndsInTime) {
    begin_outer_form = [this](const Job& job) { machine.leave_at_interrupt(job.id, 1); };

    // On a busy machine the outer form may time out before it calls the service.
    while (!inner_fault) EXPECT_TRUE(evaluator.evaluate(task("outer", 1ms)));

    // After that the inner one may time out, too.
    EXPECT_THAT(inner_fault->message, StartsWith("what it belongs to took too long"));
}

TEST_F(ImpatientNestedEvaluatorTest, AStuckNestedTaskNeedsNoOtherWorker) {
    inner.time_limit = 1ms;
    inner_form = [this](const Job&) { return machine.stay(); };
    serve = [this](const std::string&) {
        inner_fault = evaluator.evaluate(inner)->fault;
        machine.end_forms();
        return Answer{};
    };

    EXPECT_EQ(evaluator.evaluate(task("outer"))->output, "outer");

    EXPECT_EQ(inner_fault.value().kind, FaultKind::stuck);
    EXPECT_EQ(machine.replacements, 0);
}

TEST_F(EvaluatorTest, IsShutDownOnlyOnce) {
    EXPECT_TRUE(evaluator.evaluate(task("1")));

    evaluator.shut_down();
    evaluator.shut_down();

    EXPECT_EQ(machine.shut_downs, 1);
    EXPECT_EQ(evaluator.evaluate(task("2")).error().message(), "cannot evaluate: Lisp was shut down");
    EXPECT_THAT(machine.texts(), ElementsAre("1"));
}

TEST_F(EvaluatorTest, IsNotShutDownIfItNeverBooted) {
    evaluator.shut_down();

    EXPECT_EQ(machine.shut_downs, 0);
    EXPECT_FALSE(evaluator.evaluate(task("1")));
    EXPECT_EQ(machine.boots, 0);
}

}  // namespace
}  // namespace servicekit::lisp
