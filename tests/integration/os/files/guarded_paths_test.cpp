#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <iterator>
#include <string>

#include "integration/os/denied_system_call.hpp"
#include "integration/os/forked_child.hpp"
#include "integration/os/temporary_directory.hpp"
#include "integration/support/text_file.hpp"
#include "servicekit/os/crash_reporter.hpp"
#include "servicekit/os/files.hpp"
#include "servicekit/os/local_sockets.hpp"
#include "servicekit/os/standard_streams.hpp"
#include "servicekit/os/users.hpp"

namespace servicekit::os {
namespace {

using servicekit::test::read_file;
using servicekit::test::write_file;
using test::in_another_process;

namespace fs = std::filesystem;

constexpr uid_t their_uid = 54321;
constexpr gid_t their_gid = 54322;
constexpr uid_t third_uid = 54323;

/// A directory of root, a directory of another user in it, and a file that nobody else may touch.
class GuardedPathsTest : public testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "a process that is not root takes paths as the kernel does";
        fs::create_directory(theirs);
        give(theirs, their_uid, their_gid);
        write_file(victim, "secret");
        fs::permissions(victim, fs::perms{0600});
    }
    void TearDown() override {
        if (!IsSkipped()) {
            EXPECT_EQ(read_file(victim), "secret");
        }
    }

    static void give(const std::string& path, uid_t uid, gid_t gid) { ASSERT_EQ(::lchown(path.c_str(), uid, gid), 0); }
    static struct stat status_of(const std::string& path) {
        struct stat status {};
        EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
        return status;
    }
    static std::string append(const std::string& path) {
        const auto file = posix_files().open_for_appending(path, 0640);
        if (!file) return file.error().message();
        return (*file)->write("x") ? "written" : "not written";
    }
    /// Appends as root that is about to become the other user.
    static std::string append_for_them(const std::string& path) {
        return in_another_process([&path] {
            posix_users().prepare(User{.name = "", .uid = their_uid, .gid = their_gid}, their_gid);
            const std::string outcome = append(path);
            // The process has root's rights again.
            return outcome + (::access("/root", W_OK) == 0 && ::geteuid() == 0 ? "" : ", with rights lost");
        });
    }
    [[nodiscard]] std::string refused(const std::string& path, const std::string& why, const std::string& who,
                                      const std::string& directory) const {
        return "cannot open '" + path + "': " + why + ", and " + who + " can change '" + directory + "'";
    }
    const std::string they = "user " + std::to_string(their_uid);

    test::TemporaryDirectory directory;
    std::string theirs = directory.file("theirs");
    std::string victim = directory.file("victim");
};

TEST_F(GuardedPathsTest, LinksThatOnlyRootCanChangeAreFollowed) {
    fs::create_directory(directory.file("real"));
    fs::create_symlink("real", directory.file("directory"));
    fs::create_symlink("../target", directory.file("real/link"));

    EXPECT_EQ(append(directory.file("directory/link")), "written");
    EXPECT_EQ(append(directory.file("directory/../directory/./link")), "written");

    EXPECT_EQ(read_file(directory.file("target")), "xx");
}

TEST_F(GuardedPathsTest, LinksInALoopAreAnError) {
    fs::create_symlink("b", directory.file("a"));
    fs::create_symlink("a", directory.file("b"));
    EXPECT_EQ(append(directory.file("a")),
              "cannot open '" + directory.file("a") + "': Too many levels of symbolic links");
}

TEST_F(GuardedPathsTest, LinksThatAnotherUserCanChangeAreNotFollowed) {
    const std::string link = theirs + "/link";
    fs::create_symlink(victim, link);
    EXPECT_EQ(append(link), refused(link, "it is a symbolic link", they, theirs));

    // Even in a directory of root.
    const std::string sub = theirs + "/sub";
    fs::create_directory(sub);
    fs::create_symlink(victim, sub + "/link");
    EXPECT_EQ(append(sub + "/link"), refused(sub + "/link", "it is a symbolic link", they, theirs));
}

TEST_F(GuardedPathsTest, DotDotInAnotherUsersDirectoryIsRefused) {
    fs::create_directory(theirs + "/sub");
    const std::string path = theirs + "/sub/../x";
    EXPECT_EQ(append(path), refused(path, "it goes through '..'", they, theirs));
}

