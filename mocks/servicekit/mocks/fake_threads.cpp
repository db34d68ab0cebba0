#include "servicekit/mocks/fake_threads.hpp"

#include <utility>

#include "servicekit/mocks/process_exited.hpp"

namespace servicekit::mocks {

class FakeThreads::FakeThread final : public os::Thread {
public:
    FakeThread(FakeReactor& reactor, std::function<void()> call)
        : reactor_{&reactor}, call_{std::make_shared<std::function<void()>>(std::move(call))} {
        task_ = reactor_->start_thread([reactor = reactor_, call = call_] {
            const auto once = std::exchange(*call, nullptr);
            if (!once || reactor->is_killed()) return;
            try {
                once();
            } catch (const ProcessExited&) {
                // Its process was killed while it waited.
            }
        });
    }
    ~FakeThread() override { *call_ = nullptr; }
    FakeThread(const FakeThread&) = delete;
    FakeThread& operator=(const FakeThread&) = delete;

    bool wait(std::chrono::milliseconds at_most) noexcept override {
        reactor_->pass();
        return reactor_->run_until([this] { return reactor_->has_ended(task_); }, "who waits for a thread", at_most);
    }

private:
    FakeReactor* reactor_;
    std::shared_ptr<std::function<void()>> call_;
    FakeTask::Id task_ = 0;
};

Result<std::unique_ptr<os::Thread>> FakeThreads::start(const std::string& name, std::function<void()> call) {
    if (const auto failure = failures.due("start", name)) return os_error("start the thread", name, *failure);
    return std::unique_ptr<os::Thread>{std::make_unique<FakeThread>(*reactor_, std::move(call))};
}

}  // namespace servicekit::mocks
