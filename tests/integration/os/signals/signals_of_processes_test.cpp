#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "integration/os/forked_child.hpp"
#include "integration/os/signals/signals_fixture.hpp"

namespace servicekit::os {
namespace {

using test::all;
using test::Disposition;
using test::dump_no_core;
using test::ForkedChild;
using test::Lines;
using test::Received;

/// What happens to signals in children, and to the process itself.
using PosixSignalsOfProcessesTest = test::SignalsTest;

TEST_F(PosixSignalsOfProcessesTest, SigabrtFromOutsideIsDelivered) {
    take_and_start();

    ForkedChild sender{[](Lines&) { return ::kill(::getppid(), SIGABRT); }};
    EXPECT_EQ(sender.wait(), 0);

    EXPECT_TRUE(received.contains(SIGABRT));
}

TEST_F(PosixSignalsOfProcessesTest, AbortStillEndsTheProcess) {
    ForkedChild child{[this](Lines& lines) {
        dump_no_core();
        const bool taken =
            signals.take(all, *loop, [&](const ReceivedSignal&) { lines.tell("delivered"); }).has_value();
        if (!taken || !loop->start()) return 1;
        std::abort();
    }};

    EXPECT_EQ(child.hear(), "(nothing)");
    EXPECT_EQ(child.wait(), 128 + SIGABRT);
}

TEST_F(PosixSignalsOfProcessesTest, ARaisedSigabrtEndsTheProcess) {
    ForkedChild child{[this](Lines&) {
        dump_no_core();
        if (!take()) return 1;
        raise(SIGABRT);
        return 2;
    }};

    EXPECT_EQ(child.wait(), 128 + SIGABRT);
}

TEST_F(PosixSignalsOfProcessesTest, ASigabrtSentToItselfEndsTheProcess) {
    ForkedChild child{[this](Lines&) {
        dump_no_core();
        if (!take()) return 1;
        ::kill(::getpid(), SIGABRT);
        return 2;
    }};

    EXPECT_EQ(child.wait(), 128 + SIGABRT);
}

TEST_F(PosixSignalsOfProcessesTest, AbortInTheLoopsThreadEndsTheProcess) {
    ForkedChild child{[this](Lines& lines) {
        dump_no_core();
        if (!take() || !loop->start()) return 1;
        loop->post([] { std::abort(); });
        lines.hear();
        return 2;
    }};

    EXPECT_EQ(child.wait(), 128 + SIGABRT);
}

TEST_F(PosixSignalsOfProcessesTest, ASignalToAForkedChildDoesNotReachTheService) {
    ASSERT_TRUE(take());
    // Forks before the loop's thread starts: ThreadSanitizer runs no handlers in a child of several threads.
    ForkedChild child{[](Lines& lines) {
        lines.tell("ready");
        lines.hear();
        return 0;
    }};
    ASSERT_TRUE(loop->start());
    ASSERT_EQ(child.hear(), "ready");

    kill(child.pid(), SIGTERM);

    EXPECT_EQ(child.wait(), 128 + SIGTERM);
    send_to_ourselves(SIGHUP);
    ASSERT_TRUE(received.contains(SIGHUP));
    EXPECT_EQ(received.count(SIGTERM), 0);
}

TEST_F(PosixSignalsOfProcessesTest, ExecutedProgramStartsWithDefaultActions) {
    take_and_start();
    for (const int number : {SIGHUP, SIGTERM, SIGINT, SIGUSR1, SIGPIPE}) {
        ForkedChild child{[number](Lines&) {
            const std::string script = "kill -" + std::to_string(number) + " $$";
            return execl("/bin/sh", "sh", "-c", script.c_str(), nullptr);
        }};

        EXPECT_EQ(child.wait(), 128 + number);
    }
}

TEST_F(PosixSignalsOfProcessesTest, AnEndingSignalEndsTheProcessAtOnce) {
    ForkedChild child{[this](Lines&) {
        constexpr std::array ending{SIGINT};
        if (!signals.note({}, ending)) return 1;
        raise(SIGINT);
        return 2;
    }};

    EXPECT_EQ(child.wait(), 128 + SIGINT);
}

TEST_F(PosixSignalsOfProcessesTest, AnEndingSignalEndsPid1) {
    ForkedChild child{[this](Lines&) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) return 77;
        const pid_t init = fork();
        if (init == 0) {
            constexpr std::array ending{SIGINT};
            if (!signals.note({}, ending)) _exit(1);
            // Sent to itself: the kernel discards it if there is no handler.
            ::kill(::getpid(), SIGINT);
            _exit(2);
        }
        int status = 0;
        return waitpid(init, &status, 0) == init && WIFEXITED(status) ? WEXITSTATUS(status) : 3;
    }};

