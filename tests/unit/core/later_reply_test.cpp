// Events that reply after their handler has returned.
#include <stdexcept>

#include "core/later_run.hpp"
#include "unit/core/long_job_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class LaterReplyTest : public testing::LongJobTest {
protected:
    LaterReplyTest() {
        add("upload", [this](Context& context) {
            owed = std::make_unique<PendingReply>(context.reply_later());
            return Reply{{"ignored", true}};
        });
        add("quick", [](Context&) { return Reply{{"quick", true}}; });
    }

    std::unique_ptr<PendingReply> owed;
};

TEST_F(LaterReplyTest, OtherEventsRunBeforeTheLaterReply) {
    start();
    auto upload = begin(R"(["upload"])");
    EXPECT_EQ(ask(R"(["quick"])"), (Object{{"quick", true}}));
    EXPECT_EQ(code_of(ask(R"(["reload"])")), "");
    EXPECT_THAT(names_in_status("runs"), ElementsAre("upload"));
    EXPECT_FALSE(ask(R"(["status"])").contains("busy"));
    os.advance(90s);
    owed->succeed({{"bytes", 5}});
    owed->succeed({{"bytes", 6}});
    owed->fail("too late");
    EXPECT_EQ(next(upload), (Object{{"bytes", 5}}));
    EXPECT_THAT(names_in_status("runs"), IsEmpty());
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(LaterReplyTest, ALaterFailureIsLikeAHandlersFailure) {
    start();
    auto upload = begin(R"(["upload"])");
    owed->fail("no space", {{"disk", "sda"}}, "disk-full");
    EXPECT_EQ(to_json(next(upload)),
              R"({"error":{"code":"disk-full","message":"no space","event":"upload","disk":"sda"}})");
    auto again = begin(R"(["upload"])");
    owed->fail(std::make_exception_ptr(std::out_of_range("no such file")));
    EXPECT_EQ(
        to_json(next(again)),
        R"({"error":{"code":"event-error","message":"no such file","event":"upload","type":"std::out_of_range"}})");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(LaterReplyTest, AReplyThatJsonCanNotExpressIsAnError) {
    start();
    auto upload = begin(R"(["upload"])");
    owed->succeed({{"load", std::numeric_limits<double>::quiet_NaN()}});
    EXPECT_EQ(code_of(next(upload)), "event-error");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(LaterReplyTest, ADroppedHandleIsAnError) {
    start();
    auto upload = begin(R"(["upload"])");
    owed.reset();
    const Object reply = next(upload);
    EXPECT_EQ(code_of(reply), "event-error");
    EXPECT_THAT(to_json(reply), HasSubstr("the service dropped the reply that 'upload' owed"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(LaterReplyTest, AnExceptionAfterReplyLaterIsTheReply) {
    add("odd", [this](Context& context) -> Reply {
        owed = std::make_unique<PendingReply>(context.reply_later());
        throw std::runtime_error("could not hand it over");
    });
    start();
    EXPECT_THAT(to_json(ask(R"(["odd"])")), HasSubstr("could not hand it over"));
    owed->succeed();
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(LaterReplyTest, AnExceptionWinsOverADroppedHandle) {
    add("odd", [](Context& context) -> Reply {
        const PendingReply reply = context.reply_later();
        throw ErrorReply("bad file", {}, "bad-file");
    });
    start();
    EXPECT_EQ(code_of(ask(R"(["odd"])")), "bad-file");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(LaterReplyTest, AHandlerThatGoesOnAfterItsReplyStillRuns) {
    bool whole = true;
    int running_at_stop = -1;
    int running = 0;
    add("accept", [&](Context& context) {
        context.reply_later().succeed({{"result", "accepted"}});
        ++running;
        whole = context.wait_for(60s);
        --running;
        return Reply{};
    });
    add_concurrent("accept-beside", [&](Context& context) {
        context.reply_later().succeed({{"result", "accepted"}});
        ++running;
        static_cast<void>(context.wait_for(60s));
        --running;
        return Reply{};
    });
    hooks.on_stop = [&] { running_at_stop = running; };
    start();
    EXPECT_EQ(ask(R"(["accept-beside"])"), (Object{{"result", "accepted"}}));
    EXPECT_EQ(ask(R"(["accept"])"), (Object{{"result", "accepted"}}));
    EXPECT_THAT(names_in_status("runs"), ElementsAre("accept-beside", "accept"));
    EXPECT_EQ(life.stop(), 0);
    EXPECT_FALSE(whole);
    EXPECT_EQ(running_at_stop, 0);
}

TEST_F(LaterReplyTest, TooManyPendingRepliesAreRefused) {
    std::vector<PendingReply> all;
    add("keep", [&](Context& context) {
        all.push_back(context.reply_later());
        return Reply{};
    });
    add("ask-many", [&](Context&) {
        for (std::size_t i = 0; i < Runs::limit; ++i) service().post("keep");
        return Reply{};
    });
    start();
    EXPECT_EQ(code_of(ask(R"(["ask-many"])")), "");
    os.settle();
    EXPECT_EQ(all.size(), Runs::limit);
    EXPECT_EQ(code_of(ask(R"(["keep"])")), "busy");
    EXPECT_EQ(ask(R"(["status"])").find("runs")->as_list().size(), 100U);
    for (const PendingReply& reply : all) reply.succeed();
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(LaterReplyTest, AStopCallbackMayPostButNotTrigger) {
    std::string refused;
    add("watch", [&](Context& context) {
        const std::stop_callback at_stop{context.stop_token(), [&] {
                                             service().post("quick");
                                             try {
                                                 service().trigger("quick");
                                             } catch (const CallError& error) {
                                                 refused = error.code();
                                             }
                                         }};
        static_cast<void>(context.wait_for(60s));
        return Reply{};
    });
    start();
    auto first = begin(R"(["watch"])");
    ask(R"(["cancel", {"id": 1}])");
    EXPECT_EQ(code_of(next(first)), "cancelled");
    EXPECT_EQ(refused, "not-ready");
    auto second = begin(R"(["watch"])");
    EXPECT_EQ(life.stop(), 0);
    EXPECT_THAT(log(), HasSubstr("event 'quick', which the program posted: "));
}

TEST_F(LaterReplyTest, TheCallersTimeoutAndProgressStillApply) {
    start();
    auto upload = begin(R"(["upload", {}, {"timeout": 10, "progress": true}])");
    owed->progress(1, 4, "reading");
    EXPECT_EQ(to_json(next(upload)), R"({"progress":{"done":1,"total":4,"message":"reading"}})");
    EXPECT_EQ(code_of(next(upload)), "timeout");
    owed->progress(2, 4);
    EXPECT_EQ(upload.receive(), "");
    EXPECT_THAT(names_in_status("runs"), ElementsAre("upload"));
    owed->succeed();
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(LaterReplyTest, ACancelRequestsTheReply) {
    start();
    auto upload = begin(R"(["upload"])");
    EXPECT_FALSE(owed->stop_token().stop_requested());
    ask(R"(["cancel", {"id": 1}])");
    EXPECT_TRUE(owed->stop_token().stop_requested());
    EXPECT_EQ(upload.receive(), "");
    owed->succeed({{"bytes", 3}});
    EXPECT_EQ(code_of(next(upload)), "cancelled");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(LaterReplyTest, AStopWaitsForTheReply) {
    bool stopped = false;
    hooks.on_stop = [&] { stopped = true; };
    start();
    auto upload = begin(R"(["upload"])");
    life.raise(SIGTERM);
    os.advance(2s);
    EXPECT_TRUE(owed->stop_token().stop_requested());
    EXPECT_FALSE(stopped);
    owed->succeed({{"bytes", 3}});
    EXPECT_EQ(next(upload), (Object{{"bytes", 3}}));
    EXPECT_EQ(life.wait(), 0);
    EXPECT_TRUE(stopped);
    EXPECT_THAT(log(), HasSubstr("the stop waits for the end of 'upload'\n"));
}

TEST_F(LaterReplyTest, AStopWithoutTheReplySkipsOnStopAndFailsTheCall) {
    bool stopped = false;
    hooks.on_stop = [&] { stopped = true; };
    start();
    auto upload = begin(R"(["upload"])");
    life.raise(SIGTERM);
    EXPECT_EQ(life.wait(), 70);
    EXPECT_FALSE(stopped);
    EXPECT_EQ(code_of(next(upload)), "not-ready");
    EXPECT_THAT(log(), HasSubstr("on_stop is skipped: 'upload' still runs\n"));
    EXPECT_THAT(log(), HasSubstr("stopping took longer than 8 s; 'upload' still runs"));
    owed->succeed();  // the client is gone, and nothing happens
}

TEST_F(LaterReplyTest, AKillDoesNotWaitForTheReply) {
    bool killed = false;
    hooks.on_kill = [&] { killed = true; };
    start();
    auto upload = begin(R"(["upload"])");
    life.raise(SIGINT);
    EXPECT_EQ(life.wait(), 0);
    EXPECT_FALSE(killed);
    EXPECT_EQ(code_of(next(upload)), "not-ready");
    EXPECT_THAT(log(), HasSubstr("on_kill is skipped: 'upload' still runs\n"));
}

TEST_F(LaterReplyTest, AnyThreadMayReply) {
    std::unique_ptr<os::Thread> thread;
    add("scan", [&](Context& context) {
        auto started = os.threads.start("scan", [reply = context.reply_later()] {
            int files = 0;
            while (files < 5 && reply.wait_for(1s)) reply.progress(static_cast<std::uint64_t>(++files), 5);
            reply.succeed({{"files", files}});
        });
        thread = *std::move(started);
        return Reply{};
    });
    start();
    auto scan = begin(R"(["scan"])");
    os.advance(2s);
    EXPECT_THAT(names_in_status("runs"), ElementsAre("scan"));
    EXPECT_EQ(next(scan), (Object{{"files", 5}}));
    auto ended = begin(R"(["scan"])");
    os.advance(1s);
    EXPECT_EQ(life.stop(), 0);
    EXPECT_EQ(next(ended), (Object{{"files", 1}}));
    EXPECT_THAT(log(), HasSubstr("event 'scan' is done after 5.000 s\n"));
}

TEST_F(LaterReplyTest, ANestedRunCannotReplyLater) {
    add("outer", [this](Context&) {
        EXPECT_THROW(static_cast<void>(service().trigger("upload")), CallError);
        return Reply{};
    });
    start();
    EXPECT_EQ(code_of(ask(R"(["outer"])")), "");
    EXPECT_THAT(log(), Not(HasSubstr("waits for the end")));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(LaterReplyTest, TheReplyCanBePromisedOnlyOnce) {
    add("twice", [this](Context& context) {
        owed = std::make_unique<PendingReply>(context.reply_later());
        EXPECT_THROW(static_cast<void>(context.reply_later()), std::logic_error);
        owed->succeed();
        return Reply{};
    });
    start();
    EXPECT_EQ(code_of(ask(R"(["twice"])")), "");
    EXPECT_EQ(life.stop(), 0);
}

}  // namespace
}  // namespace servicekit
