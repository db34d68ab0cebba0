#include "servicekit/mocks/fake_os.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace servicekit::mocks {
namespace {

using namespace std::chrono_literals;

TEST(FakeOsTest, GivesOutTheFakesThatItHolds) {
    FakeOs host;
    const os::Host given = host.host();
    EXPECT_EQ(given.clock, &host.clock);
    EXPECT_EQ(given.environment, &host.environment);
    EXPECT_EQ(given.files, &host.files);
    EXPECT_EQ(given.process, &host.process);
    EXPECT_EQ(given.signals, &host.signals);
    EXPECT_EQ(given.streams, &host.streams);
    EXPECT_EQ(given.users, &host.users);
}

TEST(FakeOsTest, HasTheFoldersOfAMachine) {
    FakeOs host;
    for (const char* folder : {"/etc", "/run", "/var/log"}) EXPECT_EQ(host.files.status_of(folder).permissions, 0755U);
    EXPECT_EQ(host.files.status_of("/tmp").permissions, 01777U);
}

TEST(FakeOsTest, LetsServicesShareTheirLoopsTime) {
    FakeOs host;
    const os::Host given = host.host();
    const auto loop = given.make_event_loop();
    const auto parking = given.make_parking();
    const auto timer = loop->timer();
    const auto begin = host.clock.steady_now();
    timer->start(3s, [&] { parking->unpark(); });
    bool was_idle = false;
    host.when_idle([&] { was_idle = true; });
    parking->park();
    EXPECT_TRUE(was_idle);
    EXPECT_EQ(host.clock.steady_now() - begin, 3s);
}

TEST(FakeOsTest, MakesAllFakesBelieveWhoTheProcessHasBecome) {
    FakeOs host;
    host.users.add_user({.name = "www", .uid = 33, .gid = 33});
    ASSERT_TRUE(host.users.become(host.users.find_user("www").value().value(), 33));
    EXPECT_EQ(host.process.effective_user(), 33U);
    EXPECT_EQ(host.files.open_for_appending("/run/x", 0644).error().errno_value, EACCES);
    EXPECT_EQ(host.locks.try_lock("/run/x.pid", 0644).error().errno_value, EACCES);
    EXPECT_EQ(host.sockets.listen("/run/x.control", {}).error().errno_value, EACCES);
}

TEST(FakeOsTest, LetsAProcessDieWithAllThatItHeld) {
    FakeOs host;
    const pid_t pid = host.process.id();
    host.processes.add(pid);
    const auto lock = std::move(host.locks.try_lock("/run/x.pid", 0644)->lock);
    const auto listener = *host.sockets.listen("/run/x.control", {});
    host.process_died(pid);
    EXPECT_FALSE(host.processes.runs(pid));
    EXPECT_FALSE(host.locks.owner("/run/x.pid").value().has_value());
    EXPECT_EQ(host.sockets.probe("/run/x.control").value(), os::Listening::no);
}

}  // namespace
}  // namespace servicekit::mocks
