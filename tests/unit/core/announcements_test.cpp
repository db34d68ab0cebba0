#include "core/announcements.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

#include "servicekit/mocks/mock_daemon.hpp"
#include "unit/core/systemd_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::InSequence;
using ::testing::StrictMock;

class AnnouncementsTest : public ::testing::Test {
protected:
    void start() {
        EXPECT_CALL(daemon, status("starting"));
        announcements.begin(daemon);
    }
    void run() {
        start();
        EXPECT_CALL(daemon, status("running"));
        EXPECT_CALL(daemon, ready);
        announcements.ready();
    }

    InSequence in_sequence;
    mocks::FakeClock clock;
    StrictMock<mocks::MockDaemon> daemon;
    std::chrono::milliseconds extension = 25s;
    Announcements announcements{clock, [this] { return extension; }};
};

TEST_F(AnnouncementsTest, SendNothingBeforeTheStart) {
    announcements.say("hello");
    announcements.progress(1, 2, "");
    announcements.stopping("why not");
    announcements.failed(Error{});
}

TEST_F(AnnouncementsTest, TheStatusIsRunningOnceReady) { run(); }

TEST_F(AnnouncementsTest, AReloadIsAnnouncedWithItsEnd) {
    run();
    EXPECT_CALL(daemon, reloading);
    EXPECT_CALL(daemon, status("reloading"));
    EXPECT_CALL(daemon, status("running"));
    EXPECT_CALL(daemon, ready);
    announcements.reloading();
    announcements.reloaded("");
}

TEST_F(AnnouncementsTest, AFailedReloadEndsInReadiness) {
    run();
    EXPECT_CALL(daemon, reloading);
    EXPECT_CALL(daemon, status("reloading"));
    EXPECT_CALL(daemon, status("running; the last reload failed: no port"));
    EXPECT_CALL(daemon, ready);
    announcements.reloading();
    announcements.reloaded("no port");
}

TEST_F(AnnouncementsTest, AReloadThatEndsDuringAStopAnnouncesNoReadiness) {
    run();
    EXPECT_CALL(daemon, reloading);
    EXPECT_CALL(daemon, status("reloading"));
    EXPECT_CALL(daemon, stopping);
    EXPECT_CALL(daemon, status("stopping: SIGTERM"));
    announcements.reloading();
    announcements.stopping("SIGTERM");
    announcements.reloaded("");
}

TEST_F(AnnouncementsTest, AStopIsAnnouncedOnce) {
    run();
    EXPECT_CALL(daemon, stopping);
    EXPECT_CALL(daemon, status("stopping: SIGTERM"));
    announcements.stopping("SIGTERM");
    announcements.stopping("SIGINT");
}

TEST_F(AnnouncementsTest, AStopAtTheMomentOfReadinessKeepsBothMessages) {
    start();
    EXPECT_CALL(daemon, stopping);
    EXPECT_CALL(daemon, status("stopping: SIGTERM"));
    EXPECT_CALL(daemon, ready);
    announcements.stopping("SIGTERM");
    announcements.ready();
}

TEST_F(AnnouncementsTest, TheProgramsStatusLineIsShownWhileItRuns) {
    run();
    EXPECT_CALL(daemon, status("5 connections"));
    announcements.say("5 connections");
    EXPECT_CALL(daemon, reloading);
    EXPECT_CALL(daemon, status("reloading"));
    EXPECT_CALL(daemon, status("5 connections"));
    EXPECT_CALL(daemon, ready);
    announcements.reloading();
    announcements.reloaded("");
}

