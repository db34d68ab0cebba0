#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "servicekit/policy_concepts.hpp"
#include "servicekit/service_shell.hpp"

/// BasicService, for policies of one's own choice.
namespace servicekit {
namespace detail {

// A policy is a plain class; core drives it through an interface. These put one in front of the other.

template <class Policy>
class DaemonDriver final : public contract::Daemon {
public:
    explicit DaemonDriver(Policy policy) : policy_{std::move(policy)} {}
    void configure(const contract::Deployment& deployment) override { policy_.configure(deployment); }
    [[nodiscard]] bool has_background() const override { return policy_.has_background(); }
    [[nodiscard]] bool notifies_manager() const override { return policy_.notifies_manager(); }
    Result<contract::Role> enter() override { return policy_.enter(); }
    Result<void> carry(const std::function<void()>& body) override {
        if constexpr (DaemonHasCarry<Policy>)
            return policy_.carry(body);
        else
            return contract::Daemon::carry(body);
    }
    void logs_to(const std::vector<std::string>& files) override {
        if constexpr (DaemonHasLogsTo<Policy>) policy_.logs_to(files);
    }
    void crashed(std::string_view what) noexcept override {
        if constexpr (DaemonHasCrashed<Policy>) policy_.crashed(what);
    }
    void ready() override { policy_.ready(); }
    void failed(const Error& error) override { policy_.failed(error); }
    void reloading() override { policy_.reloading(); }
    void stopping() override { policy_.stopping(); }
    void status(std::string_view text) override { policy_.status(text); }
    void extend(std::chrono::milliseconds time) override { policy_.extend(time); }
    [[nodiscard]] std::optional<std::chrono::milliseconds> alive_interval() const override {
        return policy_.alive_interval();
    }
    void alive() override { policy_.alive(); }

private:
    Policy policy_;
};

template <class Policy>
class LockDriver final : public contract::Lock {
public:
    explicit LockDriver(Policy policy) : policy_{std::move(policy)} {}
    void configure(const contract::Deployment& deployment) override { policy_.configure(deployment); }
    Result<contract::Acquisition> acquire(contract::LockWait wait, const std::stop_token& stop) override {
        return policy_.acquire(wait, stop);
    }
    [[nodiscard]] bool held() const override { return policy_.held(); }
    Result<std::optional<contract::Owner>> owner() override { return policy_.owner(); }
    [[nodiscard]] bool tells_owner() const override {
        if constexpr (LockHasTellsOwner<Policy>)
            return policy_.tells_owner();
        else
            return contract::Lock::tells_owner();
    }
    [[nodiscard]] std::optional<std::uint64_t> token() const override { return policy_.token(); }
    [[nodiscard]] Object status_fields() const override { return policy_.status_fields(); }
    Result<void> hand_to(uid_t uid, gid_t gid) override { return policy_.hand_to(uid, gid); }
    void release() noexcept override { policy_.release(); }
    void on_lost(std::function<void(const Error&)> callback) override { policy_.on_lost(std::move(callback)); }

private:
    Policy policy_;
};

template <class Policy>
class LogDriver final : public contract::Log {
public:
    explicit LogDriver(Policy policy) : policy_{std::move(policy)} {}
    void configure(const contract::Deployment& deployment) override { policy_.configure(deployment); }
    [[nodiscard]] contract::LogPlan plan() const override {
        if constexpr (LogHasPlan<Policy>)
            return policy_.plan();
        else
            return contract::Log::plan();
    }
    [[nodiscard]] std::vector<std::string> files() const override {
        if constexpr (LogHasFiles<Policy>)
            return policy_.files();
        else
            return contract::Log::files();
    }
    [[nodiscard]] bool drops_lines() const override {
        if constexpr (LogHasDropsLines<Policy>)
            return policy_.drops_lines();
        else
            return contract::Log::drops_lines();
    }
    Result<void> open() override { return policy_.open(); }
    [[nodiscard]] bool works_in_background() const override { return LogHasStart<Policy>; }
    Result<void> start(os::EventLoop& loop) override {
        if constexpr (LogHasStart<Policy>)
            return policy_.start(loop);
        else
            return contract::Log::start(loop);
    }
    void stop() noexcept override {
        if constexpr (LogHasStart<Policy>) policy_.stop();
    }
    void write(const contract::LogRecord& record) noexcept override { policy_.write(record); }
    void flush(std::chrono::milliseconds at_most) override {
        if constexpr (LogHasFlush<Policy>) policy_.flush(at_most);
    }
    Result<void> reopen() override { return policy_.reopen(); }
    void set_level(LogLevel level) override { policy_.set_level(level); }
    [[nodiscard]] contract::StreamUse stream_use() const override {
        if constexpr (LogHasStreamUse<Policy>)
            return policy_.stream_use();
        else
            return contract::Log::stream_use();
    }
    Result<void> hand_to(uid_t uid, gid_t gid) override { return policy_.hand_to(uid, gid); }
    void write_last_words(std::span<const contract::LogRecord> records) noexcept override {
        if constexpr (LogHasLastWords<Policy>) policy_.write_last_words(records);
    }
    void close(std::chrono::milliseconds at_most) noexcept override { policy_.close(at_most); }

private:
    Policy policy_;
};

template <class Policy>
class ControlDriver final : public contract::Control {
public:
    explicit ControlDriver(Policy policy) : policy_{std::move(policy)} {}
    void configure(const contract::Deployment& deployment) override { policy_.configure(deployment); }
    [[nodiscard]] contract::ControlAccess access() const override {
        if constexpr (ControlHasAccess<Policy>)
            return policy_.access();
        else
            return contract::Control::access();
    }
    Result<void> open(contract::Requests& requests, os::EventLoop& loop) override {
        return policy_.open(requests, loop);
    }
    [[nodiscard]] std::string endpoint() const override { return policy_.endpoint(); }
    [[nodiscard]] Object status_fields() const override { return policy_.status_fields(); }
    Result<void> hand_to(uid_t uid, gid_t gid) override { return policy_.hand_to(uid, gid); }
    void close() noexcept override { policy_.close(); }

private:
    Policy policy_;
};

template <class Daemon, class Lock, class Log, class Control>
class PolicyDrivers final : public PolicyOwner {
public:
    explicit PolicyDrivers(PolicySet<Daemon, Lock, Log, Control> policies)
        : daemon_{std::move(policies.daemon)},
          lock_{std::move(policies.lock)},
          log_{std::move(policies.log)},
          control_{std::move(policies.control)} {}

