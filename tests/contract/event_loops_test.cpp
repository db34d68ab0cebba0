#include <chrono>
#include <future>
#include <memory>

#include "servicekit/contract_tests/event_loop_contract.hpp"
#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_event_loop.hpp"
#include "servicekit/mocks/fake_reactor.hpp"

namespace servicekit::contract_tests {
namespace {

using namespace std::chrono_literals;

class FakeLoopRig {
public:
    std::unique_ptr<os::EventLoop> make_loop() { return std::make_unique<mocks::FakeEventLoop>(reactor_); }
    int open() { return reactor_.open("a descriptor"); }
    void make_readable(int descriptor) { reactor_.set_readable(descriptor, true); }
    void make_writable(int descriptor) { reactor_.set_writable(descriptor, true); }
    void hang_up(int descriptor) {
        make_readable(descriptor);
        make_writable(descriptor);
    }
    void settle(os::EventLoop& /*loop*/) { reactor_.run_ready(); }
    bool wait(std::future<void>& future) {
        return reactor_.run_until([&future] { return future.wait_for(0s) == std::future_status::ready; }, "the test",
                                  1min);
    }
    std::chrono::steady_clock::time_point now() { return clock_.steady_now(); }

private:
    mocks::FakeClock clock_;
    mocks::FakeReactor reactor_{clock_};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Fake, EventLoopContract, FakeLoopRig);

}  // namespace
}  // namespace servicekit::contract_tests