TEST_F(GuardedPathsTest, ADirectoryWritableByAGroupOrAllIsNotTrusted) {
    const std::string shared = directory.file("shared");
    fs::create_directory(shared);
    fs::create_symlink(victim, shared + "/link");
    give(shared, 0, their_gid);
    fs::permissions(shared, fs::perms{0775});
    EXPECT_EQ(append(shared + "/link"),
              refused(shared + "/link", "it is a symbolic link", "group " + std::to_string(their_gid), shared));
    fs::permissions(shared, fs::perms{0777});
    EXPECT_EQ(append(shared + "/link"), refused(shared + "/link", "it is a symbolic link", "everybody", shared));
}

TEST_F(GuardedPathsTest, InAStickyDirectoryOnlyRootsDirectoriesAreTrusted) {
    const std::string shared = directory.file("shared");
    fs::create_directory(shared);
    fs::permissions(shared, fs::perms{01777});
    fs::create_directory(shared + "/roots");
    fs::create_directory(shared + "/theirs");
    give(shared + "/theirs", their_uid, their_gid);
    for (const char* name : {"/link", "/roots/link", "/theirs/link"})
        fs::create_symlink(directory.file("new"), shared + name);

    EXPECT_EQ(append(shared + "/link"), refused(shared + "/link", "it is a symbolic link", "everybody", shared));
    EXPECT_EQ(append(shared + "/theirs/link"),
              refused(shared + "/theirs/link", "it is a symbolic link", "everybody", shared));
    EXPECT_FALSE(fs::exists(directory.file("new")));
    EXPECT_EQ(append(shared + "/roots/link"), "written");
    EXPECT_EQ(append(shared + "/own"), "written");
    EXPECT_EQ(append(shared + "/own"), "written");
}

TEST_F(GuardedPathsTest, OnlyFilesOfRootWithOneNameAreWritten) {
    const std::string path = theirs + "/x";
    EXPECT_EQ(append(path), "written");
    EXPECT_EQ(append(path), "written");
    EXPECT_EQ(read_file(path), "xx");

    fs::create_hard_link(path, theirs + "/y");
    EXPECT_EQ(append(path), refused(path, "it has 2 names", they, theirs));
    fs::remove(theirs + "/y");
    give(path, third_uid, third_uid);
    EXPECT_EQ(append(path), refused(path, "it belongs to user " + std::to_string(third_uid), they, theirs));
    fs::remove(path);
    ASSERT_EQ(::mknod(path.c_str(), S_IFCHR | 0666, 0x103), 0);  // /dev/null
    EXPECT_EQ(append(path), refused(path, "it is not a regular file", they, theirs));
}

TEST_F(GuardedPathsTest, DirectoriesAreCreatedWithoutFollowingLinks) {
    fs::create_directory(directory.file("roots"));
    fs::create_symlink(directory.file("roots"), theirs + "/link");

    EXPECT_FALSE(posix_files().create_directories(theirs + "/link/new/deep", 0755));
    EXPECT_TRUE(fs::is_empty(directory.file("roots")));
    EXPECT_TRUE(posix_files().create_directories(theirs + "/new/deep", 0755));
    EXPECT_EQ(status_of(theirs + "/new/deep").st_uid, 0U);
}

TEST_F(GuardedPathsTest, NothingIsMovedOrRemovedThroughALink) {
    fs::create_directory(directory.file("roots"));
    write_file(directory.file("roots/a"), "kept");
    fs::create_symlink(directory.file("roots"), theirs + "/link");

    EXPECT_FALSE(posix_files().remove(theirs + "/link/a"));
    EXPECT_FALSE(posix_files().rename(theirs + "/link/a", theirs + "/link/b"));
    EXPECT_FALSE(posix_files().open_for_reading(theirs + "/link/a", Links::do_not_follow));
    EXPECT_EQ(read_file(directory.file("roots/a")), "kept");
    EXPECT_TRUE(posix_files().open_for_reading(theirs + "/link/a", Links::follow));
}

// A process of root that is about to become the owner of the directory.

