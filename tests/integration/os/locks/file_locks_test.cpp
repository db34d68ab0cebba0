#include "servicekit/os/file_locks.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "integration/os/locks/file_locks_fixture.hpp"
#include "os/descriptor.hpp"

namespace servicekit::os {
namespace {

using test::describe;
using test::ForkedChild;
using test::held_by;
using test::in_another_process;
using test::Lines;

class FileLocksTest : public test::FileLocksFixture {};

TEST_F(FileLocksTest, ASecondProcessIsRefusedAndGetsThePid) {
    const auto held = lock();

    EXPECT_EQ(try_lock_elsewhere(), held_by(::getpid()));
    EXPECT_EQ(owner_elsewhere(), held_by(::getpid()));
}

TEST_F(FileLocksTest, LockIsFreeOnceReleased) {
    lock().reset();

    EXPECT_EQ(owner(), "free");
    EXPECT_EQ(try_lock_elsewhere(), "locked");
    EXPECT_EQ(try_lock(), "locked");
}

TEST_F(FileLocksTest, LockIsFreeOnceItsHolderWasKilled) {
    const auto other = holder();
    ASSERT_EQ(other->hear(), "locked");
    ASSERT_EQ(try_lock(), held_by(other->pid()));

    other->end();

    EXPECT_EQ(owner(), "free");
    EXPECT_EQ(try_lock(), "locked");
}

TEST_F(FileLocksTest, ReturnsTheContentAtTheTimeOfLocking) {
    EXPECT_EQ(locks_.try_lock(path_, 0644).value().found, "");
    write_file("4711\n" + std::string(10'000, 'x'));

    const std::string found = locks_.try_lock(path_, 0644).value().found;

    EXPECT_TRUE(found.starts_with("4711\nxxx"));
    EXPECT_LE(found.size(), 512U);
}

TEST_F(FileLocksTest, ClosingItsOwnFileDoesNotReleaseTheLock) {
    const auto held = lock();

    open_and_close();

    EXPECT_EQ(try_lock_elsewhere(), held_by(::getpid()));
    EXPECT_EQ(owner_elsewhere(), held_by(::getpid()));
}

TEST_F(FileLocksTest, ARefusedAttemptKeepsALockWithoutItsFcntlPart) {
    const auto held = lock();
    open_and_close();

    for (int round = 0; round < 3; ++round) EXPECT_EQ(try_lock_elsewhere(), held_by(::getpid()));
}

TEST_F(FileLocksTest, ASecondAttemptInOneProcessIsBusyAndHarmless) {
    const auto held = lock();

    EXPECT_EQ(try_lock(), held_by(::getpid()));
    EXPECT_EQ(owner(), held_by(::getpid()));

    // Both locks are still there: the fcntl(2) lock gives the pid, the other one survives.
    const std::string fcntl_lock = in_another_process([this] {
        const Descriptor file{::open(path_.c_str(), O_RDONLY)};
        struct flock wanted {};
        wanted.l_type = F_WRLCK;
        ::fcntl(file.get(), F_GETLK, &wanted);
        return std::to_string(wanted.l_type == F_WRLCK ? wanted.l_pid : 0);
    });
    EXPECT_EQ(fcntl_lock, std::to_string(::getpid()));
    EXPECT_EQ(try_lock_elsewhere(), held_by(::getpid()));
}

TEST_F(FileLocksTest, TheSameFileByAnotherNameIsBusy) {
    const auto held = lock();
    const std::string original = std::exchange(path_, directory_.file("another.pid"));
    std::filesystem::create_hard_link(original, path_);

    EXPECT_EQ(try_lock(), held_by(::getpid()));
    EXPECT_EQ(try_lock_elsewhere(), held_by(::getpid()));
}

TEST_F(FileLocksTest, TwoFilesAreTwoLocks) {
    const auto first = lock();
    path_ = directory_.file("another.pid");
    const auto second = lock();

    EXPECT_EQ(try_lock_elsewhere(), held_by(::getpid()));
}

TEST_F(FileLocksTest, AForkedChildDoesNotKeepTheLock) {
    ForkedChild other{[this](Lines& parent) {
        const auto held = lock();
        ForkedChild left{[](Lines& parent_of_left) {
            ::alarm(60);
            parent_of_left.tell("running");
            ::pause();
            return 0;
        }};
        if (left.hear() != "running") return 1;
        parent.tell(std::to_string(left.pid()));
        parent.hear();
        return 0;
    }};
    const pid_t left = std::stoi(other.hear());

    other.end();

    EXPECT_EQ(::kill(left, 0), 0) << "the child should be there still";
    EXPECT_EQ(owner(), "free");
    EXPECT_EQ(try_lock(), "locked");
    ::kill(left, SIGKILL);
}

TEST_F(FileLocksTest, AProgramThatIsStillRunningDoesNotKeepTheLock) {
    const auto other = holder([](Lines& parent) {
        FILE* shell = ::popen("sleep 60 & echo $!", "r");
        char line[32] = "0";
        if (shell != nullptr && std::fgets(line, sizeof line, shell) == nullptr) line[0] = '0';
        parent.tell(std::to_string(std::atoi(line)));
    });
    const pid_t left = std::stoi(other->hear());
    ASSERT_GT(left, 0);
    ASSERT_EQ(other->hear(), "locked");

    other->end();

    EXPECT_EQ(::kill(left, 0), 0) << "the program should be there still";
    EXPECT_EQ(owner(), "free");
    EXPECT_EQ(try_lock(), "locked");
    ::kill(left, SIGKILL);
}

TEST_F(FileLocksTest, AForkedChildIsNotTheHolderAndReleasesNothing) {
    auto held = lock();

    const std::string seen = in_another_process([&] {
        const std::string before = owner() + "; " + try_lock();
        const auto written = held->write("rubbish");
        const bool at_path = held->still_at_path();
        // Opens files in the child, one of which gets the number of the lock's descriptor.
        std::vector<Descriptor> files(20);
        for (Descriptor& file : files) file.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        held.reset();
        for (const Descriptor& file : files)
            if (::fcntl(file.get(), F_GETFD) < 0) return std::string{"closed a file of the child's"};
        return before + (written ? "; written" : "; not written") + (at_path ? "; there" : "; not ours");
    });

    const std::string by_us = held_by(::getpid());
    EXPECT_EQ(seen, by_us + "; " + by_us + "; not written; not ours");
    EXPECT_EQ(try_lock_elsewhere(), by_us);
    EXPECT_EQ(content(), "");
}

TEST_F(FileLocksTest, AForkedChildCanTakeTheLockAfterItsParent) {
    auto held = lock();
    ForkedChild child{[&](Lines& parent) {
        parent.tell(try_lock());
        parent.hear();
        const auto own = lock();
        parent.tell(try_lock());
        parent.hear();
        return 0;
    }};
    EXPECT_EQ(child.hear(), held_by(::getpid()));

    held.reset();
    child.tell("now");

    EXPECT_EQ(child.hear(), held_by(child.pid()));
    EXPECT_EQ(try_lock(), held_by(child.pid()));
}

TEST_F(FileLocksTest, ExactlyOneOfFiftyProcessesWins) {
    for (int round = 0; round < 20; ++round) {
        path_ = directory_.file("round" + std::to_string(round) + ".pid");
        int start[2];
        ASSERT_EQ(::pipe2(start, O_CLOEXEC), 0);
        Descriptor never_readable{start[0]};
        Descriptor gate{start[1]};
        std::vector<std::unique_ptr<ForkedChild>> children;
        for (int count = 0; count < 50; ++count)
            children.push_back(std::make_unique<ForkedChild>([&](Lines& parent) {
                gate.reset();
                char none = 0;
                static_cast<void>(::read(never_readable.get(), &none, 1));
                const auto attempt = locks_.try_lock(path_, 0644);
                parent.tell(describe(attempt));
                parent.hear();
                return 0;
            }));

        gate.reset();  // all of them see the end of file at once

        std::vector<pid_t> winners;
        std::vector<std::string> losers;
        for (const auto& child : children) {
            const std::string outcome = child->hear();
            if (outcome == "locked")
                winners.push_back(child->pid());
            else
                losers.push_back(outcome);
        }
        ASSERT_EQ(winners.size(), 1U);
        for (const std::string& loser : losers) ASSERT_EQ(loser, held_by(winners.front()));
    }
}

TEST_F(FileLocksTest, AFormerOwnersFileIsTakenOver) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    write_file("");
    ASSERT_EQ(::chown(path_.c_str(), test::some_user, test::some_user), 0);
    ASSERT_EQ(::chmod(path_.c_str(), 0666), 0);

    const auto held = lock();

    struct stat status {};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, ::geteuid());
    EXPECT_EQ(status.st_gid, ::getegid());
    EXPECT_EQ(status.st_mode & 07777U, 0644U);
}

TEST_F(FileLocksTest, AnotherUsersFileIsLockedAndKeepsItsOwner) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    write_file("");
    ASSERT_EQ(::chmod(path_.c_str(), 0666), 0);
    ASSERT_EQ(::chmod(directory_.path().c_str(), 0755), 0);

