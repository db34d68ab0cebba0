#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "servicekit/contract/control.hpp"
#include "servicekit/contract/daemon.hpp"
#include "servicekit/contract/lock.hpp"
#include "servicekit/contract/log.hpp"

// Policies for tests of the command line, which asks them little: they say what the test says. No mocks of GoogleMock's,
// as those take seconds to compile in each file that sees them.
namespace servicekit::cli {

class ScriptedDaemon final : public contract::Daemon {
public:
    void configure(const contract::Deployment& /*deployment*/) override {}
    [[nodiscard]] bool has_background() const override { return background; }
    [[nodiscard]] bool notifies_manager() const override { return notifies; }
    Result<contract::Role> enter() override {
        ++entered;
        return contract::Role::service;
    }
    void ready() override {}
    void failed(const Error& /*error*/) override {}
    void reloading() override {}
    void stopping() override {}
    void status(std::string_view /*text*/) override {}
    void extend(std::chrono::milliseconds /*time*/) override {}
    [[nodiscard]] std::optional<std::chrono::milliseconds> alive_interval() const override { return std::nullopt; }
    void alive() override {}

    bool background = true;
    bool notifies = false;
    int entered = 0;
};

class ScriptedLock final : public contract::Lock {
public:
    using Answer = Result<std::optional<contract::Owner>>;

    void configure(const contract::Deployment& deployment) override { pid_file_ = deployment.pid_file; }
    Result<contract::Acquisition> acquire(contract::LockWait /*wait*/, const std::stop_token& /*stop*/) override {
        ++acquired;
        return contract::Acquisition{};
    }
    [[nodiscard]] bool held() const override { return false; }
    Answer owner() override { return owner_of(pid_file_); }
    [[nodiscard]] bool tells_owner() const override { return locks; }
    [[nodiscard]] std::optional<std::uint64_t> token() const override { return std::nullopt; }
    [[nodiscard]] Object status_fields() const override { return {}; }
    Result<void> hand_to(uid_t /*uid*/, gid_t /*gid*/) override { return {}; }
    void release() noexcept override {}
    void on_lost(std::function<void(const Error&)> /*callback*/) override {}

    /// Who has the lock of a pidfile.
    std::function<Answer(const std::string& pid_file)> owner_of = [](const std::string&) -> Answer {
        return std::optional<contract::Owner>{};
    };
    int acquired = 0;
    bool locks = true;

private:
    std::string pid_file_;
};

class ScriptedLog final : public contract::Log {
public:
    void configure(const contract::Deployment& /*deployment*/) override {}
    [[nodiscard]] contract::LogPlan plan() const override { return planned; }
    [[nodiscard]] std::vector<std::string> files() const override { return opens; }
    Result<void> open() override { return {}; }
    void write(const contract::LogRecord& /*record*/) noexcept override {}
    Result<void> reopen() override { return {}; }
    void set_level(LogLevel /*level*/) override {}
    Result<void> hand_to(uid_t /*uid*/, gid_t /*gid*/) override { return {}; }
    void close(std::chrono::milliseconds /*at_most*/) noexcept override {}

    contract::LogPlan planned;
    std::vector<std::string> opens;
};

class ScriptedControl final : public contract::Control {
public:
    void configure(const contract::Deployment& /*deployment*/) override {}
    [[nodiscard]] contract::ControlAccess access() const override { return {.permissions = 0600}; }
    Result<void> open(contract::Requests& /*requests*/, os::EventLoop& /*loop*/) override { return {}; }
    [[nodiscard]] std::string endpoint() const override { return {}; }
    [[nodiscard]] Object status_fields() const override { return {}; }
    Result<void> hand_to(uid_t /*uid*/, gid_t /*gid*/) override { return {}; }
    void close() noexcept override {}
};

}  // namespace servicekit::cli
