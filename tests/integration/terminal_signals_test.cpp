// Signals from the terminal of a service in the foreground.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "integration/support/service_test.hpp"
#include "integration/support/terminal.hpp"
#include "os/descriptor.hpp"

namespace servicekit::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class TerminalSignalsTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        if (!terminal_.is_there()) GTEST_SKIP() << "no pseudo-terminals here";
    }

    /// Returns the command for `run` in the foreground, with this controlling terminal. It ends like the service.
    [[nodiscard]] Command run() const { return terminal_.own(trial.command({"run"})); }
    void type_interrupt() const { terminal_.type(Terminal::ctrl_c); }
    /// Returns the service itself: setsid(1) waits for it if it had to fork.
    [[nodiscard]] Process service() const { return Process{trial.pid_in_file()}; }

private:
    Terminal terminal_;
};

TEST_F(TerminalSignalsTest, AnInterruptStopsTheService) {
    RunningCommand command{run()};
    await_text_in(trial.log_file(), " ready\n");

    type_interrupt();

    EXPECT_EQ(command.finish().exit_code, 0);
    EXPECT_THAT(trial.log(), AllOf(HasSubstr("stopping: SIGINT from the terminal"), HasSubstr("on_stop ran"),
                                   Not(HasSubstr("on_kill ran"))));
}

TEST_F(TerminalSignalsTest, ASecondInterruptKillsAServiceThatDoesNotStop) {
    trial.configure_app({{"stop-hangs", true}});
    trial.add_options({"--stop-timeout", "600"});
    RunningCommand command{run()};
    await_text_in(trial.log_file(), " ready\n");
    type_interrupt();
    await_text_in(trial.log_file(), "stopping: SIGINT from the terminal");

    type_interrupt();

    EXPECT_EQ(command.finish().exit_code, 0);
    EXPECT_THAT(trial.log(), HasSubstr("killed: SIGINT from the terminal"));
}

TEST_F(TerminalSignalsTest, AnInterruptThatAProcessSendsKills) {
    RunningCommand command{run()};
    await_text_in(trial.log_file(), " ready\n");

    service().signal(SIGINT);

    EXPECT_EQ(command.finish().exit_code, 0);
    EXPECT_THAT(trial.log(),
                AllOf(HasSubstr("killed: SIGINT from uid"), HasSubstr("on_kill ran"), Not(HasSubstr("on_stop ran"))));
}

TEST_F(TerminalSignalsTest, AnInterruptWhileTheServiceStartsStopsTheStart) {
    const std::string gate = directory.file("gate");
    ASSERT_EQ(::mkfifo(gate.c_str(), 0600), 0);
    trial.configure_app({{"start-waits-for-line", gate}});
    RunningCommand command{run()};
    await_text_in(trial.log_file(), "on_start waits");

    type_interrupt();
    await_text_in(trial.log_file(), "stopping: SIGINT from the terminal");
    static_cast<void>(os::Descriptor{::open(gate.c_str(), O_WRONLY | O_CLOEXEC)});

    EXPECT_EQ(command.finish().exit_code, 75);
    EXPECT_THAT(trial.log(), Not(HasSubstr("on_kill ran")));
}

}  // namespace
}  // namespace servicekit::test
