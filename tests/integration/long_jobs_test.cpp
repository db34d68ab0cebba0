// Long events and periodic work of a service, with real threads.
#include <csignal>
#include <cstdint>
#include <string>

#include "integration/support/process.hpp"
#include "integration/support/raw_client.hpp"
#include "integration/support/service_test.hpp"
#include "sanitized.hpp"
#include "servicekit/client.hpp"

namespace servicekit::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class LongJobsTest : public RunningTrialTest {
protected:
    /// Waits until the status contains the text. \returns the status
    std::string await_status(const std::string& text) {
        std::string status;
        await_state("the status tells " + text, [&] {
            status = trial.verb({"status", "--json"}).out;
            return status.find(text) != std::string::npos;
        });
        return status;
    }
    /// Waits until the event has begun. The status lists queued events elsewhere.
    void await_run(const std::string& event) {
        await_state("'" + event + "' runs", [&] {
            const std::string status = trial.verb({"status", "--json"}).out;
            const auto begin = status.find("\"runs\":[");
            if (begin == std::string::npos) return false;
            const auto found = status.find("\"event\":\"" + event + "\"", begin);
            return found < status.find("}]", begin);
        });
    }
    /// Returns the id of the only run.
    std::string id_of_run(const std::string& event) {
        std::string id;
        await_state("'" + event + "' runs", [&] {
            const std::string status = trial.verb({"status", "--json"}).out;
            const std::string before = "\"runs\":[{\"id\":";
            const auto begin = status.find(before);
            if (begin == std::string::npos) return false;
            const auto end = status.find(',', begin);
            id = status.substr(begin + before.size(), end - begin - before.size());
            return status.substr(end).starts_with(",\"event\":\"" + event + "\"");
        });
        return id;
    }
};

TEST_F(LongJobsTest, AServiceAnswersDuringAConcurrentEvent) {
    RunningCommand beside{trial.command({"call", "sleep-beside", "seconds=3600"})};
    const std::string id = id_of_run("sleep-beside");
    EXPECT_THAT(trial.verb({"status", "--json"}).out, Not(HasSubstr("busy")));
    EXPECT_EQ(trial.verb({"call", "notes"}).exit_code, 0);
    EXPECT_EQ(trial.verb({"cancel", id}).exit_code, 0);
    const Outcome ended = beside.finish();
    EXPECT_EQ(ended.exit_code, 1);
    EXPECT_THAT(ended.err, HasSubstr("'sleep-beside' was cancelled by uid "));
}

TEST_F(LongJobsTest, AReloadWaitsForAConcurrentEvent) {
    RunningCommand beside{trial.command({"call", "sleep-beside", "seconds=3600"})};
    const std::string id = id_of_run("sleep-beside");
    RunningCommand reload{trial.command({"reload"})};
    service->await_busy("reload");
    EXPECT_EQ(trial.verb({"cancel", id}).exit_code, 0);
    EXPECT_EQ(reload.finish().exit_code, 0);
    EXPECT_EQ(beside.finish().exit_code, 1);
}

TEST_F(LongJobsTest, AServiceAnswersWhileAReplyIsPending) {
    RunningCommand later{trial.command({"call", "sleep-later", "seconds=3600"})};
    const std::string id = id_of_run("sleep-later");
    EXPECT_EQ(trial.verb({"call", "notes"}).exit_code, 0);
    EXPECT_EQ(trial.verb({"reload"}).exit_code, 0);
    EXPECT_THAT(trial.verb({"status"}).out, HasSubstr(id + " sleep-later, for "));
    EXPECT_EQ(trial.verb({"cancel", id}).out, "trial-service: 'sleep-later' runs, and was asked to end\n");
    EXPECT_THAT(later.finish().err, HasSubstr("was cancelled"));
}

