#include "core/large_requests.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <stdexcept>
#include <vector>

#include "servicekit/mocks/mock_control.hpp"
#include "unit/core/long_job_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::NiceMock;
using ::testing::SizeIs;

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

TEST_F(LargeRequestsTest, AreLoggedWithoutTheirArguments) {
    start();
    ask(large());
    const std::string bytes = std::to_string(large().size() - 1);
    EXPECT_THAT(log(), HasSubstr("event 'size' asked for by uid 0, pid 50 in a request of " + bytes + " bytes\n"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(LargeRequestsTest, AreRefusedAtAStop) {
    start();
    mocks::FakeClient client = life.connect({.pid = 60, .uid = 0, .gid = 0});
    client.send(large());
    EXPECT_EQ(life.stop(), 0);
    const std::string reply = client.receive();
    EXPECT_THAT(reply, ::testing::EndsWith("}\n"));
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

/// Calls a function when the thread would sleep.
class NoParking final : public os::Parking {
public:
    explicit NoParking(const std::function<void()>& on_park) : on_park_{on_park} {}
    void park() override { on_park_(); }
    bool park_for(std::chrono::milliseconds /*at_most*/) override { return false; }
    void unpark() override {}

private:
    const std::function<void()>& on_park_;
};

class WaitingLargeRequestsTest : public ::testing::Test {
protected:
    WaitingLargeRequestsTest() {
        host_ = os_.host();
        host_.threads = &threads_;
        host_.make_parking = [this] { return std::make_unique<NoParking>(on_park_); };
        loop_ = host_.make_event_loop("control");
        requests_.arm(*loop_);
        EXPECT_TRUE(loop_->start());
    }
    ~WaitingLargeRequestsTest() override {
        requests_.refuse_all();
        loop_->stop();
        requests_.close();
    }
    /// Takes a request. \returns its client
    std::shared_ptr<NiceMock<mocks::MockResponder>> take(const std::string& text = large(), const Peer& peer = owner) {
        auto responder = std::make_shared<NiceMock<mocks::MockResponder>>();
        requests_.take(text, peer, responder);
        return responder;
    }

    static inline const Peer owner{.uid = 0, .role = ControlRole::owner};
    static inline const Peer operating{.uid = 1000, .role = ControlRole::operate};
    static inline const Peer another{.uid = 1001, .role = ControlRole::operate};

    mocks::FakeOs os_;
    LateThreads threads_;
    std::function<void()> on_park_ = [this] { os_.settle(); };
    os::Host host_;
    std::unique_ptr<os::EventLoop> loop_;
    std::vector<std::string> served_;  ///< what became of each, in order
    std::function<void(LargeRequests::Decoded&)> serve_ = [this](LargeRequests::Decoded& decoded) {
        const auto* request = std::get_if<Request>(&decoded.result);
        served_.push_back(std::to_string(decoded.peer.uid) + " " + (request != nullptr ? request->event : "refused"));
    };
    LargeRequests requests_{host_, [this](LargeRequests::Decoded& decoded) { serve_(decoded); }};
};

TEST_F(WaitingLargeRequestsTest, AreRefusedBeforeTheyAreDecoded) {
    take();
    take();
    requests_.refuse_all();
    threads_.begin();
    EXPECT_THAT(served_, ElementsAre("0 refused", "0 refused"));
}

TEST_F(WaitingLargeRequestsTest, AreRefusedOnceAfterTheyAreDecoded) {
    take();
    take();
    on_park_ = [this] {
        EXPECT_THAT(served_, IsEmpty());
        requests_.refuse_all();
    };
    threads_.begin();
    os_.settle();
    EXPECT_THAT(served_, ElementsAre("0 refused", "0 refused"));
}

TEST_F(WaitingLargeRequestsTest, LaterOnesAreDecodedAtOnce) {
    requests_.refuse_all();
    take();
    EXPECT_THAT(served_, ElementsAre("0 size"));
}

TEST_F(WaitingLargeRequestsTest, UsersTakeTurnsAfterTheOwner) {
    take(large("a"), operating);
    take(large("b"), another);
    take(large("c"), owner);
    threads_.begin();
    EXPECT_THAT(served_, ElementsAre("0 c", "1000 a", "1001 b"));
}

TEST_F(WaitingLargeRequestsTest, AreDecodedAtOnceIfAUserHasTooMany) {
    const std::string text = "[\"put\", {\"text\": \"" + std::string(1'000'000, 'x') + "\"}]";
    for (int request = 0; request < 4; ++request) take(text, operating);
    EXPECT_THAT(served_, IsEmpty());
    take(text, operating);
    EXPECT_THAT(served_, ElementsAre("1000 put"));
    for (int request = 0; request < 12; ++request) take(text, owner);
    EXPECT_THAT(served_, SizeIs(1));
    take(text, another);
    take(text, owner);
    EXPECT_THAT(served_, ElementsAre("1000 put", "1001 put", "0 put"));
    threads_.begin();
    EXPECT_THAT(served_, SizeIs(19));
}

TEST_F(WaitingLargeRequestsTest, TheirTimeoutBeginsWhenTheyArrive) {
    std::optional<std::chrono::milliseconds> timeout;
    serve_ = [&](LargeRequests::Decoded& decoded) { timeout = std::get<Request>(decoded.result).timeout; };
    std::string text = large();
    text.replace(text.rfind(']'), 1, R"(, {"timeout": 5}])");
    take(text);
    os_.advance(2s);
    threads_.begin();
    EXPECT_EQ(timeout, 3s);
    take(text);
    os_.advance(7s);
    threads_.begin();
    EXPECT_EQ(timeout, 0s);
}

TEST_F(WaitingLargeRequestsTest, AFailureClosesOnlyTheirConnection) {
    serve_ = [](LargeRequests::Decoded&) { throw std::runtime_error{"no idea"}; };
    const auto client = take();
    EXPECT_CALL(*client, reply_and_close(HasSubstr("no idea")));
    threads_.begin();
}

}  // namespace
}  // namespace servicekit
