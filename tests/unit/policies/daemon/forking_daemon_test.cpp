#include "servicekit/policies/daemon/forking_daemon.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "servicekit/mocks/mock_clock.hpp"
#include "servicekit/mocks/mock_inherited_descriptors.hpp"
#include "servicekit/mocks/mock_pipes.hpp"
#include "servicekit/mocks/mock_process.hpp"
#include "servicekit/mocks/mock_process_table.hpp"
#include "servicekit/mocks/mock_standard_streams.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::InSequence;
using ::testing::NiceMock;
using ::testing::Return;

/// A pipe that records its destruction.
class MortalPipe : public NiceMock<mocks::MockPipe> {
public:
    explicit MortalPipe(bool& is_gone) : is_gone_{&is_gone} {}
    MortalPipe(const MortalPipe&) = delete;
    MortalPipe& operator=(const MortalPipe&) = delete;
    ~MortalPipe() override { *is_gone_ = true; }

private:
    bool* is_gone_;
};

/// Tests the daemon's side, the default of MockProcess, unless fork() is set to return a pid.
class ForkingDaemonTest : public ::testing::Test {
protected:
    ForkingDaemonTest() {
        auto owned = std::make_unique<MortalPipe>(pipe_is_gone);
        pipe = owned.get();
        ON_CALL(*pipe, writer).WillByDefault(Return(7));
        ON_CALL(pipes, open).WillByDefault([holder = std::make_shared<std::unique_ptr<os::Pipe>>(std::move(owned))] {
            return Result<std::unique_ptr<os::Pipe>>{std::move(*holder)};
        });
        deployment.name = "just-another-server";
        deployment.working_directory = "/srv";
        deployment.file_mask = 027;
        daemon.configure(deployment);
    }

    /// Makes the daemon exit in enter(). \returns the exit status
    int status_at_exit() {
        try {
            static_cast<void>(daemon.enter());
        } catch (const mocks::ProcessExited& exited) {
            return exited.status;
        }
        ADD_FAILURE() << "enter() returned";
        return -1;
    }

    bool pipe_is_gone = false;
    MortalPipe* pipe = nullptr;
    Deployment deployment;
    NiceMock<mocks::MockProcess> process;
    NiceMock<mocks::MockPipes> pipes;
    NiceMock<mocks::MockStandardStreams> streams;
    NiceMock<mocks::MockProcessTable> processes;
    NiceMock<mocks::MockClock> clock;
    NiceMock<mocks::MockInheritedDescriptors> inherited;
    os::Host host{.clock = &clock,
                  .inherited = &inherited,
                  .pipes = &pipes,
                  .process = &process,
                  .processes = &processes,
                  .streams = &streams};
    ForkingDaemon daemon{{}, host};
};

TEST_F(ForkingDaemonTest, HasABackground) { EXPECT_TRUE(ForkingDaemon{}.has_background()); }

TEST_F(ForkingDaemonTest, ChangesNothingInTheForeground) {
    deployment.background = false;
    daemon.configure(deployment);
    EXPECT_CALL(process, fork).Times(0);
    EXPECT_CALL(process, change_directory).Times(0);
    EXPECT_CALL(process, set_file_mask).Times(0);
    EXPECT_CALL(streams, redirect_to_null).Times(0);
    EXPECT_CALL(pipes, open).Times(0);

    EXPECT_EQ(daemon.enter().value(), Role::service);
    daemon.logs_to({"/var/log/x.log"});
    daemon.crashed("crashed by SIGSEGV");
    daemon.ready();
    daemon.failed({});
}

TEST_F(ForkingDaemonTest, RefusesToForkWhileThreadsRun) {
    EXPECT_CALL(process, thread_count).WillOnce(Return(2U));
    EXPECT_CALL(process, fork).Times(0);

    const Error error = daemon.enter().error();
    EXPECT_EQ(error.exit_code, ExitCode::internal);
    EXPECT_EQ(error.message(),
              "cannot start 'just-another-server': threads exist before the fork; start them in on_start");
}

TEST_F(ForkingDaemonTest, DoesNotForkWithoutAPipe) {
    EXPECT_CALL(pipes, open).WillOnce([] {
        return Result<std::unique_ptr<os::Pipe>>{os_error("open a pipe", "", EMFILE)};
    });
    EXPECT_CALL(process, fork).Times(0);
    EXPECT_EQ(daemon.enter().error().exit_code, ExitCode::os);
}

TEST_F(ForkingDaemonTest, ReportsAFailedFork) {
    EXPECT_CALL(process, fork).WillOnce(Return(Result<pid_t>{os_error("fork", "", EAGAIN)}));
    EXPECT_EQ(daemon.enter().error().errno_value, EAGAIN);
    EXPECT_TRUE(pipe_is_gone);
}

