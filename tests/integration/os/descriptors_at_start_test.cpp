#include "os/descriptors_at_start.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "integration/os/forked_child.hpp"
#include "integration/os/temporary_directory.hpp"

namespace servicekit::os {
namespace {

using test::ForkedChild;
using test::is_open;
using test::Lines;
using test::TemporaryDirectory;

/// Each test runs in a child, which may close any descriptor.
class DescriptorsAtStartTest : public testing::Test {
protected:
    /// Closes a descriptor that the process started with and calls `replace`. \returns true if the replacement counts
    /// as inherited
    template <class Open, class Replace>
    static bool still_has_after(Open open, Replace replace) {
        ForkedChild child{[&](Lines&) {
            const int descriptor = open();
            descriptors_at_start::note();
            ::close(descriptor);
            const int other = replace();
            if (other != descriptor && (::dup3(other, descriptor, 0) < 0 || ::close(other) != 0)) return 99;
            return descriptors_at_start::still_has(descriptor) ? 1 : 0;
        }};
        const int answer = child.wait();
        EXPECT_NE(answer, 99);
        return answer == 1;
    }

    static int make_pipe_reader() {
        std::array<int, 2> ends{};
        return ::pipe(ends.data()) == 0 ? ends[0] : -1;
    }

    TemporaryDirectory directory;
};

TEST_F(DescriptorsAtStartTest, ClosesAllButStandardStreamsAndThoseKept) {
    ForkedChild closing{[](Lines&) {
        std::array<int, 10> open{};
        for (int& descriptor : open) descriptor = ::fcntl(STDOUT_FILENO, F_DUPFD, 3);
        const int far = ::fcntl(STDOUT_FILENO, F_DUPFD, 500);
        descriptors_at_start::note();
        // Not sorted, one is there twice, one is closed, and one is not a descriptor.
        const std::array keep{open[7], open[2], far, STDIN_FILENO, open[2], 900, -1};

        descriptors_at_start::close_all_but(keep);

        for (const int descriptor : open)
            if (is_open(descriptor) != (descriptor == open[7] || descriptor == open[2])) return 2;
        if (!is_open(far)) return 3;
        for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
            if (!is_open(stream)) return 4;
        return 0;
    }};
    EXPECT_EQ(closing.wait(), 0);
}

TEST_F(DescriptorsAtStartTest, LeavesDescriptorsOpenedLater) {
    ForkedChild closing{[](Lines&) {
        const int early = ::fcntl(STDOUT_FILENO, F_DUPFD, 3);
        descriptors_at_start::note();
        const int late = ::fcntl(STDOUT_FILENO, F_DUPFD, 3);
        const bool knows = descriptors_at_start::still_has(early) && !descriptors_at_start::still_has(late);
        descriptors_at_start::close_all_but({});
        return knows && !is_open(early) && is_open(late) ? 0 : 1;
    }};
    EXPECT_EQ(closing.wait(), 0);
}

TEST_F(DescriptorsAtStartTest, ClosesAnInheritedPipeThatTheProgramHasMarked) {
    ForkedChild closing{[](Lines&) {
        const int reader = make_pipe_reader();
        descriptors_at_start::note();
        ::fcntl(reader, F_SETFD, FD_CLOEXEC);
        descriptors_at_start::close_all_but({});
        return is_open(reader) ? 1 : 0;
    }};
    EXPECT_EQ(closing.wait(), 0);
}

TEST_F(DescriptorsAtStartTest, RecognisesAnotherFileUnderTheSameNumber) {
    const auto open_a = [&] { return ::open(directory.file("a").c_str(), O_WRONLY | O_CREAT, 0600); };
    const auto open_b = [&] { return ::open(directory.file("b").c_str(), O_WRONLY | O_CREAT, 0600); };
    EXPECT_FALSE(still_has_after(open_a, open_b));
    EXPECT_FALSE(still_has_after(make_pipe_reader, open_a));
    EXPECT_FALSE(still_has_after(make_pipe_reader, make_pipe_reader));
}

TEST_F(DescriptorsAtStartTest, RecognisesTheSameFileOpenedInAnotherMode) {
    const std::string path = directory.file("a");
    const auto opens = [&](int flags) { return [&, flags] { return ::open(path.c_str(), flags | O_CREAT, 0600); }; };
    EXPECT_FALSE(still_has_after(opens(O_WRONLY), opens(O_RDWR)));
    EXPECT_FALSE(still_has_after(opens(O_WRONLY), opens(O_WRONLY | O_APPEND)));
}

TEST_F(DescriptorsAtStartTest, RecognisesAnonymousDescriptorsByTheirKind) {
    const auto make_eventfd = [] { return ::eventfd(0, 0); };
    EXPECT_FALSE(still_has_after(make_eventfd, [] { return ::epoll_create1(0); }));
    ForkedChild marking{[](Lines&) {
        const int inherited = ::eventfd(0, 0);
        descriptors_at_start::note();
        ::close(inherited);
        const int own = ::eventfd(0, EFD_CLOEXEC);
        return own == inherited && !descriptors_at_start::still_has(own) ? 0 : 1;
    }};
    EXPECT_EQ(marking.wait(), 0);
}

TEST_F(DescriptorsAtStartTest, OpensTheNullDeviceForAClosedStream) {
    ForkedChild closed{[](Lines&) {
        ::close(STDIN_FILENO);
        descriptors_at_start::note();
        return is_open(STDIN_FILENO) && !descriptors_at_start::still_has(STDIN_FILENO) ? 0 : 1;
    }};
    EXPECT_EQ(closed.wait(), 0);
}

}  // namespace
}  // namespace servicekit::os
