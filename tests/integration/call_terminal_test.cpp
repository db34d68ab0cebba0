// The verb `call` on a terminal: its prompts, its output, and what Ctrl-C leaves behind.
#include <sys/stat.h>

#include <csignal>
#include <optional>
#include <string>

#include "integration/support/proc_path.hpp"
#include "integration/support/raw_client.hpp"
#include "integration/support/service_test.hpp"
#include "integration/support/terminal.hpp"
#include "integration/support/text_file.hpp"

namespace servicekit::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* cleared = "\r\x1b[K";

class CallTerminalTest : public RunningTrialTest {
protected:
    void SetUp() override {
        RunningTrialTest::SetUp();
        if (!terminal.is_there()) GTEST_SKIP() << "no pseudo-terminals here";
    }

    [[nodiscard]] Command call(Strings arguments) const {
        arguments.insert(arguments.begin(), "call");
        return terminal.own(trial.command(arguments));
    }

    Terminal terminal;
};

TEST_F(CallTerminalTest, CtrlCClearsTheBarAndASecondOneLeavesTheEvent) {
    RunningCommand command{call({"progress", "steps=2", "hang=true"})};
    terminal.await_shown("100%");
    terminal.type(Terminal::ctrl_c);
    EXPECT_THAT(terminal.await_shown("'progress' runs: [c]ancel, [l]eave or [w]ait? "), HasSubstr(cleared));
    terminal.type(Terminal::ctrl_c);

    terminal.await_shown("trial-service: interrupted: 'progress' runs, and goes on");
    EXPECT_EQ(command.finish().exit_code, 130);
    service->await_busy("progress");
    EXPECT_TRUE(terminal.echoes());
}

TEST_F(CallTerminalTest, AQueuedEventIsShownAndCtrlCReportsThatItWillRun) {
    RunningCommand first{trial.command({"call", "sleep", "seconds=3600"})};
    service->await_busy("sleep");
    RunningCommand command{call({"note", "text=kept"})};
    terminal.await_shown("waiting: 'sleep' runs before it");
    terminal.type(Terminal::ctrl_c);
    EXPECT_THAT(terminal.await_shown("'note' is queued: [c]ancel, [l]eave or [w]ait? "), HasSubstr(cleared));
    terminal.type("l");

    terminal.await_shown("'note' is queued behind 'sleep', and runs when its turn comes");
    EXPECT_EQ(command.finish().exit_code, 130);
}

TEST_F(CallTerminalTest, AnEventInterruptedWhileQueuedRunsLater) {
    const std::string fifo = directory.file("fifo");
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    RunningCommand first{trial.command({"call", "read-line", "path=" + fifo})};
    service->await_busy("read-line");
    RunningCommand command{call({"note", "text=kept"})};
    terminal.await_shown("waiting: 'read-line'");
    terminal.type(Terminal::ctrl_c);
    terminal.await_shown("[l]eave");
    terminal.type("l");
    EXPECT_EQ(command.finish().exit_code, 130);

    write_file(fifo, "line\n");
    EXPECT_EQ(first.finish().exit_code, 0);
    EXPECT_THAT(trial.verb({"call", "notes"}).out, HasSubstr("kept"));
}

TEST_F(CallTerminalTest, AfterCtrlCTheUserCanWaitOrCancel) {
    RunningCommand command{call({"sleep", "seconds=3600"})};
    service->await_busy("sleep");
    terminal.type(Terminal::ctrl_c);
    terminal.await_shown("'sleep' runs: [c]ancel, [l]eave or [w]ait? ");
    terminal.type("xw");
    terminal.await_shown("w\r\n");
    terminal.type(Terminal::ctrl_c);
    terminal.await_shown("[w]ait? ");
    terminal.type("c");

    terminal.await_shown("'sleep' runs, and was asked to end");
    terminal.await_shown("'sleep' was cancelled by uid ");
    EXPECT_EQ(command.finish().exit_code, 1);
    EXPECT_TRUE(terminal.echoes());
}

