#include "servicekit/mocks/fake_service_manager.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace servicekit::mocks {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(FakeServiceManagerTest, PassesNothingAndDoesNotListenByDefault) {
    FakeServiceManager manager;
    EXPECT_THAT(manager.take_listen_sockets().value(), IsEmpty());
    EXPECT_EQ(manager.take_notify_socket().value(), nullptr);
    EXPECT_EQ(manager.take_watchdog(), std::nullopt);
    EXPECT_FALSE(manager.has_journal_on_stderr());
}

TEST(FakeServiceManagerTest, EachValueCanBeTakenOnce) {
    FakeServiceManager manager;
    manager.pass_socket("http", 3);
    manager.listen();
    manager.want_sign_of_life_every(5s);
    EXPECT_EQ(manager.take_listen_sockets()->at(0).descriptor, 3);
    EXPECT_NE(manager.take_notify_socket().value(), nullptr);
    EXPECT_EQ(manager.take_watchdog(), 5s);
    EXPECT_THAT(manager.take_listen_sockets().value(), IsEmpty());
    EXPECT_EQ(manager.take_notify_socket().value(), nullptr);
    EXPECT_EQ(manager.take_watchdog(), std::nullopt);
}

TEST(FakeServiceManagerTest, RecordsMessagesAndCountsLines) {
    FakeServiceManager manager;
    manager.listen();
    const auto socket = *manager.take_notify_socket();
    ASSERT_TRUE(socket->send("READY=1\nMAINPID=7"));
    ASSERT_TRUE(socket->send("READY=10"));
    EXPECT_THAT(manager.messages(), ElementsAre("READY=1\nMAINPID=7", "READY=10"));
    EXPECT_EQ(manager.count("READY=1"), 1U);
    EXPECT_EQ(manager.count("MAINPID=7"), 1U);
    manager.forget();
    EXPECT_THAT(manager.messages(), IsEmpty());
}

TEST(FakeServiceManagerTest, FailsOnDemand) {
    FakeServiceManager manager;
    manager.listen();
    const auto socket = *manager.take_notify_socket();
    manager.failures().fail_next("send", ECONNREFUSED);
    manager.failures().fail_next("take_notify_socket", EMFILE);
    manager.failures().fail_next("take_listen_sockets", EINVAL);
    EXPECT_EQ(socket->send("READY=1").error().errno_value, ECONNREFUSED);
    EXPECT_EQ(manager.take_notify_socket().error().errno_value, EMFILE);
    EXPECT_EQ(manager.take_listen_sockets().error().errno_value, EINVAL);
}

}  // namespace
}  // namespace servicekit::mocks
