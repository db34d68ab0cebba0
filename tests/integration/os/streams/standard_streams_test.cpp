#include "servicekit/os/standard_streams.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "integration/os/forked_child.hpp"
#include "integration/os/temporary_directory.hpp"
#include "integration/support/terminal.hpp"
#include "integration/support/text_file.hpp"
#include "os/descriptor.hpp"

namespace servicekit::os {
namespace {

using test::ForkedChild;
using test::in_another_process;
using test::Lines;
using test::some_user;
using test::TemporaryDirectory;

struct PipeEnds {
    Descriptor reader;
    Descriptor writer;
};

PipeEnds open_pipe(int flags = 0) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC | flags), 0);
    return {Descriptor{ends[0]}, Descriptor{ends[1]}};
}

std::string read_all(const Descriptor& reader) {
    std::string text;
    char buffer[4096];
    while (true) {
        const ssize_t count = ::read(reader.get(), buffer, sizeof buffer);
        if (count <= 0) return text;
        text.append(buffer, static_cast<std::size_t>(count));
    }
}

bool is_null_device(int descriptor) {
    struct stat status {};
    struct stat null {};
    return ::fstat(descriptor, &status) == 0 && ::stat("/dev/null", &null) == 0 && status.st_rdev == null.st_rdev &&
           S_ISCHR(status.st_mode);
}

/// Returns the result of read_rest() in a process whose stdin is a pipe with this text.
std::string rest_of(const std::string& input, std::size_t max_bytes) {
    PipeEnds ends = open_pipe();
    EXPECT_EQ(::write(ends.writer.get(), input.data(), input.size()), static_cast<ssize_t>(input.size()));
    ends.writer.reset();
    return in_another_process([&] {
        ::dup2(ends.reader.get(), STDIN_FILENO);
        const auto rest = posix_standard_streams().read_rest(max_bytes);
        return rest ? *rest : std::to_string(rest.error().errno_value);
    });
}

TEST(RestOfStdinTest, IsReadUpToALimit) {
    EXPECT_EQ(rest_of("", 3), "");
    EXPECT_EQ(rest_of("abc", 3), "abc");
    EXPECT_EQ(rest_of("abcd", 3), std::to_string(EFBIG));
}

TEST(RestOfStdinTest, WithoutATerminalNoHiddenInputIsRead) {
    const PipeEnds ends = open_pipe();
    EXPECT_EQ(in_another_process([&] {
                  ::dup2(ends.reader.get(), STDIN_FILENO);
                  const auto line = posix_standard_streams().ask_hidden("password: ");
                  return line ? "read" : line.error().message();
              }),
              "cannot turn off the echo of 'stdin': Inappropriate ioctl for device");
}

class PosixStandardStreamsTest : public testing::Test {
protected:
    [[nodiscard]] std::string content() const { return servicekit::test::read_file(path_); }

    TemporaryDirectory directory_;
    std::string path_ = directory_.file("output");
    StandardStreams& streams_ = posix_standard_streams();
};

TEST_F(PosixStandardStreamsTest, WritesWithinATimeoutAndReportsWhyNotAll) {
    ForkedChild writing{[this](Lines& parent) {
        PipeEnds pipe = open_pipe();
        if (!streams_.redirect_to(Stream::out, pipe.writer.get())) return 1;
        pipe.writer.reset();
        const auto whole = streams_.write_within(Stream::out, "text", std::chrono::milliseconds{0});
        const auto blocked =
            streams_.write_within(Stream::out, std::string(1 << 20, 'x'), std::chrono::milliseconds{0});
        pipe.reader.reset();
        const auto broken = streams_.write_within(Stream::out, "text", std::chrono::milliseconds{0});
        parent.tell(blocked.failure->message());
        parent.tell(broken.failure->message());
        return whole.bytes == 4 && !whole.failure ? 0 : 2;
    }};
    EXPECT_EQ(writing.hear(), "cannot write to 'stdout': its reader does not keep up");
    EXPECT_EQ(writing.hear(), "cannot write to 'stdout': Broken pipe");
    EXPECT_EQ(writing.wait(), 0);
}

