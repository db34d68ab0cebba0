#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "servicekit/os/boost_log.hpp"

namespace servicekit::mocks {

/// A Boost.Log core that a test writes to, and whose output it reads.
class FakeBoostLog final : public os::BoostLog {
public:
    struct Line {
        LogLevel level = LogLevel::info;
        std::string message;
        std::string channel;
    };

    [[nodiscard]] std::unique_ptr<Subscription> subscribe(Wants wants, Take take) override {
        auto made = std::make_unique<FakeSubscription>(*this, std::move(wants), std::move(take));
        subscribers_.push_back(made.get());
        return made;
    }
    void show(const LogRecord& record) noexcept override {
        shown_.push_back({record.level, std::string{record.message}, std::string{record.channel}});
    }

    /// Writes a record like one of Boost's macros.
    void write(LogLevel level, std::string_view message, std::string_view channel = {}) {
        for (const FakeSubscription* subscriber : std::vector{subscribers_})
            if (subscriber->wants(level, channel))
                subscriber->take({.time = {}, .level = level, .message = message, .channel = channel});
    }
    [[nodiscard]] const std::vector<Line>& shown() const noexcept { return shown_; }
    [[nodiscard]] std::size_t subscribers() const noexcept { return subscribers_.size(); }

private:
    struct FakeSubscription final : Subscription {
        FakeSubscription(FakeBoostLog& the_log, Wants the_wants, Take the_take)
            : log{the_log}, wants{std::move(the_wants)}, take{std::move(the_take)} {}
        FakeSubscription(const FakeSubscription&) = delete;
        FakeSubscription& operator=(const FakeSubscription&) = delete;
        ~FakeSubscription() override { std::erase(log.subscribers_, this); }

        FakeBoostLog& log;
        Wants wants;
        Take take;
    };

    std::vector<FakeSubscription*> subscribers_;
    std::vector<Line> shown_;
};

}  // namespace servicekit::mocks
