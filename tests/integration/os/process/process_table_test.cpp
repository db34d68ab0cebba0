#include "servicekit/os/process_table.hpp"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>

#include "integration/os/denied_system_call.hpp"
#include "integration/os/forked_child.hpp"

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;
using test::ForkedChild;
using test::Lines;
using test::some_user;

bool yes() { return true; }

int until_told(Lines& parent) {
    parent.tell("running");
    parent.hear();
    return 0;
}

/// Returns the pid of a process that has exited and was reaped.
pid_t former_pid() {
    ForkedChild child{[](Lines&) { return 0; }};
    child.wait();
    return child.pid();
}

class PosixProcessTableTest : public testing::Test {
protected:
    ProcessTable& table_ = posix_process_table();
};

TEST_F(PosixProcessTableTest, ReturnsTheUserOfAProcess) {
    EXPECT_EQ(table_.effective_user_of(::getpid()), ::geteuid());
    EXPECT_EQ(table_.effective_user_of(1), 0U);
}

TEST_F(PosixProcessTableTest, AMissingProcessHasNoUser) {
    EXPECT_EQ(table_.effective_user_of(former_pid()), std::nullopt);
    EXPECT_EQ(table_.effective_user_of(0), std::nullopt);
}

TEST_F(PosixProcessTableTest, ReturnsTheEffectiveUserEvenIfProcBelongsToRoot) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    ForkedChild other{[](Lines& parent) {
        // After this the process is not dumpable, so its entry in /proc belongs to root.
        if (::setresuid(0, some_user, 0) != 0) return 1;
        return until_told(parent);
    }};
    ASSERT_EQ(other.hear(), "running");

    EXPECT_EQ(table_.effective_user_of(other.pid()), some_user);
}

TEST_F(PosixProcessTableTest, ReturnsWhatAProcessUses) {
    const auto before = table_.usage_of(::getpid());
    ASSERT_TRUE(before);
    EXPECT_GT(before->memory, std::uint64_t{100'000});
    while (table_.usage_of(::getpid())->cpu <= before->cpu) {
    }
    EXPECT_EQ(table_.usage_of(former_pid()), std::nullopt);
}

TEST_F(PosixProcessTableTest, SignalsAConfirmedProcess) {
    ForkedChild child{until_told};
    ASSERT_EQ(child.hear(), "running");

    EXPECT_TRUE(table_.signal(child.pid(), SIGTERM, yes).value());

    EXPECT_EQ(child.wait(), 128 + SIGTERM);
}

TEST_F(PosixProcessTableTest, DoesNotSignalAnUnconfirmedProcess) {
    ForkedChild child{until_told};
    ASSERT_EQ(child.hear(), "running");

    EXPECT_FALSE(table_.signal(child.pid(), SIGTERM, [] { return false; }).value());

    child.tell("end");
    EXPECT_EQ(child.wait(), 0);
}

TEST_F(PosixProcessTableTest, SignalsTheProcessThatExistedBeforeTheCheck) {
    ForkedChild child{until_told};
    ASSERT_EQ(child.hear(), "running");

    // The process exits during the check, so its pid may belong to another process by then.
    const auto sent = table_.signal(child.pid(), SIGTERM, [&] {
        child.end();
        return true;
    });

    EXPECT_FALSE(sent.value());
}

TEST_F(PosixProcessTableTest, DoesNotCheckAMissingProcess) {
    bool asked = false;
    const auto sent = table_.signal(former_pid(), SIGTERM, [&] { return asked = true; });

    EXPECT_FALSE(sent.value());
    EXPECT_FALSE(asked);
}

TEST_F(PosixProcessTableTest, NumbersThatMeanGroupsAreRefused) {
    for (const pid_t group : {0, -1, -::getpid()}) {
        const auto sent = table_.signal(group, SIGTERM, yes);
        ASSERT_FALSE(sent);
        EXPECT_EQ(sent.error().errno_value, EINVAL);
    }
}

TEST_F(PosixProcessTableTest, AForbiddenSignalIsAPermissionError) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    ForkedChild other{[this](Lines& parent) {
        if (::setresuid(some_user, some_user, some_user) != 0) return 1;
        const auto sent = table_.signal(::getppid(), SIGTERM, yes);
        parent.tell(sent ? "sent" : std::to_string(to_int(sent.error().exit_code)));
        return 0;
    }};
    EXPECT_EQ(other.hear(), std::to_string(to_int(ExitCode::permission)));
}

TEST_F(PosixProcessTableTest, WaitsForTheEndOfAProcess) {
    ForkedChild child{until_told};
    ASSERT_EQ(child.hear(), "running");
    EXPECT_FALSE(table_.wait_for_end(child.pid(), 0ms));

    child.tell("end");

    EXPECT_TRUE(table_.wait_for_end(child.pid(), 60s));
}

TEST_F(PosixProcessTableTest, GivesUpWaitingAtTheTimeout) {
    ForkedChild child{until_told};
    const auto start = std::chrono::steady_clock::now();

    EXPECT_FALSE(table_.wait_for_end(child.pid(), 30ms));

    EXPECT_GE(std::chrono::steady_clock::now() - start, 30ms);
}

TEST_F(PosixProcessTableTest, AMissingProcessHasEnded) {
    EXPECT_TRUE(table_.wait_for_end(former_pid(), std::chrono::milliseconds::max()));
}

TEST_F(PosixProcessTableTest, SignalsAndWaitsWithoutPidfds) {
    for (const int refusal : {ENOSYS, EPERM}) {
        ForkedChild old_system{[&](Lines& parent) {
            if (!test::deny_system_call(SYS_pidfd_open, refusal)) return 1;
            ForkedChild child{until_told};
            if (child.hear() != "running") return 2;
            const bool sent_unmeant = table_.signal(child.pid(), SIGTERM, [] { return false; }).value();
            const bool ended_at_once = table_.wait_for_end(child.pid(), 0ms);
            const bool sent = table_.signal(child.pid(), SIGTERM, yes).value();
            const bool ended = table_.wait_for_end(child.pid(), 60s);
            child.wait();
            const bool sent_after = table_.signal(child.pid(), SIGTERM, yes).value();
            const bool still_ended = table_.wait_for_end(child.pid(), 60s);
            parent.tell(!sent_unmeant && !ended_at_once && sent && ended && !sent_after && still_ended ? "fine"
                                                                                                       : "not");
            return 0;
        }};
        const std::string seen = old_system.hear();
        if (old_system.wait() == 1) GTEST_SKIP() << "no system call can be denied here";
        EXPECT_EQ(seen, "fine");
    }
}

TEST_F(PosixProcessTableTest, APidThatIsNotAProcessNeverEnds) {
    EXPECT_FALSE(table_.wait_for_end(0, 60s));
    EXPECT_FALSE(table_.wait_for_end(-1, 60s));
}

}  // namespace
}  // namespace servicekit::os
