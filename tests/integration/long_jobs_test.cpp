// Events that take long, and the work that a service does again and again, with real threads.
#include <csignal>
#include <string>

#include "integration/support/service_test.hpp"

namespace servicekit::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class LongJobsTest : public RunningTrialTest {
protected:
    /// Waits until the status holds the text. \returns the status
    std::string await_status(const std::string& text) {
        std::string status;
        await_state("the status tells " + text, [&] {
            status = trial.verb({"status", "--json"}).out;
            return status.find(text) != std::string::npos;
        });
        return status;
    }
    /// Waits until the event has begun: those that wait stand elsewhere in the status.
    void await_run(const std::string& event) {
        await_state("'" + event + "' runs", [&] {
            const std::string status = trial.verb({"status", "--json"}).out;
            const auto begin = status.find("\"runs\":[");
            if (begin == std::string::npos) return false;
            const auto found = status.find("\"event\":\"" + event + "\"", begin);
            return found < status.find("}]", begin);
        });
    }
    /// The id of the only run.
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

TEST_F(LongJobsTest, AServiceServesBesideAConcurrentEvent) {
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

TEST_F(LongJobsTest, AServiceServesWhileAReplyIsOwed) {
    RunningCommand later{trial.command({"call", "sleep-later", "seconds=3600"})};
    const std::string id = id_of_run("sleep-later");
    EXPECT_EQ(trial.verb({"call", "notes"}).exit_code, 0);
    EXPECT_EQ(trial.verb({"reload"}).exit_code, 0);
    EXPECT_THAT(trial.verb({"status"}).out, HasSubstr(id + " sleep-later, for "));
    EXPECT_EQ(trial.verb({"cancel", id}).out, "trial-service: 'sleep-later' runs, and was asked to end\n");
    EXPECT_THAT(later.finish().err, HasSubstr("was cancelled"));
}

TEST_F(LongJobsTest, AStopEndsBothKindsAndTheirCallersLearnOfIt) {
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

TEST_F(LongJobsTest, ATimerTicks) {
    EXPECT_EQ(trial.verb({"call", "tick", "seconds=0.01"}).exit_code, 0);
    EXPECT_THAT(await_status("timers"), HasSubstr(R"("timers":[{"name":"ticker","interval":0.01,"next":"20)"));
    await_state("it has ticked", [this] {
        return trial.verb({"call", "tick", "seconds=0.01"}).out != "{\"ticks\":0}\n";
    });
}

}  // namespace
}  // namespace servicekit::test
