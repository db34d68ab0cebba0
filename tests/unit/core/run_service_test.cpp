// The part of a life that runs in the daemon policy.
#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "servicekit/mocks/fake_children.hpp"
#include "servicekit/policies/daemon/foreground.hpp"
#include "servicekit/policies/lock/no_lock.hpp"
#include "servicekit/policies/log/console_log.hpp"
#include "unit/core/service_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Trial = BasicService<Foreground, NoLock, ConsoleLog, UnixSocketControl>;

class RunServiceTest : public ::testing::Test {
protected:
    /// \returns the exit code of a service in a container
    int run() {
        Trial service{{.name = "trial"}, hooks, host.host()};
        return service.run();
    }

    mocks::FakeOs host;
    EventHooks hooks;
};

TEST_F(RunServiceTest, HandlersRunOutsideTheFirstThread) {
    host.children.become_first_process();
    std::vector<std::string> beside;
    const auto note = [&](const char* event) {
        if (host.children.is_beside()) beside.emplace_back(event);
    };
    hooks = {.on_load = [&](Settings&) { note("load"); },
             .on_start = [&] { note("start"); },
             .on_stop = [&] { note("stop"); }};
    host.when_idle([&] {
        note("serve");
        host.signals.raise(SIGTERM);
    });

    EXPECT_EQ(run(), 0);
    EXPECT_THAT(beside, ElementsAre("start", "serve", "stop"));
}

TEST_F(RunServiceTest, OrphansAreReapedWhileTheServiceIsIdle) {
    host.children.become_first_process();
    host.when_idle([&] {
        host.children.end(7);
        host.children.pass(10s);
        EXPECT_THAT(host.children.reaped(), ElementsAre(7));
        host.signals.raise(SIGTERM);
    });

    EXPECT_EQ(run(), 0);
}

TEST_F(RunServiceTest, WithoutAThreadTheStartFails) {
    host.children.become_first_process();
    host.children.failures().fail_next("run_beside", EAGAIN);
    bool started = false;
    hooks.on_start = [&] { started = true; };

    EXPECT_EQ(run(), 71);
    EXPECT_FALSE(started);
    EXPECT_THAT(host.streams.written(os::Stream::error), HasSubstr("trial: cannot start a thread: "));
    EXPECT_FALSE(host.files.exists("/run/trial.control"));
}

}  // namespace
}  // namespace servicekit
