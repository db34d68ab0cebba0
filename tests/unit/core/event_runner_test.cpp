#include "core/event_runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/log_router.hpp"
#include "servicekit/base/json.hpp"
#include "servicekit/mocks/fake_boost_log.hpp"
#include "servicekit/mocks/mock_clock.hpp"
#include "servicekit/mocks/mock_log.hpp"
#include "servicekit/mocks/mock_process.hpp"
#include "servicekit/mocks/mock_standard_streams.hpp"
#include "servicekit/mocks/mock_threads.hpp"

namespace servicekit {
namespace {

using ::testing::NiceMock;
using ::testing::ReturnPointee;

class EventRunnerTest : public ::testing::Test {
protected:
    EventRunnerTest() {
        desk_.open(log_, "pond");
        runner_.adopt_this_thread();
    }

    /// Runs `handler` as the event `name`. \returns its error object; empty on success
    Object run(Handler handler, const std::string& name = "backup") {
        Object failure;
        reply_ = {};
        const auto run = std::make_shared<QueuedEvent>(
            std::make_shared<EventDeclaration>(EventDeclaration{.name = name}), Arguments{}, Peer{},
            std::make_unique<CallbackAnswer>([this, &failure](const Object* fields, const Object* error) {
                ++answers_;
                busy_when_answered_ = runner_.busy().has_value() || !runs_.all().empty();
                if (fields != nullptr) reply_ = *fields;
                if (error != nullptr) failure = *error;
            }));
        runner_.run(run, handler);
        return failure;
    }

