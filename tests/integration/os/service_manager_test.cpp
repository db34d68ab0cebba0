#include "servicekit/os/service_manager.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "integration/os/temporary_directory.hpp"
#include "integration/support/notify_socket.hpp"

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }

class PosixServiceManagerTest : public ::testing::Test {
protected:
    test::TemporaryDirectory directory;
    ServiceManager& manager = posix_service_manager();
};

TEST_F(PosixServiceManagerTest, DoesNotListenWithoutAnAddress) {
    ::unsetenv("NOTIFY_SOCKET");
    EXPECT_EQ(manager.take_notify_socket().value(), nullptr);
}

TEST_F(PosixServiceManagerTest, GetsADatagramPerMessageWithTheSendersPid) {
    servicekit::test::NotifySocket listening{directory.file("notify")};
    set("NOTIFY_SOCKET", listening.address());
    const auto socket = manager.take_notify_socket();
    ASSERT_TRUE(socket);

    ASSERT_TRUE((*socket)->send("READY=1\nMAINPID=1"));
    ASSERT_TRUE((*socket)->send("STOPPING=1"));

    const auto first = listening.next(10s);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->text, "READY=1\nMAINPID=1");
    EXPECT_EQ(first->sender, ::getpid());
    EXPECT_EQ(listening.next(10s)->text, "STOPPING=1");
    EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);
}

TEST_F(PosixServiceManagerTest, SupportsTheAbstractNamespace) {
    servicekit::test::NotifySocket listening{"@" + directory.path()};
    set("NOTIFY_SOCKET", listening.address());
    const auto socket = manager.take_notify_socket();
    ASSERT_TRUE(socket);
    ASSERT_TRUE((*socket)->send("READY=1"));
    EXPECT_EQ(listening.next(10s)->text, "READY=1");
}

TEST_F(PosixServiceManagerTest, AnAddressMayHaveTheKernelsMaximumLength) {
    const std::string name = "@" + std::string(107, 'x');
    servicekit::test::NotifySocket listening{name};
    set("NOTIFY_SOCKET", name);
    const auto socket = manager.take_notify_socket();
    ASSERT_TRUE(socket);
    EXPECT_TRUE((*socket)->send("READY=1"));
    set("NOTIFY_SOCKET", name + "x");
    EXPECT_EQ(manager.take_notify_socket().error().errno_value, ENAMETOOLONG);
    set("NOTIFY_SOCKET", "/" + std::string(107, 'x'));
    EXPECT_EQ(manager.take_notify_socket().error().errno_value, ENAMETOOLONG);
}

TEST_F(PosixServiceManagerTest, RefusesAddressesOfOtherKinds) {
    for (const char* address : {"relative", "vsock:2:1234", "@", "/"}) {
        set("NOTIFY_SOCKET", address);
        EXPECT_EQ(manager.take_notify_socket().error().errno_value, EAFNOSUPPORT) << address;
        EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);
    }
}

TEST_F(PosixServiceManagerTest, ReportsThatNobodyListens) {
    set("NOTIFY_SOCKET", directory.file("nobody"));
    const auto socket = manager.take_notify_socket();
    ASSERT_TRUE(socket);
    EXPECT_EQ((*socket)->send("READY=1").error().message(),
              "cannot notify the service manager at '" + directory.file("nobody") + "': No such file or directory");
}

TEST_F(PosixServiceManagerTest, AManagerThatBindsAgainIsReachedAgain) {
    auto listening = std::make_unique<servicekit::test::NotifySocket>(directory.file("notify"));
    set("NOTIFY_SOCKET", listening->address());
    const auto socket = manager.take_notify_socket();
    ASSERT_TRUE((*socket)->send("READY=1"));
    listening.reset();
    EXPECT_EQ((*socket)->send("STATUS=lost").error().errno_value, ECONNREFUSED);
    std::filesystem::remove(directory.file("notify"));
    servicekit::test::NotifySocket again{directory.file("notify")};

    ASSERT_TRUE((*socket)->send("STATUS=found"));
    EXPECT_EQ(again.next(10s)->text, "STATUS=found");
}

TEST_F(PosixServiceManagerTest, AManagerThatDoesNotReadBlocksOnlyBriefly) {
    servicekit::test::NotifySocket listening{directory.file("notify")};
    set("NOTIFY_SOCKET", listening.address());
    const auto socket = manager.take_notify_socket();
    Result<void> sent;
    auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 1'000'000 && sent; ++i) {
        begin = std::chrono::steady_clock::now();
        sent = (*socket)->send("WATCHDOG=1");
    }
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().errno_value, ETIMEDOUT);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
}

TEST_F(PosixServiceManagerTest, RecognisesTheJournalByStderr) {
    struct stat error {};
    ASSERT_EQ(::fstat(STDERR_FILENO, &error), 0);
    ::unsetenv("JOURNAL_STREAM");
    EXPECT_FALSE(manager.has_journal_on_stderr());
    set("JOURNAL_STREAM", std::to_string(error.st_dev) + ":" + std::to_string(error.st_ino));
    EXPECT_TRUE(manager.has_journal_on_stderr());
    set("JOURNAL_STREAM", std::to_string(error.st_dev) + ":" + std::to_string(error.st_ino + 1));
    EXPECT_FALSE(manager.has_journal_on_stderr());
}