TEST_F(ForkingDaemonTest, TheParentFinishesAndChangesNothing) {
    EXPECT_CALL(process, fork).WillOnce(Return(Result<pid_t>{4711}));
    EXPECT_CALL(*pipe, read_line).WillOnce(Return(os::PipeReading{.text = "{\"pid\":4712}\n{\"ready\":true}\n"}));
    EXPECT_CALL(process, start_session).Times(0);
    EXPECT_CALL(process, change_directory).Times(0);
    EXPECT_CALL(process, set_file_mask).Times(0);
    EXPECT_CALL(inherited, close_all_but).Times(0);
    EXPECT_CALL(streams, redirect_to_null).Times(0);

    EXPECT_EQ(daemon.enter().value(), Role::parent);
}

TEST_F(ForkingDaemonTest, TheParentClosesItsWriter) {
    const InSequence sequence;
    EXPECT_CALL(process, fork).WillOnce(Return(Result<pid_t>{4711}));
    EXPECT_CALL(*pipe, close_writer);
    EXPECT_CALL(*pipe, read_line);
    EXPECT_EQ(daemon.enter().error().exit_code, ExitCode::internal);
}

TEST_F(ForkingDaemonTest, TheParentWaitsForTheStartTimeoutAndAGracePeriod) {
    deployment.start_timeout = 30s;
    daemon.configure(deployment);
    EXPECT_CALL(process, fork).WillOnce(Return(Result<pid_t>{4711}));
    EXPECT_CALL(*pipe, read_line(35'000ms));
    EXPECT_FALSE(daemon.enter());
}

TEST_F(ForkingDaemonTest, AnInterruptedServiceGetsTheStopTimeoutAndAGracePeriod) {
    deployment.stop_timeout = 3s;
    ForkingDaemon patient{{.grace = 4s}, host};
    patient.configure(deployment);
    EXPECT_CALL(process, fork).WillOnce(Return(Result<pid_t>{4711}));
    const InSequence sequence;
    EXPECT_CALL(*pipe, read_line).WillOnce(Return(os::PipeReading{.end = os::PipeReading::End::interrupted}));
    EXPECT_CALL(*pipe, read_line(7'000ms));
    EXPECT_EQ(patient.enter().error().exit_code, ExitCode::timeout);
}

TEST_F(ForkingDaemonTest, TheParentAdoptsOrphansBeforeTheFork) {
    const InSequence sequence;
    EXPECT_CALL(process, adopt_orphans);
    EXPECT_CALL(process, fork).WillOnce(Return(Result<pid_t>{4711}));
    EXPECT_FALSE(daemon.enter());
}

TEST_F(ForkingDaemonTest, TheSessionLeaderExitsOnceItHasForkedTheDaemon) {
    EXPECT_CALL(process, fork).WillOnce(Return(Result<pid_t>{0})).WillOnce(Return(Result<pid_t>{4712}));
    EXPECT_CALL(process, start_session);
    EXPECT_CALL(process, change_directory).Times(0);
    EXPECT_CALL(*pipe, write).Times(0);
    EXPECT_EQ(status_at_exit(), 0);
}

TEST_F(ForkingDaemonTest, TheDaemonReportsItsPidAndKeepsNothingOfItsStarter) {
    const InSequence sequence;
    EXPECT_CALL(process, fork);
    EXPECT_CALL(*pipe, close_reader);
    EXPECT_CALL(process, start_session);
    EXPECT_CALL(process, fork);
    EXPECT_CALL(*pipe, keep_writer_from_children);
    EXPECT_CALL(*pipe, write("{\"pid\":4711}\n"));
    EXPECT_CALL(process, change_directory("/srv"));
    EXPECT_CALL(process, set_file_mask(mode_t{027}));
    EXPECT_CALL(streams, redirect_to_null(os::Stream::in));
    EXPECT_CALL(inherited, close_all_but(ElementsAre(7)));

    EXPECT_EQ(daemon.enter().value(), Role::service);
    EXPECT_FALSE(pipe_is_gone);
}

TEST_F(ForkingDaemonTest, TheDaemonKeepsPassedDescriptors) {
    deployment.keep_descriptors = {3, 4};
    daemon.configure(deployment);
    EXPECT_CALL(inherited, close_all_but(ElementsAre(3, 4, 7)));
    EXPECT_TRUE(daemon.enter());
}

TEST_F(ForkingDaemonTest, TheDaemonKeepsItsInputIfConfigured) {
    deployment.keep_stdin = true;
    daemon.configure(deployment);
    EXPECT_CALL(streams, redirect_to_null(os::Stream::in)).Times(0);
    EXPECT_TRUE(daemon.enter());
}

TEST_F(ForkingDaemonTest, TheDaemonLeavesTheOutputStreamsToTheLog) {
    EXPECT_CALL(streams, redirect_to_null(os::Stream::out)).Times(0);
    EXPECT_CALL(streams, redirect_to_null(os::Stream::error)).Times(0);
    EXPECT_CALL(streams, redirect_to_null(os::Stream::in));
    EXPECT_TRUE(daemon.enter());
}

TEST_F(ForkingDaemonTest, ReadinessIsReportedOnce) {
    ASSERT_TRUE(daemon.enter());
    EXPECT_CALL(*pipe, write("{\"ready\":true}\n")).Times(1);
    daemon.ready();
    EXPECT_TRUE(pipe_is_gone);
    daemon.ready();
    daemon.failed({});
}

TEST_F(ForkingDaemonTest, AFailureIsReportedOnce) {
    ASSERT_TRUE(daemon.enter());
    EXPECT_CALL(*pipe, write(R"({"exit-code":70,"action":"start","object":"x","reason":"no database","errno":0})"
                             "\n"))
        .Times(1);
    const Error error{.exit_code = ExitCode::internal, .action = "start", .object = "x", .reason = "no database"};
    daemon.failed(error);
    EXPECT_TRUE(pipe_is_gone);
    daemon.failed(error);
    daemon.ready();
}

TEST_F(ForkingDaemonTest, ContinuesIfTheParentIsGoneBeforeReadiness) {
    ASSERT_TRUE(daemon.enter());
    EXPECT_CALL(*pipe, write).WillOnce(Return(Result<void>{os_error("write to a pipe", "", EPIPE)}));
    daemon.ready();
    EXPECT_TRUE(pipe_is_gone);
}

TEST_F(ForkingDaemonTest, ReportsThePathOfTheLog) {
    ASSERT_TRUE(daemon.enter());
    EXPECT_CALL(*pipe, write("{\"log\":\"/var/log/x.log\"}\n"));
    daemon.logs_to({"/var/log/x.log"});
    daemon.logs_to({});
}

TEST_F(ForkingDaemonTest, ACrashIsASeparateLineAndNotTheLast) {
    ASSERT_TRUE(daemon.enter());
    const InSequence sequence;
    EXPECT_CALL(*pipe, write_at_crash("\ncrash: crashed by SIGSEGV; the report is in '/run/a b'\n"));
    EXPECT_CALL(*pipe, write("{\"ready\":true}\n"));
    daemon.crashed("crashed by SIGSEGV; the report is in '/run/a\nb'");
    EXPECT_FALSE(pipe_is_gone);
    daemon.ready();
}

TEST_F(ForkingDaemonTest, ACrashThatIsTooLongIsCut) {
    ASSERT_TRUE(daemon.enter());
    EXPECT_CALL(*pipe, write_at_crash(::testing::AllOf(::testing::SizeIs(6 * 1024), ::testing::EndsWith("xx\n"))));
    daemon.crashed(std::string(10'000, 'x'));
}

TEST_F(ForkingDaemonTest, ReportsNothingToTheParentAfterReadiness) {
    ASSERT_TRUE(daemon.enter());
    daemon.ready();
    daemon.logs_to({"/var/log/x.log"});
    daemon.crashed("crashed by SIGSEGV");
    daemon.status("12 connections");
    daemon.reloading();
    daemon.alive();
    daemon.stopping();
    EXPECT_TRUE(pipe_is_gone);
}

TEST_F(ForkingDaemonTest, CanBeMovedBeforeUse) {
    ForkingDaemon moved{std::move(daemon)};
    moved.configure(deployment);
    EXPECT_EQ(moved.enter().value(), Role::service);
}

/// The parent must report failures between the fork and the daemon's return.
class FailingDaemonTest : public ForkingDaemonTest {
protected:
    void expect_report_and_exit() {
        EXPECT_CALL(*pipe, write("{\"pid\":4711}\n")).Times(::testing::AtMost(1));
        EXPECT_CALL(*pipe,
                    write(R"({"exit-code":77,"action":"try","object":"/x","reason":"Permission denied","errno":13})"
                          "\n"));
        EXPECT_EQ(status_at_exit(), 77);
        EXPECT_TRUE(pipe_is_gone);
    }

    const Error failure = os_error("try", "/x", EACCES);
};

TEST_F(FailingDaemonTest, ReportsASessionThatCannotBeStarted) {
    EXPECT_CALL(process, start_session).WillOnce(Return(Result<void>{failure}));
    expect_report_and_exit();
}

TEST_F(FailingDaemonTest, ReportsAFailedSecondFork) {
    EXPECT_CALL(process, fork).WillOnce(Return(Result<pid_t>{0})).WillOnce(Return(Result<pid_t>{failure}));
    expect_report_and_exit();
}

TEST_F(FailingDaemonTest, ReportsAnInaccessibleWorkingDirectory) {
    EXPECT_CALL(process, change_directory).WillOnce(Return(Result<void>{failure}));
    expect_report_and_exit();
}

TEST_F(FailingDaemonTest, ReportsAnInputThatCannotBeRedirected) {
    EXPECT_CALL(streams, redirect_to_null(os::Stream::in)).WillOnce(Return(Result<void>{failure}));
    expect_report_and_exit();
}

TEST_F(FailingDaemonTest, ReportsDescriptorsThatCannotBeClosed) {
    EXPECT_CALL(inherited, close_all_but).WillOnce(Return(Result<void>{failure}));
    expect_report_and_exit();
}

TEST_F(FailingDaemonTest, ExitsIfTheParentIsAlreadyGone) {
    EXPECT_CALL(*pipe, write).WillRepeatedly(Return(Result<void>{os_error("write to a pipe", "", EPIPE)}));
    EXPECT_CALL(process, change_directory).Times(0);
    EXPECT_EQ(status_at_exit(), to_int(ExitCode::os));
}

}  // namespace
}  // namespace servicekit
