#include <chrono>
#include <csignal>
#include <memory>
#include <utility>

#include "unit/cli/program_fixture.hpp"

namespace servicekit::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CallTest : public ProgramFixture {
protected:
    CallTest() {
        start_instance();
        replies["events"] = R"({"events":[{"name":"backup","parameters":[
            {"name":"directory","type":"path"},{"name":"level","type":"integer"}]}]})";
        std::erase(replies["events"], '\n');
        replies["backup"] = R"({"files":2})";
    }
};

TEST_F(CallTest, SendsTypedArguments) {
    host.process.set_directory("/home/me");
    EXPECT_EQ(run({"call", "backup", "directory=data", "level=5"}), 0);
    EXPECT_EQ(instance->requests.back(), R"(["backup",{"directory":"/home/me/data","level":5},{"stream":true}])");
    EXPECT_EQ(out(), "{\"files\":2}\n");
}

TEST_F(CallTest, SendsAJsonObjectUnchanged) {
    EXPECT_EQ(run({"call", "backup", "--json", R"({"level":[1]})"}), 0);
    EXPECT_THAT(instance->requests, ElementsAre(R"(["backup",{"level":[1]},{"stream":true}])"));
}

TEST_F(CallTest, ResolvesPathsInAJsonObject) {
    host.process.set_directory("/home/me");
    EXPECT_EQ(run({"call", "backup", "--json", R"({"directory":"data","level":"data"})"}), 0);
    EXPECT_EQ(instance->requests.back(), R"(["backup",{"directory":"/home/me/data","level":"data"},{"stream":true}])");
}

TEST_F(CallTest, RefusesInvalidArguments) {
    EXPECT_EQ(run({"call", "backup", "level=high"}), 64);
    EXPECT_EQ(error(), "just-another-server: cannot use the argument 'level=high': expected an integer\n");
}

TEST_F(CallTest, SendsItsTimeoutToTheService) {
    EXPECT_EQ(run({"call", "backup", "--timeout", "2.5"}), 0);
    EXPECT_THAT(instance->requests, ElementsAre(R"(["backup",{},{"stream":true,"timeout":2.5}])"));
    EXPECT_EQ(run({"call", "hang", "--timeout", "2.5"}), 75);
}

TEST_F(CallTest, FollowsAnEventThatRuns) {
    replies["status"] = R"({"runs":[{"id":7,"event":"backup","seconds":3}]})";
    replies["follow"] = R"({"files":2})";
    EXPECT_EQ(run({"call", "backup", "--follow"}), 0);
    EXPECT_THAT(instance->requests,
                ElementsAre(R"(["status",{},{"timeout":10}])", R"(["follow",{"id":7},{"stream":true}])"));
    EXPECT_EQ(out(), "{\"files\":2}\n");
}

TEST_F(CallTest, FollowsAnIdEvenIfItMayNotReadTheStatus) {
    replies["status"] = R"({"error":{"code":"not-allowed","message":"no","event":"status","needs":"read"}})";
    replies["follow"] = R"({"files":2})";
    EXPECT_EQ(run({"call", "7", "--follow"}), 0);
    EXPECT_EQ(instance->requests.back(), R"(["follow",{"id":7},{"stream":true}])");
    EXPECT_EQ(run({"call", "backup", "--follow"}), 1);
    EXPECT_THAT(error(), HasSubstr("not-allowed"));
}

TEST_F(CallTest, CannotFollowAnEventThatNeitherWaitsNorRuns) {
    replies["status"] = "{}";
    EXPECT_EQ(run({"call", "backup", "--follow"}), 1);
    EXPECT_EQ(error(), "just-another-server: cannot follow the event 'backup': it neither waits nor runs\n");
    EXPECT_EQ(run({"call", "backup", "level=5", "--follow"}), 64);
    EXPECT_THAT(error(), HasSubstr("--follow starts no event, so it takes no arguments for one\n"));
}

TEST_F(CallTest, PrintsItemsAsTheyComeAndAReplyThatHasFields) {
    replies["list"] = R"({"progress":{"item":{"n":1}}})"
                      "\n"
                      R"({"progress":{"item":{"n":2}}})"
                      "\n{}";
    EXPECT_EQ(run({"call", "list"}), 0);
    EXPECT_EQ(out(), "{\"n\":1}\n{\"n\":2}\n");
    replies["list"] = R"({"progress":{"item":{"n":1}}})"
                      "\n"
                      R"({"sent":1})";
    EXPECT_EQ(run({"call", "list"}), 0);
    EXPECT_THAT(out(), ::testing::EndsWith("{\"n\":1}\n{\"sent\":1}\n"));
}

