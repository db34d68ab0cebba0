#include "servicekit/os/local_sockets.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "integration/os/forked_child.hpp"
#include "integration/os/sockets/local_sockets_fixture.hpp"
#include "os/descriptor.hpp"

namespace servicekit::os {
namespace {

using test::ForkedChild;
using test::Lines;
using PosixLocalSocketsTest = test::LocalSocketsTest;

bool exists(const std::string& path) {
    struct stat status {};
    return lstat(path.c_str(), &status) == 0;
}

mode_t permissions_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(lstat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777;
}

class FileMask {
public:
    explicit FileMask(mode_t mask) : before_{umask(mask)} {}
    ~FileMask() { umask(before_); }
    FileMask(const FileMask&) = delete;
    FileMask& operator=(const FileMask&) = delete;

private:
    mode_t before_;
};

/// Acts like a service manager: binds, listens, and passes the descriptor on.
int listen_as_manager(const std::string& path, int type = SOCK_STREAM) {
    const int socket = ::socket(AF_UNIX, type, 0);
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(type == SOCK_STREAM ? ::listen(socket, 8) : 0, 0);
    return socket;
}

TEST_F(PosixLocalSocketsTest, AnAdoptedSocketServesAndItsFileIsKept) {
    const int descriptor = listen_as_manager(path);
    const auto client = connect(path);

    {
        auto listener = sockets.adopt(descriptor, path);
        ASSERT_TRUE(listener) << listener.error().message();
        EXPECT_NE(accept_from(**listener), nullptr);
        EXPECT_EQ((*listener)->accept().value(), nullptr) << "it does not wait";
        EXPECT_EQ(fcntl((*listener)->descriptor(), F_GETFD), FD_CLOEXEC);
        EXPECT_TRUE((*listener)->change_owner(65534, 65534));
        EXPECT_TRUE((*listener)->remove_file());
    }

    EXPECT_TRUE(exists(path));
    EXPECT_EQ(sockets.probe(path).value(), Listening::no) << "the descriptor was closed";
}

TEST_F(PosixLocalSocketsTest, ClientsOfAnAdoptedSocketKnowTheServingProcess) {
    const int descriptor = listen_as_manager(path);
    ForkedChild service{[&](Lines& parent) {
        auto listener = sockets.adopt(descriptor, path);
        parent.tell(listener ? "listens" : listener.error().message());
        return parent.hear() == "end" ? 0 : 1;
    }};
    ASSERT_EQ(service.hear(), "listens");

    EXPECT_EQ(connect(path)->peer().pid, service.pid());
    service.tell("end");
    EXPECT_EQ(service.wait(), 0);
    close(descriptor);
}

TEST_F(PosixLocalSocketsTest, DistinguishesAManagersSocketFromAServices) {
    EXPECT_FALSE(sockets.is_left_to_manager(path)) << "there is none";
    Descriptor ours{listen_as_manager(path)};
    ForkedChild manager{[](Lines& parent) {
        parent.tell(prctl(PR_SET_NAME, "systemd") == 0 ? "called" : "not called");
        return parent.hear() == "end" ? 0 : 1;
    }};
    ASSERT_EQ(manager.hear(), "called");
    EXPECT_FALSE(sockets.is_left_to_manager(path)) << "this process has it, too";

    ours.reset();
    EXPECT_TRUE(sockets.is_left_to_manager(path));
    manager.tell("end");
    EXPECT_EQ(manager.wait(), 0);
    EXPECT_FALSE(sockets.is_left_to_manager(path)) << "nobody has it any more";
}

TEST_F(PosixLocalSocketsTest, ALinkToTheSocketIsTheSameSocket) {
    const int descriptor = listen_as_manager(path);
    std::filesystem::create_symlink(path, directory.file("link"));
    EXPECT_TRUE(sockets.adopt(descriptor, directory.file("link")));
}

TEST_F(PosixLocalSocketsTest, AdoptsOnlyAListeningStreamSocketAtThePath) {
    const auto expect_refused = [this](int descriptor, const std::string& reason) {
        const auto listener = sockets.adopt(descriptor, path);
        ASSERT_FALSE(listener) << reason;
        EXPECT_EQ(listener.error().exit_code, ExitCode::configuration);
        EXPECT_NE(listener.error().reason.find(reason), std::string::npos) << listener.error().reason;
        EXPECT_EQ(fcntl(descriptor, F_GETFD), -1) << "it is closed";
    };
    expect_refused(listen_as_manager(directory.file("other")), "listens on '" + directory.file("other") + "' instead");
    expect_refused(listen_as_manager(directory.file("datagrams"), SOCK_DGRAM), "not a listening stream socket");
    expect_refused(::socket(AF_UNIX, SOCK_STREAM, 0), "not a listening stream socket");
    expect_refused(::open("/dev/null", O_RDONLY | O_CLOEXEC), "not a listening stream socket");
}

TEST_F(PosixLocalSocketsTest, TheSocketHasTheRequestedPermissions) {
    for (const mode_t mask : {0U, 022U, 077U, 0777U})
        for (const mode_t permissions : {0600U, 0660U, 0666U}) {
            const FileMask file_mask{mask};
            const auto listener = listen(path, {.permissions = permissions});
            EXPECT_EQ(permissions_of(path), permissions) << mask;
        }
}

TEST_F(PosixLocalSocketsTest, TheSocketNeverHasWiderPermissions) {
    const FileMask none{0};
    std::atomic<bool> is_over = false;
    std::atomic<mode_t> seen = 0;
    std::thread looking{[&] {
        struct stat status {};
        while (!is_over)
            if (lstat(path.c_str(), &status) == 0) seen |= status.st_mode & 07777;
    }};

    for (int i = 0; i < 2'000; ++i) {
        const auto listener = listen(path, {.permissions = 0640});
        EXPECT_TRUE(listener->remove_file());
    }

    is_over = true;
    looking.join();
    EXPECT_EQ(seen & static_cast<mode_t>(~0640), 0U);
}

TEST_F(PosixLocalSocketsTest, GivesTheSocketToTheRequestedOwnerAndGroup) {
    const bool is_root = geteuid() == 0;
    const uid_t owner = is_root ? 12'345 : geteuid();
    const gid_t group = is_root ? 12'346 : getegid();

    const auto listener = listen(path, {.permissions = 0660, .owner = owner, .group = group});

    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, owner);
    EXPECT_EQ(status.st_gid, group);
    EXPECT_EQ(permissions_of(path), 0660U);
}

TEST_F(PosixLocalSocketsTest, LeavesNothingIfItMayNotGiveTheSocketAway) {
    ForkedChild child{[this](Lines&) {
        if (geteuid() == 0 && (chmod(directory.path().c_str(), 0777) != 0 || seteuid(65'534) != 0)) return 1;
        const auto listener = sockets.listen(path, {.owner = 0});
        if (listener || listener.error().exit_code != ExitCode::permission) return 2;
        return exists(path) ? 3 : 0;
    }};

    EXPECT_EQ(child.wait(), 0);
}

TEST_F(PosixLocalSocketsTest, ChangesTheOwnerOfTheSocket) {
    const bool is_root = geteuid() == 0;
    const uid_t user = is_root ? 12'345 : geteuid();
    const auto listener = listen(path);

    EXPECT_TRUE(listener->change_owner(user, getegid()));

    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, user);
    EXPECT_EQ(permissions_of(path), 0600U);
}

TEST_F(PosixLocalSocketsTest, ReturnsTheActualGroupOfTheFile) {
    EXPECT_EQ(listen(path)->group().value(), getegid());
    if (geteuid() != 0) GTEST_SKIP() << "only root may give files away";
    const auto listener = listen(path, {.group = 54321});
    EXPECT_EQ(listener->group().value(), 54321U);
    ASSERT_TRUE(listener->change_owner(54322, 54323));
    EXPECT_EQ(listener->group().value(), 54323U);
    // In a directory with the set-group-id bit, a new file gets the directory's group.
    const std::string theirs = directory.file("theirs");
    ASSERT_EQ(mkdir(theirs.c_str(), 0755), 0);
    ASSERT_EQ(chown(theirs.c_str(), 0, 54324), 0);
    ASSERT_EQ(chmod(theirs.c_str(), 02755), 0);
    EXPECT_EQ(listen(theirs + "/control")->group().value(), 54324U);
}

TEST_F(PosixLocalSocketsTest, ReplacesAStaleSocket) {
    leave_stale_socket();

    const auto listener = listen(path);
    const auto client = connect(path);

    EXPECT_NE(accept_from(*listener), nullptr);
}

TEST_F(PosixLocalSocketsTest, LeavesAFileThatIsNotASocket) {
    std::ofstream{path} << "precious";

    const auto listener = sockets.listen(path, {});

    ASSERT_FALSE(listener);
    EXPECT_EQ(listener.error().exit_code, ExitCode::cannot_create);
    EXPECT_EQ(listener.error().message(), "cannot listen on '" + path + "': the file that is there is not a socket");
    std::string content;
    std::ifstream{path} >> content;
    EXPECT_EQ(content, "precious");
}

TEST_F(PosixLocalSocketsTest, DoesNotReplaceALinkToASocket) {
    const std::string target = directory.file("target");
    const auto behind = listen(target);
    std::filesystem::create_symlink(target, path);

    EXPECT_FALSE(sockets.listen(path, {}));

    EXPECT_TRUE(std::filesystem::is_symlink(path));
    EXPECT_NE(connect(path), nullptr);
}

TEST_F(PosixLocalSocketsTest, RefusesAMissingDirectory) {
    const auto listener = sockets.listen(directory.file("missing/control"), {});

    ASSERT_FALSE(listener);
    EXPECT_EQ(listener.error().exit_code, ExitCode::cannot_create);
    EXPECT_EQ(listener.error().errno_value, ENOENT);
}

TEST_F(PosixLocalSocketsTest, RefusesNamesOfTheAbstractNamespace) {
    for (const std::string& name : {std::string{}, std::string{"\0abstract", 9}}) {
        EXPECT_FALSE(sockets.listen(name, {}));
        EXPECT_FALSE(sockets.connect(name));
    }
}

TEST_F(PosixLocalSocketsTest, RemovesItsSocketFile) {
    const auto listener = listen(path);

    EXPECT_TRUE(listener->remove_file());
    EXPECT_FALSE(exists(path));
    EXPECT_TRUE(listener->remove_file());
}

TEST_F(PosixLocalSocketsTest, LeavesTheFileOfItsSuccessor) {
    const auto predecessor = listen(path);
    const auto successor = listen(path);

    EXPECT_TRUE(predecessor->remove_file());

    EXPECT_TRUE(exists(path));
    const auto client = connect(path);
    EXPECT_NE(accept_from(*successor), nullptr);
}

TEST_F(PosixLocalSocketsTest, FindsItsFileInARenamedDirectory) {
    const std::string before = directory.file("before");
    std::filesystem::create_directory(before);
    const auto listener = listen(before + "/control");
    std::filesystem::rename(before, directory.file("after"));

    EXPECT_TRUE(listener->remove_file());

    EXPECT_FALSE(exists(directory.file("after/control")));
}

TEST_F(PosixLocalSocketsTest, ReportsThatItMayNotRemoveItsFile) {
    const auto listener = listen(path);
    ASSERT_EQ(chmod(directory.path().c_str(), 0555), 0);
    ForkedChild child{[&](Lines&) {
        if (geteuid() == 0 && seteuid(65'534) != 0) return 1;
        const auto removed = listener->remove_file();
        return !removed && removed.error().errno_value == EACCES ? 0 : 2;
    }};

    EXPECT_EQ(child.wait(), 0);
    EXPECT_TRUE(exists(path));
    chmod(directory.path().c_str(), 0755);
}

TEST_F(PosixLocalSocketsTest, ConnectingFailsIfNobodyListens) {
    const auto to_nothing = sockets.connect(path);
    leave_stale_socket();
    const auto to_stale = sockets.connect(path);

    ASSERT_FALSE(to_nothing);
    EXPECT_EQ(to_nothing.error().errno_value, ENOENT);
    ASSERT_FALSE(to_stale);
    EXPECT_EQ(to_stale.error().errno_value, ECONNREFUSED);
    EXPECT_EQ(to_stale.error().object, path);
}

TEST_F(PosixLocalSocketsTest, ProbeReportsWhatIsAtThePath) {
    EXPECT_EQ(sockets.probe(path).value(), Listening::nothing);
    EXPECT_EQ(sockets.probe(path + "/below/nothing").value(), Listening::nothing);
    auto listener = listen(path);
    EXPECT_EQ(sockets.probe(path).value(), Listening::yes);
    listener.reset();
    EXPECT_EQ(sockets.probe(path).value(), Listening::nothing);
    leave_stale_socket();
    EXPECT_EQ(sockets.probe(path).value(), Listening::no);
    EXPECT_EQ(sockets.probe(directory.path()).value(), Listening::not_socket);
}

TEST_F(PosixLocalSocketsTest, ProbeFindsAListenerWithAFullQueue) {
    const Descriptor busy{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(bind(busy.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(busy.get(), 0), 0);
    const auto in_the_queue = connect(path);

    EXPECT_EQ(sockets.probe(path).value(), Listening::yes);
}

TEST_F(PosixLocalSocketsTest, TryConnectDoesNotWaitForAFullQueue) {
    EXPECT_EQ(sockets.try_connect(path).error().errno_value, ENOENT);
    const auto listener = listen(path);
    const auto first = sockets.try_connect(path);
    ASSERT_TRUE(first.value());
    EXPECT_EQ(first.value()->peer().pid, getpid());
    const auto accepted = accept_from(*listener);
    EXPECT_EQ(first.value()->send("x").bytes, 1U);
    EXPECT_TRUE(accepted->wait_until_readable(std::chrono::seconds{30}));

    // This kernel's queue takes 33 connections, but the test does not rely on it.
    std::vector<std::unique_ptr<LocalConnection>> waiting;
    while (waiting.size() < 1000) {
        auto connection = sockets.try_connect(path);
        ASSERT_TRUE(connection);
        if (*connection == nullptr) break;
        waiting.push_back(*std::move(connection));
    }
    EXPECT_LT(waiting.size(), 1000U);
    EXPECT_TRUE(accept_from(*listener));
    EXPECT_TRUE(sockets.try_connect(path).value());
}

TEST_F(PosixLocalSocketsTest, TryConnectCanRefuseLinks) {
    const auto listener = listen(path);
    const std::string link = directory.file("link");
    std::filesystem::create_symlink(path, link);

    EXPECT_TRUE(sockets.try_connect(link).value());
    EXPECT_EQ(sockets.try_connect(link, Links::do_not_follow).error().errno_value, ELOOP);
    EXPECT_TRUE(sockets.try_connect(path, Links::do_not_follow).value());
    EXPECT_EQ(sockets.try_connect(directory.path(), Links::do_not_follow).error().errno_value, ENOTSOCK);
    EXPECT_EQ(sockets.try_connect(directory.file("none"), Links::do_not_follow).error().errno_value, ENOENT);
}

TEST_F(PosixLocalSocketsTest, RootFollowsNoLinkBelowADirectoryOfAnotherUser) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
    const auto listener = listen(path);
    const std::string theirs = directory.file("theirs");
    std::filesystem::create_directory(theirs);
    std::filesystem::create_directory_symlink(directory.path(), theirs + "/way");
    ASSERT_EQ(chown(theirs.c_str(), 1000, 1000), 0);
    const std::string way = theirs + "/way/" + std::filesystem::path{path}.filename().string();

    EXPECT_TRUE(sockets.try_connect(way).value());
    EXPECT_EQ(sockets.try_connect(way, Links::do_not_follow).error().exit_code, ExitCode::permission);
}

TEST_F(PosixLocalSocketsTest, ASocketOfThisProcessIsNotAManagers) {
    const auto listener = listen(path);
    const auto paths = sockets.paths_of_managers();

    EXPECT_EQ(std::find(paths.begin(), paths.end(), path), paths.end());
    EXPECT_FALSE(sockets.is_left_to_manager(path));
}

TEST_F(PosixLocalSocketsTest, WorksWithPathsLongerThanAnAddress) {
    const std::string deep = directory.file(std::string(150, 'd'));
    std::filesystem::create_directory(deep);
    const std::string long_path = deep + "/control";
    EXPECT_EQ(sockets.probe(long_path).value(), Listening::nothing);

    auto listener = listen(long_path);

    EXPECT_EQ(permissions_of(long_path), 0600U);
    EXPECT_EQ(sockets.probe(long_path).value(), Listening::yes);
    const auto client = connect(long_path);
    EXPECT_TRUE(accept_from(*listener) != nullptr);
    listener.reset();
    listener = listen(long_path);
    EXPECT_TRUE(listener->remove_file());
    EXPECT_FALSE(exists(long_path));
}

TEST_F(PosixLocalSocketsTest, RefusesANameTooLongForAnAddress) {
    const auto listener = sockets.listen(directory.file(std::string(100, 'n')), {});

    ASSERT_FALSE(listener);
    EXPECT_EQ(listener.error().errno_value, ENAMETOOLONG);
}

TEST_F(PosixLocalSocketsTest, ListeningWithoutProcFailsAndLeavesNoFile) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can change its root directory";
    ForkedChild caged{[this](Lines& parent) {
        if (chroot(directory.path().c_str()) != 0) return 1;
        const auto listener = sockets.listen("/control", {});
        parent.tell(listener ? "listens" : listener.error().message());
        return exists("/control") ? 1 : 0;
    }};

    EXPECT_EQ(caged.hear(), "cannot change the permissions of '/control': that needs /proc, which is not mounted");
    EXPECT_EQ(caged.wait(), 0);
}

}  // namespace
}  // namespace servicekit::os