class PassedByManagerTest : public ::testing::Test {
protected:
    PassedByManagerTest() {
        for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_USEC", "WATCHDOG_PID"})
            ::unsetenv(name);
    }
    /// Opens descriptors 3 and 4, as a service manager does.
    static void pass_two() {
        for (const int number : {3, 4}) ASSERT_EQ(::dup2(STDIN_FILENO, number), number);
        set("LISTEN_PID", std::to_string(::getpid()));
        set("LISTEN_FDS", "2");
    }
    static void expect_environment_without(const std::string& prefix) {
        for (char** entry = environ; *entry != nullptr; ++entry)
            EXPECT_FALSE(std::string{*entry}.starts_with(prefix)) << *entry;
    }

    ServiceManager& manager = posix_service_manager();
};

TEST_F(PassedByManagerTest, SocketsComeWithTheirNamesAndCloseOnExec) {
    pass_two();
    set("LISTEN_FDNAMES", "control:http");

    const auto sockets = manager.take_listen_sockets();

    ASSERT_TRUE(sockets);
    ASSERT_EQ(sockets->size(), 2U);
    EXPECT_EQ(sockets->at(0).name, "control");
    EXPECT_EQ(sockets->at(0).descriptor, 3);
    EXPECT_EQ(sockets->at(1).name, "http");
    EXPECT_EQ(sockets->at(1).descriptor, 4);
    for (const auto& socket : *sockets) EXPECT_EQ(::fcntl(socket.descriptor, F_GETFD), FD_CLOEXEC);
    expect_environment_without("LISTEN_");
    EXPECT_THAT(manager.take_listen_sockets().value(), IsEmpty());
}

TEST_F(PassedByManagerTest, SocketsWithoutNamesAreUnknown) {
    pass_two();
    EXPECT_EQ(manager.take_listen_sockets()->at(1).name, "unknown");
}

TEST_F(PassedByManagerTest, SocketsForAnotherProcessAreIgnored) {
    pass_two();
    set("LISTEN_PID", "1");
    EXPECT_THAT(manager.take_listen_sockets().value(), IsEmpty());
    EXPECT_EQ(::fcntl(3, F_GETFD), 0);
    expect_environment_without("LISTEN_");
}

TEST_F(PassedByManagerTest, AnEmptyVariableCountsAsUnset) {
    pass_two();
    set("LISTEN_FDNAMES", "");
    const auto sockets = manager.take_listen_sockets();
    ASSERT_TRUE(sockets) << sockets.error().message();
    EXPECT_EQ(sockets->at(1).name, "unknown");
    for (const char* const name : {"LISTEN_PID", "LISTEN_FDS"}) {
        pass_two();
        set(name, "");
        EXPECT_THAT(manager.take_listen_sockets().value(), IsEmpty()) << name;
        expect_environment_without("LISTEN_");
    }
    set("WATCHDOG_USEC", "1500000");
    set("WATCHDOG_PID", "");
    EXPECT_EQ(manager.take_watchdog(), 1500ms);
    expect_environment_without("WATCHDOG_");
}

TEST_F(PassedByManagerTest, AnInvalidValueIsAnError) {
    pass_two();
    set("LISTEN_FDS", "many");
    EXPECT_EQ(manager.take_listen_sockets().error().errno_value, EINVAL);
    pass_two();
    set("LISTEN_FDNAMES", "one");
    EXPECT_EQ(manager.take_listen_sockets().error().errno_value, EINVAL);
    pass_two();
    ::close(4);
    EXPECT_EQ(manager.take_listen_sockets().error().errno_value, EBADF);
    pass_two();
    set("LISTEN_FDS", "2147483647");
    EXPECT_EQ(manager.take_listen_sockets().error().errno_value, EBADF);
    expect_environment_without("LISTEN_");
}

TEST_F(PassedByManagerTest, TheWatchdogsIntervalIsInMicroseconds) {
    set("WATCHDOG_USEC", "1500000");
    EXPECT_EQ(manager.take_watchdog(), 1500ms);
    set("WATCHDOG_USEC", "1500000");
    set("WATCHDOG_PID", std::to_string(::getpid()));
    EXPECT_EQ(manager.take_watchdog(), 1500ms);
    expect_environment_without("WATCHDOG_");
    EXPECT_EQ(manager.take_watchdog(), std::nullopt);
}

TEST_F(PassedByManagerTest, AWatchdogForAnotherProcessIsIgnored) {
    set("WATCHDOG_USEC", "1500000");
    set("WATCHDOG_PID", "1");
    EXPECT_EQ(manager.take_watchdog(), std::nullopt);
    expect_environment_without("WATCHDOG_");
}

TEST_F(PassedByManagerTest, AnInvalidIntervalIsIgnored) {
    for (const char* interval : {"0", "-1", "soon", ""}) {
        set("WATCHDOG_USEC", interval);
        EXPECT_EQ(manager.take_watchdog(), std::nullopt) << interval;
    }
}

}  // namespace
}  // namespace servicekit::os