TEST_F(PosixStandardStreamsTest, CrashLinesDoNotWaitForAReader) {
    ForkedChild writing{[this](Lines& parent) {
        PipeEnds pipe = open_pipe();
        if (!streams_.redirect_to(Stream::out, pipe.writer.get())) return 1;
        pipe.writer.reset();
        streams_.write_at_crash(Stream::out, "text", std::chrono::milliseconds{0});
        char text[8] = "";
        if (::read(pipe.reader.get(), text, sizeof text) != 4) return 2;
        parent.tell(text);
        streams_.write_at_crash(Stream::out, std::string(1 << 20, 'x'), std::chrono::milliseconds{0});
        pipe.reader.reset();
        streams_.write_at_crash(Stream::out, "text", std::chrono::milliseconds{0});
        return 0;
    }};
    EXPECT_EQ(writing.hear(), "text");
    EXPECT_EQ(writing.wait(), 0);
}

TEST_F(PosixStandardStreamsTest, WritesAfterTheBufferedOutputOfStdio) {
    ForkedChild writing{[this](Lines&) {
        if (std::freopen(path_.c_str(), "w", stdout) == nullptr) return 1;
        std::printf("first ");
        streams_.write(Stream::out, "second");
        return 0;
    }};
    ASSERT_EQ(writing.wait(), 0);

    EXPECT_EQ(content(), "first second");
}

TEST_F(PosixStandardStreamsTest, WritesEverythingToASlowNonBlockingPipe) {
    PipeEnds pipe = open_pipe(O_NONBLOCK);
    const std::string text(1'000'000, 'x');
    ForkedChild writing{[&](Lines&) {
        pipe.reader.reset();
        ::dup2(pipe.writer.get(), STDERR_FILENO);
        streams_.write(Stream::error, text);
        return 0;
    }};
    pipe.writer.reset();
    ::fcntl(pipe.reader.get(), F_SETFL, 0);

    EXPECT_EQ(read_all(pipe.reader).size(), text.size());
    EXPECT_EQ(writing.wait(), 0);
}

TEST_F(PosixStandardStreamsTest, GivesUpOnAFullNonBlockingPipe) {
    PipeEnds pipe = open_pipe(O_NONBLOCK);
    ForkedChild writing{[&](Lines&) {
        ::dup2(pipe.writer.get(), STDERR_FILENO);
        streams_.write(Stream::error, std::string(1'000'000, 'x'));
        return 0;
    }};
    EXPECT_EQ(writing.wait(), 0);
}

TEST_F(PosixStandardStreamsTest, APipeWithoutAReaderDoesNotEndTheProcess) {
    PipeEnds pipe = open_pipe();
    pipe.reader.reset();
    ForkedChild writing{[&](Lines&) {
        ::dup2(pipe.writer.get(), STDOUT_FILENO);
        std::printf("in the buffer");
        streams_.write(Stream::out, "text");
        return 0;
    }};
    EXPECT_EQ(writing.wait(), 0);
}

TEST_F(PosixStandardStreamsTest, WritingToAClosedStreamFails) {
    EXPECT_EQ(in_another_process([this] {
                  ::close(STDERR_FILENO);
                  streams_.write(Stream::error, "text");
                  return "fine";
              }),
              "fine");
}