    NiceMock<mocks::MockClock> clock_;
    NiceMock<mocks::MockThreads> threads_;
    NiceMock<mocks::MockLog> log_;
    NiceMock<mocks::MockProcess> process_;
    NiceMock<mocks::MockStandardStreams> streams_;
    mocks::FakeBoostLog boost_log_;
    LogRouter desk_{clock_, process_, streams_, boost_log_};
    std::vector<std::string> surrounded_;
    Runs runs_{[] {}};
    ServiceMetrics metrics_;
    RunnerSurroundings surroundings_{desk_.whole(),
                                     clock_,
                                     threads_,
                                     std::shared_ptr<const Waiting>{std::shared_ptr<void>{}, &real_waiting()},
                                     runs_,
                                     metrics_,
                                     [this](EventRun& event, const std::function<Reply(EventRun&)>& next) {
                                         surrounded_.emplace_back(event.name());
                                         return next(event);
                                     }};
    EventRunner runner_{surroundings_};
    Object reply_;
    int answers_ = 0;
    bool busy_when_answered_ = false;
};

TEST_F(EventRunnerTest, RepliesWithTheHandlersResult) {
    const Object error = run([](const Arguments&, Context&) { return Reply{{"files", 2}}; });

    EXPECT_TRUE(error.empty());
    EXPECT_EQ(reply_, (Object{{"files", 2}}));
    EXPECT_EQ(answers_, 1);
    EXPECT_EQ(surrounded_, std::vector<std::string>{"backup"});
}

TEST_F(EventRunnerTest, AReplyThatIsNotJsonIsAnErrorThatNamesTheField) {
    EXPECT_CALL(log_, write(::testing::Field(&LogRecord::message, ::testing::HasSubstr("'/load/1'"))));

    const Object error = run([](const Arguments&, Context&) {
        return Reply{{"files", 2}, {"load", Value::List{0.5, std::nan("")}}};
    });

    EXPECT_EQ(error.find("code")->as_string(), "event-error");
    EXPECT_EQ(error.find("field")->as_string(), "/load/1");
    EXPECT_EQ(error.find("message")->as_string(),
              "the reply has no form in JSON: '/load/1': it is not a finite number");
}

TEST_F(EventRunnerTest, TextThatIsNotUtf8IsAnError) {
    const auto fails_with = [this](Object fields) {
        const Object error = run([&](const Arguments&, Context&) { return Reply{fields}; });
        return error.contains("field") ? error.find("field")->as_string() : std::string{};
    };
    EXPECT_EQ(fails_with({{"name", "h\xF6her"}}), "/name");
    EXPECT_EQ(fails_with({{"a", Object{{"b\xFF/", 1}}}}), "/a/b\\xff~1");
    EXPECT_EQ(fails_with({{"name", "h\xC3\xB6her"}}), "");
}

TEST_F(EventRunnerTest, TheStatusOmitsAndNamesFieldsThatAreNotJson) {
    const auto own_fields = [](const Arguments&, Context&) {
        return Reply{{"ratio", std::nan("")}, {"connections", 3}, {"name", "\xFF"}};
    };
    EXPECT_TRUE(run(own_fields, "status").empty());
    EXPECT_EQ(to_json(reply_),
              R"({"connections":3,"left-out":["/ratio: it is not a finite number","/name: it is not UTF-8"]})");
}

TEST_F(EventRunnerTest, AnExceptionBecomesAnErrorWithItsTypeAndIsLogged) {
    EXPECT_CALL(log_, write(::testing::Field(&LogRecord::message, ::testing::HasSubstr("disk on fire"))));

    const Object error = run([](const Arguments&, Context&) -> Reply { throw std::out_of_range("disk on fire"); });

    EXPECT_EQ(error.find("code")->as_string(), "event-error");
    EXPECT_EQ(error.find("message")->as_string(), "disk on fire");
    EXPECT_EQ(error.find("type")->as_string(), "std::out_of_range");
    EXPECT_EQ(error.find("event")->as_string(), "backup");
}

TEST_F(EventRunnerTest, AnyThrownTypeIsCaught) {
    EXPECT_EQ(run([](const Arguments&, Context&) -> Reply { throw 42; }).find("type")->as_string(), "int");
    EXPECT_EQ(run([](const Arguments&, Context&) -> Reply { throw "words"; }).find("message")->as_string(), "words");
}

TEST_F(EventRunnerTest, AnArgumentThatTheHandlerLacksIsABadArgument) {
    const Object error = run([](const Arguments& arguments, Context&) {
        return Reply{{"n", arguments.get<int>("missing")}};
    });

    EXPECT_EQ(error.find("code")->as_string(), "bad-argument");
    EXPECT_EQ(error.find("argument")->as_string(), "missing");
}

TEST_F(EventRunnerTest, NamesTheRunningEventUntilItsReply) {
    std::string seen;
    run([this, &seen](const Arguments&, Context&) {
        seen = runner_.busy().value().event;
        return Reply{};
    });

    EXPECT_EQ(seen, "backup");
    EXPECT_FALSE(busy_when_answered_);
    EXPECT_FALSE(runner_.busy());
}

TEST_F(EventRunnerTest, AnEventThatNobodyCanBeNotifiedOfRunsAllTheSame) {
    runner_.on_begin([] { throw std::bad_alloc{}; });
    // More often than events may be nested.
    for (int events = 0; events < 2 * EventRunner::deepest_nesting; ++events)
        EXPECT_TRUE(run([](const Arguments&, Context&) { return Reply{{"done", true}}; }).empty());

    EXPECT_EQ(answers_, 2 * EventRunner::deepest_nesting);
    EXPECT_FALSE(runner_.busy());
}

TEST_F(EventRunnerTest, ANestedEventRunsAtOnceAndTheOuterOneIsNamed) {
    const EventDeclaration inner{.name = "inner"};
    std::string seen;
    run([&](const Arguments&, Context&) {
        EXPECT_TRUE(runner_.is_in_handler());
        return runner_.run_unasked(inner, {}, {}, [&](const Arguments&, Context&) {
            seen = runner_.busy().value().event;
            return Reply{};
        });
    });

    EXPECT_EQ(seen, "backup");
    EXPECT_EQ(surrounded_, (std::vector<std::string>{"backup", "inner"}));
    EXPECT_FALSE(runner_.is_in_handler());
}

TEST_F(EventRunnerTest, NestingEndsAtSixteen) {
    const EventDeclaration again{.name = "again"};
    int depth = 0;
    Handler recurse = [&](const Arguments&, Context&) {
        ++depth;
        return runner_.run_unasked(again, {}, {}, recurse);
    };

    const Object error = run(recurse);

    EXPECT_EQ(depth, EventRunner::deepest_nesting);
    EXPECT_THAT(error.find("message")->as_string(), ::testing::HasSubstr("nested deeper than 16"));
    EXPECT_FALSE(runner_.busy());
}

TEST_F(EventRunnerTest, RunningAndLaterHandlersSeeAStop) {
    bool before = true;
    bool after = false;
    run([&](const Arguments&, Context& context) {
        before = context.stop_token().stop_requested();
        runs_.request_stop();
        after = context.stop_token().stop_requested();
        return Reply{};
    });

    EXPECT_FALSE(before);
    EXPECT_TRUE(after);
}

TEST_F(EventRunnerTest, ProgressAfterTheReplyIsDiscarded) {
    int lines = 0;
    class Counting final : public Answer {
    public:
        explicit Counting(int& lines) : lines_{lines} {}
        void succeed(const Object&) override {}
        void fail(const Object&) override {}
        void progress(std::uint64_t, std::uint64_t, std::string_view) override { ++lines_; }

    private:
        int& lines_;
    };
    const auto run = std::make_shared<QueuedEvent>(std::make_shared<EventDeclaration>(EventDeclaration{.name = "slow"}),
                                                   Arguments{}, Peer{}, std::make_unique<Counting>(lines));
    run->want_progress();
    runner_.run(run, [&run](const Arguments&, Context& context) {
        context.progress(1, 2);
        run->time_out();
        context.progress(2, 2);
        return Reply{};
    });

    EXPECT_EQ(lines, 1);
    EXPECT_TRUE(run->is_answered());
}

TEST_F(EventRunnerTest, AFailureMayHaveItsOwnFieldsAndCode) {
    const Object error = run([](const Arguments&, Context&) -> Reply {
        throw ErrorReply("no form", {{"type", "END-OF-FILE"}, {"kind", "read"}, {"code", "not this one"}});
    });
    EXPECT_EQ(error, (Object{{"code", "event-error"},
                             {"message", "no form"},
                             {"event", "backup"},
                             {"type", "END-OF-FILE"},
                             {"kind", "read"}}));

    const Object coded =
        run([](const Arguments&, Context&) -> Reply { throw ErrorReply("gone", {}, "swank-package-not-found"); });
    EXPECT_EQ(coded, (Object{{"code", "swank-package-not-found"}, {"message", "gone"}, {"event", "backup"}}));
}

TEST_F(EventRunnerTest, YieldsNowAndThenBetweenEventsOfClientsThatAreNoOperators) {
    const auto event_of = [](ControlRole role) {
        return QueuedEvent{std::make_shared<EventDeclaration>(EventDeclaration{.name = "ping"}), Arguments{},
                           Peer{.role = role}, std::make_unique<CallbackAnswer>([](const Object*, const Object*) {})};
    };
    auto now = std::chrono::steady_clock::time_point{std::chrono::hours{1}};
    ON_CALL(clock_, steady_now).WillByDefault(ReturnPointee(&now));
    const QueuedEvent of_reader = event_of(ControlRole::read);

    EXPECT_CALL(threads_, yield).Times(1);
    for (int i = 0; i < 20; ++i) {
        runner_.yield_after(of_reader);
        now += std::chrono::microseconds{9};
    }
    ::testing::Mock::VerifyAndClearExpectations(&threads_);

    EXPECT_CALL(threads_, yield).Times(1);
    now += EventRunner::longest_row;
    runner_.yield_after(of_reader);
    ::testing::Mock::VerifyAndClearExpectations(&threads_);

    EXPECT_CALL(threads_, yield).Times(0);
    now += EventRunner::longest_row;
    runner_.yield_after(event_of(ControlRole::operate));
}

}  // namespace
}  // namespace servicekit
