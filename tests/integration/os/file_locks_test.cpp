#include "servicekit/os/file_locks.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "integration/os/forked_child.hpp"
#include "integration/os/temporary_folder.hpp"
#include "os/descriptor.hpp"

namespace servicekit::os {
namespace {

using test::ForkedChild;
using test::in_another_process;
using test::Lines;
using test::TemporaryFolder;

constexpr uid_t some_user = 65534;

std::string held_by(pid_t pid) { return "held by " + std::to_string(pid); }

std::string describe(const LockOwner& owner) { return held_by(owner.pid) + (owner.is_instance ? "" : ", a bystander"); }

std::string describe(const Result<LockAttempt>& attempt) {
    if (!attempt) return attempt.error().message();
    return attempt->lock ? "locked" : describe(attempt->owner);
}

class PosixFileLocksTest : public testing::Test {
protected:
    std::unique_ptr<FileLock> lock() {
        auto attempt = locks_.try_lock(path_, 0644);
        if (!attempt || !attempt->lock) throw std::runtime_error{describe(attempt)};
        return std::move(attempt->lock);
    }

    /// What comes of trying to lock, which holds for no longer than this call.
    std::string try_lock() { return describe(locks_.try_lock(path_, 0644)); }
    std::string try_lock_elsewhere() {
        return in_another_process([this] { return try_lock(); });
    }

    std::string owner() {
        const auto owner = locks_.owner(path_);
        if (!owner) return owner.error().message();
        return *owner ? describe(**owner) : "free";
    }
    std::string owner_elsewhere() {
        return in_another_process([this] { return owner(); });
    }

    void open_and_close() const { std::ifstream{path_}.get(); }

    /// A process that holds the lock until it is told something or ended.
    std::unique_ptr<ForkedChild> holder(const std::function<void(Lines&)>& once_locked = [](Lines&) {}) {
        auto child = std::make_unique<ForkedChild>([&](Lines& parent) {
            const auto held = lock();
            once_locked(parent);
            parent.tell("locked");
            parent.hear();
            return 0;
        });
        return child;
    }

    void write_file(const std::string& text) const { std::ofstream{path_} << text; }
    [[nodiscard]] std::string content() const {
        std::ifstream file{path_};
        return {std::istreambuf_iterator<char>{file}, {}};
    }