TEST_F(CallTest, ReportsWhyAnEventFailed) {
    replies["backup"] = R"({"error":{"code":"event-error","message":"disk full"}})";
    EXPECT_EQ(run({"call", "backup"}), 1);
    EXPECT_EQ(out(), "");
    EXPECT_EQ(error(), "just-another-server: cannot run 'backup': disk full (event-error)\n");
}

TEST_F(CallTest, ShowsProgressOnATerminal) {
    host.streams.set_terminal(os::Stream::error, true);
    host.environment.set("TERM", "xterm");
    host.environment.set("NO_COLOR", "1");
    replies["backup"] = R"({"progress":{"done":1,"total":2,"message":"a"}})"
                        "\n{}";
    EXPECT_EQ(run({"call", "backup"}), 0);
    EXPECT_THAT(instance->requests, ElementsAre(R"(["backup",{},{"progress":true,"queue":true,"stream":true}])"));
    EXPECT_THAT(error(), HasSubstr("]  50%  a\033[K"));
    EXPECT_THAT(error(), ::testing::EndsWith("\r\033[K"));
}

TEST_F(CallTest, AnUnreadableValueIsNotSent) {
    host.files.add_file("/run/big", std::string((std::size_t{1} << 20U) + 1, 'x'));
    EXPECT_EQ(run({"call", "backup", "note:=@/run/missing"}), 71);
    EXPECT_EQ(run({"call", "backup", "note:=@/run/big"}), 71);
    EXPECT_EQ(run({"call", "backup", "note:=x"}), 64);
    EXPECT_EQ(instance->connections, 0);
    EXPECT_THAT(error(), HasSubstr("cannot open '/run/missing'"));
}

TEST_F(CallTest, SendsTheValueOfAFileAndNotItsPath) {
    host.files.add_file("/run/secret", "hunter2\n");
    EXPECT_EQ(run({"call", "backup", "note:=@/run/secret"}), 0);
    EXPECT_EQ(instance->requests.back(), R"(["backup",{"note":"hunter2"},{"stream":true}])");
}

class SecretTest : public CallTest {
protected:
    SecretTest() {
        replies["events"] =
            R"({"events":[{"name":"login","parameters":[{"name":"user","type":"string","required":true},)"
            R"({"name":"password","type":"string","required":true,"secret":true}]}]})";
        replies["login"] = "{}";
        host.streams.set_terminal(os::Stream::in, true);
        host.streams.set_terminal(os::Stream::error, true);
    }
};

TEST_F(SecretTest, AMissingSecretIsPromptedFor) {
    host.streams.type_hidden("hunter2");
    EXPECT_EQ(run({"call", "login", "user=me"}), 0);
    EXPECT_EQ(instance->requests.back(),
              R"(["login",{"user":"me","password":"hunter2"},{"queue":true,"stream":true}])");
    EXPECT_THAT(host.streams.prompts(), ElementsAre("password: "));
    EXPECT_EQ(error(), "");
}

TEST_F(SecretTest, ASecretWithoutOtherArgumentsIsPromptedFor) {
    host.streams.type_hidden("hunter2");
    EXPECT_EQ(run({"call", "login"}), 0);
    EXPECT_EQ(instance->requests.back(), R"(["login",{"password":"hunter2"},{"queue":true,"stream":true}])");
}

TEST_F(SecretTest, AGivenSecretIsNotPromptedFor) {
    EXPECT_EQ(run({"call", "login", "user=me", "password=x"}), 0);
    EXPECT_EQ(run({"call", "login", "--json", R"({"user":"me","password":"x"})"}), 0);
    EXPECT_TRUE(host.streams.prompts().empty());
}

TEST_F(SecretTest, WithoutATerminalThereIsNoPrompt) {
    host.streams.set_terminal(os::Stream::in, false);
    EXPECT_EQ(run({"call", "login", "user=me"}), 0);
    EXPECT_EQ(instance->requests.back(), R"(["login",{"user":"me"},{"queue":true,"stream":true}])");
    EXPECT_TRUE(host.streams.prompts().empty());
}