    [[nodiscard]] PolicyReferences references() noexcept override { return {daemon_, lock_, log_, control_}; }

private:
    DaemonDriver<Daemon> daemon_;
    LockDriver<Lock> lock_;
    LogDriver<Log> log_;
    ControlDriver<Control> control_;
};

}  // namespace detail

template <class Daemon, class Lock, class Log, class Control>
BasicService<Daemon, Lock, Log, Control>::BasicService() : BasicService{ServiceOptions{}} {}

template <class Daemon, class Lock, class Log, class Control>
BasicService<Daemon, Lock, Log, Control>::BasicService(ServiceOptions options, EventHooks hooks)
    : BasicService{std::move(options), std::move(hooks), Policies{}} {}

template <class Daemon, class Lock, class Log, class Control>
BasicService<Daemon, Lock, Log, Control>::BasicService(ServiceOptions options, EventHooks hooks, Policies policies)
    : ServiceBase{std::move(options), std::move(hooks)} {
    attach(std::make_unique<detail::PolicyDrivers<Daemon, Lock, Log, Control>>(std::move(policies)));
}

template <class Daemon, class Lock, class Log, class Control>
BasicService<Daemon, Lock, Log, Control>::BasicService(ServiceOptions options, EventHooks hooks, Policies policies,
                                                       const os::Host& host)
    : ServiceBase{std::move(options), std::move(hooks), host} {
    attach(std::make_unique<detail::PolicyDrivers<Daemon, Lock, Log, Control>>(std::move(policies)));
}

}  // namespace servicekit