    TemporaryFolder folder_;
    std::string path_ = folder_.file("service.pid");
    FileLocks& locks_ = posix_file_locks();
};

TEST_F(PosixFileLocksTest, SecondProcessIsRefusedAndToldThePid) {
    const auto held = lock();

    EXPECT_EQ(try_lock_elsewhere(), held_by(::getpid()));
    EXPECT_EQ(owner_elsewhere(), held_by(::getpid()));
}

TEST_F(PosixFileLocksTest, OwnerCarriesTheUid) {
    const auto other = holder();
    ASSERT_EQ(other->hear(), "locked");

    const auto owner = locks_.owner(path_);

    ASSERT_TRUE(owner && *owner);
    EXPECT_EQ((*owner)->uid, ::geteuid());
}

TEST_F(PosixFileLocksTest, LockIsFreeOnceReleased) {
    lock().reset();

    EXPECT_EQ(owner(), "free");
    EXPECT_EQ(try_lock_elsewhere(), "locked");
    EXPECT_EQ(try_lock(), "locked");
}

TEST_F(PosixFileLocksTest, LockIsFreeOnceItsHolderWasKilled) {
    const auto other = holder();
    ASSERT_EQ(other->hear(), "locked");
    ASSERT_EQ(try_lock(), held_by(other->pid()));

    other->end();

    EXPECT_EQ(owner(), "free");
    EXPECT_EQ(try_lock(), "locked");
}

TEST_F(PosixFileLocksTest, ProgramThatOpensAndClosesItsOwnFileLetsNobodyIn) {
    const auto held = lock();

    open_and_close();

    EXPECT_EQ(try_lock_elsewhere(), held_by(::getpid()));
    EXPECT_EQ(owner_elsewhere(), held_by(::getpid()));
}

TEST_F(PosixFileLocksTest, RefusedAttemptLeavesALockWithoutItsFcntlPartAsItWas) {
    const auto held = lock();
    open_and_close();

    for (int round = 0; round < 3; ++round) EXPECT_EQ(try_lock_elsewhere(), held_by(::getpid()));
}

TEST_F(PosixFileLocksTest, SecondAttemptInOneProcessIsBusyAndTakesNothingAway) {
    const auto held = lock();

    EXPECT_EQ(try_lock(), held_by(::getpid()));
    EXPECT_EQ(owner(), held_by(::getpid()));

    // Both kinds are still there: one tells the pid, the other survives.
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

TEST_F(PosixFileLocksTest, SameFileByAnotherNameIsBusyToo) {
    const auto held = lock();
    const std::string original = std::exchange(path_, folder_.file("another.pid"));
    std::filesystem::create_hard_link(original, path_);

    EXPECT_EQ(try_lock(), held_by(::getpid()));
    EXPECT_EQ(try_lock_elsewhere(), held_by(::getpid()));
}

TEST_F(PosixFileLocksTest, TwoFilesAreTwoLocks) {
    const auto first = lock();
    path_ = folder_.file("another.pid");
    const auto second = lock();

    EXPECT_EQ(try_lock_elsewhere(), held_by(::getpid()));
}

TEST_F(PosixFileLocksTest, ChildOfForkDoesNotKeepTheLock) {
    const auto other = holder([](Lines& parent) {
        const pid_t left = ::fork();
        if (left == 0) {
            ::alarm(60);
            ::pause();
            ::_exit(0);
        }
        parent.tell(std::to_string(left));
    });
    const pid_t left = std::stoi(other->hear());
    ASSERT_EQ(other->hear(), "locked");

    other->end();

    EXPECT_EQ(::kill(left, 0), 0) << "the child should be there still";
    EXPECT_EQ(owner(), "free");
    EXPECT_EQ(try_lock(), "locked");
    ::kill(left, SIGKILL);
}

TEST_F(PosixFileLocksTest, ProgramThatWasStartedAndLeftDoesNotKeepTheLock) {
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

TEST_F(PosixFileLocksTest, ChildOfForkIsNoHolderAndReleasesNothing) {
    auto held = lock();

    const std::string seen = in_another_process([&] {
        const std::string before = owner() + "; " + try_lock();
        const auto written = held->write("rubbish");
        const bool at_path = held->still_at_path();
        held.reset();
        return before + (written ? "; written" : "; not written") + (at_path ? "; there" : "; not ours");
    });

    const std::string by_us = held_by(::getpid());
    EXPECT_EQ(seen, by_us + "; " + by_us + "; not written; not ours");
    EXPECT_EQ(try_lock_elsewhere(), by_us);
    EXPECT_EQ(content(), "");
}

TEST_F(PosixFileLocksTest, ChildOfForkTakesTheLockAfterItsParent) {
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

TEST_F(PosixFileLocksTest, NoDescriptorOfTheFilePassesToAnotherProgram) {
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

TEST_F(PosixFileLocksTest, ReplacedFileIsNoticedAndTheNewOneCanBeLocked) {
    const auto held = lock();
    EXPECT_TRUE(held->still_at_path());

    const std::string other = folder_.file("other");
    std::ofstream{other} << "1\n";
    std::filesystem::rename(other, path_);

    EXPECT_FALSE(held->still_at_path());
    EXPECT_EQ(try_lock_elsewhere(), "locked");
    EXPECT_EQ(try_lock(), "locked");
}

TEST_F(PosixFileLocksTest, RemovedFileIsNoticed) {
    const auto held = lock();
    std::filesystem::remove(path_);

    EXPECT_FALSE(held->still_at_path());
}

TEST_F(PosixFileLocksTest, MereReadLockIsABystanders) {
    write_file("");
    ForkedChild reader{[this](Lines& parent) {
        const Descriptor file{::open(path_.c_str(), O_RDONLY)};
        struct flock shared {};
        shared.l_type = F_RDLCK;
        parent.tell(::fcntl(file.get(), F_SETLK, &shared) == 0 ? "locked" : "failed");
        parent.hear();
        return 0;
    }};
    ASSERT_EQ(reader.hear(), "locked");

    EXPECT_EQ(try_lock(), held_by(reader.pid()) + ", a bystander");
    EXPECT_EQ(owner(), held_by(reader.pid()) + ", a bystander");
}

TEST_F(PosixFileLocksTest, InstanceThatLostItsFcntlLockIsToldBeforeAReaderThatCameAfter) {
    const auto held = lock();
    open_and_close();
    ForkedChild reader{[this](Lines& parent) {
        const Descriptor file{::open(path_.c_str(), O_RDONLY)};
        struct flock shared {};
        shared.l_type = F_RDLCK;
        parent.tell(::fcntl(file.get(), F_SETLK, &shared) == 0 ? "locked" : "failed");
        parent.hear();
        return 0;
    }};
    ASSERT_EQ(reader.hear(), "locked");

    EXPECT_EQ(try_lock_elsewhere(), held_by(::getpid()));
    EXPECT_EQ(owner_elsewhere(), held_by(::getpid()));
}

TEST_F(PosixFileLocksTest, SharedFlockIsABystanders) {
    write_file("");
    ForkedChild reader{[this](Lines& parent) {
        const Descriptor file{::open(path_.c_str(), O_RDONLY)};
        parent.tell(::flock(file.get(), LOCK_SH) == 0 ? "locked" : "failed");
        parent.hear();
        return 0;
    }};
    ASSERT_EQ(reader.hear(), "locked");

    EXPECT_EQ(try_lock(), held_by(reader.pid()) + ", a bystander");
}

TEST_F(PosixFileLocksTest, AnotherUsersFlockIsABystanders) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    write_file("");
    ForkedChild stranger{[this](Lines& parent) {
        if (::setresuid(some_user, some_user, some_user) != 0) return 1;
        const Descriptor file{::open(path_.c_str(), O_RDONLY)};
        parent.tell(::flock(file.get(), LOCK_EX) == 0 ? "locked" : "failed");
        parent.hear();
        return 0;
    }};
    ASSERT_EQ(stranger.hear(), "locked");

    const auto attempt = locks_.try_lock(path_, 0644);

    EXPECT_EQ(describe(attempt), held_by(stranger.pid()) + ", a bystander");
    EXPECT_EQ(attempt->owner.uid, some_user);
}

TEST_F(PosixFileLocksTest, InstanceOfTheFilesOwnerIsNoBystander) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    ForkedChild service{[this](Lines& parent) {
        const auto held = lock();
        if (!held->hand_to(some_user, some_user)) return 1;
        if (::setresuid(some_user, some_user, some_user) != 0) return 1;
        parent.tell("locked");
        parent.hear();
        return 0;
    }};
    ASSERT_EQ(service.hear(), "locked");

    EXPECT_EQ(try_lock(), held_by(service.pid()));
    EXPECT_EQ(owner(), held_by(service.pid()));
}

TEST_F(PosixFileLocksTest, LockThatBelongsToAnOpenFileIsHeldByNobodyKnown) {
    write_file("");
    ForkedChild other{[this](Lines& parent) {
        const Descriptor file{::open(path_.c_str(), O_RDWR)};
        struct flock exclusive {};
        exclusive.l_type = F_WRLCK;
        parent.tell(::fcntl(file.get(), F_OFD_SETLK, &exclusive) == 0 ? "locked" : "failed");
        parent.hear();
        return 0;
    }};
    ASSERT_EQ(other.hear(), "locked");

    EXPECT_EQ(try_lock(), held_by(0));
    EXPECT_EQ(owner(), held_by(0));
}

TEST_F(PosixFileLocksTest, FlockThatOutlivedItsTakerIsHeldByNobodyKnown) {
    write_file("");
    ForkedChild taker{[this](Lines& parent) {
        const Descriptor file{::open(path_.c_str(), O_RDWR)};
        if (::flock(file.get(), LOCK_EX) != 0) return 1;
        const pid_t left = ::fork();
        if (left == 0) {
            ::alarm(60);
            ::pause();
            ::_exit(0);
        }
        parent.tell(std::to_string(left));
        return 0;
    }};
    const pid_t left = std::stoi(taker.hear());
    ASSERT_EQ(taker.wait(), 0);

    EXPECT_EQ(try_lock(), held_by(0));
    ::kill(left, SIGKILL);
}

TEST_F(PosixFileLocksTest, HolderInAnOuterPidNamespaceIsHeldByNobodyKnown) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can make a pid namespace";
    const auto held = lock();
    open_and_close();  // so that /proc/locks is asked, whose numbers mean nothing in the inner namespace

    ForkedChild outer{[this](Lines& parent) {
        if (::unshare(CLONE_NEWPID) != 0) return 1;
        parent.tell(owner_elsewhere());
        return 0;
    }};

    const std::string seen = outer.hear();
    if (outer.wait() != 0) GTEST_SKIP() << "not permitted here";
    EXPECT_EQ(seen, held_by(0));
}

TEST_F(PosixFileLocksTest, OwnerNeverTakesTheLock) {
    ForkedChild asking{[this](Lines& parent) {
        int asked = 0;
        while (!parent.has_come()) {
            static_cast<void>(owner());
            if (++asked == 1000) parent.tell("asked 1000 times");
        }
        return 0;
    }};

    int locked = 0;
    for (int round = 0; round < 1000; ++round) {
        ASSERT_EQ(try_lock(), "locked");
        ++locked;
    }
    EXPECT_EQ(asking.hear(), "asked 1000 times");
    ASSERT_EQ(try_lock(), "locked");
    asking.tell("enough");
    EXPECT_EQ(asking.wait(), 0);
    EXPECT_EQ(locked, 1000);
}

TEST_F(PosixFileLocksTest, OfFiftyProcessesAtOnceExactlyOneWins) {
    for (int round = 0; round < 20; ++round) {
        path_ = folder_.file("round" + std::to_string(round) + ".pid");
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

        gate.reset();  // the end of file reaches all of them at once

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

TEST_F(PosixFileLocksTest, ContentDoesNotMatter) {
    write_file(std::string(100'000, 'x'));
    EXPECT_EQ(owner(), "free");

    const auto held = lock();
    write_file("not a pid at all\n");

    EXPECT_EQ(try_lock_elsewhere(), held_by(::getpid()));
    EXPECT_EQ(owner_elsewhere(), held_by(::getpid()));
}

TEST_F(PosixFileLocksTest, WriteReplacesTheContent) {
    write_file(std::string(100'000, 'x'));
    const auto held = lock();
    for (const std::string text : {"1234567\n", "12\n", "123\n", "", "99999\n", ""}) {
        ASSERT_TRUE(held->write(text));
        EXPECT_EQ(content(), text);
    }
}

TEST_F(PosixFileLocksTest, ReaderOfTheFirstLineSeesTheOldPidTheNewOneOrNone) {
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

TEST_F(PosixFileLocksTest, NewFileHasThePermissionsAskedForWhateverTheUmask) {
    const std::string seen = in_another_process([this] {
        ::umask(077);
        const auto attempt = locks_.try_lock(path_, 0664);
        struct stat status {};
        ::stat(path_.c_str(), &status);
        return describe(attempt) + (((status.st_mode & 07777) == 0664) ? ", 0664" : ", other permissions");
    });
    EXPECT_EQ(seen, "locked, 0664");
}

TEST_F(PosixFileLocksTest, FileThatIsThereKeepsItsPermissions) {
    write_file("");
    std::filesystem::permissions(path_, std::filesystem::perms{0600});

    const auto held = lock();

    EXPECT_EQ(std::filesystem::status(path_).permissions(), std::filesystem::perms{0600});
}

TEST_F(PosixFileLocksTest, HandToChangesTheOwner) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
    const auto held = lock();

    ASSERT_TRUE(held->hand_to(some_user, some_user));

    struct stat status {};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, some_user);
    EXPECT_EQ(status.st_gid, some_user);
}

TEST_F(PosixFileLocksTest, OwnerOfAFileThatMayNotBeReadIsToldByTheKernelsTable) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    const auto held = lock();
    std::filesystem::permissions(path_, std::filesystem::perms{0600});

    const std::string seen = in_another_process([this] {
        if (::setresuid(some_user, some_user, some_user) != 0) return std::string{"still root"};
        return owner();
    });

    EXPECT_EQ(seen, held_by(::getpid()));
}

TEST_F(PosixFileLocksTest, LocksWhereThereIsNoProc) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can change its root folder";
    ForkedChild caged{[this](Lines& parent) {
        if (::chroot(folder_.path().c_str()) != 0) return 1;
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

TEST_F(PosixFileLocksTest, MissingFileIsFreeAndIsNotMadeByAsking) {
    EXPECT_EQ(owner(), "free");
    EXPECT_FALSE(std::filesystem::exists(path_));
    path_ = folder_.file("no/such/folder");
    EXPECT_EQ(owner(), "free");
}

TEST_F(PosixFileLocksTest, MissingFolderIsAnError) {
    path_ = folder_.file("no/service.pid");
    EXPECT_EQ(try_lock(), "cannot create '" + path_ + "': No such file or directory");
}

TEST_F(PosixFileLocksTest, SymbolicLinkIsRefused) {
    const std::string target = folder_.file("target");
    std::ofstream{target} << "content";
    std::filesystem::create_symlink(target, path_);

    EXPECT_EQ(try_lock(), "cannot lock '" + path_ + "': it is a symbolic link");
    EXPECT_EQ(owner(), "cannot lock '" + path_ + "': it is a symbolic link");
}

TEST_F(PosixFileLocksTest, DanglingLinkIsRefusedAndItsTargetNotMade) {
    std::filesystem::create_symlink(folder_.file("target"), path_);

    EXPECT_EQ(try_lock(), "cannot lock '" + path_ + "': it is a symbolic link");
    EXPECT_FALSE(std::filesystem::exists(folder_.file("target")));
}

TEST_F(PosixFileLocksTest, FolderIsRefused) {
    std::filesystem::create_directory(path_);
    EXPECT_EQ(try_lock(), "cannot lock '" + path_ + "': Is a directory");
}

TEST_F(PosixFileLocksTest, FifoIsRefusedWithoutWaiting) {
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    EXPECT_EQ(try_lock(), "cannot lock '" + path_ + "': it is no regular file");
}

TEST_F(PosixFileLocksTest, FileThatMayNotBeWrittenIsAnErrorOfPermission) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    write_file("");
    const std::string seen = in_another_process([this] {
        if (::setresuid(some_user, some_user, some_user) != 0) return std::string{"still root"};
        const auto attempt = locks_.try_lock(path_, 0644);
        return std::to_string(attempt ? 0 : to_int(attempt.error().exit_code));
    });
    EXPECT_EQ(seen, std::to_string(to_int(ExitCode::permission)));
}

}  // namespace
}  // namespace servicekit::os
