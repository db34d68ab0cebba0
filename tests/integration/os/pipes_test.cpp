#include "servicekit/os/pipes.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>

#include "integration/os/forked_child.hpp"
#include "os/proc_file.hpp"

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;
using test::ForkedChild;
using test::in_another_process;
using test::Lines;
using End = PipeReading::End;

std::string describe(const PipeReading& reading) {
    switch (reading.end) {
        case End::closed:
            return reading.text + "|closed";
        case End::timed_out:
            return reading.text + "|timed out";
        case End::interrupted:
            break;
    }
    return reading.text + "|interrupted";
}

/// Also stops ignoring the signal, which a shell ignores for its background processes.
void hold(int signal_number) {
    ::signal(signal_number, SIG_DFL);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, signal_number);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

bool is_held(int signal_number) {
    sigset_t signals;
    pthread_sigmask(SIG_BLOCK, nullptr, &signals);
    return sigismember(&signals, signal_number) == 1;
}

/// Returns once the process holds back TERM, or after a minute. During fork(2) the C library blocks all signals for a
/// moment: SIGUSR2 distinguishes that moment from the state that this waits for.
void await_holding_of_term(pid_t process) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (std::chrono::steady_clock::now() < deadline) {
        const auto status = read_proc_file("/proc/" + std::to_string(process) + "/status");
        const auto mask = status ? proc_line(*status, "SigBlk:") : std::nullopt;
        const auto blocked = mask ? std::stoull(std::string{*mask}, nullptr, 16) : 0;
        const auto is_blocked = [blocked](int signal) { return ((blocked >> (signal - 1)) & 1) == 1; };
        if (is_blocked(SIGTERM) && !is_blocked(SIGUSR2)) return;
    }
}

class PosixPipesTest : public testing::Test {
protected:
    std::unique_ptr<Pipe> open() { return posix_pipes().open().value(); }
};

TEST_F(PosixPipesTest, LineFromTheChildReachesTheParent) {
    const auto pipe = open();
    ForkedChild child{[&](Lines&) { return pipe->write("ready\n") ? 0 : 1; }};

    EXPECT_EQ(describe(pipe->read_line(60s)), "ready\n|closed");

    EXPECT_EQ(child.wait(), 0);
}

TEST_F(PosixPipesTest, ALineIsReadWhileTheWriterIsOpen) {
    const auto pipe = open();
    ASSERT_TRUE(pipe->write("in two "));
    ASSERT_TRUE(pipe->write("parts\n"));

    EXPECT_EQ(pipe->read_line(60s).text, "in two parts\n");
}

TEST_F(PosixPipesTest, ALongTextIsReadToItsEnd) {
    const auto pipe = open();
    const std::string text(50'000, 'x');
    ASSERT_TRUE(pipe->write(text + "\n"));

    EXPECT_EQ(pipe->read_line(60s).text, text + "\n");
}

TEST_F(PosixPipesTest, AWriterThatDiesEndsTheRead) {
    const auto pipe = open();
    ForkedChild child{[&](Lines& parent) {
        parent.hear();
        return pipe->write("half a l") ? 0 : 1;
    }};
    pipe->close_writer();
    child.tell("die");

    EXPECT_EQ(describe(pipe->read_line(60s)), "half a l|closed");
}

TEST_F(PosixPipesTest, AReadEndsAtItsTimeout) {
    const auto pipe = open();
    ASSERT_TRUE(pipe->write("half"));

    EXPECT_EQ(describe(pipe->read_line(20ms)), "half|timed out");
    EXPECT_EQ(describe(pipe->read_line(0ms)), "|timed out");
}

TEST_F(PosixPipesTest, AClosedReaderReadsNothing) {
    const auto pipe = open();
    pipe->close_reader();

    EXPECT_EQ(describe(pipe->read_line(60s)), "|closed");
}

TEST_F(PosixPipesTest, WritingWithoutAReaderIsAnErrorNotADeath) {
    const auto pipe = open();
    pipe->close_reader();

    const auto written = pipe->write("ready\n");

    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().errno_value, EPIPE);
}

TEST_F(PosixPipesTest, APendingSignalEndsTheReadAndIsConsumed) {
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        ForkedChild reader{[&](Lines& parent) {
            const auto pipe = open();
            hold(number);
            ::kill(::getpid(), number);
            parent.tell(describe(pipe->read_line(60s)));
            sigset_t pending;
            sigpending(&pending);
            return sigismember(&pending, number) == 0 && is_held(number) ? 0 : 1;
        }};
        EXPECT_EQ(reader.hear(), "|interrupted");
        EXPECT_EQ(reader.wait(), 0) << "after signal " << number;
    }
}

