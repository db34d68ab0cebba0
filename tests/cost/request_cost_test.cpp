// What a request costs between the text that was received and the text that is sent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "counted_calls.hpp"
#include "servicekit/base/peer.hpp"
#include "servicekit/basic_service.hpp"
#include "servicekit/mocks/fake_life.hpp"
#include "servicekit/mocks/fake_os.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/policies.hpp"

namespace servicekit {
namespace {

using cost::Cost;
using cost::cost_of;
using ::testing::HasSubstr;

/// What a control policy is given.
struct Opened {
    Requests* requests = nullptr;
    os::EventLoop* loop = nullptr;
};

/// Lets the test make the requests.
class CaptureControl final : public ControlPolicy {
public:
    explicit CaptureControl(Opened* opened = nullptr) : opened_{opened} {}
    Result<void> open(Requests& requests, os::EventLoop& loop) override {
        if (opened_ != nullptr) *opened_ = {&requests, &loop};
        return {};
    }
    void close() noexcept override {}
    [[nodiscard]] bool has_fixed_status() const noexcept override { return true; }

private:
    Opened* opened_;
};

/// Keeps the last reply in memory that it has already.
class LastReply final : public Responder {
public:
    bool progress(std::string_view /*line*/) override { return true; }
    Sent send_item(std::string_view /*line*/, std::function<void()> /*on_room*/) override { return Sent::yes; }
    void reply(std::string_view line) override { text.assign(line); }
    void reply_and_close(std::string_view line) override { reply(line); }

    std::string text = std::string(4096, ' ');
};

using Captured = BasicService<ForkingDaemon, PidFileLock, FileLog, CaptureControl>;

class RequestCostTest : public ::testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(life.start()); }
    void TearDown() override { EXPECT_EQ(life.stop(), 0); }

    /// Makes the request on the control thread.
    Cost ask(std::string_view request) {
        Cost cost{-1, -1};
        opened.loop->post([&] { cost = cost_of([&] { opened.requests->request(request, peer, last); }); });
        os.advance(std::chrono::milliseconds{1});
        return cost;
    }

    mocks::FakeOs os;
    Opened opened;
    mocks::FakeLife life{os, [this] {
                             const os::Host& host = os.host();
                             return std::make_unique<Captured>(ServiceOptions{.name = "trial", .daemonize = false},
                                                               EventHooks{},
                                                               Captured::Policies{.daemon = ForkingDaemon{{}, host},
                                                                                  .lock = PidFileLock{{}, host},
                                                                                  .log = FileLog{{}, host},
                                                                                  .control = CaptureControl{&opened}},
                                                               host);
                         }};
    std::shared_ptr<LastReply> last = std::make_shared<LastReply>();
    const Peer peer{.pid = 50, .uid = 0, .gid = 0, .groups = {0}, .role = ControlRole::owner};
};

TEST_F(RequestCostTest, AStatusAllocatesNothing) {
    // The event thread answers the first one.
    while (last->text.find("running") == std::string::npos) static_cast<void>(ask(R"(["status"])"));
    static_cast<void>(ask(R"(["status"])"));
    for (int time = 0; time < 20; ++time) {
        last->text.clear();
        EXPECT_EQ(ask(R"(["status"])").allocations, 0) << time;
        EXPECT_THAT(last->text, HasSubstr("running"));
    }
}

// A count that is always 0 proves nothing.
TEST_F(RequestCostTest, AListOfEventsAllocates) {
    EXPECT_GT(ask(R"(["events"])").allocations, 0);
    EXPECT_THAT(last->text, HasSubstr("parameters"));
}

}  // namespace
}  // namespace servicekit
