#include "core/lifecycle.hpp"

#include <stdexcept>
#include <utility>

#include "core/paths.hpp"
#include "unit/core/service_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class LifecycleTest : public testing::ServiceTest {};

TEST_F(LifecycleTest, RunsTheEventsOfALifeInOrder) {
    std::vector<std::string> seen;
    hooks = {.on_load = [&](Settings&) { seen.emplace_back("load"); },
             .on_start = [&] { seen.emplace_back("start"); },
             .on_stop = [&] { seen.emplace_back("stop"); }};
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_EQ(seen, (std::vector<std::string>{"load", "start", "stop"}));
    expect_all_released();
}

TEST_F(LifecycleTest, WhileItRunsItHasLockPidfileAndSocket) {
    then([this] {
        EXPECT_EQ(host.files.content(pid_file), std::to_string(host.process.id()) + "\n");
        EXPECT_EQ(host.locks.owner(pid_file, os::Look::thorough).value()->pid, host.process.id());
        EXPECT_TRUE(host.files.exists(socket));
        EXPECT_EQ(service().state(), ServiceState::running);
    });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
}

TEST_F(LifecycleTest, ALoadThatThrowsIsAConfigurationError) {
    hooks.on_load = [](Settings&) { throw std::runtime_error("no port is set"); };

    EXPECT_EQ(run(), 78);
    EXPECT_THAT(errors(), HasSubstr("trial: cannot load the configuration: no port is set\n"));
    EXPECT_FALSE(host.files.exists(pid_file));
}

TEST_F(LifecycleTest, OnlyLaterLoadsAreReloads) {
    std::vector<std::pair<ServiceState, bool>> seen;
    hooks.on_load = [&](Settings&) { seen.emplace_back(service().state(), service().is_reload()); };

    ASSERT_TRUE(core().load());
    EXPECT_EQ(service().state(), ServiceState::idle);
    raise(SIGHUP);
    then([] {});
    raise(SIGTERM);
    EXPECT_EQ(run(), 0);

    EXPECT_EQ(seen,
              (std::vector<std::pair<ServiceState, bool>>{
                  {ServiceState::loading, false}, {ServiceState::loading, false}, {ServiceState::reloading, true}}));
    EXPECT_FALSE(service().is_reload());
}

TEST_F(LifecycleTest, ALoadOfAVerbMayNotTriggerEvents) {
    std::string code;
    hooks.on_load = [&](Settings&) {
        try {
            (void)service().trigger("status");
        } catch (const CallError& error) {
            code = error.code();
        }
    };

    ASSERT_TRUE(core().load());

    EXPECT_EQ(code, "not-ready");
}

TEST_F(LifecycleTest, AMissingConfigFileIsNamedAsAConfigurationError) {
    options.config = "/etc/missing.json";

    EXPECT_EQ(run(), 78);
    EXPECT_THAT(errors(), HasSubstr("'/etc/missing.json'"));
}

TEST_F(LifecycleTest, TheConfigFileSetsUnsetOptions) {
    host.files.add_file("/etc/trial.json", R"({"run-directory": "/run/elsewhere", "app": {"port": 5}})");
    options.config = "/etc/trial.json";
    int port = 0;
    hooks.on_load = [&](Settings& settings) { port = settings.app().get<int>("port"); };
    then([this] { EXPECT_TRUE(host.files.exists("/run/elsewhere/trial.pid")); });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_EQ(port, 5);
}

TEST_F(LifecycleTest, ASecondInstanceNamesTheRunningOne) {
    host.act_as({.pid = 1234, .uid = 0, .gid = 0});
    auto first = host.locks.try_lock(pid_file, 0644).value();
    host.act_as({.pid = 4711, .uid = 0, .gid = 0});

    EXPECT_EQ(run(), 69);
    EXPECT_THAT(errors(), HasSubstr("trial: cannot lock '/run/trial.pid': already running (pid 1234)\n"));
    EXPECT_EQ(host.process.forks(), 0U);
}

TEST_F(LifecycleTest, APidfileThatCannotBeCreatedFailsTheStart) {
    host.locks.failures().fail_next("try_lock", EROFS);

    EXPECT_EQ(run(), 77);
    EXPECT_THAT(errors(), HasSubstr("cannot lock '/run/trial.pid'"));
    expect_all_released();
}

