#include "cli/running_service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <map>

#include "core/layered_settings.hpp"
#include "servicekit/mocks/fake_interruptible_sleep.hpp"
#include "servicekit/mocks/fake_os.hpp"
#include "unit/cli/scripted_policies.hpp"
#include "unit/client/scripted_service.hpp"

namespace servicekit::cli {
namespace {

using namespace std::chrono_literals;
using mocks::FakeProcessTable;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Waited = RunningService::Waited;

constexpr pid_t pid = ScriptedService::pid;

Paths places_in(const std::string& directory) {
    return {.name = "x",
            .run_directory = directory,
            .pid_file = directory + "/x.pid",
            .control_socket = directory + "/x.control"};
}

class RunningServiceTest : public ::testing::Test {
protected:
    RunningServiceTest() {
        lock.owner_of = [this](const std::string& asked) -> ScriptedLock::Answer {
            if (blind.contains(asked)) return os_error("open", asked, EACCES);
            const auto found = owners.find(asked);
            return found != owners.end() ? std::optional{found->second} : std::nullopt;
        };
        host.processes.add(pid);
    }

    void serve(const std::string& directory) {
        service.emplace(host, directory + "/x.control",
                        [](const std::string&) { return std::vector<ScriptedService::Piece>{}; });
    }
    [[nodiscard]] Instance found() {
        auto instance = running.find();
        EXPECT_TRUE(instance && instance->has_value());
        return instance && *instance ? **instance : Instance{};
    }

    mocks::FakeOs host;
    ScriptedLock lock;
    LayeredSettings settings;
    Tools tools{.host = host.host()};
    RunningService running{lock, settings, {places_in("/run"), places_in("/tmp/me")}, tools};