TEST_F(PosixStandardStreamsTest, OpensClosedStreamsOnTheNullDeviceAndLeavesTheOthers) {
    EXPECT_EQ(in_another_process([this] {
                  const Descriptor file{::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
                  ::dup2(file.get(), STDOUT_FILENO);
                  ::close(STDIN_FILENO);
                  ::close(STDERR_FILENO);
                  if (!streams_.open_closed_ones()) return "failed";
                  if (!is_null_device(STDIN_FILENO) || !is_null_device(STDERR_FILENO)) return "not null";
                  if (::fcntl(STDIN_FILENO, F_GETFD) != 0) return "closed by an exec";
                  return is_null_device(STDOUT_FILENO) ? "the open one was changed" : "fine";
              }),
              "fine");
}

TEST_F(PosixStandardStreamsTest, RedirectsToTheNullDevice) {
    EXPECT_EQ(in_another_process([this] {
                  for (const Stream stream : {Stream::in, Stream::out, Stream::error})
                      if (!streams_.redirect_to_null(stream)) return "failed";
                  for (const int number : {0, 1, 2})
                      if (!is_null_device(number) || ::fcntl(number, F_GETFD) != 0) return "not null";
                  return "fine";
              }),
              "fine");
}

TEST_F(PosixStandardStreamsTest, RedirectsToAFileAndKeepsEarlierOutput) {
    const std::string before = directory_.file("before");
    ForkedChild printing{[&](Lines&) {
        if (std::freopen(before.c_str(), "w", stdout) == nullptr) return 1;
        const Descriptor file{::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
        std::printf("before");
        if (!streams_.redirect_to(Stream::out, file.get())) return 2;
        std::printf("after");
        std::fflush(stdout);
        return ::fcntl(STDOUT_FILENO, F_GETFD) == 0 ? 0 : 3;
    }};
    ASSERT_EQ(printing.wait(), 0);

    EXPECT_EQ(content(), "after");
    path_ = before;
    EXPECT_EQ(content(), "before");
}

TEST_F(PosixStandardStreamsTest, AWriteOnlyFifoGoesToItsReader) {
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    const Descriptor reader{::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
    ASSERT_TRUE(reader);
    ASSERT_EQ(::chmod(path_.c_str(), 0222), 0);
    for (const bool is_fifo : {false, true}) {
        EXPECT_EQ(in_another_process([&]() -> std::string {
                      // Root may read a file whatever its permissions.
                      if (::getuid() == 0 && ::setuid(some_user) != 0) return "still root";
                      const auto redirected = streams_.redirect_to_file(
                          Stream::error, {.path = path_, .permissions = 0222, .is_fifo = is_fifo});
                      if (!redirected) return redirected.error().message();
                      if ((::fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK) == 0) return "it waits for its reader";
                      return ::write(STDERR_FILENO, "text", 4) == 4 ? "written" : "refused";
                  }),
                  "written");
        EXPECT_EQ(read_all(reader), "text");
    }
}

TEST_F(PosixStandardStreamsTest, RedirectingAStreamToItselfKeepsItOpenAcrossExec) {
    EXPECT_EQ(in_another_process([this] {
                  ::fcntl(STDOUT_FILENO, F_SETFD, FD_CLOEXEC);
                  if (!streams_.redirect_to(Stream::out, STDOUT_FILENO)) return "failed";
                  return ::fcntl(STDOUT_FILENO, F_GETFD) == 0 ? "fine" : "closed by an exec";
              }),
              "fine");
}

TEST_F(PosixStandardStreamsTest, RedirectingToAClosedDescriptorIsAnError) {
    EXPECT_EQ(in_another_process([this] {
                  const auto redirected = streams_.redirect_to(Stream::error, 1000);
                  return redirected ? "redirected" : redirected.error().message();
              }),
              "cannot redirect 'stderr': Bad file descriptor");
}

TEST_F(PosixStandardStreamsTest, AFileIsNotATerminalAndHasTheDefaultWidth) {
    EXPECT_EQ(in_another_process([this] {
                  static_cast<void>(streams_.redirect_to_null(Stream::out));
                  return std::string{streams_.is_terminal(Stream::out) ? "terminal " : "no terminal "} +
                         std::to_string(streams_.terminal_width(Stream::out));
              }),
              "no terminal 80");
}

TEST_F(PosixStandardStreamsTest, KnowsATerminalAndItsWidth) {
    const servicekit::test::Terminal terminal;
    if (!terminal.is_there()) GTEST_SKIP() << "no pseudo-terminals here";
    terminal.resize(132, 20);

    EXPECT_EQ(in_another_process([&] {
                  static_cast<void>(streams_.redirect_to(Stream::out, terminal.descriptor()));
                  return std::string{streams_.is_terminal(Stream::out) ? "terminal " : "no terminal "} +
                         std::to_string(streams_.terminal_width(Stream::out));
              }),
              "terminal 132");
}

}  // namespace
}  // namespace servicekit::os
