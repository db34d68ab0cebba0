#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "servicekit/policy/control_policy.hpp"
#include "servicekit/policy/daemon_policy.hpp"
#include "servicekit/policy/lock_policy.hpp"
#include "servicekit/policy/log_policy.hpp"

// Policies for tests of the command line, which uses them little: the test sets their results. They are not GoogleMock
// classes, because those take seconds to compile in each file that includes them.
namespace servicekit::cli {

class ScriptedDaemon final : public DaemonPolicy {
public:
    [[nodiscard]] bool has_background() const override { return background; }
    [[nodiscard]] bool notifies_manager() const override { return notifies; }
    Result<Role> enter() override {
        ++entered;
        return Role::service;
    }

    bool background = true;
    bool notifies = false;
    int entered = 0;
};

class ScriptedLock final : public LockPolicy {
public:
    using Answer = Result<std::optional<Owner>>;

    void configure(const Deployment& deployment) override { pid_file_ = deployment.pid_file; }
    Result<Acquisition> acquire(LockWait /*wait*/, const std::stop_token& /*stop*/) override {
        if (is_taken_meanwhile) return Acquisition{.state = Acquisition::State::busy};
        ++acquired;
        return Acquisition{};
    }
    Answer owner() override { return owner_of(pid_file_); }
    [[nodiscard]] bool tells_owner() const override { return locks; }
    void release() noexcept override {}
    [[nodiscard]] bool has_standby() const override { return stands_by; }
    [[nodiscard]] ClusterPlan plan() const override { return planned; }

    /// Returns the owner of the lock of a pidfile.
    std::function<Answer(const std::string& pid_file)> owner_of = [](const std::string&) -> Answer {
        return std::optional<Owner>{};
    };
    int acquired = 0;
    bool is_taken_meanwhile = false;
    bool locks = true;
    bool stands_by = false;  ///< the lock has a second level
    ClusterPlan planned;

private:
    std::string pid_file_;
};

class ScriptedLog final : public LogPolicy {
public:
    [[nodiscard]] LogPlan plan() const override { return planned; }
    [[nodiscard]] std::vector<std::string> files() const override { return opens; }
    Result<void> open() override { return {}; }
    void write(const LogRecord& /*record*/) noexcept override {}
    void close(std::chrono::milliseconds /*at_most*/) noexcept override {}

    LogPlan planned;
    std::vector<std::string> opens;
};

class ScriptedControl final : public ControlPolicy {
public:
    [[nodiscard]] ControlAccess access() const override { return {.permissions = 0600}; }
    Result<void> open(Requests& /*requests*/, os::EventLoop& /*loop*/) override { return {}; }
    void close() noexcept override {}
};

}  // namespace servicekit::cli