    std::map<std::string, Owner> owners;
    std::map<std::string, bool> blind;
    std::optional<ScriptedService> service;
    mocks::FakeInterruptibleSleep sleep{host.reactor};
};

TEST_F(RunningServiceTest, FindsTheFirstHeldLock) {
    owners["/tmp/me/x.pid"] = {.pid = pid, .uid = 0};
    const Instance instance = found();
    EXPECT_EQ(instance.pid, pid);
    EXPECT_EQ(instance.paths.pid_file, "/tmp/me/x.pid");
    EXPECT_EQ(instance.witness, Instance::Witness::lock);
    EXPECT_EQ(instance.in_words(), "pid 7000");
}

TEST_F(RunningServiceTest, FindsNothingWithoutAHeldLockOrServedSocket) {
    const auto instance = running.find();
    ASSERT_TRUE(instance);
    EXPECT_FALSE(instance->has_value());
    EXPECT_EQ(running.tried_in_words(), "'/run/x.pid' or '/tmp/me/x.pid'");
}

TEST_F(RunningServiceTest, NamesTheTriedSocketsIfNothingIsLocked) {
    lock.locks = false;
    EXPECT_EQ(running.tried_in_words(), "'/run/x.control' or '/tmp/me/x.control'");
}

TEST_F(RunningServiceTest, FindsAServiceWithoutALockByItsSocket) {
    serve("/run");
    const Instance instance = found();
    EXPECT_EQ(instance.pid, pid);
    EXPECT_EQ(instance.witness, Instance::Witness::socket);
}

TEST_F(RunningServiceTest, AServiceThatEndsAfterTheProbeIsNotFound) {
    serve("/run");
    for (const int reason : {ENOENT, ECONNREFUSED}) {
        host.sockets.failures().fail_always("connect", reason, "/run/x.control");
        const auto instance = running.find();
        ASSERT_TRUE(instance) << reason;
        EXPECT_FALSE(instance->has_value());
    }
}

TEST_F(RunningServiceTest, DoesNotConnectIfOnlyAServiceManagerListens) {
    host.sockets.listen_for_service("/run/x.control");  // a probe would start the service
    host.sockets.failures().fail_always("probe", EIO, "/run/x.control");
    const auto instance = running.find();
    ASSERT_TRUE(instance);
    EXPECT_FALSE(instance->has_value());
    EXPECT_THAT(running.left_behind(), IsEmpty());
}

TEST_F(RunningServiceTest, AStrangersLockDoesNotCount) {
    host.files.add_directory("/tmp/me", 0777);
    owners["/tmp/me/x.pid"] = {.pid = pid, .uid = 2000};
    EXPECT_EQ(running.find().error().exit_code, ExitCode::permission);
    EXPECT_THAT(running.find().error().message(),
                HasSubstr("cannot trust '/tmp/me/x.pid': it is locked by uid 2000 (pid 7000), who is neither root"));
    owners["/tmp/me/x.pid"].uid = 0;
    EXPECT_EQ(found().pid, pid);
    owners["/tmp/me/x.pid"].uid = std::nullopt;
    EXPECT_EQ(running.find().error().exit_code, ExitCode::permission);
}

TEST_F(RunningServiceTest, TheLocksOwnerIsTrustedInAClosedDirectory) {
    owners["/run/x.pid"] = {.pid = pid, .uid = 2000};
    EXPECT_THAT(found().users, ElementsAre(0, 2000));
    host.files.set_owner("/run", 2000, 2000);
    EXPECT_EQ(running.find().error().exit_code, ExitCode::permission);
    host.users.add_user({.name = "www", .uid = 2000});
    settings.set(setting::user, "www");
    RunningService named{lock, settings, {places_in("/run")}, tools};
    EXPECT_THAT((*named.find())->users, ::testing::Contains(2000));
}

TEST_F(RunningServiceTest, AStrangersLockInADefaultPlaceIsABystander) {
    Paths standard = places_in("/run");
    standard.choice = Paths::Choice::standard;
    RunningService by_default{lock, settings, {standard}, tools};
    host.files.set_permissions("/run", 0777);
    owners["/run/x.pid"] = {.pid = pid, .uid = 2000};
    const auto instance = by_default.find();
    ASSERT_TRUE(instance);
    EXPECT_FALSE(instance->has_value());
    EXPECT_THAT(by_default.bystander(), HasSubstr("'/run/x.pid' is locked by uid 2000"));
}

TEST_F(RunningServiceTest, AStrangersSocketDoesNotCount) {
    host.files.add_directory("/tmp/me", 0777);
    host.act_as({.pid = pid, .uid = 2000, .gid = 2000});
    serve("/tmp/me");
    host.act_as({.pid = 1, .uid = 0, .gid = 0});
    EXPECT_THAT(running.find().error().message(),
                HasSubstr("cannot trust '/tmp/me/x.control': it is served by uid 2000"));
    EXPECT_EQ(running.find().error().errno_value, 0);
}

TEST_F(RunningServiceTest, ALinkThatAStrangerMayHaveMadeIsNotFollowed) {
    serve("/run");
    host.files.add_directory("/tmp/me", 01777);
    host.files.add_link("/tmp/me/x.control", "/run/x.control");
    RunningService misled{lock, settings, {places_in("/tmp/me")}, tools};
    EXPECT_THAT(
        misled.find().error().message(),
        HasSubstr("cannot trust '/tmp/me/x.control': it is a symbolic link in a directory that others can change"));
    host.files.set_permissions("/tmp/me", 0755);
    EXPECT_TRUE((*misled.find()).has_value());
}

TEST_F(RunningServiceTest, TheOverflowUidIsNotTheSameUser) {
    host.act_as({.pid = 1, .uid = 65534, .gid = 65534});
    host.users.set_overflow(65534);
    host.files.set_permissions("/run", 0777);
    owners["/run/x.pid"] = {.pid = pid, .uid = 65534};
    EXPECT_EQ(running.find().error().exit_code, ExitCode::permission);
}

TEST_F(RunningServiceTest, PrefersAHeldLockToAServedSocket) {
    serve("/run");
    owners["/tmp/me/x.pid"] = {.pid = 8000, .uid = 0};
    EXPECT_EQ(found().pid, 8000);
}

TEST_F(RunningServiceTest, AsksTheSocketForAPidThatTheLockDoesNotKnow) {
    owners["/run/x.pid"] = {.pid = 0, .uid = 0};
    EXPECT_EQ(found().pid, 0);
    EXPECT_EQ(found().in_words(), "pid unknown");
    serve("/run");
    EXPECT_EQ(found().pid, pid);
    EXPECT_EQ(found().witness, Instance::Witness::lock);
}

TEST_F(RunningServiceTest, DoesNotMistakeABystanderForAnInstance) {
    owners["/run/x.pid"] = {.pid = 99, .where = "pid 99", .is_instance = false};
    EXPECT_FALSE(running.find()->has_value());
    EXPECT_EQ(running.bystander(), "'/run/x.pid' is locked by pid 99, which is not an instance of it");
}

TEST_F(RunningServiceTest, ReportsAnUnreadableLock) {
    blind["/run/x.pid"] = true;
    EXPECT_EQ(running.find().error().errno_value, EACCES);
    owners["/tmp/me/x.pid"] = {.pid = pid, .uid = 0};
    EXPECT_EQ(found().pid, pid);
}

TEST_F(RunningServiceTest, WithoutALockAForbiddenSocketIsAnError) {
    host.sockets.failures().fail_always("probe", EACCES, "/run/x.control");
    EXPECT_EQ(running.find().error().errno_value, EACCES);
    // A service with a pidfile would hold the lock.
    host.files.add_file("/run/x.pid");
    EXPECT_FALSE(running.find()->has_value());
}

TEST_F(RunningServiceTest, FindsTheLeftoversOfAKilledInstance) {
    EXPECT_THAT(running.left_behind(), IsEmpty());
    host.files.add_file("/run/x.control");
    EXPECT_THAT(running.left_behind(), IsEmpty());
    host.files.add_file("/tmp/me/x.pid", "7000\n");
    serve("/tmp/me");
    EXPECT_THAT(running.left_behind(), ElementsAre("/tmp/me/x.pid", "/tmp/me/x.control"));
}

TEST_F(RunningServiceTest, ASocketBesideAnEmptyPidfileIsNotALeftover) {
    host.files.add_file("/run/x.pid");
    serve("/run");
    EXPECT_THAT(running.left_behind(), IsEmpty());
}

TEST_F(RunningServiceTest, SignalsTheOwnerOfTheLock) {
    owners["/run/x.pid"] = {.pid = pid, .uid = 0};
    const auto sent = running.signal(found(), SIGTERM);
    ASSERT_TRUE(sent);
    EXPECT_TRUE(*sent);
    EXPECT_THAT(host.processes.sent(), ElementsAre(FakeProcessTable::Sent{pid, SIGTERM}));
}

TEST_F(RunningServiceTest, SignalsOnlyAnOwnerThatASecondLookConfirms) {
    owners["/run/x.pid"] = {.pid = pid, .uid = 0};
    const Instance instance = found();
    owners["/run/x.pid"] = {.pid = 8000, .uid = 0};
    EXPECT_FALSE(*running.signal(instance, SIGTERM));
    owners.clear();
    EXPECT_FALSE(*running.signal(instance, SIGTERM));
    owners["/run/x.pid"] = {.pid = pid, .is_instance = false};
    EXPECT_FALSE(*running.signal(instance, SIGTERM));
    EXPECT_THAT(host.processes.sent(), IsEmpty());
}

TEST_F(RunningServiceTest, SignalsNoInvalidPid) {
    for (const pid_t wrong : {0, -1}) {
        owners["/run/x.pid"] = {.pid = wrong, .uid = 0};
        const auto sent = running.signal(found(), SIGKILL);
        ASSERT_FALSE(sent);
        EXPECT_EQ(sent.error().exit_code, ExitCode::timeout);
    }
    EXPECT_THAT(host.processes.sent(), IsEmpty());
}

TEST_F(RunningServiceTest, SignalsNoProcessOfAStranger) {
    owners["/run/x.pid"] = {.pid = pid, .uid = 0};
    host.processes.add(pid, 1000);
    const auto sent = running.signal(found(), SIGTERM);
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().exit_code, ExitCode::permission);
    EXPECT_THAT(sent.error().message(),
                HasSubstr("cannot signal 'pid 7000': it runs as uid 1000, who is neither root"));
    EXPECT_THAT(host.processes.sent(), IsEmpty());
}

TEST_F(RunningServiceTest, SignalsTheOwnerOfALockInAClosedDirectory) {
    owners["/run/x.pid"] = {.pid = pid, .uid = 1000};
    host.processes.add(pid, 1000);
    EXPECT_TRUE(*running.signal(found(), SIGTERM));
}

TEST_F(RunningServiceTest, SignalsTheUserOfTheSettings) {
    host.users.add_user({.name = "www", .uid = 33});
    settings.set(setting::user, "www");
    owners["/run/x.pid"] = {.pid = pid, .uid = 33};
    host.processes.add(pid, 33);
    EXPECT_TRUE(*running.signal(found(), SIGTERM));
    // root started the service, which has not dropped its privileges yet
    host.processes.add(pid, 0);
    EXPECT_TRUE(*running.signal(found(), SIGTERM));
}

TEST_F(RunningServiceTest, WaitsUntilTheLockIsFree) {
    owners["/run/x.pid"] = {.pid = pid, .uid = 0};
    const Instance instance = found();
    host.when_idle([this] {
        owners.clear();
        host.processes.end(pid);
    });
    EXPECT_EQ(*running.wait_for_end(instance, std::nullopt, sleep), Waited::ended);
}

// Its user does not prove who it is, only its socket does; and that is closed before the lock is released.
TEST_F(RunningServiceTest, WaitsForTheOwnerOfTheLockAfterItsSocketIsClosed) {
    host.files.set_permissions("/run", 0777);
    owners["/run/x.pid"] = {.pid = pid, .uid = 1000};
    serve("/run");
    const Instance instance = found();
    service.reset();
    host.when_idle([this] {
        owners.clear();
        host.processes.end(pid);
    });
    const auto waited = running.wait_for_end(instance, std::nullopt, sleep);
    ASSERT_TRUE(waited) << waited.error().message();
    EXPECT_EQ(*waited, Waited::ended);
}

TEST_F(RunningServiceTest, StillWaitsIfTheProcessEndedButTheLockIsHeld) {
    owners["/run/x.pid"] = {.pid = pid, .uid = 0};
    const Instance instance = found();
    host.processes.end(pid);
    host.when_idle([] {});
    host.when_idle([this] { owners.clear(); });
    EXPECT_EQ(*running.wait_for_end(instance, std::nullopt, sleep), Waited::ended);
}

// The kernel closes the files of a process, and with them its lock, before others see that it has ended.
TEST_F(RunningServiceTest, WaitsForTheEndOfTheProcessAfterTheLockIsFree) {
    owners["/run/x.pid"] = {.pid = pid, .uid = 0};
    const Instance instance = found();
    owners.clear();
    host.when_idle([this] { host.processes.end(pid); });
    EXPECT_EQ(*running.wait_for_end(instance, std::nullopt, sleep), Waited::ended);
    EXPECT_FALSE(host.processes.runs(pid));
}

TEST_F(RunningServiceTest, WaitsOnlyASecondForAProgramThatGoesOnWithoutTheService) {
    owners["/run/x.pid"] = {.pid = pid, .uid = 0};
    const Instance instance = found();
    owners.clear();
    const auto begin = host.clock.steady_now();
    EXPECT_EQ(*running.wait_for_end(instance, std::nullopt, sleep), Waited::ended);
    EXPECT_EQ(host.clock.steady_now() - begin, 1s);
    EXPECT_EQ(*running.wait_for_end(instance, host.clock.steady_now() + 300ms, sleep), Waited::ended);
    EXPECT_EQ(host.clock.steady_now() - begin, 1300ms);
}

TEST_F(RunningServiceTest, WaitsNoLongerThanItsLimit) {
    owners["/run/x.pid"] = {.pid = pid, .uid = 0};
    const auto begin = host.clock.steady_now();
    EXPECT_EQ(*running.wait_for_end(found(), begin + 2s, sleep), Waited::still_runs);
    EXPECT_EQ(host.clock.steady_now() - begin, 2s);
    owners["/run/x.pid"] = {.pid = 0, .uid = 0};
    EXPECT_EQ(*running.wait_for_end(found(), begin + 3s, sleep), Waited::still_runs);
    EXPECT_EQ(host.clock.steady_now() - begin, 3s);
}

TEST_F(RunningServiceTest, StopsWaitingIfAnotherInstanceTakesOver) {
    owners["/run/x.pid"] = {.pid = pid, .uid = 0};
    const Instance instance = found();
    owners["/run/x.pid"] = {.pid = 8000, .uid = 0};
    EXPECT_EQ(*running.wait_for_end(instance, std::nullopt, sleep), Waited::replaced);
}

TEST_F(RunningServiceTest, StopsWaitingForTheEndOfTheProcessAtAnInterrupt) {
    owners["/run/x.pid"] = {.pid = pid, .uid = 0};
    const Instance instance = found();
    owners.clear();
    sleep.interrupt();
    EXPECT_EQ(*running.wait_for_end(instance, std::nullopt, sleep), Waited::interrupted);
}

TEST_F(RunningServiceTest, StopsWaitingAtAnInterrupt) {
    owners["/run/x.pid"] = {.pid = pid, .uid = 0};
    sleep.interrupt();
    EXPECT_EQ(*running.wait_for_end(found(), std::nullopt, sleep), Waited::interrupted);
}

}  // namespace
}  // namespace servicekit::cli
