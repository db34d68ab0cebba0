// What is typed on the terminal of a service in the foreground.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

#include "integration/support/service_test.hpp"
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
        if (!user_ || ::grantpt(user_.get()) != 0 || ::unlockpt(user_.get()) != 0)
            GTEST_SKIP() << "no pseudo-terminals here";
        std::array<char, 64> name{};
        ASSERT_EQ(::ptsname_r(user_.get(), name.data(), name.size()), 0);
        name_ = name.data();
        // As long as somebody has it open, it does not hang up.
        terminal_.reset(::open(name_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
        ASSERT_TRUE(terminal_);
    }

    /// `run` in the foreground of the terminal, which controls it. The command ends as the service does.
    [[nodiscard]] Command run() const {
        Command command = trial.command({"run"});
        const Strings in_terminal{"sh", "-c", R"(tty=$1; shift; exec setsid -c -w "$@" <"$tty" >"$tty" 2>&1)", "sh",
                                  name_};
        command.arguments.insert(command.arguments.begin(), in_terminal.begin(), in_terminal.end());
        return command;
    }
    void type_interrupt() const { ASSERT_EQ(::write(user_.get(), "\x03", 1), 1); }
    /// The service itself: setsid(1) waits for it where it had to fork.
    [[nodiscard]] Process service() const { return Process{trial.pid_in_file()}; }

private:
    os::Descriptor user_{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    os::Descriptor terminal_;
    std::string name_;
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