TEST_F(AnnouncementsTest, ProgressOfAStartRequestsTimeOncePerSecond) {
    start();
    EXPECT_CALL(daemon, status("starting: warming caches (1 of 10)"));
    EXPECT_CALL(daemon, extend(25'000ms));
    for (int i = 1; i <= 5; ++i) announcements.progress(1, 10, "warming caches");

    clock.advance(1s);
    EXPECT_CALL(daemon, status("starting (7)"));
    EXPECT_CALL(daemon, extend(10'000ms));
    extension = 10s;
    announcements.progress(7, 0, "");
}

TEST_F(AnnouncementsTest, ProgressOfAStopRequestsMoreTime) {
    run();
    EXPECT_CALL(daemon, stopping);
    EXPECT_CALL(daemon, status("stopping: SIGTERM"));
    announcements.stopping("SIGTERM");
    EXPECT_CALL(daemon, status("stopping: draining"));
    EXPECT_CALL(daemon, extend(25'000ms));
    announcements.progress(0, 0, "draining");
}

TEST_F(AnnouncementsTest, ProgressThatExtendsNothingRequestsNoTime) {
    start();
    extension = 0s;
    EXPECT_CALL(daemon, status("starting: warming caches"));
    announcements.progress(0, 0, "warming caches");
}

TEST_F(AnnouncementsTest, ProgressOfAnEventIsNotAnnounced) {
    run();
    clock.advance(10s);
    announcements.progress(1, 2, "copying");
}

/// A whole service, and the messages to its daemon policy.
class ServiceAnnouncementsTest : public testing::SystemdServiceTest {
protected:
    /// Returns the messages that the manager gets during the step.
    std::vector<std::string> told_by(std::function<void()> step) {
        then([this] { host.service_manager.forget(); });
        then(std::move(step));
        std::vector<std::string> messages;
        then([&messages, this] { messages = told(); });
        raise(SIGTERM);
        EXPECT_EQ(run(), 0);
        return messages;
    }
};

TEST_F(ServiceAnnouncementsTest, ALifeIsAnnouncedInOrder) {
    raise(SIGTERM);
    EXPECT_EQ(run(), 0);
    EXPECT_THAT(told(), ElementsAre("STATUS=starting", "STATUS=running", "READY=1\nMAINPID=4711", "STOPPING=1",
                                    "STATUS=stopping: SIGTERM from uid 0, pid 99"));
}

TEST_F(ServiceAnnouncementsTest, AReloadBySignalIsAnnounced) {
    const auto messages = told_by([this] { host.signals.raise(SIGHUP, {.pid = 1, .uid = 0, .gid = 0}); });
    EXPECT_THAT(messages, ElementsAre(HasSubstr("RELOADING=1\nMONOTONIC_USEC="), "STATUS=reloading", "STATUS=running",
                                      "READY=1\nMAINPID=4711"));
}

TEST_F(ServiceAnnouncementsTest, AReloadOverTheSocketIsAnnounced) {
    ask(R"(["reload"])");
    raise(SIGTERM);
    EXPECT_EQ(run(), 0);
    EXPECT_EQ(host.service_manager.count("RELOADING=1"), 1U);
    EXPECT_EQ(host.service_manager.count("READY=1"), 2U);
}

TEST_F(ServiceAnnouncementsTest, AReplacedReloadIsAnnounced) {
    service().events().replace("reload", [](const Arguments&, Context&) { return Reply{}; });
    const auto messages = told_by([this] { host.signals.raise(SIGHUP, {.pid = 1, .uid = 0, .gid = 0}); });
    EXPECT_EQ(messages.size(), 4U);
}

TEST_F(ServiceAnnouncementsTest, AReloadThatThrowsEndsInReadinessWithTheReason) {
    hooks.on_reload = [] { throw std::runtime_error("no port"); };
    const auto messages = told_by([this] { host.signals.raise(SIGHUP, {.pid = 1, .uid = 0, .gid = 0}); });
    EXPECT_THAT(messages, ElementsAre(_, _, "STATUS=running; the last reload failed: no port", HasSubstr("READY=1")));
}

TEST_F(ServiceAnnouncementsTest, AKillIsAnnounced) {
    raise(SIGINT);
    EXPECT_EQ(run(), 0);
    EXPECT_EQ(host.service_manager.count("STOPPING=1"), 1U);
    EXPECT_THAT(told().back(), HasSubstr("STATUS=stopping: killed: SIGINT"));
}

TEST_F(ServiceAnnouncementsTest, AFailedStartIsAnnouncedWithItsReason) {
    hooks.on_start = [] { throw std::runtime_error("the port is taken"); };
    EXPECT_EQ(run(), 70);
    EXPECT_EQ(told().back(), "STATUS=cannot start: the port is taken\nEXIT_STATUS=70");
    EXPECT_EQ(host.service_manager.count("READY=1"), 0U);
}

TEST_F(ServiceAnnouncementsTest, AFailedLoadIsAnnouncedWithItsReason) {
    hooks.on_load = [](Settings&) { throw std::runtime_error("no port"); };
    EXPECT_EQ(run(), 78);
    EXPECT_THAT(told(), ElementsAre("STATUS=cannot load the configuration: no port\nEXIT_STATUS=78"));
}

TEST_F(ServiceAnnouncementsTest, ARunningInstanceIsAnnouncedAsTheReason) {
    host.act_as({.pid = 1234, .uid = 0, .gid = 0});
    const auto first = host.locks.try_lock(pid_file, 0644).value();
    host.act_as({.pid = 4711, .uid = 0, .gid = 0});
    EXPECT_EQ(run(), 69);
    EXPECT_THAT(told(), ElementsAre("STATUS=cannot lock '/run/trial.pid': already running (pid 1234)\nEXIT_STATUS=69"));
}

TEST_F(ServiceAnnouncementsTest, AFailedStopIsAnnouncedWithItsReason) {
    hooks.on_stop = [] { throw std::runtime_error("lost it"); };
    raise(SIGTERM);
    EXPECT_EQ(run(), 70);
    EXPECT_EQ(told().back(), "STATUS=cannot stop: lost it\nEXIT_STATUS=70");
}

TEST_F(ServiceAnnouncementsTest, AStopThatTakesTooLongIsAnnounced) {
    hooks.on_stop = [this] { host.reactor.advance(9s); };
    raise(SIGTERM);
    EXPECT_EQ(run(), 70);
    EXPECT_THAT(told().back(), HasSubstr("stopping took longer than 8 s"));
}

TEST_F(ServiceAnnouncementsTest, ABusyLockIsAnnounced) {
    host.locks.failures().fail_next("try_lock", EROFS);
    EXPECT_EQ(run(), 77);
    EXPECT_THAT(told().back(), HasSubstr("ERRNO=30\nEXIT_STATUS=77"));
}

TEST_F(ServiceAnnouncementsTest, ProgressOfASlowStartExtendsTheManagersTimeout) {
    class Slow final : public SystemdService {
    public:
        using SystemdService::SystemdService;
        std::function<void()> between = [] {};

    private:
        void on_start() override {
            for (std::uint64_t done = 0; done < 3; ++done) {
                report_progress(done, 3, "caches");
                between();
            }
        }
    };
    Slow slow{options, hooks, host.host()};
    slow.between = [this] { host.reactor.advance(20s); };
    raise(SIGTERM);

    EXPECT_EQ(slow.run(), 0);
    EXPECT_EQ(host.service_manager.count("EXTEND_TIMEOUT_USEC=30000000"), 3U);
    EXPECT_EQ(host.service_manager.count("STATUS=starting: caches (2 of 3)"), 1U);
}

TEST_F(ServiceAnnouncementsTest, TheProgramsStatusLineIsAnnounced) {
    const auto messages = told_by([this] { service().announce("5 connections"); });
    EXPECT_THAT(messages, ElementsAre("STATUS=5 connections"));
}

TEST_F(ServiceAnnouncementsTest, AnInvalidManagerAddressFailsTheStart) {
    host.service_manager.failures().fail_next("take_notify_socket", EAFNOSUPPORT);
    EXPECT_EQ(run(), 71);
    EXPECT_THAT(errors(), HasSubstr("trial: cannot notify the service manager"));
    expect_all_released();
}

TEST_F(ServiceAnnouncementsTest, TheCauseOfTheEndIsAnErrorInTheJournal) {
    host.service_manager.put_journal_on_stderr();
    hooks.on_start = [] { throw std::runtime_error("the port is taken"); };
    EXPECT_EQ(run(), 70);
    EXPECT_THAT(errors(), HasSubstr("\n<3>trial: cannot start: the port is taken\n"));
}

}  // namespace
}  // namespace servicekit
