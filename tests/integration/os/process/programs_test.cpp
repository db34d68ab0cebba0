#include "servicekit/os/programs.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "integration/os/forked_child.hpp"
#include "integration/os/temporary_directory.hpp"
#include "integration/support/text_file.hpp"

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;
using test::ForkedChild;
using test::Lines;
using test::some_user;
using How = ProgramEnd::How;

constexpr auto patience = 30s;

class PosixProgramsTest : public testing::Test {
protected:
    PosixProgramsTest() {
        auto opened = programs.open_input(1U << 20U);
        EXPECT_TRUE(opened);
        input = std::move(*opened);
    }
    std::unique_ptr<Program> start(std::vector<std::string> command) {
        auto started = programs.start({.command = std::move(command), .input = input.get()});
        EXPECT_TRUE(started) << started.error().message();
        return started ? std::move(*started) : nullptr;
    }
    /// Runs the script in a shell, with a file of the directory as `$1`.
    std::unique_ptr<Program> shell(const std::string& script) {
        return start({"sh", "-c", script, "sh", directory.file("out")});
    }
    [[nodiscard]] std::string output() const { return servicekit::test::read_file(directory.file("out")); }
    void write(std::string_view text) const { EXPECT_EQ(input->write(text).bytes, text.size()); }

    test::TemporaryDirectory directory;
    Programs& programs = posix_programs();
    std::unique_ptr<ProgramInput> input;
};

TEST_F(PosixProgramsTest, AProgramReadsItsInputUntilItIsClosed) {
    const auto program = shell("cat >\"$1\"");
    write("one\ntwo\n");
    input->close_writer();
    EXPECT_EQ(program->wait_for_end(patience), (ProgramEnd{.how = How::exited, .number = 0}));
    EXPECT_EQ(output(), "one\ntwo\n");
    EXPECT_EQ(input->unread(), 0U);
}

TEST_F(PosixProgramsTest, UnreadInputGoesToTheNextProgram) {
    const auto first = shell("read line; echo \"$line\" >\"$1\"; exit 7");
    write("one\n");
    EXPECT_EQ(first->wait_for_end(patience), (ProgramEnd{.how = How::exited, .number = 7}));
    write("two\n");
    EXPECT_EQ(input->unread(), 4U);
    const auto second = shell("cat >>\"$1\"");
    input->close_writer();
    EXPECT_TRUE(second->wait_for_end(patience));
    EXPECT_EQ(output(), "one\ntwo\n");
}