TEST_F(LongJobsTest, AFollowerGetsTheAnswerWhoseCallerIsGone) {
    RawClient caller{trial.control_socket()};
    caller.send(R"(["sleep-beside", {"seconds": 3600}])");
    const std::string id = id_of_run("sleep-beside");
    caller.close();
    RawClient follower{trial.control_socket()};
    follower.send(R"(["follow", {"id": )" + id + R"(}, {"queue": true}])");
    EXPECT_EQ(follower.line(), R"({"progress":{"state":"running","id":)" + id + "}}");
    EXPECT_EQ(trial.verb({"cancel", id}).exit_code, 0);
    EXPECT_EQ(text_in(error_in(follower.reply()), "code"), "cancelled");
}

TEST_F(LongJobsTest, AStopEndsBothKindsAndTheirCallersGetErrors) {
    RunningCommand beside{trial.command({"call", "sleep-beside", "seconds=3600"})};
    RunningCommand later{trial.command({"call", "sleep-later", "seconds=3600"})};
    await_run("sleep-beside");
    await_run("sleep-later");
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(beside.finish().out, "{\"whole\":false}\n");
    EXPECT_EQ(later.finish().out, "{\"whole\":false}\n");
}

TEST_F(LongJobsTest, ManyConcurrentEventsAtOnceAreAllAnswered) {
    std::vector<std::unique_ptr<RunningCommand>> calls;
    for (int i = 0; i < 12; ++i)
        calls.push_back(std::make_unique<RunningCommand>(trial.command({"call", "sleep-beside", "seconds=0.05"})));
    for (const auto& call : calls) EXPECT_EQ(call->finish().out, "{\"whole\":true}\n");
}

TEST_F(LongJobsTest, ItemsArriveInOrderBeforeTheReply) {
    auto client = Client::connect(trial.control_socket());
    ASSERT_TRUE(client);
    std::int64_t expected = 0;
    const auto reply = client->call("list-many", {{"count", 20'000}}, {.on_item = [&](const Object& item) {
                                        if (item.get<std::int64_t>("n") == expected) ++expected;
                                    }});
    ASSERT_TRUE(reply) << reply.error().what();
    EXPECT_EQ(expected, 20'000);
    EXPECT_EQ(reply->get<std::int64_t>("sent"), 20'000);
}

TEST_F(LongJobsTest, CallPrintsEachItemOnALineAndThenTheReply) {
    const std::string text(1000, 'x');
    EXPECT_EQ(trial.verb({"call", "list-many", "count=2"}).out,
              "{\"n\":0,\"text\":\"" + text + "\"}\n{\"n\":1,\"text\":\"" + text + "\"}\n{\"sent\":2}\n");
}

TEST_F(LongJobsTest, UnreadItemsTakeLittleMemoryAndBlockNoOtherClient) {
    if (is_sanitized) GTEST_SKIP() << "the sanitizer needs memory of its own";
    const long before = kibibytes(service->pid(), "VmHWM");
    {
        RawClient silent{trial.control_socket()};
        silent.send(R"(["list-many", {"count": 100000}, {"stream": true}])");
        await_run("list-many");
        EXPECT_EQ(trial.verb({"call", "notes"}).exit_code, 0);
    }
    await_state("the event ends with its client", [&] {
        return trial.verb({"status", "--json"}).out.find("list-many") == std::string::npos;
    });
    EXPECT_LT(kibibytes(service->pid(), "VmHWM") - before, 8 * 1024);
}

TEST_F(LongJobsTest, ATimerTicks) {
    EXPECT_EQ(trial.verb({"call", "tick", "seconds=0.01"}).exit_code, 0);
    EXPECT_THAT(await_status("timers"), HasSubstr(R"("timers":[{"name":"ticker","interval":0.01,"next":"20)"));
    await_state("it has ticked", [this] {
        return trial.verb({"call", "tick", "seconds=0.01"}).out != "{\"ticks\":0}\n";
    });
}

}  // namespace
}  // namespace servicekit::test
