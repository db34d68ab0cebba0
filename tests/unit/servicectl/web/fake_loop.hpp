#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "servicectl/web/loop.hpp"

namespace servicekit::servicectl::web {

/// A loop that the test turns. Its timers and watches fire when the test says so.
class FakeLoop final : public Loop {
public:
    std::unique_ptr<os::Timer> timer() override { return std::make_unique<FakeTimer>(*this); }
    std::unique_ptr<os::Watch> watch(int) override { return std::make_unique<FakeWatch>(*this); }
    void post(std::function<void()> call) override {
        const std::lock_guard lock{mutex_};
        posted_.push_back(std::move(call));
    }
    Result<void> run(const std::vector<std::string>& command, std::function<void(ProgramResult)> on_end) override {
        commands.push_back(command);
        endings.push_back(std::move(on_end));
        return {};
    }

    /// Calls what was posted.
    void turn() {
        for (;;) {
            std::function<void()> call;
            {
                const std::lock_guard lock{mutex_};
                if (posted_.empty()) return;
                call = std::move(posted_.front());
                posted_.pop_front();
            }
            call();
        }
    }
    /// Calls what waits for timers and descriptors.
    void fire() {
        for (auto& call : std::exchange(waiting_, {}))
            if (*call) std::exchange(*call, nullptr)();
    }

    std::vector<std::vector<std::string>> commands;
    std::vector<std::function<void(ProgramResult)>> endings;

private:
    using Slot = std::shared_ptr<std::function<void()>>;
    Slot wait(std::function<void()> call) {
        waiting_.push_back(std::make_shared<std::function<void()>>(std::move(call)));
        return waiting_.back();
    }
    static void forget(const Slot& slot) {
        if (slot) *slot = nullptr;
    }

    class FakeTimer final : public os::Timer {
    public:
        explicit FakeTimer(FakeLoop& loop) : loop_{loop} {}
        FakeTimer(const FakeTimer&) = delete;
        FakeTimer& operator=(const FakeTimer&) = delete;
        ~FakeTimer() override { forget(slot_); }
        void start(std::chrono::milliseconds, std::function<void()> callback) override {
            forget(slot_);
            slot_ = loop_.wait(std::move(callback));
        }
        void stop() override { forget(slot_); }

    private:
        FakeLoop& loop_;
        Slot slot_;
    };
    class FakeWatch final : public os::Watch {
    public:
        explicit FakeWatch(FakeLoop& loop) : loop_{loop} {}
        FakeWatch(const FakeWatch&) = delete;
        FakeWatch& operator=(const FakeWatch&) = delete;
        ~FakeWatch() override { cancel(); }
        void await_readable(std::function<void()> callback) override {
            forget(readable_);
            readable_ = loop_.wait(std::move(callback));
        }
        void await_writable(std::function<void()> callback) override {
            forget(writable_);
            writable_ = loop_.wait(std::move(callback));
        }
        void cancel() override {
            forget(readable_);
            forget(writable_);
        }

    private:
        FakeLoop& loop_;
        Slot readable_;
        Slot writable_;
    };

    std::mutex mutex_;
    std::deque<std::function<void()>> posted_;
    std::vector<Slot> waiting_;
};

}  // namespace servicekit::servicectl::web
