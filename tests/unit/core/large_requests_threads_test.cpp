// Large requests with a real thread, for the thread sanitizer.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "core/large_requests.hpp"

namespace servicekit {
namespace {

/// Counts its replies.
class CountedClient final : public Responder {
public:
    explicit CountedClient(std::atomic<int>& replies) : replies_{replies} {}
    bool progress(std::string_view /*line*/) override { return true; }
    Sent send_item(std::string_view /*line*/, std::function<void()> /*on_room*/) override { return Sent::yes; }
    void reply(std::string_view /*line*/) override { ++replies_; }
    void reply_and_close(std::string_view line) override { reply(line); }

private:
    std::atomic<int>& replies_;
};

// Every other life stops while requests wait. Each request gets one reply.
TEST(LargeRequestsThreadsTest, EachIsAnsweredOnce) {
    const os::Host& host = os::posix_host();
    const std::string text = R"(["echo", {"list": [)" + std::string(20'000, '1') + "]}]";
    for (int life = 0; life < 40; ++life) {
        std::atomic<int> replies{0};
        const auto loop = host.make_event_loop("control");
        LargeRequests requests{host, [](LargeRequests::Decoded& decoded) { decoded.responder->reply("{}\n"); }};
        requests.arm(*loop);
        ASSERT_TRUE(loop->start());
        constexpr int count = 50;
        for (int request = 0; request < count; ++request)
            loop->post([&] { requests.take(text, {}, std::make_shared<CountedClient>(replies)); });
        while (life % 2 == 0 && replies < count) std::this_thread::yield();
        std::atomic<bool> is_refused{false};
        loop->post([&] {
            requests.refuse_all();
            is_refused = true;
        });
        while (!is_refused) std::this_thread::yield();
        loop->stop();
        requests.close();
        EXPECT_EQ(replies, count);
    }
}

}  // namespace
}  // namespace servicekit
