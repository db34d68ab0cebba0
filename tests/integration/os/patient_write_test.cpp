#include "os/patient_write.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "integration/os/temporary_directory.hpp"
#include "integration/support/terminal.hpp"
#include "os/descriptor.hpp"
#include "os/sockets/sigpipe_block.hpp"

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t more_than_a_pipe_holds = 1 << 20;

class PatientWriteTest : public testing::Test {
protected:
    PatientWriteTest() {
        int ends[2] = {-1, -1};
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        reader.reset(ends[0]);
        writer.reset(ends[1]);
    }

    SigpipeBlock block;
    Descriptor reader;
    Descriptor writer;
};

TEST_F(PatientWriteTest, WritesWhatFits) {
    const auto done = patient_write(writer.get(), "four", Deadline{0ms});
    EXPECT_EQ(done.bytes, 4U);
    EXPECT_EQ(done.errno_value, 0);
    char text[8];
    EXPECT_EQ(::read(reader.get(), text, sizeof text), 4);
}

TEST_F(PatientWriteTest, GivesUpOnAPipeWithABlockedReader) {
    const std::string much(more_than_a_pipe_holds, 'x');
    const auto begin = std::chrono::steady_clock::now();

    const auto first = patient_write(writer.get(), much, Deadline{50ms});
    const auto second = patient_write(writer.get(), much, Deadline{0ms});

    EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
    EXPECT_EQ(first.errno_value, EAGAIN);
    EXPECT_GT(first.bytes, 0U);
    EXPECT_LT(first.bytes, much.size());
    EXPECT_EQ(second.errno_value, EAGAIN);
    EXPECT_EQ(second.bytes, 0U);
}

TEST_F(PatientWriteTest, KeepsTheBlockingModeOfThePipe) {
    static_cast<void>(patient_write(writer.get(), std::string(more_than_a_pipe_holds, 'x'), Deadline{0ms}));
    EXPECT_EQ(::fcntl(writer.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(PatientWriteTest, WaitsForAReaderThatKeepsUp) {
    const std::string much(more_than_a_pipe_holds, 'x');
    std::size_t count = 0;
    std::thread reading{[&] {
        char buffer[65536];
        for (ssize_t size = 1; size > 0; count += static_cast<std::size_t>(size))
            size = ::read(reader.get(), buffer, sizeof buffer);
    }};

    const auto done = patient_write(writer.get(), much, Deadline{60s});
    writer.reset();
    reading.join();

    EXPECT_EQ(done.bytes, much.size());
    EXPECT_EQ(count, much.size());
}

TEST_F(PatientWriteTest, ReportsThatTheReaderIsGone) {
    reader.reset();
    EXPECT_EQ(patient_write(writer.get(), "text", Deadline{60s}).errno_value, EPIPE);
}

TEST_F(PatientWriteTest, WritesToSocketsAndFiles) {
    int ends[2] = {-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const Descriptor ours{ends[0]};
    const Descriptor theirs{ends[1]};
    EXPECT_EQ(patient_write(ours.get(), "text", Deadline{0ms}).bytes, 4U);
    EXPECT_EQ(patient_write(ours.get(), std::string(16 << 20, 'x'), Deadline{0ms}).errno_value, EAGAIN);

    const test::TemporaryDirectory directory;
    const Descriptor file{::open(directory.file("log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
    EXPECT_EQ(patient_write(file.get(), std::string(more_than_a_pipe_holds, 'x'), Deadline{0ms}).bytes,
              more_than_a_pipe_holds);
    const Descriptor null{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
    EXPECT_EQ(patient_write(null.get(), "text", Deadline{0ms}).bytes, 4U);
}

TEST_F(PatientWriteTest, GivesUpOnANamedPipeWithABlockedReader) {
    const test::TemporaryDirectory directory;
    const std::string path = directory.file("pipe");
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    Descriptor both{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
    const Descriptor end{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    EXPECT_EQ(patient_write(end.get(), "text", Deadline{0ms}).bytes, 4U);
    EXPECT_EQ(patient_write(end.get(), std::string(more_than_a_pipe_holds, 'x'), Deadline{50ms}).errno_value, EAGAIN);
    EXPECT_EQ(::fcntl(end.get(), F_GETFL) & O_NONBLOCK, 0);
    both.reset();
    EXPECT_EQ(patient_write(end.get(), "text", Deadline{60s}).errno_value, EPIPE);
}

TEST_F(PatientWriteTest, GivesUpOnABlockedTerminal) {
    const servicekit::test::Terminal terminal;
    ASSERT_TRUE(terminal.is_there());
    EXPECT_EQ(patient_write(terminal.descriptor(), "shown\n", Deadline{0ms}).bytes, 6U);

    const auto done = patient_write(terminal.descriptor(), std::string(more_than_a_pipe_holds, 'x'), Deadline{50ms});

    EXPECT_EQ(done.errno_value, EAGAIN);
    EXPECT_LT(done.bytes, more_than_a_pipe_holds);
}

}  // namespace
}  // namespace servicekit::os
