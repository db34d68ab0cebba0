#include "servicekit/mocks/fake_threads.hpp"

#include <utility>

#include "servicekit/mocks/fake_event_loop.hpp"

namespace servicekit::mocks {

class FakeThreads::FakeThread final : public os::Thread {
public:
    FakeThread(FakeReactor& reactor, std::function<void()> call)
        : call_{std::make_shared<std::function<void()>>(std::move(call))}, loop_{reactor} {
        loop_.post([call = call_] { make(*call); });
    }

    bool wait(std::chrono::milliseconds /*at_most*/) noexcept override {
        make(*call_);
        return true;
    }

private:
    static void make(std::function<void()>& call) {
        if (const auto once = std::exchange(call, nullptr)) once();
    }

    std::shared_ptr<std::function<void()>> call_;
    FakeEventLoop loop_;
};

Result<std::unique_ptr<os::Thread>> FakeThreads::start(const std::string& name, std::function<void()> call) {
    if (const auto failure = failures.due("start", name)) return os_error("start the thread", name, *failure);
    return std::unique_ptr<os::Thread>{std::make_unique<FakeThread>(*reactor_, std::move(call))};
}

}  // namespace servicekit::mocks