TEST_F(SecretTest, AtTheEndOfInputTheSecretIsNotSent) {
    EXPECT_EQ(run({"call", "login", "user=me"}), 0);
    EXPECT_EQ(instance->requests.back(), R"(["login",{"user":"me"},{"queue":true,"stream":true}])");
}

TEST_F(SecretTest, ATerminalIsReadWithoutEcho) {
    host.streams.type_hidden("hunter2");
    EXPECT_EQ(run({"call", "login", "user=me", "password:=-"}), 0);
    EXPECT_THAT(host.streams.prompts(), ElementsAre("password: "));
    EXPECT_EQ(run({"call", "login", "user=me", "password:=-"}), 64);
}

TEST_F(SecretTest, CallsWorkWithoutTheRightToListEvents) {
    replies["events"] = R"({"error":{"code":"not-allowed","message":"no"}})";
    EXPECT_EQ(run({"call", "login", "user=me"}), 0);
    EXPECT_EQ(instance->requests.back(), R"(["login",{"user":"me"},{"queue":true,"stream":true}])");
}

/// A sleep that may be interrupted after the call that slept has returned.
class SharedSleep final : public os::InterruptibleSleep {
public:
    explicit SharedSleep(std::shared_ptr<mocks::FakeInterruptibleSleep> sleeper) : sleeper_{std::move(sleeper)} {}
    bool sleep_for(std::chrono::milliseconds time) override { return sleeper_->sleep_for(time); }
    [[nodiscard]] int ended_by() const override { return sleeper_->ended_by(); }

private:
    std::shared_ptr<mocks::FakeInterruptibleSleep> sleeper_;
};

/// The service sends only `line`, and the user interrupts after a second.
class InterruptedCallTest : public CallTest {
protected:
    int run_interrupted(const std::string& line, std::vector<std::string> words, int signal = SIGINT) {
        host.streams.set_terminal(os::Stream::error, true);
        host.environment.set("TERM", "xterm");
        host.environment.set("NO_COLOR", "1");
        replies[words.at(1)] = line;
        tools.make_sleep = [this, signal]() -> std::unique_ptr<os::InterruptibleSleep> {
            auto sleeper = std::make_shared<mocks::FakeInterruptibleSleep>(host.reactor);
            after(std::chrono::seconds{1}, [sleeper, signal] { sleeper->interrupt(signal); });
            return std::make_unique<SharedSleep>(std::move(sleeper));
        };
        return run(std::move(words));
    }
};

TEST_F(InterruptedCallTest, ReportsTheEventInFrontOfTheQueue) {
    EXPECT_EQ(run_interrupted(R"({"progress":{"state":"queued","running":"upload"}})", {"call", "backup"}), 130);
    EXPECT_EQ(error(),
              "\rwaiting: 'upload' runs before it\033[K\r\033[K"
              "just-another-server: interrupted: 'backup' is queued behind 'upload', and runs when its turn "
              "comes\n");
}

TEST_F(InterruptedCallTest, ReportsThatTheTimeoutStillApplies) {
    EXPECT_EQ(run_interrupted(R"({"progress":{"state":"queued"}})", {"call", "backup", "--timeout", "60"}), 130);
    EXPECT_EQ(error(),
              "just-another-server: interrupted: 'backup' is queued, and runs when its turn comes, if that is "
              "within its timeout\n");
}

TEST_F(InterruptedCallTest, ReportsThatTheEventRunsAndClearsTheBar) {
    EXPECT_EQ(run_interrupted(R"({"progress":{"state":"running"}})"
                              "\n"
                              R"({"progress":{"done":1,"total":2}})",
                              {"call", "backup"}),
              130);
    EXPECT_THAT(error(), HasSubstr("50%\033[K\r\033[Kjust-another-server: interrupted: 'backup' runs, and goes on\n"));
}

TEST_F(InterruptedCallTest, DoesNotGuessTheStateOfAnOlderService) {
    EXPECT_EQ(run_interrupted(R"({"error":{"code":"bad-argument","message":"option 'queue' of the request: expected )"
                              R"('progress' or 'timeout'","argument":"queue","expected":"'progress' or 'timeout'"}})",
                              {"call", "backup"}),
              1);
    EXPECT_EQ(instance->requests.back(), R"(["backup",{},{"progress":true}])");
    EXPECT_EQ(run_interrupted("", {"call", "backup"}), 130);
    EXPECT_THAT(error(), HasSubstr("interrupted: 'backup' is queued or runs, and goes on\n"));
}

