#include "servicekit/contract_tests/control_contract.hpp"
#include "servicekit/mocks/fake_event_loop.hpp"
#include "servicekit/mocks/fake_os.hpp"
#include "servicekit/policies/control/no_control.hpp"
#include "servicekit/policies/control/unix_socket_control.hpp"

namespace servicekit::contract_tests {
namespace {

class UnixSocketControlRig {
public:
    using Policy = UnixSocketControl;
    static constexpr bool is_reachable = true;

    UnixSocketControl make_policy() { return UnixSocketControl{{}, host_.host()}; }
    static Deployment deployment() { return {.name = "trial", .control_socket = "/run/trial.control"}; }
    os::EventLoop& loop() { return loop_; }
    void turn() { host_.reactor.run_ready(); }
    mocks::FakeClient connect() {
        return host_.sockets.connect("/run/trial.control", {.pid = 9000, .uid = 0, .gid = 0});
    }

private:
    mocks::FakeOs host_;
    mocks::FakeEventLoop loop_{host_.reactor};
};

class NoControlRig {
public:
    using Policy = NoControl;
    static constexpr bool is_reachable = false;

    static NoControl make_policy() { return NoControl{}; }
    static Deployment deployment() { return {.name = "trial", .control_socket = "/run/trial.control"}; }
    os::EventLoop& loop() { return loop_; }
    static void turn() {}

private:
    mocks::FakeOs host_;
    mocks::FakeEventLoop loop_{host_.reactor};
};

using ControlRigs = ::testing::Types<UnixSocketControlRig, NoControlRig>;

INSTANTIATE_TYPED_TEST_SUITE_P(Ours, ControlContract, ControlRigs);

}  // namespace
}  // namespace servicekit::contract_tests
