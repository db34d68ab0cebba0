#include <algorithm>
#include <optional>
#include <stdexcept>

#include "core/queued_event.hpp"
#include "servicekit/core/pending_reply.hpp"
#include "unit/core/long_job_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr std::string_view follow_1 = R"(["follow", {"id": 1}, {"progress": true, "queue": true}])";

class FollowTest : public testing::LongJobTest {
protected:
    FollowTest() {
        add("upload", [](Context& context) {
            for (std::uint64_t done = 1; done <= 3; ++done) {
                if (!context.wait_for(10s)) break;
                context.progress(done, 3, "part");
            }
            return Reply{{"parts", 3}};
        });
        add("quick", [](Context&) { return Reply{{"is", "quick"}}; });
    }
    /// Returns the next line that the client receives.
    std::string line(mocks::FakeClient& client) { return to_json(next(client)); }
};

TEST_F(FollowTest, AFollowerGetsTheProgressAndTheReplyOfARunningEvent) {
    start();
    auto upload = begin(R"(["upload"])");
    auto follower = begin(follow_1, {.pid = 70, .uid = 0, .gid = 0});
    EXPECT_EQ(line(follower), R"({"progress":{"state":"running","id":1}})");
    EXPECT_EQ(line(follower), R"({"progress":{"done":1,"total":3,"message":"part"}})");
    os.advance(30s);
    EXPECT_EQ(line(upload), R"({"parts":3})") << "the caller wanted no progress";
    EXPECT_THAT(follower.receive(), ::testing::EndsWith("\n{\"parts\":3}\n"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(FollowTest, TheCallerMayBeGone) {
    start();
    { auto upload = begin(R"(["upload"])"); }
    auto follower = begin(R"(["follow", {"id": 1}])");
    EXPECT_EQ(line(follower), R"({"parts":3})");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(FollowTest, AQueuedEventIsFollowedFromItsTurn) {
    start();
    auto upload = begin(R"(["upload"])");
    auto quick = begin(R"(["quick"])");
    auto follower = begin(R"(["follow", {"id": 2}, {"queue": true}])");
    EXPECT_EQ(line(follower), R"({"progress":{"state":"queued","id":2}})");
    EXPECT_EQ(line(upload), R"({"parts":3})");
    EXPECT_EQ(line(quick), R"({"is":"quick"})");
    EXPECT_EQ(follower.receive(), R"({"progress":{"state":"running","id":2}})"
                                  "\n"
                                  R"({"is":"quick"})"
                                  "\n");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(FollowTest, AFailureIsTheSameForAll) {
    add("copy", [](Context& context) -> Reply {
        context.wait_for(60s);
        throw std::runtime_error("the disk is full");
    });
    start();
    auto copy = begin(R"(["copy"])");
    auto follower = begin(R"(["follow", {"id": 1}])");
    const std::string failure = line(follower);
    EXPECT_THAT(failure, HasSubstr("the disk is full"));
    EXPECT_EQ(line(copy), failure);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(FollowTest, ACancelIsTheSameForAll) {
    start();
    auto upload = begin(R"(["upload"])");
    auto quick = begin(R"(["quick"])");
    auto of_upload = begin(R"(["follow", {"id": 1}])");
    auto of_quick = begin(R"(["follow", {"id": 2}])");
    ask(R"(["cancel", {"id": 2}])");
    ask(R"(["cancel", {"id": 1}])");
    EXPECT_EQ(code_of(next(of_quick)), "cancelled");
    EXPECT_EQ(code_of(next(of_upload)), "cancelled");
    EXPECT_EQ(life.stop(), 0);
}

// A handler may return early when the time of its caller is up: what it has done must not look like all of it.
TEST_F(FollowTest, ATimeoutOfTheCallerIsThatOfTheFollowers) {
    start();
    auto upload = begin(R"(["upload", {}, {"timeout": 5}])");
    auto follower = begin(R"(["follow", {"id": 1}])");
    EXPECT_EQ(code_of(next(upload)), "timeout");
    const Object reply = next(follower);
    EXPECT_EQ(code_of(reply), "timeout");
    EXPECT_EQ(reply.find("error")->as_object().get<std::string>("event"), "upload");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(FollowTest, OneThatFollowsAfterTheTimeoutGetsItAtTheEnd) {
    std::optional<PendingReply> pending;
    add("copy", [&](Context& context) {
        pending = context.reply_later();
        return Reply{};
    });
    start();
    auto copy = begin(R"(["copy", {}, {"timeout": 5}])");
    EXPECT_EQ(code_of(next(copy)), "timeout");
    auto follower = begin(R"(["follow", {"id": 1}])");
    EXPECT_EQ(follower.receive(), "");
    pending->succeed(Reply{{"files", 3}});
    EXPECT_EQ(code_of(next(follower)), "timeout");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(FollowTest, AnEventThatIsAnsweredInAnotherWayCannotBeFollowed) {
    start();
    service().events().replace("settings", [](const Arguments&, Context& context) {
        context.wait_for(10s);
        return Reply{{"mine", 1}};
    });
    auto settings = begin(R"(["settings"])");
    EXPECT_EQ(code_of(ask(R"(["follow", {"id": 1}])")), "bad-argument");
    EXPECT_EQ(life.stop(), 0);
}

// on_status() runs before the event does.
TEST_F(FollowTest, AnEventIsFoundUntilItRuns) {
    hooks.on_status = [this](Reply& reply) {
        reply.set("looked", true);
        service().wait_for(90ms);
    };
    start();
    ask(R"(["status"])");
    os.advance(10s);
    mocks::FakeClient upload = life.connect({.pid = 60, .uid = 0, .gid = 0});
    upload.send(R"(["upload"])");
    os.settle();
    mocks::FakeClient follower = life.connect({.pid = 61, .uid = 0, .gid = 0});
    follower.send(R"(["follow", {"id": 2}])");
    EXPECT_EQ(line(follower), R"({"parts":3})");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(FollowTest, ATimeoutInTheQueueEndsIt) {
    start();
    auto upload = begin(R"(["upload"])");
    auto quick = begin(R"(["quick", {}, {"timeout": 5}])");
    auto follower = begin(R"(["follow", {"id": 2}])");
    EXPECT_EQ(code_of(next(quick)), "timeout");
    const Object reply = next(follower);
    EXPECT_EQ(code_of(reply), "timeout");
    EXPECT_EQ(reply.find("error")->as_object().get<std::string>("event"), "quick");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(FollowTest, AFollowersOwnTimeoutEndsNothingElse) {
    start();
    auto upload = begin(R"(["upload"])");
    auto follower = begin(R"(["follow", {"id": 1}, {"timeout": 5, "progress": true}])");
    EXPECT_EQ(code_of(next(follower)), "timeout");
    os.advance(30s);
    EXPECT_EQ(follower.receive(), "") << "no progress may follow the reply";
    EXPECT_EQ(line(upload), R"({"parts":3})");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(FollowTest, AnEventThatIsAnsweredLaterIsFollowed) {
    std::optional<PendingReply> pending;
    add("order", [&](Context& context) {
        pending = context.reply_later();
        return Reply{};
    });
    start();
    auto order = begin(R"(["order"])");
    auto follower = begin(follow_1);
    EXPECT_EQ(line(follower), R"({"progress":{"state":"running","id":1}})");
    pending->progress(1, 2);
    EXPECT_EQ(line(follower), R"({"progress":{"done":1,"total":2}})");
    pending->succeed(Reply{{"price", 7}});
    EXPECT_EQ(line(follower), R"({"price":7})");
    EXPECT_EQ(line(order), R"({"price":7})");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(FollowTest, AStopDeclinesAQueuedEventForAll) {
    start();
    auto upload = begin(R"(["upload"])");
    auto quick = begin(R"(["quick"])");
    auto follower = begin(R"(["follow", {"id": 2}])");
    ask(R"(["stop"])");
    EXPECT_EQ(code_of(next(follower)), "not-ready");
    EXPECT_EQ(life.wait(), 0);
}

TEST_F(FollowTest, AnUnknownIdIsABadArgument) {
    start();
    const Object reply = ask(R"(["follow", {"id": 7}])");
    EXPECT_EQ(code_of(reply), "bad-argument");
    EXPECT_EQ(reply.find("error")->as_object().get<std::string>("message"), "no event of the id 7 runs or waits");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(FollowTest, OneFollowerTooManyReplacesTheFirst) {
    start();
    auto upload = begin(R"(["upload"])");
    std::vector<mocks::FakeClient> followers;
    for (std::size_t i = 0; i <= QueuedEvent::most_followers; ++i)
        followers.push_back(begin(R"(["follow", {"id": 1}])"));
    EXPECT_EQ(code_of(next(followers.front())), "busy");
    EXPECT_EQ(line(followers.back()), R"({"parts":3})");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(FollowTest, AServiceKeepsAnEventOfThatName) {
    add({.name = "follow", .handler = [](const Arguments&, Context&) { return Reply{{"is", "mine"}}; }});
    start();
    EXPECT_EQ(ask(R"(["follow"])"), (Object{{"is", "mine"}}));
    EXPECT_EQ(life.stop(), 0);
}

// It would wait for itself.
TEST_F(FollowTest, AHandlerCannotFollow) {
    std::string code;
    add("watch", [&](Context&) {
        try {
            service().trigger("follow", {{"id", 1}});
        } catch (const CallError& error) {
            code = error.code();
        }
        return Reply{};
    });
    start();
    ask(R"(["watch"])");
    EXPECT_EQ(code, "event-error");
    EXPECT_EQ(life.stop(), 0);
}

// Who may follow.

class FollowingStrangersTest : public FollowTest {
protected:
    FollowingStrangersTest() {
        add({.name = "print",
             .handler =
                 [](const Arguments&, Context& context) {
                     context.wait_for(60s);
                     return Reply{{"pages", 3}};
                 },
             .needs = ControlRole::none});
        let_everybody_connect();
    }
    const Peer alice{.pid = 70, .uid = 1001, .gid = 1001};
    const Peer bob{.pid = 71, .uid = 1002, .gid = 1002};
};

TEST_F(FollowingStrangersTest, ACallerFollowsItsOwnEvent) {
    start();
    auto print = begin(R"(["print"])", alice);
    auto follower = begin(R"(["follow", {"id": 1}])", alice);
    EXPECT_EQ(line(follower), R"({"pages":3})");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(FollowingStrangersTest, TheOwnerFollowsAllEvents) {
    start();
    auto print = begin(R"(["print"])", alice);
    auto follower = begin(R"(["follow", {"id": 1}])");
    EXPECT_EQ(line(follower), R"({"pages":3})");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(FollowingStrangersTest, AStrangerCannotFollowAndLearnsNoIds) {
    start();
    auto print = begin(R"(["print"])", alice);
    const Object runs = ask(R"(["follow", {"id": 1}])", bob);
    EXPECT_EQ(code_of(runs), "not-allowed");
    EXPECT_EQ(runs, ask(R"(["follow", {"id": 99}])", bob));
    for (int i = 0; i < 100; ++i) ask(R"(["follow", {"id": 1}])", bob);
    EXPECT_EQ(life.stop(), 0);
    EXPECT_LT(std::ranges::count(log(), '\n'), 20);
}

}  // namespace
}  // namespace servicekit
