#include "servicekit/os/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "integration/os/forked_child.hpp"
#include "integration/os/temporary_directory.hpp"
#include "os/descriptor.hpp"

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;
using test::ForkedChild;
using test::in_another_process;
using test::is_open;
using test::Lines;
using test::TemporaryDirectory;

class PosixProcessTest : public testing::Test {
protected:
    Process& process_ = posix_process();
};

TEST_F(PosixProcessTest, KnowsItself) {
    EXPECT_EQ(process_.id(), ::getpid());
    EXPECT_EQ(process_.effective_user(), ::geteuid());
}

TEST_F(PosixProcessTest, KnowsItsCommandLine) {
    const auto arguments = process_.command_line();
    ASSERT_TRUE(arguments);
    ASSERT_FALSE(arguments->empty());
    EXPECT_EQ(std::filesystem::path{arguments->front()}.filename(),
              std::filesystem::path{*process_.program()}.filename());
}

TEST_F(PosixProcessTest, ExecutesItsOwnProgramWithOtherArguments) {
    ForkedChild child{[this](Lines& parent) {
        parent.tell("before");
        const Error failed = process_.execute({"renamed", "--gtest_list_tests", "--gtest_filter=-*"});
        parent.tell(failed.message());
        return 1;
    }};

    EXPECT_EQ(child.hear(), "before");
    EXPECT_EQ(child.wait(), 0);
}

TEST_F(PosixProcessTest, ExecutesAnotherProgram) {
    ForkedChild child{[this](Lines& parent) {
        const Error failed = process_.execute_other({"/no/such/program"});
        parent.tell(failed.message());
        static_cast<void>(process_.execute_other({"sh", "-c", "exit 7"}));
        return 1;
    }};

    EXPECT_EQ(child.hear(), "cannot execute '/no/such/program': No such file or directory");
    EXPECT_EQ(child.wait(), 7);
}

TEST_F(PosixProcessTest, AForkedChildCanBeWaitedFor) {
    const pid_t parent = process_.id();
    const auto child = process_.fork();
    ASSERT_TRUE(child);
    if (*child == 0) process_.exit_now(::getppid() == parent ? 7 : 1);

    const auto status = process_.wait_for_child(*child);

    ASSERT_TRUE(status);
    EXPECT_TRUE(WIFEXITED(*status));
    EXPECT_EQ(WEXITSTATUS(*status), 7);
}

TEST_F(PosixProcessTest, WaitingForAProcessThatIsNotAChildIsAnError) {
    const auto status = process_.wait_for_child(process_.id());
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().errno_value, ECHILD);
}

TEST_F(PosixProcessTest, OutputBeforeAForkIsNotPrintedTwice) {
    const TemporaryDirectory directory;
    const std::string path = directory.file("output");
    ForkedChild printing{[&](Lines&) {
        if (std::freopen(path.c_str(), "w", stdout) == nullptr) return 1;
        std::printf("once\n");
        const auto child = process_.fork();
        if (!child) return 1;
        std::fflush(stdout);
        if (*child == 0) process_.exit_now(0);
        return process_.wait_for_child(*child) ? 0 : 1;
    }};
    ASSERT_EQ(printing.wait(), 0);

    std::ifstream output{path};
    EXPECT_EQ((std::string{std::istreambuf_iterator<char>{output}, {}}), "once\n");
}

TEST_F(PosixProcessTest, ForkIsRefusedWhileThreadsRun) {
    std::promise<void> end;
    std::thread other{[&] { end.get_future().wait(); }};

    const auto child = process_.fork();

    end.set_value();
    other.join();
    ASSERT_FALSE(child);
    EXPECT_EQ(child.error().message(), "cannot fork: 2 threads exist already, and a child would have only one of them");
    EXPECT_EQ(child.error().exit_code, ExitCode::os);
}

