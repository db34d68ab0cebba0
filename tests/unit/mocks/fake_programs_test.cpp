#include "servicekit/mocks/fake_programs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>

namespace servicekit::mocks {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::SizeIs;
using How = os::ProgramEnd::How;

class FakeProgramsTest : public ::testing::Test {
protected:
    std::unique_ptr<os::Program> start() {
        return std::move(programs.start({.command = {"keeper", "here"}, .input = input.get()}).value());
    }

    FakeClock clock;
    FakeReactor reactor{clock};
    FakePrograms programs{reactor};
    std::unique_ptr<os::ProgramInput> input = std::move(programs.open_input(10).value());
};

TEST_F(FakeProgramsTest, AProgramReadsAtOnceAndEndsWithItsInput) {
    const auto program = start();
    EXPECT_EQ(input->write("one").bytes, 3U);
    EXPECT_EQ(programs.read(), "one");
    EXPECT_EQ(programs.running(), program->id());
    EXPECT_FALSE(reactor.is_readable(program->descriptor()));
    input->close_writer();
    EXPECT_TRUE(reactor.is_readable(program->descriptor()));
    EXPECT_EQ(program->end(), (os::ProgramEnd{.how = How::exited, .number = 0}));
    EXPECT_EQ(programs.running(), 0);
    EXPECT_EQ(input->write("x").errno_value, EBADF);
}

TEST_F(FakeProgramsTest, APipeHasALimit) {
    EXPECT_EQ(input->write("0123456789abc").bytes, 10U);
    EXPECT_EQ(input->write("x").state, os::Transfer::State::would_block);
    EXPECT_FALSE(reactor.is_writable(input->writer()));
    EXPECT_FALSE(input->wait_until_writable(1s));
    EXPECT_EQ(programs.unread(), 10U);
    EXPECT_EQ(input->unread(), 10U);
    const auto program = start();
    EXPECT_TRUE(input->wait_until_writable(1s));
    EXPECT_EQ(programs.read(), "0123456789");
}

TEST_F(FakeProgramsTest, UnreadInputGoesToTheNextProgram) {
    const auto first = start();
    programs.stop_reading();
    input->write("left");
    programs.end(first->id(), {.how = How::killed, .number = SIGKILL});
    programs.read_again();
    const auto second = start();
    EXPECT_THAT(programs.started(), SizeIs(2));
    EXPECT_EQ(programs.started().at(0).text, "");
    EXPECT_EQ(programs.started().at(1).text, "left");
}

TEST_F(FakeProgramsTest, SignalsEndItUnlessItIgnoresThem) {
    const auto program = start();
    EXPECT_TRUE(program->signal(SIGHUP).value());
    programs.ignore_signals();
    EXPECT_TRUE(program->signal(SIGTERM).value());
    EXPECT_EQ(program->wait_for_end(1s), std::nullopt);
    EXPECT_THAT(programs.started().front().signals, ElementsAre(SIGHUP, SIGTERM));
}

TEST_F(FakeProgramsTest, FailsOnDemand) {
    for (const char* operation : {"open_input", "start", "write", "change_owner"})
        programs.failures().fail_next(operation, EIO);
    EXPECT_FALSE(programs.open_input(10));
    EXPECT_FALSE(programs.start({.command = {"keeper"}, .input = input.get()}));
    EXPECT_EQ(input->write("x").errno_value, EIO);
    EXPECT_FALSE(input->change_owner(1, 1));
    programs.end_at_once(os::ProgramEnd{.how = How::exited, .number = 1});
    const auto program = start();
    EXPECT_EQ(program->end(), (os::ProgramEnd{.how = How::exited, .number = 1}));
    programs.failures().fail_next("signal", EPERM);
    EXPECT_FALSE(program->signal(SIGTERM));
    EXPECT_FALSE(program->signal(SIGTERM).value());
}

}  // namespace
}  // namespace servicekit::mocks