TEST_F(PosixPipesTest, ASignalDuringTheReadEndsItAndNotTheProcess) {
    ForkedChild reader{[&](Lines& parent) {
        const auto pipe = open();
        parent.tell(describe(pipe->read_line(60s)));
        return is_held(SIGTERM) ? 1 : 0;
    }};
    await_holding_of_term(reader.pid());
    ::kill(reader.pid(), SIGTERM);

    EXPECT_EQ(reader.hear(), "|interrupted");
    EXPECT_EQ(reader.wait(), 0);
}

TEST_F(PosixPipesTest, DataIsReadBeforeASignalCounts) {
    EXPECT_EQ(in_another_process([&] {
                  const auto pipe = open();
                  hold(SIGTERM);
                  ::kill(::getpid(), SIGTERM);
                  static_cast<void>(pipe->write("x"));
                  pipe->close_writer();
                  return describe(pipe->read_line(60s));
              }),
              "x|closed");
}

TEST_F(PosixPipesTest, AnIgnoredSignalDoesNotEndTheRead) {
    ForkedChild reader{[&](Lines& parent) {
        const auto pipe = open();
        ::signal(SIGHUP, SIG_IGN);  // as nohup(1) does
        parent.tell("ready");
        parent.tell(describe(pipe->read_line(60s)));
        return 0;
    }};
    ASSERT_EQ(reader.hear(), "ready");
    await_holding_of_term(reader.pid());
    ::kill(reader.pid(), SIGHUP);
    ::kill(reader.pid(), SIGTERM);

    EXPECT_EQ(reader.hear(), "|interrupted");
    EXPECT_EQ(reader.wait(), 0);
}

TEST_F(PosixPipesTest, OtherSignalsAreDeliveredAndDoNotEndTheRead) {
    ForkedChild reader{[&](Lines& parent) {
        static volatile sig_atomic_t delivered = 0;
        ::signal(SIGUSR1, [](int) { delivered = 1; });
        const auto pipe = open();
        const pid_t self = ::getpid();
        ForkedChild other{[&](Lines&) {
            await_holding_of_term(self);
            ::kill(self, SIGUSR1);
            return pipe->write("line\n") ? 0 : 1;
        }};
        parent.tell(pipe->read_line(60s).text == "line\n" && delivered == 1 ? "fine" : "failed");
        return other.wait();
    }};
    EXPECT_EQ(reader.hear(), "fine");
    EXPECT_EQ(reader.wait(), 0);
}

TEST_F(PosixPipesTest, NoEndIsAStandardStream) {
    EXPECT_EQ(in_another_process([&] {
                  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::close(stream);
                  const auto pipe = open();
                  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
                      if (::fcntl(stream, F_GETFD) >= 0) return "one is open";
                  return pipe->write("line\n") && pipe->read_line(60s).text == "line\n" ? "fine" : "broken";
              }),
              "fine");
}

TEST_F(PosixPipesTest, AChildThatOutlivesTheWriterDoesNotKeepThePipeOpen) {
    const auto pipe = open();
    ForkedChild writer{[&](Lines& parent) {
        pipe->close_reader();
        pipe->keep_writer_from_children();
        const pid_t child = ::fork();
        if (child == 0)
            for (;;) ::pause();
        parent.tell(std::to_string(child));
        return 0;
    }};
    pipe->close_writer();
    const auto child = static_cast<pid_t>(std::stol(writer.hear()));

    EXPECT_EQ(describe(pipe->read_line(60s)), "|closed");

    ::kill(child, SIGKILL);
    EXPECT_EQ(writer.wait(), 0);
}

TEST_F(PosixPipesTest, CrashLinesAreReadOrDiscarded) {
    const auto pipe = open();
    pipe->write_at_crash("crashed\n");
    EXPECT_EQ(pipe->read_line(60s).text, "crashed\n");

    pipe->close_reader();
    pipe->write_at_crash("crashed\n");
    pipe->close_writer();
    pipe->write_at_crash("crashed\n");
}

TEST_F(PosixPipesTest, CrashLinesDoNotWaitLongForABlockedReader) {
    const auto pipe = open();
    const std::string text(100'000, 'x');
    const auto begin = std::chrono::steady_clock::now();
    pipe->write_at_crash(text);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
}

TEST_F(PosixPipesTest, TheWriterIsClosedByExecAndReturnsItsNumber) {
    const auto pipe = open();
    EXPECT_EQ(::fcntl(pipe->writer(), F_GETFD), FD_CLOEXEC);

    pipe->close_writer();

    EXPECT_LT(pipe->writer(), 0);
}

}  // namespace
}  // namespace servicekit::os