TEST_F(GuardedPathsTest, LinksOfTheLaterUserAreFollowedWithItsRights) {
    fs::create_directory(theirs + "/sub");
    give(theirs + "/sub", their_uid, their_gid);
    fs::create_symlink("sub/file", theirs + "/link");
    fs::create_symlink(victim, theirs + "/bad");
    fs::create_symlink(directory.file("new"), theirs + "/dangling");

    EXPECT_EQ(append_for_them(theirs + "/link"), "written");
    EXPECT_EQ(status_of(theirs + "/sub/file").st_uid, their_uid);
    EXPECT_EQ(status_of(theirs + "/sub/file").st_gid, their_gid);
    for (const char* name : {"/bad", "/dangling"})
        EXPECT_EQ(append_for_them(theirs + name), refused(theirs + name, "it is a symbolic link", they, theirs));
    EXPECT_FALSE(fs::exists(directory.file("new")));
}

TEST_F(GuardedPathsTest, LinksOfAThirdUserAreNotFollowed) {
    write_file(theirs + "/data", "");
    give(theirs + "/data", their_uid, their_gid);
    const std::string third = directory.file("third");
    fs::create_directory(third);
    give(third, third_uid, third_uid);
    fs::create_symlink(theirs + "/data", third + "/link");

    EXPECT_EQ(append_for_them(third + "/link"),
              refused(third + "/link", "it is a symbolic link", "user " + std::to_string(third_uid), third));
    EXPECT_EQ(read_file(theirs + "/data"), "");
}

TEST_F(GuardedPathsTest, ALinkToADescriptorOfRootIsRefused) {
    const int root_file = ::open(victim.c_str(), O_WRONLY | O_APPEND);
    fs::create_symlink("/proc/self/fd/" + std::to_string(root_file), theirs + "/link");

    EXPECT_EQ(append(theirs + "/link"), refused(theirs + "/link", "it is a symbolic link", they, theirs));
    EXPECT_EQ(append_for_them(theirs + "/link"), refused(theirs + "/link", "it is a symbolic link", they, theirs));
    ::close(root_file);
}

TEST_F(GuardedPathsTest, RootOpensFilesThatTheLaterUserMayNot) {
    write_file(theirs + "/of-root", "");
    EXPECT_EQ(append_for_them(theirs + "/of-root"), "written");
    fs::permissions(theirs, fs::perms{0555});
    EXPECT_EQ(append_for_them(theirs + "/new"), "written");
    EXPECT_EQ(status_of(theirs + "/new").st_uid, 0U);
}

// /var/log is like this on Ubuntu.
TEST_F(GuardedPathsTest, ALogInAGroupDirectoryIsMadeByRootForTheUser) {
    const std::string logs = directory.file("logs");
    fs::create_directory(logs);
    give(logs, 0, third_uid);
    fs::permissions(logs, fs::perms{0775});

    EXPECT_EQ(append_for_them(logs + "/x"), "written");
    EXPECT_EQ(status_of(logs + "/x").st_uid, 0U);
    give(logs + "/x", their_uid, their_gid);
    EXPECT_EQ(append_for_them(logs + "/x"), "written");
    EXPECT_EQ(read_file(logs + "/x"), "xx");
}

TEST_F(GuardedPathsTest, OnlyFilesThatRootOpenedChangeOwner) {
    const auto owner_after = [](const std::string& path) {
        return in_another_process([&path] {
            posix_users().prepare(User{.name = "", .uid = their_uid, .gid = their_gid}, their_gid);
            const auto file = posix_files().open_for_appending(path, 0640);
            if (!file) return file.error().message();
            if (const auto handed = (*file)->change_owner(their_uid, their_gid); !handed)
                return handed.error().message();
            const auto status = *(*file)->status();
            return std::to_string(status.uid) + ":" + std::to_string(status.gid);
        });
    };
    EXPECT_EQ(owner_after(directory.file("new")), "54321:54322");
    // An existing file keeps its group. So does a new file in a directory with the set-group-id bit.
    write_file(directory.file("old"), "");
    give(directory.file("old"), 0, 4);
    EXPECT_EQ(owner_after(directory.file("old")), "54321:4");
    fs::create_directory(directory.file("logs"));
    give(directory.file("logs"), 0, 4);
    fs::permissions(directory.file("logs"), fs::perms{02755});
    EXPECT_EQ(owner_after(directory.file("logs/new")), "54321:4");
    // A file that the user can write but root did not open keeps its owner.
    write_file(directory.file("writable"), "");
    fs::permissions(directory.file("writable"), fs::perms{0666});
    fs::create_symlink(directory.file("writable"), theirs + "/link");
    EXPECT_EQ(owner_after(theirs + "/link"), "0:0");
}

