#include "core/run_requests.hpp"

#include <algorithm>

#include "unit/core/long_job_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CancellationTest : public testing::LongJobTest {
protected:
    CancellationTest() {
        add("upload", [](Context& context) {
            int seconds = 0;
            while (seconds < 60 && context.wait_for(1s)) ++seconds;
            return Reply{{"seconds", seconds}};
        });
        add("quick", [](Context&) { return Reply{}; });
    }
    /// Starts `upload`, which gets the id 1.
    mocks::FakeClient begin_upload(const Peer& peer = {.pid = 60, .uid = 0, .gid = 0}) {
        start();
        auto client = begin(R"(["upload"])", peer);
        return client;
    }
};

TEST_F(CancellationTest, StatusListsRunningAndQueuedEvents) {
    auto upload = begin_upload();
    auto quick = begin(R"(["quick"])", {.pid = 61, .uid = 0, .gid = 0});
    os.advance(3s);
    const Object status = ask(R"(["status"])");
    EXPECT_EQ(to_json(*status.find("runs")), R"([{"id":1,"event":"upload","seconds":3,"caller":{"uid":0,"pid":60}}])");
    EXPECT_EQ(to_json(*status.find("queue")), R"([{"id":2,"event":"quick","seconds":3,"caller":{"uid":0,"pid":61}}])");
    EXPECT_EQ(to_json(*status.find("busy")), R"({"event":"upload","seconds":3})");
    next(quick);
    const Object idle = ask(R"(["status"])");
    EXPECT_FALSE(idle.contains("runs"));
    EXPECT_FALSE(idle.contains("queue"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(CancellationTest, ARunningEventIsAskedToEnd) {
    auto upload = begin_upload();
    os.advance(3s);
    EXPECT_EQ(ask(R"(["cancel", {"id": 1}])"),
              (Object{{"id", 1}, {"event", "upload"}, {"result", "cancel-initiated"}}));
    const Object reply = next(upload);
    EXPECT_EQ(code_of(reply), "cancelled");
    EXPECT_EQ(to_json(reply),
              R"({"error":{"code":"cancelled","message":"'upload' was cancelled by uid 0, pid 50","event":"upload",)"
              R"("reply":{"seconds":3}}})");
    EXPECT_EQ(life.stop(), 0);
    EXPECT_THAT(log(), HasSubstr("event 'cancel' {\"id\":1} asked for by uid 0, pid 50\n"));
    EXPECT_THAT(log(), HasSubstr("event 'upload' ended after 3.000 s, cancelled by uid 0, pid 50\n"));
}

TEST_F(CancellationTest, AQueuedEventNeverRuns) {
    auto upload = begin_upload();
    auto quick = begin(R"(["quick"])");
    EXPECT_EQ(ask(R"(["cancel", {"id": 2}])"), (Object{{"id", 2}, {"event", "quick"}, {"result", "cancelled"}}));
    EXPECT_EQ(code_of(next(quick)), "cancelled");
    EXPECT_THAT(names_in_status("queue"), IsEmpty());
    EXPECT_THAT(names_in_status("runs"), ElementsAre("upload"));
    EXPECT_EQ(life.stop(), 0);
    EXPECT_THAT(log(), HasSubstr("event 'quick' never ran: cancelled by uid 0, pid 50\n"));
}

TEST_F(CancellationTest, TheHandlersExceptionIsTheReason) {
    add("copy", [](Context& context) -> Reply {
        context.wait_for(60s);
        throw std::runtime_error("half of it is there");
    });
    start();
    auto copy = begin(R"(["copy"])");
    ask(R"(["cancel", {"id": 1}])");
    const Object reply = next(copy);
    EXPECT_EQ(code_of(reply), "cancelled");
    EXPECT_EQ(reply.find("error")->as_object().get<std::string>("reason"), "half of it is there");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(CancellationTest, AnUnknownIdIsABadArgument) {
    start();
    const Object reply = ask(R"(["cancel", {"id": 7}])");
    EXPECT_EQ(code_of(reply), "bad-argument");
    EXPECT_EQ(reply.find("error")->as_object().get<std::string>("message"), "no event of the id 7 runs or waits");
    EXPECT_EQ(code_of(ask(R"(["cancel"])")), "bad-argument");
    EXPECT_EQ(code_of(ask(R"(["cancel", {"id": -1}])")), "bad-argument");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(CancellationTest, ARunningBuiltInEventIsNotCancelled) {
    bool tried = false;
    hooks.on_reload = [&] {
        if (std::exchange(tried, true)) return;
        service().wait_for(5s);
    };
    start();
    auto reload = begin(R"(["reload"])");
    const Object reply = ask(R"(["cancel", {"id": 1}])");
    EXPECT_EQ(code_of(reply), "event-error");
    EXPECT_EQ(code_of(next(reload)), "");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(CancellationTest, AServiceKeepsAnEventOfThatName) {
    add({.name = "cancel", .parameters = {{.name = "order"}}, .handler = [](const Arguments& arguments, Context&) {
             return Reply{{"order", arguments.get<std::string>("order")}};
         }});
    let_everybody_connect();
    start();
    EXPECT_EQ(ask(R"(["cancel", {"order": "12"}])"), (Object{{"order", "12"}}));
    EXPECT_EQ(code_of(ask(R"(["cancel", {"order": "12"}])", {.pid = 9, .uid = 77, .gid = 77})), "not-allowed");
    EXPECT_EQ(life.stop(), 0);
}

// Permission to cancel.

class CancellationByStrangersTest : public CancellationTest {
protected:
    CancellationByStrangersTest() {
        add({.name = "print",
             .handler = [](const Arguments&, Context&) { return Reply{}; },
             .needs = ControlRole::none});
        let_everybody_connect();
    }
    const Peer alice{.pid = 70, .uid = 1001, .gid = 1001};
    const Peer bob{.pid = 71, .uid = 1002, .gid = 1002};
};

TEST_F(CancellationByStrangersTest, ACallerCanCancelItsOwnQueuedEvent) {
    auto upload = begin_upload();
    auto print = begin(R"(["print"])", alice);
    EXPECT_EQ(code_of(ask(R"(["cancel", {"id": 2}])", bob)), "not-allowed");
    EXPECT_EQ(ask(R"(["cancel", {"id": 2}])", alice).get<std::string>("result"), "cancelled");
    EXPECT_EQ(code_of(next(print)), "cancelled");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(CancellationByStrangersTest, AStrangerDoesNotLearnTheRoleOfAnEvent) {
    add({.name = "secret",
         .handler =
             [](const Arguments&, Context& context) {
                 context.wait_for(60s);
                 return Reply{};
             },
         .needs = ControlRole::owner});
    start();
    auto secret = begin(R"(["secret"])");
    EXPECT_EQ(ask(R"(["cancel", {"id": 1}])", alice), ask(R"(["cancel", {"id": 2}])", alice));
    EXPECT_EQ(life.stop(), 0);
}

// The refusals do not fill the log either.
TEST_F(CancellationByStrangersTest, AStrangerCannotCancelAndLearnsNoIds) {
    auto upload = begin_upload();
    const Object runs = ask(R"(["cancel", {"id": 1}])", alice);
    const Object is_none = ask(R"(["cancel", {"id": 99}])", alice);
    EXPECT_EQ(code_of(runs), "not-allowed");
    EXPECT_EQ(runs, is_none);
    for (int i = 0; i < 100; ++i) ask(R"(["cancel", {"id": 1}])", alice);
    EXPECT_EQ(life.stop(), 0);
    EXPECT_LT(std::ranges::count(log(), '\n'), 20);
}

}  // namespace
}  // namespace servicekit