TEST_F(PosixProgramsTest, ItsDescriptorShowsItsEnd) {
    const auto program = shell("exec sleep 1000");
    pollfd ended{.fd = program->descriptor(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&ended, 1, 0), 0);
    EXPECT_EQ(program->end(), std::nullopt);
    EXPECT_TRUE(program->signal(SIGKILL).value());
    EXPECT_EQ(::poll(&ended, 1, 30'000), 1);
    EXPECT_EQ(program->end(), (ProgramEnd{.how = How::killed, .number = SIGKILL}));
    EXPECT_EQ(program->end(), (ProgramEnd{.how = How::killed, .number = SIGKILL}));
    EXPECT_FALSE(program->signal(SIGTERM).value());
}

TEST_F(PosixProgramsTest, AProgramThatDoesNotReadBlocksNothing) {
    const auto program = shell("exec sleep 1000");
    const std::string much(3U << 20U, 'x');
    std::size_t taken = 0;
    Transfer done;
    while ((done = input->write(std::string_view{much}.substr(taken))).state == Transfer::State::done)
        taken += done.bytes;
    EXPECT_EQ(done.state, Transfer::State::would_block);
    EXPECT_GE(taken, 64U << 10U);
    EXPECT_EQ(input->unread(), taken);
    EXPECT_FALSE(input->wait_until_writable(10ms));
    EXPECT_TRUE(program->signal(SIGTERM).value());
    EXPECT_TRUE(program->wait_for_end(patience));
}

TEST_F(PosixProgramsTest, HasItsOwnSessionAndNoneOfOurDescriptors) {
    constexpr int unusual_number = 200;
    const int leaked = ::fcntl(input->writer(), F_DUPFD, unusual_number);  // without close-on-exec
    ASSERT_GE(leaked, unusual_number);
    const auto program = shell("{ ps -o sid= -p $$; ls /proc/$$/fd; } >\"$1.new\"; mv \"$1.new\" \"$1\"; cat");
    ::close(leaked);
    input->close_writer();
    EXPECT_TRUE(program->wait_for_end(patience));
    std::ifstream file{directory.file("out")};
    pid_t session = 0;
    file >> session;
    EXPECT_EQ(session, program->id());
    for (int descriptor = 0; file >> descriptor;) EXPECT_LT(descriptor, unusual_number);
}

TEST_F(PosixProgramsTest, StartsWithNoSignalBlockedOrIgnored) {
    ForkedChild child{[this](Lines&) {
        ::signal(SIGPIPE, SIG_IGN);
        ::signal(SIGUSR1, SIG_IGN);
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, nullptr);
        auto own = posix_programs().open_input(4096);
        auto program = posix_programs().start(
            {.command = {"sh", "-c", "grep -E '^Sig(Blk|Ign)' /proc/self/status >\"$1\"", "sh", directory.file("out")},
             .input = own->get()});
        return program && (*program)->wait_for_end(30s) ? 0 : 1;
    }};
    EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(output(), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_F(PosixProgramsTest, ItsStreamsMayGoToTheNullDevice) {
    auto started = programs.start(
        {.command = {"sh", "-c", "readlink /proc/$$/fd/1 /proc/$$/fd/2 >\"$1\"", "sh", directory.file("out")},
         .input = input.get(),
         .output = ProgramOutput::null});
    ASSERT_TRUE(started);
    EXPECT_TRUE((*started)->wait_for_end(patience));
    EXPECT_THAT(output(), testing::HasSubstr("/dev/null\n"));
}

TEST_F(PosixProgramsTest, AMissingProgramIsNamed) {
    const char* const found = std::getenv("PATH");
    const std::string path = found != nullptr ? found : "";
    // Otherwise a directory of the user's PATH that cannot be searched would cause the error.
    ::setenv("PATH", directory.path().c_str(), 1);
    const auto by_name = programs.start({.command = {"servicekit-no-such-program"}, .input = input.get()});
    ::setenv("PATH", path.c_str(), 1);
    ASSERT_FALSE(by_name);
    EXPECT_EQ(by_name.error().message(),
              "cannot start the program 'servicekit-no-such-program': there is no such program in PATH");
    const auto by_path = programs.start({.command = {directory.file("none")}, .input = input.get()});
    ASSERT_FALSE(by_path);
    EXPECT_EQ(by_path.error().errno_value, ENOENT);
    const auto forbidden = programs.start({.command = {directory.path()}, .input = input.get()});
    ASSERT_FALSE(forbidden);
    EXPECT_EQ(forbidden.error().exit_code, ExitCode::permission);
    EXPECT_FALSE(programs.start({.input = input.get()}));
    // No failed start left a child.
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST_F(PosixProgramsTest, ItsEndIsSeenEvenIfAnotherThreadWaitedForIt) {
    const auto program = shell("cat >\"$1\"");
    input->close_writer();
    EXPECT_EQ(::waitpid(program->id(), nullptr, 0), program->id());
    EXPECT_EQ(program->wait_for_end(patience), ProgramEnd{});
}

TEST_F(PosixProgramsTest, ItsEndIsSeenEvenIfChildrenAreReapedAutomatically) {
    ForkedChild child{[](Lines&) {
        ::signal(SIGCHLD, SIG_IGN);
        auto own = posix_programs().open_input(4096);
        auto program = posix_programs().start({.command = {"true"}, .input = own->get()});
        return program && (*program)->wait_for_end(30s) == ProgramEnd{} ? 0 : 1;
    }};
    EXPECT_EQ(child.wait(), 0);
}

TEST_F(PosixProgramsTest, AForkedChildKeepsNoEndOfThePipe) {
    ForkedChild child{[this](Lines& parent) {
        const bool is_closed = ::fcntl(input->writer(), F_GETFD) < 0 && ::fcntl(input->reader(), F_GETFD) < 0;
        parent.tell(is_closed ? "closed" : "open");
        parent.hear();
        return 0;
    }};
    EXPECT_EQ(child.hear(), "closed");
    const auto program = shell("cat >\"$1\"");
    input->close_writer();
    EXPECT_TRUE(program->wait_for_end(patience));
    child.tell("end");
    EXPECT_EQ(child.wait(), 0);
}

TEST_F(PosixProgramsTest, ANonBlockingReaderDoesNotAffectTheNextProgram) {
    ASSERT_EQ(::fcntl(input->reader(), F_SETFL, O_NONBLOCK), 0);
    const auto program = shell("cat >\"$1\"");
    write("late\n");
    input->close_writer();
    EXPECT_EQ(program->wait_for_end(patience), (ProgramEnd{.how = How::exited, .number = 0}));
    EXPECT_EQ(output(), "late\n");
}

TEST_F(PosixProgramsTest, AnotherUsersProgramMayOpenItsInputAfterAChown) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can hand things to others";
    ASSERT_TRUE(input->change_owner(some_user, some_user));
    ForkedChild child{[](Lines&) {
        auto own = posix_programs().open_input(4096);
        if (!own || !(*own)->change_owner(some_user, some_user) || ::setresuid(some_user, some_user, some_user) != 0)
            return 1;
        auto program =
            posix_programs().start({.command = {"sh", "-c", "cat /dev/stdin >/dev/null"}, .input = own->get()});
        if (!program) return 2;
        (*own)->close_writer();
        return (*program)->wait_for_end(30s) == ProgramEnd{.how = How::exited, .number = 0} ? 0 : 3;
    }};
    EXPECT_EQ(child.wait(), 0);
}

}  // namespace
}  // namespace servicekit::os
