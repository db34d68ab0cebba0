#include "servicekit/contract_tests/event_loop_contract.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <future>
#include <map>
#include <memory>

#include "integration/os/loop/socket_pair.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit::contract_tests {
namespace {

using os::test::SocketPair;

class PosixLoopRig {
public:
    static std::unique_ptr<os::EventLoop> make_loop() { return os::make_posix_event_loop("loop"); }
    int open() {
        SocketPair pair;
        pair.fill_here();
        const int descriptor = pair.here.get();
        pairs_.emplace(descriptor, std::move(pair));
        return descriptor;
    }
    void make_readable(int descriptor) { pairs_.at(descriptor).write_there(); }
    void make_writable(int descriptor) { pairs_.at(descriptor).drain_there(); }
    void hang_up(int descriptor) { pairs_.at(descriptor).there.reset(); }
    static void settle(os::EventLoop& loop) {
        const SocketPair last;  // the kernel reports descriptors in the order in which they became ready
        Happening told;
        std::unique_ptr<os::Watch> watch;
        loop.post([&] {
            watch = loop.watch(last.here.get());
            watch->await_readable([&] {
                watch.reset();
                told.happens();
            });
            last.write_there();
        });
        ASSERT_TRUE(wait(told.future()));
    }
    static bool wait(std::future<void>& future) {
        return future.wait_for(std::chrono::minutes{1}) == std::future_status::ready;
    }
    static std::chrono::steady_clock::time_point now() { return std::chrono::steady_clock::now(); }

private:
    std::map<int, SocketPair> pairs_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Posix, EventLoopContract, PosixLoopRig);

}  // namespace
}  // namespace servicekit::contract_tests
