#include "os/process/fork_guard.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <vector>

#include "integration/os/forked_child.hpp"
#include "os/descriptor.hpp"

namespace servicekit::os {
namespace {

using test::is_open;

Descriptor open_something() { return Descriptor{::open("/dev/null", O_RDONLY | O_CLOEXEC)}; }

std::string open_in_child(int descriptor) {
    return test::in_another_process([&] { return std::string{is_open(descriptor) ? "open" : "closed"}; });
}

TEST(ForkGuardTest, ClosesTheDescriptorInChildrenOnly) {
    const Descriptor file = open_something();
    close_in_children(file.get());

    EXPECT_EQ(open_in_child(file.get()), "closed");
    EXPECT_TRUE(is_open(file.get()));
    forget(file.get());
}

TEST(ForkGuardTest, LeavesAForgottenDescriptorOpen) {
    const Descriptor file = open_something();
    close_in_children(file.get());
    forget(file.get());

    EXPECT_EQ(open_in_child(file.get()), "open");
}

TEST(ForkGuardTest, ForgettingAnUnknownDescriptorDoesNothing) {
    const Descriptor guarded = open_something();
    const Descriptor other = open_something();
    close_in_children(guarded.get());
    forget(other.get());

    EXPECT_EQ(open_in_child(guarded.get()), "closed");
    forget(guarded.get());
}

TEST(ForkGuardTest, ClosesInAChildOnceAndNotAgainInItsChildren) {
    const Descriptor file = open_something();
    close_in_children(file.get());

    const std::string seen = test::in_another_process([&] {
        const Descriptor same_number{::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, file.get())};
        if (same_number.get() != file.get()) return std::string{"another number"};
        return open_in_child(same_number.get());
    });

    EXPECT_EQ(seen, "open");
    forget(file.get());
}

TEST(ForkGuardTest, HasRoomForAnyNumber) {
    std::vector<Descriptor> files;
    for (int count = 0; count < 200; ++count) {
        files.push_back(open_something());
        close_in_children(files.back().get());
    }

    const std::string seen = test::in_another_process([&] {
        int open = 0;
        for (const Descriptor& file : files) open += is_open(file.get()) ? 1 : 0;
        return std::to_string(open);
    });

    EXPECT_EQ(seen, "0");
    for (const Descriptor& file : files) forget(file.get());
}

}  // namespace
}  // namespace servicekit::os