    test::ForkedChild other{[&](test::Lines& lines) {
        if (::setresuid(test::some_user, test::some_user, test::some_user) != 0) return 1;
        lines.tell(try_lock());
        return 0;
    }};

    EXPECT_EQ(other.hear(), "locked");
    EXPECT_EQ(other.wait(), 0);
    struct stat status {};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, 0U);
    EXPECT_EQ(status.st_mode & 07777U, 0666U);
}

TEST_F(FileLocksTest, SurplusPermissionsAreRemoved) {
    write_file("");
    ASSERT_EQ(::chmod(path_.c_str(), 0666), 0);

    const auto held = lock();

    struct stat status {};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0644U);
}

TEST_F(FileLocksTest, LocksWithoutProc) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can change its root directory";
    ForkedChild caged{[this](Lines& parent) {
        if (::chroot(directory_.path().c_str()) != 0) return 1;
        path_ = "/service.pid";
        const auto held = lock();
        parent.tell(try_lock() + "; " + owner() + "; " + try_lock_elsewhere() + "; " + owner_elsewhere());
        parent.hear();
        return 0;
    }};

    const std::string by_it = held_by(caged.pid());
    EXPECT_EQ(caged.hear(), by_it + "; " + by_it + "; " + by_it + "; " + by_it);
    EXPECT_EQ(try_lock(), by_it);
}

}  // namespace
}  // namespace servicekit::os