TEST_F(LifecycleTest, ALogThatCannotBeOpenedReleasesTheLock) {
    host.files.failures.fail_next("open_for_appending", ENOSPC);

    EXPECT_EQ(run(), 73);
    EXPECT_THAT(errors(), HasSubstr("'/var/log/trial.log'"));
    expect_all_released();
}

TEST_F(LifecycleTest, ASocketThatCannotBeBoundReleasesLogAndLock) {
    host.sockets.failures().fail_next("listen", EADDRNOTAVAIL);

    EXPECT_EQ(run(), 73);
    EXPECT_THAT(errors(), HasSubstr("'/run/trial.control'"));
    expect_all_released();
}

TEST_F(LifecycleTest, AStartThatThrowsUndoesEverythingButRunsNoStop) {
    bool stopped = false;
    hooks = {.on_start = [] { throw std::runtime_error("the port is taken"); }, .on_stop = [&] { stopped = true; }};

    EXPECT_EQ(run(), 70);
    EXPECT_THAT(errors(), HasSubstr("trial: cannot start: the port is taken\n"));
    EXPECT_FALSE(stopped);
    expect_all_released();
}

TEST_F(LifecycleTest, AStartThatTakesTooLongEndsWith75) {
    options.start_timeout = 5s;
    hooks.on_start = [this] { host.reactor.advance(6s); };

    run();

    EXPECT_EQ(host.process.exit_status(), 75);
    EXPECT_THAT(errors(), HasSubstr("trial: cannot start: starting took longer than 5 s\n"));
}

/// Handlers that report progress, as a subclass does with ServiceBase::report_progress().
class ProgressTest : public LifecycleTest {
protected:
    /// \pre `options` and `hooks` are final
    int run_with_progress() {
        service().events().add({.name = "step", .handler = [](const Arguments&, Context& context) {
                                    context.progress(0, 0);
                                    return Reply{};
                                }});
        return run();
    }
    void report_progress() { service().trigger("step"); }
};

TEST_F(ProgressTest, LetsAStartTakeLonger) {
    options.start_timeout = 5s;
    hooks.on_start = [this] {
        for (int step = 0; step < 4; ++step) {
            host.reactor.advance(4s);
            report_progress();
        }
        host.reactor.advance(24s);
    };
    raise(SIGTERM);

    EXPECT_EQ(run_with_progress(), 0);
}

TEST_F(ProgressTest, AStartWhoseProgressEndsFailsWith75) {
    options.start_timeout = 5s;
    hooks.on_start = [this] {
        report_progress();
        host.reactor.advance(26s);
    };

    run_with_progress();

    EXPECT_EQ(host.process.exit_status(), 75);
    EXPECT_THAT(errors(), HasSubstr("trial: cannot start: starting took longer than 25 s without progress\n"));
}

TEST_F(ProgressTest, DoesNotExtendAStartBeyondTheMaximum) {
    options.start_timeout = 5s;
    hooks.on_load = [](Settings& settings) { settings.set(setting::extended_timeout, 40s); };
    hooks.on_start = [this] {
        for (int step = 0; step < 20; ++step) {
            report_progress();
            host.reactor.advance(4s);
        }
    };

    run_with_progress();

    EXPECT_EQ(host.process.exit_status(), 75);
    EXPECT_THAT(errors(), HasSubstr("trial: cannot start: starting took longer than 40 s in all\n"));
}

TEST_F(ProgressTest, LetsAStopTakeLonger) {
    options.stop_timeout = 3s;
    std::vector<std::chrono::milliseconds> times;
    hooks.on_stop = [&] {
        for (int step = 0; step < 3; ++step) {
            report_progress();
            times.push_back(host.process.killed_after());
            host.reactor.advance(20s);
        }
    };
    raise(SIGTERM);

    EXPECT_EQ(run_with_progress(), 0);
    EXPECT_EQ(times, (std::vector<std::chrono::milliseconds>{30s, 30s, 30s}));
}