    const int outcome = child.wait();
    if (outcome == 77) GTEST_SKIP() << "this user may not make a pid namespace";
    EXPECT_EQ(outcome, 128 + SIGINT);
}

TEST_F(PosixSignalsOfProcessesTest, AbortWhileSignalsAreNotedEndsTheProcess) {
    ForkedChild child{[this](Lines&) {
        dump_no_core();
        if (!signals.note(all, {})) return 1;
        std::abort();
    }};

    EXPECT_EQ(child.wait(), 128 + SIGABRT);
}

TEST_F(PosixSignalsOfProcessesTest, AForkedChildTakesDefaultActionsUntilItNotesSignals) {
    ASSERT_TRUE(signals.note(all, {}));
    send_to_ourselves(SIGHUP);
    ForkedChild deaf{[](Lines& lines) {
        lines.tell("ready");
        lines.hear();
        return 0;
    }};
    ASSERT_EQ(deaf.hear(), "ready");
    kill(deaf.pid(), SIGTERM);
    EXPECT_EQ(deaf.wait(), 128 + SIGTERM);

    ForkedChild child{[this](Lines&) {
        if (!signals.note(all, {}) || kill(getpid(), SIGTERM) != 0) return 1;
        const auto noted = signals.noted();
        return noted.size() == 2 && noted[0].number == SIGHUP && noted[1].number == SIGTERM ? 0 : 2;
    }};
    EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(signals.noted().size(), 1U);
}

TEST_F(PosixSignalsOfProcessesTest, AProgramExecutedWhileSignalsAreNotedStartsClean) {
    ASSERT_TRUE(signals.note(all, {}));
    for (const int number : {SIGHUP, SIGTERM, SIGUSR1, SIGABRT}) {
        ForkedChild child{[number](Lines&) {
            dump_no_core();
            const std::string script = "kill -" + std::to_string(number) + " $$";
            return execl("/bin/sh", "sh", "-c", script.c_str(), nullptr);
        }};

        EXPECT_EQ(child.wait(), 128 + number);
    }
}

TEST_F(PosixSignalsOfProcessesTest, AForkedChildMayReleaseItsParentsSignals) {
    take_and_start();
    ForkedChild child{[this](Lines&) {
        signals.give_back();
        return Disposition{SIGTERM}.is(SIG_DFL) ? 0 : 1;
    }};

    EXPECT_EQ(child.wait(), 0);
    send_to_ourselves(SIGTERM);
    EXPECT_TRUE(received.contains(SIGTERM));
}

TEST_F(PosixSignalsOfProcessesTest, AForkedChildMayTakeTheSignalsItself) {
    ASSERT_TRUE(take());
    ForkedChild child{[this](Lines&) {
        const auto own_loop = make_posix_event_loop("loop");
        Received own;
        if (!signals.take(all, *own_loop, [&](const ReceivedSignal& signal) { own.add(signal); })) return 1;
        if (!own_loop->start() || kill(getpid(), SIGTERM) != 0) return 2;
        if (!own.contains(SIGTERM)) return 3;
        signals.give_back();
        own_loop->stop();
        return Disposition{SIGTERM}.is(SIG_DFL) ? 0 : 4;
    }};

    EXPECT_EQ(child.wait(), 0);
    ASSERT_TRUE(loop->start());
    send_to_ourselves(SIGTERM);
    EXPECT_TRUE(received.contains(SIGTERM));
}

}  // namespace
}  // namespace servicekit::os
