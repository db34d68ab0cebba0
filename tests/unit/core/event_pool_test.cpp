#include "core/event_pool.hpp"

#include <algorithm>
#include <cerrno>

#include "unit/core/long_job_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class EventPoolTest : public testing::LongJobTest {
protected:
    EventPoolTest() {
        add_concurrent("upload", [this](Context& context) {
            ++uploads;
            const bool whole = context.wait_for(60s);
            --uploads;
            return Reply{{"whole", whole}};
        });
        add("quick", [](Context&) { return Reply{{"quick", true}}; });
    }
    int uploads = 0;
};

TEST_F(EventPoolTest, AConcurrentEventRunsBesideOthers) {
    start();
    auto upload = begin(R"(["upload"])");
    EXPECT_EQ(uploads, 1);
    EXPECT_EQ(ask(R"(["quick"])"), (Object{{"quick", true}}));
    EXPECT_THAT(names_in_status("runs"), ElementsAre("upload"));
    EXPECT_FALSE(ask(R"(["status"])").contains("busy"));
    EXPECT_EQ(next(upload), (Object{{"whole", true}}));
    EXPECT_EQ(life.stop(), 0);
    EXPECT_THAT(log(), HasSubstr("event 'upload' is done after 60.000 s\n"));
}

TEST_F(EventPoolTest, ThePoolsThreadsLimitTheRunningEvents) {
    start();
    std::vector<mocks::FakeClient> clients;
    for (int i = 0; i < 6; ++i) clients.push_back(begin(R"(["upload"])"));
    EXPECT_EQ(uploads, 4);
    EXPECT_THAT(names_in_status("runs"), SizeIs(4));
    EXPECT_THAT(names_in_status("queue"), SizeIs(2));
    os.advance(61s);
    EXPECT_EQ(uploads, 2);
    for (auto& client : clients) EXPECT_EQ(next(client), (Object{{"whole", true}}));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(EventPoolTest, AnIdleThreadEndsAndIsStartedAgain) {
    const auto threads = [this] {
        return std::ranges::count(os.faults.operations(), "threads.start", &mocks::FakeFaults::Operation::name);
    };
    start();
    ask(R"(["quick"])");
    EXPECT_EQ(threads(), 0);
    auto first = begin(R"(["upload"])");
    EXPECT_EQ(next(first), (Object{{"whole", true}}));
    EXPECT_EQ(threads(), 1);
    os.advance(EventPool::longest_idle + 1s);
    auto second = begin(R"(["upload"])");
    EXPECT_EQ(next(second), (Object{{"whole", true}}));
    EXPECT_EQ(threads(), 2);
    os.advance(EventPool::longest_idle - 1s);
    auto third = begin(R"(["upload"])");
    EXPECT_EQ(next(third), (Object{{"whole", true}}));
    EXPECT_EQ(threads(), 2);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(EventPoolTest, ACancelEndsAConcurrentEvent) {
    start();
    auto upload = begin(R"(["upload"])");
    ask(R"(["cancel", {"id": 1}])");
    EXPECT_EQ(code_of(next(upload)), "cancelled");
    EXPECT_EQ(uploads, 0);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(EventPoolTest, AReloadWaitsForConcurrentEventsAndRunsAlone) {
    int uploads_in_reload = -1;
    hooks.on_reload = [&] {
        service().wait_for(5s);
        uploads_in_reload = uploads;
    };
    start();
    auto upload = begin(R"(["upload"])");
    os.advance(50s);
    auto reload = begin(R"(["reload"])");
    auto next_upload = begin(R"(["upload"])");
    EXPECT_EQ(uploads, 1);
    EXPECT_THAT(names_in_status("queue"), ElementsAre("upload"));
    EXPECT_EQ(next(upload), (Object{{"whole", true}}));
    EXPECT_EQ(code_of(next(reload)), "");
    EXPECT_EQ(uploads_in_reload, 0);
    EXPECT_EQ(next(next_upload), (Object{{"whole", true}}));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(EventPoolTest, OnStartAndOnStopRunAlone) {
    int uploads_in_start = -1;
    int uploads_in_stop = -1;
    hooks.on_start = [&] { uploads_in_start = uploads; };
    hooks.on_stop = [&] { uploads_in_stop = uploads; };
    start();
    auto upload = begin(R"(["upload"])");
    EXPECT_EQ(uploads, 1);
    EXPECT_EQ(life.stop(), 0);
    EXPECT_EQ(uploads_in_start, 0);
    EXPECT_EQ(uploads_in_stop, 0);
    EXPECT_EQ(next(upload), (Object{{"whole", false}}));
}

TEST_F(EventPoolTest, EventsPostedByOnStartRunAfterIt) {
    int uploads_at_end_of_start = -1;
    add("begin", [this](Context&) {
        service().post("upload");
        return Reply{};
    });
    hooks.on_start = [&] {
        life.service()->post("upload");
        life.service()->wait_for(2s);
        uploads_at_end_of_start = uploads;
    };
    start();
    EXPECT_EQ(uploads_at_end_of_start, 0);
    EXPECT_EQ(uploads, 1);
    ask(R"(["begin"])");
    os.settle();
    EXPECT_EQ(uploads, 2);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(EventPoolTest, EventsPostedByOnLoadRunAfterTheStart) {
    int uploads_in_start = -1;
    bool has_posted = false;
    hooks.on_load = [&](Settings&) {
        if (!std::exchange(has_posted, true)) current->post("upload");
    };
    hooks.on_start = [&] { uploads_in_start = uploads; };
    life.begin_to_start();
    os.settle();
    EXPECT_EQ(uploads_in_start, 0);
    EXPECT_EQ(uploads, 1);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(EventPoolTest, NothingBeginsDuringANestedLoad) {
    int uploads_after_load = -1;
    hooks.on_reload = [&] {
        service().post("upload");
        service().trigger("load");
        service().wait_for(1s);
        uploads_after_load = uploads;
    };
    start();
    EXPECT_EQ(code_of(ask(R"(["reload"])")), "");
    EXPECT_EQ(uploads_after_load, 0);
    os.settle();
    EXPECT_EQ(uploads, 1);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(EventPoolTest, AHandlerThatDoesNotEndMakesTheStopSkipOnStop) {
    bool stopped = false;
    hooks.on_stop = [&] { stopped = true; };
    add_concurrent("deaf", [this](Context&) {
        os.advance(1h);
        return Reply{};
    });
    start();
    auto deaf = begin(R"(["deaf"])");
    EXPECT_EQ(life.stop(), 70);
    EXPECT_FALSE(stopped);
    EXPECT_EQ(code_of(next(deaf)), "not-ready");
    EXPECT_THAT(log(), HasSubstr("on_stop is skipped: 'deaf' still runs\n"));
}

TEST_F(EventPoolTest, OnlyConcurrentEventsCanBeNestedInOneAnother) {
    Reply inner;
    std::string refused;
    Reply events;
    add_concurrent("inner", [](Context&) { return Reply{{"inner", true}}; });
    add_concurrent("outer", [&](Context&) {
        inner = service().trigger("inner");
        events = service().trigger("log-level");
        try {
            service().trigger("quick");
        } catch (const CallError& error) {
            refused = error.what();
        }
        service().post("quick");
        return Reply{};
    });
    start();
    EXPECT_EQ(code_of(ask(R"(["outer"])")), "");
    EXPECT_EQ(inner.fields(), (Object{{"inner", true}}));
    EXPECT_TRUE(events.fields().contains("level"));
    EXPECT_THAT(refused, HasSubstr("'quick' does not run beside others"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(EventPoolTest, WithoutAThreadTheCallerGetsAnError) {
    start();
    os.threads.failures.fail_next("start", EAGAIN);
    const Object reply = ask(R"(["upload"])");
    EXPECT_EQ(code_of(reply), "event-error");
    EXPECT_THAT(to_json(reply), HasSubstr("cannot start the thread"));
    auto upload = begin(R"(["upload"])");
    EXPECT_EQ(uploads, 1);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(EventPoolTest, AConcurrentEventMayReplyLater) {
    std::unique_ptr<PendingReply> owed;
    add_concurrent("later", [&](Context& context) {
        owed = std::make_unique<PendingReply>(context.reply_later());
        return Reply{};
    });
    start();
    auto later = begin(R"(["later"])");
    EXPECT_THAT(names_in_status("runs"), ElementsAre("later"));
    EXPECT_EQ(code_of(ask(R"(["reload"])")), "");
    owed->succeed({{"done", true}});
    EXPECT_EQ(next(later), (Object{{"done", true}}));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(EventPoolTest, ABuiltInEventIsNotConcurrent) {
    EventDeclaration event{.name = "reload", .handler = [](const Arguments&, Context&) { return Reply{}; }};
    event.concurrent = true;
    EventTable events;
    EXPECT_THROW(events.replace(event), std::invalid_argument);
}

}  // namespace
}  // namespace servicekit