TEST_F(ProgressTest, OfARunningEventDoesNotExtendAStop) {
    options.stop_timeout = 3s;
    service().events().add({.name = "copy", .handler = [this](const Arguments&, Context& context) {
                                host.signals.raise(SIGTERM);
                                host.reactor.run_ready();
                                for (int step = 0; step < 5; ++step) {
                                    context.progress(0, 0);
                                    host.reactor.advance(1s);
                                }
                                return Reply{};
                            }});
    ask(R"(["copy"])");

    run();

    EXPECT_EQ(host.process.exit_status(), 70);
    EXPECT_THAT(log(), HasSubstr("stopping took longer than 3 s; 'copy' still runs"));
}

TEST_F(LifecycleTest, AStopDuringStartEndsItWith75AfterUndoingIt) {
    bool stopped = false;
    bool asked = false;
    hooks = {.on_start =
                 [&] {
                     host.signals.raise(SIGTERM);
                     host.reactor.run_ready();
                     asked = service().state() == ServiceState::starting;
                 },
             .on_stop = [&] { stopped = true; }};

    EXPECT_EQ(run(), 75);
    EXPECT_TRUE(asked);
    EXPECT_TRUE(stopped);
    EXPECT_THAT(errors(), HasSubstr("stopped while starting"));
    expect_all_released();
}

TEST_F(LifecycleTest, AHupDuringStartIsHandledAfterIt) {
    std::vector<std::string> seen;
    hooks = {.on_start =
                 [&] {
                     host.signals.raise(SIGHUP);
                     host.reactor.run_ready();
                     seen.emplace_back("started");
                 },
             .on_reload = [&] { seen.emplace_back("reloaded"); }};
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_EQ(seen, (std::vector<std::string>{"started", "reloaded"}));
}

TEST_F(LifecycleTest, AStopThatThrowsStillReleasesEverything) {
    hooks.on_stop = [] { throw std::runtime_error("lost the connection"); };
    raise(SIGTERM);

    EXPECT_EQ(run(), 70);
    EXPECT_THAT(log(), HasSubstr("lost the connection"));
    expect_all_released();
}

TEST_F(LifecycleTest, AHungStopIsKilledAtItsTimeout) {
    options.stop_timeout = 3s;
    hooks.on_stop = [this] { host.reactor.advance(4s); };
    raise(SIGTERM);

    run();

    EXPECT_EQ(host.process.exit_status(), 70);
    EXPECT_THAT(log(), HasSubstr("stopping took longer than 3 s"));
}

TEST_F(LifecycleTest, ASecondTermChangesNothing) {
    int stops = 0;
    hooks.on_stop = [&] { ++stops; };
    then([this] {
        host.signals.raise(SIGTERM);
        host.signals.raise(SIGTERM);
    });

    EXPECT_EQ(run(), 0);
    EXPECT_EQ(stops, 1);
}

TEST_F(LifecycleTest, IntRunsTheKillEventAndExitsWithoutReturning) {
    std::vector<std::string> seen;
    hooks = {.on_stop = [&] { seen.emplace_back("stop"); }, .on_kill = [&] { seen.emplace_back("kill"); }};
    raise(SIGINT);

    EXPECT_EQ(run(), 0);
    EXPECT_EQ(host.process.exit_status(), 0);
    EXPECT_EQ(seen, std::vector<std::string>{"kill"});
    EXPECT_EQ(host.files.content(pid_file), "");
    EXPECT_FALSE(host.files.exists(socket));
}

TEST_F(LifecycleTest, AStopEndsInTimeWhereverItHangs) {
    options.stop_timeout = 3s;
    std::vector<std::chrono::milliseconds> times;
    hooks.on_stop = [&] { times.push_back(host.process.killed_after()); };
    raise(SIGTERM);
    EXPECT_EQ(run(), 0);
    times.push_back(host.process.killed_after());
    EXPECT_EQ(times, (std::vector<std::chrono::milliseconds>{8s, 0s}));
}

TEST_F(LifecycleTest, AKillEndsInTimeWhereverItHangs) {
    raise(SIGINT);
    run();
    EXPECT_EQ(host.process.killed_after(), 5s);
}

TEST_F(LifecycleTest, AKillEventThatHangsIsAbandonedAfterASecond) {
    hooks.on_kill = [this] { host.reactor.advance(2s); };
    raise(SIGINT);

    run();

    EXPECT_EQ(host.process.exit_status(), 0);
    EXPECT_THAT(log(), HasSubstr("on_kill took longer than 1 s"));
}

