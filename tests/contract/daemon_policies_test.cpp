#include "servicekit/contract_tests/daemon_contract.hpp"
#include "servicekit/mocks/fake_os.hpp"
#include "servicekit/policies/daemon/foreground.hpp"
#include "servicekit/policies/daemon/forking_daemon.hpp"
#include "servicekit/policies/daemon/systemd_notify.hpp"

namespace servicekit::contract_tests {
namespace {

class ForkingDaemonRig {
public:
    using Policy = ForkingDaemon;

    ForkingDaemon make_policy() { return ForkingDaemon{{}, host_.host()}; }
    static Deployment deployment() { return {.name = "trial"}; }

private:
    mocks::FakeOs host_;
};

class ForegroundRig {
public:
    using Policy = Foreground;

    static Foreground make_policy() { return Foreground{}; }
    static Deployment deployment() { return {.name = "trial"}; }
};

class ForegroundAsPidOneRig {
public:
    using Policy = Foreground;

    ForegroundAsPidOneRig() { host_.children.become_first_process(); }
    Foreground make_policy() { return Foreground{{}, host_.host()}; }
    static Deployment deployment() { return {.name = "trial"}; }

private:
    mocks::FakeOs host_;
};

class SystemdNotifyRig {
public:
    using Policy = SystemdNotify;

    SystemdNotify make_policy() {
        host_.service_manager.listen();
        return SystemdNotify{{}, host_.host()};
    }
    static Deployment deployment() { return {.name = "trial"}; }

private:
    mocks::FakeOs host_;
};

using DaemonRigs = ::testing::Types<ForkingDaemonRig, ForegroundRig, ForegroundAsPidOneRig, SystemdNotifyRig>;

INSTANTIATE_TYPED_TEST_SUITE_P(Ours, DaemonContract, DaemonRigs);

}  // namespace
}  // namespace servicekit::contract_tests
