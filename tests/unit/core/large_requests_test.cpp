#include "core/large_requests.hpp"

#include <algorithm>
#include <cerrno>

#include "servicekit/mocks/mock_control.hpp"
#include "unit/core/long_job_fixture.hpp"

namespace servicekit {
namespace {

using ::testing::_;
using ::testing::HasSubstr;
using ::testing::NiceMock;

/// A request for `size` that is too large for the loop's thread.
std::string large(std::string_view event = "size") {
    return "[\"" + std::string{event} + R"(", {"text": ")" + std::string(LargeRequests::small_request, 'x') + "\"}]\n";
}

class LargeRequestsTest : public testing::LongJobTest {
protected:
    LargeRequestsTest() {
        add({.name = "size", .parameters = {{.name = "text"}}, .handler = [](const Arguments& arguments, Context&) {
                 return Reply{{"size", arguments.get<std::string>("text").size()}};
             }});
    }
    [[nodiscard]] auto started_threads() const {
        return std::ranges::count(os.faults.operations(), "threads.start", &mocks::FakeFaults::Operation::name);
    }
    const Object size{{"size", LargeRequests::small_request}};
};

TEST_F(LargeRequestsTest, AreServedLikeOthers) {
    start();
    EXPECT_EQ(ask(large()), size);
    EXPECT_EQ(code_of(ask(large("sizes"))), "event-not-found");
    EXPECT_EQ(code_of(ask(large("status"))), "bad-argument");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(LargeRequestsTest, HaveAThreadOnlyWhileThereIsOne) {
    start();
    static_cast<void>(ask(R"(["size", {"text": "x"}])"));
    EXPECT_EQ(started_threads(), 0);
    auto first = begin(large());
    auto second = begin(large());
    EXPECT_EQ(next(first), size);
    EXPECT_EQ(next(second), size);
    const auto before = started_threads();
    EXPECT_GE(before, 1);
    EXPECT_EQ(ask(large()), size);
    EXPECT_EQ(started_threads(), before + 1);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(LargeRequestsTest, KeepTheOrderOfTheirConnection) {
    start();
    auto client = begin(large() + "[\"size\", {\"text\": \"x\"}]\n");
    std::string lines;
    os.wait_until([&] {
        lines += client.receive();
        return std::ranges::count(lines, '\n') == 2;
    });
    EXPECT_EQ(lines, to_json(size) + "\n{\"size\":1}\n");
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(LargeRequestsTest, CloseTheConnectionIfTheyAreNotJson) {
    start();
    auto client = begin("[\"size\", {\"text\": \"" + std::string(LargeRequests::small_request, 'x') + "\", oops}]\n");
    EXPECT_EQ(code_of(next(client)), "malformed-request");
    os.wait_until([&] { return client.is_at_end(); });
    EXPECT_TRUE(client.is_at_end());
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(LargeRequestsTest, AreDecodedAtOnceIfThereIsNoThread) {
    start();
    os.threads.failures.fail_next("start", EAGAIN);
    EXPECT_EQ(ask(large()), size);
    EXPECT_EQ(ask(large()), size);
    EXPECT_EQ(life.stop(), 0);
}

/// Threads that do not begin before the test says so.
class LateThreads final : public os::Threads {
public:
    Result<std::unique_ptr<os::Thread>> start(const std::string& /*name*/, std::function<void()> call) override {
        call_ = std::move(call);
        return std::unique_ptr<os::Thread>{std::make_unique<Ended>()};
    }
    void yield() noexcept override {}
    void begin() { call_(); }

private:
    struct Ended final : os::Thread {
        bool wait(std::chrono::milliseconds /*at_most*/) noexcept override { return true; }
    };
    std::function<void()> call_;
};

class WaitingLargeRequestsTest : public ::testing::Test {
protected:
    WaitingLargeRequestsTest() {
        host_ = os_.host();
        host_.threads = &threads_;
        loop_ = host_.make_event_loop("control");
        requests_.arm(*loop_);
        EXPECT_TRUE(loop_->start());
    }
    /// Takes a request. \returns its client
    std::shared_ptr<NiceMock<mocks::MockResponder>> take() {
        auto responder = std::make_shared<NiceMock<mocks::MockResponder>>();
        requests_.take(large(), {}, responder);
        return responder;
    }

    mocks::FakeOs os_;
    LateThreads threads_;
    os::Host host_;
    std::unique_ptr<os::EventLoop> loop_;
    int served_ = 0;
    LargeRequests requests_{host_, [this](LargeRequests::Decoded&) { ++served_; }};
};

TEST_F(WaitingLargeRequestsTest, AreRefusedAtAStop) {
    const auto first = take();
    const auto second = take();
    for (const auto& client : {first, second}) EXPECT_CALL(*client, reply(HasSubstr("not-ready"))).Times(1);
    requests_.refuse_all();
    threads_.begin();
    loop_->stop();
    requests_.close();
    EXPECT_EQ(served_, 0);
}

TEST_F(WaitingLargeRequestsTest, AreServedOnceIfTheyWereDecodedBeforeTheStop) {
    const auto client = take();
    EXPECT_CALL(*client, reply(_)).Times(0);
    threads_.begin();
    requests_.refuse_all();
    loop_->stop();
    requests_.close();
    EXPECT_EQ(served_, 1);
}

TEST_F(WaitingLargeRequestsTest, AreDecodedAtOnceIfTooMuchWaits) {
    const std::size_t most = LargeRequests::most_waiting_bytes / large().size();
    for (std::size_t request = 0; request < most; ++request) take();
    EXPECT_EQ(served_, 0);
    take();
    EXPECT_EQ(served_, 1);
    threads_.begin();
    os_.settle();
    EXPECT_EQ(served_, static_cast<int>(most) + 1);
    requests_.refuse_all();
    loop_->stop();
    requests_.close();
}

TEST_F(WaitingLargeRequestsTest, LaterOnesAreDecodedAtOnce) {
    requests_.refuse_all();
    take();
    EXPECT_EQ(served_, 1);
    requests_.close();
}

}  // namespace
}  // namespace servicekit