// docs/long-jobs.md
TEST_F(CallTerminalTest, ItFollowsAnEventWhoseCallerIsGone) {
    {
        RawClient caller{trial.control_socket()};
        caller.send(R"(["beat"])");
        await_state("'beat' runs", [&] {
            return trial.verb({"status", "--json"}).out.find("beat") != std::string::npos;
        });
    }
    RunningCommand command{call({"beat", "--follow"})};
    terminal.await_shown("beat");
    terminal.type(Terminal::ctrl_c);
    terminal.await_shown("'beat' runs: [c]ancel, [l]eave or [w]ait? ");
    terminal.type("c");
    terminal.await_shown("'beat' runs, and was asked to end");
    terminal.await_shown("'beat' was cancelled by uid ");
    EXPECT_EQ(command.finish().exit_code, 1);
}

TEST_F(CallTerminalTest, AQueuedEventCanBeCancelled) {
    RunningCommand first{trial.command({"call", "sleep", "seconds=3600"})};
    service->await_busy("sleep");
    RunningCommand command{call({"note", "text=kept"})};
    terminal.await_shown("waiting: 'sleep' runs before it");
    terminal.type(Terminal::ctrl_c);
    terminal.await_shown("[c]ancel");
    terminal.type("c");
    terminal.await_shown("'note' was taken out of the queue");
    EXPECT_EQ(command.finish().exit_code, 1);
}

TEST_F(CallTerminalTest, TermEndsACallAsCtrlCDoes) {
    RunningCommand command{call({"progress", "steps=2", "hang=true"})};
    terminal.await_shown("100%");
    // setsid(1) made the terminal its controlling terminal and waits for it.
    const std::string child = read_file(proc(command.pid(), "task/" + std::to_string(command.pid()) + "/children"));
    ASSERT_EQ(::kill(std::stoi(child), SIGTERM), 0) << child;

    terminal.await_shown("'progress' runs, and goes on");
    EXPECT_EQ(command.finish().exit_code, 143);
}

TEST_F(CallTerminalTest, AMissingSecretIsPromptedForAndNotShown) {
    RunningCommand command{call({"login"})};
    terminal.await_shown("password: ");
    EXPECT_FALSE(terminal.echoes());
    terminal.type("hunter2\n");

    EXPECT_THAT(terminal.await_shown("\"letters\": 7"), Not(HasSubstr("hunter2")));
    EXPECT_EQ(command.finish().exit_code, 0);
    EXPECT_TRUE(terminal.echoes());
    EXPECT_THAT(trial.log(), Not(HasSubstr("hunter2")));
}

TEST_F(CallTerminalTest, CtrlCAtThePromptSendsNothingAndRestoresTheEcho) {
    RunningCommand command{call({"login"})};
    terminal.await_shown("password: ");
    terminal.type("hun");
    terminal.type(Terminal::ctrl_c);

    // The signal ends it. setsid(1), which waits for it, returns the signal number.
    EXPECT_EQ(command.finish().exit_code, SIGINT);
    EXPECT_TRUE(terminal.echoes());
    EXPECT_THAT(trial.log(), Not(HasSubstr("event 'login'")));
}

TEST_F(CallTerminalTest, CtrlDAtThePromptOmitsTheSecret) {
    RunningCommand command{call({"login"})};
    terminal.await_shown("password: ");
    terminal.type(Terminal::ctrl_d);

    terminal.await_shown("parameter 'password' of 'login' is missing");
    EXPECT_EQ(command.finish().exit_code, 1);
    EXPECT_TRUE(terminal.echoes());
}

TEST_F(CallTerminalTest, TerminalInputIsReadWithoutEcho) {
    RunningCommand command{call({"login", "password:=-"})};
    terminal.await_shown("password: ");
    EXPECT_FALSE(terminal.echoes());
    terminal.type("hunter2\n");

    EXPECT_THAT(terminal.await_shown("\"letters\": 7"), Not(HasSubstr("hunter2")));
    EXPECT_EQ(command.finish().exit_code, 0);
}

TEST_F(CallTerminalTest, ALogFileCannotControlTheTerminal) {
    write_file(trial.log_file(),
               "before\n\x1b[2J\xc2\x9b"
               "31m\xe2\x80\xaeko\n");
    RunningCommand command{terminal.own(trial.command({"logs"}))};

    terminal.await_shown("\\x1b[2J\\u009b31m\\u202eko");
    EXPECT_EQ(command.finish().exit_code, 0);
}

}  // namespace
}  // namespace servicekit::test