TEST_F(GuardedPathsTest, TheLaterUserHasTheRightsOfItsGroups) {
    fs::create_directory(theirs + "/group");
    give(theirs + "/group", third_uid, their_gid);
    fs::permissions(theirs + "/group", fs::perms{0770});
    EXPECT_EQ(append_for_them(theirs + "/group/x"), "written");
    EXPECT_EQ(status_of(theirs + "/group/x").st_uid, their_uid);
}

// Streams, crash reports and sockets open paths in the same way.

TEST_F(GuardedPathsTest, AStreamDoesNotEmptyAnotherUsersFile) {
    fs::create_hard_link(victim, theirs + "/x");
    for (const auto opening :
         {StreamFile::Opening::append, StreamFile::Opening::truncate, StreamFile::Opening::create}) {
        const std::string outcome = in_another_process([&] {
            const auto redirected =
                posix_standard_streams().redirect_to_file(Stream::out, {.path = theirs + "/x", .opening = opening});
            return redirected ? "redirected" : std::to_string(to_int(redirected.error().exit_code));
        });
        EXPECT_EQ(outcome, "77");
    }
}

TEST_F(GuardedPathsTest, AStreamMayBeAFifoOfRootButNotOfAnotherUser) {
    const auto redirect = [&](const std::string& path) {
        return in_another_process([&path] {
            const auto redirected =
                posix_standard_streams().redirect_to_file(Stream::out, {.path = path, .is_fifo = true});
            return redirected ? std::string{"redirected"} : redirected.error().message();
        });
    };
    EXPECT_EQ(redirect(theirs + "/own"), "redirected");
    EXPECT_EQ(redirect(theirs + "/own"), "redirected");
    ASSERT_EQ(::mkfifo((theirs + "/fifo").c_str(), 0666), 0);
    give(theirs + "/fifo", their_uid, their_gid);
    EXPECT_EQ(redirect(theirs + "/fifo"), "cannot open for stdout '" + theirs +
                                              "/fifo': it belongs to user 54321, and " + they + " can change '" +
                                              theirs + "'");
}

TEST_F(GuardedPathsTest, ASocketIsBoundInTheCheckedDirectory) {
    fs::create_directory(directory.file("roots"));
    fs::create_symlink(directory.file("roots"), theirs + "/link");

    EXPECT_FALSE(posix_local_sockets().listen(theirs + "/link/socket", {.permissions = 0600}));
    EXPECT_TRUE(fs::is_empty(directory.file("roots")));
    auto listener = posix_local_sockets().listen(theirs + "/socket", {.permissions = 0660});
    ASSERT_TRUE(listener) << listener.error().message();
    EXPECT_TRUE(posix_local_sockets().connect(theirs + "/socket"));
    EXPECT_TRUE((*listener)->remove_file());
    EXPECT_FALSE(fs::exists(theirs + "/socket"));
}

// File systems without owners and permissions.

TEST_F(GuardedPathsTest, AFileIsCreatedIfItsPermissionsCannotBeSet) {
    const std::string path = directory.file("x");
    const std::string seen = in_another_process([&path] {
        ::umask(077);
        if (!test::deny_system_call(SYS_fchmod, EPERM) || !test::deny_system_call(SYS_fchown, EPERM))
            return std::string{"no filter"};
        const auto file = posix_files().open_for_appending(path, 0640);
        if (!file) return file.error().message();
        const auto handed = (*file)->change_owner(their_uid, their_gid);
        return (*file)->shortcoming()->message() + "; " + handed.error().message();
    });
    if (seen == "no filter") GTEST_SKIP() << "system calls can't be filtered here";
    EXPECT_EQ(seen, "cannot change the permissions of '" + path +
                        "': Operation not permitted; cannot change owner of '" + path + "': Operation not permitted");
}