TEST_F(PosixProcessTest, JoinedThreadsDoNotCount) {
    EXPECT_EQ(process_.thread_count(), 1U);
    for (int round = 0; round < 500; ++round) {
        std::thread{[] {}}.join();
        ASSERT_EQ(process_.thread_count(), 1U) << "in round " << round;
    }
}

TEST_F(PosixProcessTest, RunningThreadsCount) {
    std::promise<void> end;
    const auto ended = end.get_future().share();
    std::thread one{[ended] { ended.wait(); }};
    std::thread two{[ended] { ended.wait(); }};

    EXPECT_EQ(process_.thread_count(), 3U);

    end.set_value();
    one.join();
    two.join();
}

TEST_F(PosixProcessTest, AnAdoptedOrphanHasAnExitStatus) {
    ForkedChild adopting{[this](Lines&) {
        process_.adopt_orphans();
        std::array<int, 2> ends{};
        if (::pipe(ends.data()) != 0) return 1;
        const pid_t child = ::fork();
        if (child == 0) {
            const pid_t orphan = ::fork();
            if (orphan == 0) ::raise(SIGKILL);
            const bool told = ::write(ends[1], &orphan, sizeof orphan) == sizeof orphan;
            ::_exit(told ? 0 : 1);
        }
        pid_t orphan = 0;
        if (::read(ends[0], &orphan, sizeof orphan) != sizeof orphan || !process_.wait_for_child(child)) return 2;
        const auto status = process_.wait_for_child(orphan);
        return status && WIFSIGNALED(*status) && WTERMSIG(*status) == SIGKILL ? 0 : 3;
    }};
    EXPECT_EQ(adopting.wait(), 0);
}

TEST_F(PosixProcessTest, StartsItsOwnSessionOnce) {
    const std::string seen = in_another_process([this] {
        const auto started = process_.start_session();
        const auto again = process_.start_session();  // the leader of a session may not start another one
        return std::string{started && ::getsid(0) == ::getpid() ? "leads" : "does not lead"} +
               (again ? ", twice" : ", once");
    });
    EXPECT_EQ(seen, "leads, once");
}

TEST_F(PosixProcessTest, ChangesTheWorkingDirectory) {
    const TemporaryDirectory directory;
    const std::string seen = in_another_process([&] {
        const auto changed = process_.change_directory(directory.path());
        return changed ? process_.current_directory().value() : changed.error().message();
    });
    EXPECT_EQ(seen, std::filesystem::canonical(directory.path()).string());
}

TEST_F(PosixProcessTest, MissingWorkingDirectoryIsAnError) {
    const auto changed = process_.change_directory("/no/such/directory");
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().message(), "cannot change to directory '/no/such/directory': No such file or directory");
}

TEST_F(PosixProcessTest, SetsTheFileMaskAndReturnsTheOldOne) {
    const mode_t before = process_.set_file_mask(027);
    EXPECT_EQ(process_.set_file_mask(before), 027U);
}

TEST_F(PosixProcessTest, IsKilledInTimeWhereverItHangs) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (!process_.kill_after(1h) || !process_.kill_after(10ms)) ::_exit(1);
        for (;;) ::pause();
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST_F(PosixProcessTest, AScheduledKillCanBeCancelledAndIsNotInherited) {
    ForkedChild living{[this](Lines&) {
        if (!process_.kill_after(2s)) return 1;
        const pid_t child = ::fork();
        if (child == 0) {
            std::this_thread::sleep_for(2'200ms);
            ::_exit(7);
        }
        process_.spare();
        int status = 0;
        return ::waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 3;
    }};
    EXPECT_EQ(living.wait(), 7);
}

TEST_F(PosixProcessTest, ExitNowRunsNoHandlers) {
    ForkedChild exiting{[this](Lines& parent) {
        static Lines* told = &parent;
        std::atexit([] { told->tell("handler ran"); });
        process_.exit_now(5);
        return 1;
    }};
    EXPECT_EQ(exiting.wait(), 5);
    EXPECT_EQ(exiting.hear(), "(nothing)");
}

}  // namespace
}  // namespace servicekit::os