TEST_F(LifecycleTest, InTheBackgroundTheParentExitsOnceTheServiceIsReady) {
    options.daemonize = true;
    host.process.follow({mocks::FakeProcess::Side::child, mocks::FakeProcess::Side::child});
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_EQ(host.process.forks(), 2U);
    EXPECT_EQ(host.process.directory(), "/");
    EXPECT_EQ(host.process.file_mask(), 022U);
    EXPECT_FALSE(host.process.leads_session());
    expect_all_released();
}

TEST_F(LifecycleTest, SignalsHeldBeforeTheForkAreDeliveredOnceTaken) {
    hooks.on_start = [this] {
        EXPECT_TRUE(host.signals.is_taken());
        EXPECT_FALSE(host.signals.is_held(SIGHUP));
    };
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_TRUE(host.signals.default_actions().empty());
}

TEST_F(LifecycleTest, WithoutSignalHandlersNoSignalIsTouched) {
    options.with_signal_handlers = false;
    then([this] {
        EXPECT_FALSE(host.signals.is_taken());
        EXPECT_FALSE(host.signals.is_held(SIGTERM));
    });
    ask(R"(["stop"])");

    EXPECT_EQ(run(), 0);
}

TEST_F(LifecycleTest, WithoutControlServerThereIsNoSocket) {
    options.with_control_server = false;
    then([this] { EXPECT_FALSE(host.files.exists(socket)); });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
}

TEST_F(LifecycleTest, AnUnknownUserIsAConfigurationError) {
    core().configuration().to_fill().set(setting::user, "nosuchuser");

    EXPECT_EQ(run(), 78);
    EXPECT_THAT(errors(), HasSubstr("there is no such user"));
    expect_all_released();
}

TEST_F(LifecycleTest, APrivateRunDirectoryOfAnotherUserIsRefused) {
    host.act_as({.pid = 4711, .uid = 1000, .gid = 1000});
    host.files.add_directory("/tmp/servicekit-1000", 0700);
    host.files.set_owner("/tmp/servicekit-1000", 1001, 1001);

    EXPECT_EQ(run(), 77);
    EXPECT_THAT(errors(), HasSubstr("belongs to another user"));
}

TEST_F(LifecycleTest, APrivateRunDirectoryThatIsALinkIsRefused) {
    host.act_as({.pid = 4711, .uid = 1000, .gid = 1000});
    host.files.add_link("/tmp/servicekit-1000", "/run");

    EXPECT_EQ(run(), 73);
    EXPECT_THAT(errors(), HasSubstr("it is not a directory"));
}

TEST_F(LifecycleTest, AStopRequestedByTheLoadEndsTheStart) {
    hooks.on_load = [this](Settings&) { service().request_stop(); };

    EXPECT_EQ(run(), 75);
    EXPECT_EQ(errors(), "trial: cannot start: stopped while loading\n");
    EXPECT_FALSE(host.files.exists(pid_file));
}

TEST_F(LifecycleTest, PostedEventsThatCannotRunAreLogged) {
    hooks.on_start = [this] {
        service().post("status");
        service().request_stop();
        host.reactor.run_ready();
    };

    EXPECT_EQ(run(), 75);
    EXPECT_THAT(log(), HasSubstr("event 'status', which the program posted: the service is stopping"));
}

TEST_F(LifecycleTest, TheLogMustNotBeAnotherFileOfTheService) {
    host.files.add_file("/etc/trial.json", "{}");
    options.config = "/etc/trial.json";
    for (const auto& [path, what] :
         {std::pair{pid_file, "the pidfile"}, {socket, "the control socket"}, {"/etc/trial.json", "the config file"}}) {
        options.log_file = path;
        core().set_options(options);
        // A service runs once, so each path is checked without a start.
        const auto paths = resolve_paths(service().settings(), host.host());
        ASSERT_TRUE(paths);
        const auto checked = check_log_file(service().settings(), *paths, host.host());
        ASSERT_FALSE(checked);
        EXPECT_EQ(checked.error().exit_code, ExitCode::configuration);
        EXPECT_EQ(checked.error().message(), "cannot log to '" + std::string{path} + "': it is " + what);
    }

    EXPECT_EQ(run(), 78);
    EXPECT_EQ(host.files.content("/etc/trial.json"), "{}");
}

}  // namespace
}  // namespace servicekit