TEST_F(InterruptedCallTest, OnATerminalItPromptsForAnAction) {
    host.streams.set_terminal(os::Stream::in, true);
    host.streams.type_key('l');
    EXPECT_EQ(run_interrupted(R"({"progress":{"state":"running","id":7}})", {"call", "backup", "level=1"}), 130);
    EXPECT_THAT(host.streams.prompts(),
                ElementsAre("just-another-server: 'backup' runs: [c]ancel, [l]eave or [w]ait? "));
    EXPECT_THAT(error(), HasSubstr("interrupted: 'backup' runs, and goes on\n"));
}

TEST_F(InterruptedCallTest, AfterWaitingTheUserMayStillCancel) {
    host.streams.set_terminal(os::Stream::in, true);
    host.streams.type_key('w');
    host.streams.type_key('c');
    replies["cancel"] = R"({"id":7,"event":"backup","result":"cancel-initiated"})";
    // After these keys the user types nothing more.
    EXPECT_EQ(run_interrupted(R"({"progress":{"state":"running","id":7}})", {"call", "backup", "level=1"}), 130);
    EXPECT_EQ(host.streams.prompts().size(), 3U);
    EXPECT_EQ(instance->requests.back(), R"(["cancel",{"id":7},{"timeout":10}])");
    EXPECT_THAT(error(), HasSubstr("just-another-server: 'backup' runs, and was asked to end\n"));
}

TEST_F(InterruptedCallTest, OffersNoCancelWithoutAnId) {
    host.streams.set_terminal(os::Stream::in, true);
    host.streams.type_key('l');
    EXPECT_EQ(run_interrupted(R"({"progress":{"state":"queued"}})", {"call", "backup", "level=1"}), 130);
    EXPECT_THAT(host.streams.prompts(), ElementsAre("just-another-server: 'backup' is queued: [l]eave or [w]ait? "));
}

TEST_F(InterruptedCallTest, ARefusedCancelIsReportedAndTheCallGoesOn) {
    host.streams.set_terminal(os::Stream::in, true);
    host.streams.type_key('c');
    replies["cancel"] = R"({"error":{"code":"not-allowed","message":"uid 7 may not","event":"cancel"}})";
    EXPECT_EQ(run_interrupted(R"({"progress":{"state":"running","id":7}})", {"call", "backup", "level=1"}), 130);
    EXPECT_EQ(host.streams.prompts().size(), 2U);
    EXPECT_THAT(error(), HasSubstr("cannot run 'cancel': uid 7 may not (not-allowed)\n"));
}

TEST_F(InterruptedCallTest, EndsWithTheReceivedSignal) {
    EXPECT_EQ(run_interrupted(R"({"progress":{"state":"running"}})", {"call", "backup"}, SIGTERM), 143);
}

TEST_F(CallTest, TheVerbCancelReportsTheResult) {
    replies["cancel"] = R"({"id":7,"event":"backup","result":"cancel-initiated"})";
    EXPECT_EQ(run({"cancel", "7"}), 0);
    EXPECT_EQ(instance->requests.back(), R"(["cancel",{"id":7},{"timeout":10}])");
    replies["cancel"] = R"({"id":8,"event":"backup","result":"cancelled"})";
    EXPECT_EQ(run({"cancel", "8"}), 0);
    EXPECT_EQ(out(),
              "just-another-server: 'backup' runs, and was asked to end\n"
              "just-another-server: 'backup' was taken out of the queue\n");
    EXPECT_EQ(run({"cancel", "8", "--json"}), 0);
    EXPECT_THAT(out(), ::testing::EndsWith("{\"id\":8,\"event\":\"backup\",\"result\":\"cancelled\"}\n"));
    EXPECT_EQ(run({"cancel"}), 64);
    EXPECT_EQ(run({"cancel", "upload"}), 64);
}

TEST_F(CallTest, ReportsARefusedEvent) {
    replies["backup"] =
        R"({"error":{"code":"not-allowed","message":"uid 7 may not","event":"backup","needs":"admin"}})";
    EXPECT_EQ(run({"call", "backup"}), 1);
    EXPECT_EQ(error(), "just-another-server: cannot run 'backup': uid 7 may not (not-allowed)\n");
}

}  // namespace
}  // namespace servicekit::cli