TEST_F(GuardedPathsTest, ACrashReportReadableByAllIsNotKept) {
    const std::string path = directory.file("x.crash");
    const auto seen = [&path](mode_t mask) {
        return in_another_process([&path, mask] {
            ::umask(mask);
            // Acts like a file system that shows the same mode for all files.
            if (!test::deny_system_call(SYS_fchmod, EPERM)) return std::string{"no filter"};
            const auto opened = posix_crash_reporter().open_report(path, CrashReporter::Keeping::named);
            return opened ? "opened" : opened.error().message();
        });
    };
    const std::string outcome = seen(077);
    if (outcome == "no filter") GTEST_SKIP() << "system calls can't be filtered here";
    EXPECT_EQ(outcome, "opened");
    fs::remove(path);
    write_file(path, "");
    fs::permissions(path, fs::perms{0644});
    EXPECT_EQ(seen(022), "cannot change the mode of the crash report '" + path + "': Operation not permitted");
}

// User namespaces.

TEST(UnmappedUsersTest, AnUnmappedPeerHasNoIdentity) {
    test::TemporaryDirectory directory;
    const std::string path = directory.file("socket");
    const std::string seen = in_another_process([&path]() -> std::string {
        auto listener = posix_local_sockets().listen(path, {.permissions = 0600});
        if (!listener) return listener.error().message();
        // In the new namespace no user of the machine has a number, not even this one.
        if (::unshare(CLONE_NEWUSER) != 0) return "no namespace";
        const auto client = posix_local_sockets().connect(path);
        if (!client) return client.error().message();
        auto accepted = (*listener)->accept();
        if (!accepted || !*accepted) return "not accepted";
        const Peer peer = (*accepted)->peer();
        const bool is_nobody = peer.uid == static_cast<uid_t>(-1) && peer.gid == static_cast<gid_t>(-1);
        return std::to_string(::geteuid()) + (is_nobody ? ", nobody" : ", user " + std::to_string(peer.uid));
    });
    if (seen == "no namespace") GTEST_SKIP() << "no user namespace can be made here";
    EXPECT_EQ(seen, "65534, nobody");
}

// Opening descriptors by name.

TEST(NamedDescriptorTest, PathsOfDescriptorsYieldTheirNumbers) {
    EXPECT_EQ(named_descriptor("/dev/stdin"), 0);
    EXPECT_EQ(named_descriptor("/dev/stdout"), 1);
    EXPECT_EQ(named_descriptor("/dev/stderr"), 2);
    EXPECT_EQ(named_descriptor("/dev/fd/7"), 7);
    EXPECT_EQ(named_descriptor("/proc/self/fd/12"), 12);
    EXPECT_EQ(named_descriptor("/proc/thread-self/fd/0"), 0);
    for (const char* path : {"/dev/null", "/dev/fd/", "/dev/fd/x", "/dev/fd/-1", "/dev/fd/1/x", "/proc/self/fd",
                             "/dev/fd/99999999999", "dev/stdout", ""})
        EXPECT_EQ(named_descriptor(path), std::nullopt) << path;
}

TEST(NamedDescriptorTest, WritesToTheExistingDescriptor) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    test::TemporaryDirectory directory;
    const std::string named = "/proc/self/fd/" + std::to_string(ends[0]);
    const std::string link = directory.file("link");
    fs::create_symlink(named, link);
    for (const std::string& path : {named, link}) {
        const auto file = posix_files().open_for_appending(path, 0600);
        // A socket cannot be opened by name.
        ASSERT_TRUE(file) << file.error().message();
        EXPECT_TRUE((*file)->is_own_descriptor());
        ASSERT_TRUE((*file)->write("x"));
        char byte = 0;
        EXPECT_EQ(::recv(ends[1], &byte, 1, 0), 1);
    }
    ::close(ends[0]);
    ::close(ends[1]);
    EXPECT_EQ(posix_files().open_for_appending(named, 0600).error().message(),
              "cannot open '" + named + "': Bad file descriptor");
}

}  // namespace
}  // namespace servicekit::os
