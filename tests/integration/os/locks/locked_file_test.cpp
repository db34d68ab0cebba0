#include "servicekit/os/file_locks.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "integration/os/locks/file_locks_fixture.hpp"
#include "os/descriptor.hpp"

namespace servicekit::os {
namespace {

using test::describe;
using test::ForkedChild;
using test::held_by;
using test::in_another_process;
using test::Lines;
using test::some_user;

class LockedFileTest : public test::FileLocksFixture {};

TEST_F(LockedFileTest, AProgramInheritsNoDescriptorOfTheFile) {
    const auto held = lock();
    const auto our_file = std::filesystem::canonical(path_);
    int found = 0;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
        std::error_code gone;
        if (std::filesystem::read_symlink(entry.path(), gone) != our_file) continue;
        ++found;
        EXPECT_NE(::fcntl(std::stoi(entry.path().filename()), F_GETFD) & FD_CLOEXEC, 0);
    }
    EXPECT_EQ(found, 2) << "Boost's and our own";
}

TEST_F(LockedFileTest, AReplacedFileIsNoticedAndTheNewOneCanBeLocked) {
    const auto held = lock();
    EXPECT_TRUE(held->still_at_path());

    const std::string other = directory_.file("other");
    std::ofstream{other} << "1\n";
    std::filesystem::rename(other, path_);

    EXPECT_FALSE(held->still_at_path());
    EXPECT_EQ(try_lock_elsewhere(), "locked");
    EXPECT_EQ(try_lock(), "locked");
}

TEST_F(LockedFileTest, RemovedFileIsNoticed) {
    const auto held = lock();
    std::filesystem::remove(path_);

    EXPECT_FALSE(held->still_at_path());
}

TEST_F(LockedFileTest, ContentDoesNotMatter) {
    write_file(std::string(100'000, 'x'));
    EXPECT_EQ(owner(), "free");

    const auto held = lock();
    write_file("not a pid at all\n");

    EXPECT_EQ(try_lock_elsewhere(), held_by(::getpid()));
    EXPECT_EQ(owner_elsewhere(), held_by(::getpid()));
}

TEST_F(LockedFileTest, WriteReplacesTheContent) {
    write_file(std::string(100'000, 'x'));
    const auto held = lock();
    for (const std::string text : {"1234567\n", "12\n", "123\n", "", "99999\n", ""}) {
        ASSERT_TRUE(held->write(text));
        EXPECT_EQ(content(), text);
    }
}

TEST_F(LockedFileTest, AReaderSeesTheOldPidTheNewPidOrNone) {
    const auto held = lock();
    ASSERT_TRUE(held->write("1234567\n"));
    ForkedChild reader{[this](Lines& parent) {
        const Descriptor file{::open(path_.c_str(), O_RDONLY)};
        for (int round = 0; round < 20'000; ++round) {
            char buffer[64];
            const ssize_t size = ::pread(file.get(), buffer, sizeof buffer, 0);
            const std::string_view text{buffer, static_cast<std::size_t>(size)};
            const std::string_view first_line = text.substr(0, text.find('\n') + 1);
            if (first_line == "1234567\n" || first_line == "89\n" || text.empty()) continue;
            parent.tell("saw '" + std::string{text} + "'");
            return 1;
        }
        parent.tell("fine");
        return 0;
    }};

    for (int round = 0; kill(reader.pid(), 0) == 0 && round < 10'000; ++round)
        ASSERT_TRUE(held->write(round % 2 == 0 ? "89\n" : "1234567\n"));

    EXPECT_EQ(reader.hear(), "fine");
}

TEST_F(LockedFileTest, ANewFileHasTheRequestedPermissions) {
    const std::string seen = in_another_process([this] {
        ::umask(077);
        const auto attempt = locks_.try_lock(path_, 0664);
        struct stat status {};
        ::stat(path_.c_str(), &status);
        return describe(attempt) + (((status.st_mode & 07777) == 0664) ? ", 0664" : ", other permissions");
    });
    EXPECT_EQ(seen, "locked, 0664");
}

TEST_F(LockedFileTest, AnExistingFileKeepsItsPermissions) {
    write_file("");
    std::filesystem::permissions(path_, std::filesystem::perms{0600});

    const auto held = lock();

    EXPECT_EQ(std::filesystem::status(path_).permissions(), std::filesystem::perms{0600});
}

TEST_F(LockedFileTest, MissingDirectoryIsAnError) {
    path_ = directory_.file("no/service.pid");
    EXPECT_EQ(try_lock(), "cannot create '" + path_ + "': No such file or directory");
}

TEST_F(LockedFileTest, SymbolicLinkIsRefused) {
    const std::string target = directory_.file("target");
    std::ofstream{target} << "content";
    std::filesystem::create_symlink(target, path_);

    EXPECT_EQ(try_lock(), "cannot lock '" + path_ + "': it is a symbolic link");
    EXPECT_EQ(owner(), "cannot lock '" + path_ + "': it is a symbolic link");
}

TEST_F(LockedFileTest, ADanglingLinkIsRefusedAndItsTargetNotCreated) {
    std::filesystem::create_symlink(directory_.file("target"), path_);

    EXPECT_EQ(try_lock(), "cannot lock '" + path_ + "': it is a symbolic link");
    EXPECT_FALSE(std::filesystem::exists(directory_.file("target")));
}

TEST_F(LockedFileTest, DirectoryIsRefused) {
    std::filesystem::create_directory(path_);
    EXPECT_EQ(try_lock(), "cannot lock '" + path_ + "': Is a directory");
}

TEST_F(LockedFileTest, FifoIsRefusedWithoutWaiting) {
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    EXPECT_EQ(try_lock(), "cannot lock '" + path_ + "': it is not a regular file");
}

TEST_F(LockedFileTest, AReadOnlyFileIsAPermissionError) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    write_file("");
    const std::string seen = in_another_process([this] {
        if (::setresuid(some_user, some_user, some_user) != 0) return std::string{"still root"};
        const auto attempt = locks_.try_lock(path_, 0644);
        return std::to_string(attempt ? 0 : to_int(attempt.error().exit_code));
    });
    EXPECT_EQ(seen, std::to_string(to_int(ExitCode::permission)));
}

TEST_F(LockedFileTest, AFileReplacedContinuallyIsLockedOrAnError) {
    ForkedChild replacing{[this](Lines& parent) {
        for (int round = 0; !parent.has_come(); ++round) {
            const std::string next = directory_.file("next" + std::to_string(round % 2));
            std::ofstream{next} << round;
            std::filesystem::rename(next, path_);
        }
        return 0;
    }};

    int locked = 0;
    for (int round = 0; round < 2000; ++round) {
        const std::string outcome = try_lock();
        if (outcome == "locked")
            ++locked;
        else
            EXPECT_EQ(outcome, "cannot lock '" + path_ + "': the file or its holder changed again and again");
    }

    replacing.tell("enough");
    EXPECT_EQ(replacing.wait(), 0);
    EXPECT_GT(locked, 0);
    EXPECT_EQ(try_lock(), "locked");
}

}  // namespace
}  // namespace servicekit::os
