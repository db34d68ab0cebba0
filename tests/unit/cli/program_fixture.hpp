#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/program.hpp"
#include "servicekit/core/config_schema.hpp"
#include "servicekit/mocks/fake_interruptible_sleep.hpp"
#include "servicekit/mocks/fake_os.hpp"
#include "servicekit/policy/policy_references.hpp"
#include "unit/cli/scripted_policies.hpp"
#include "unit/client/scripted_service.hpp"

namespace servicekit::cli {

/// A service with the policies of the test.
class ServiceOfPolicies final : public ServiceBase {
public:
    ServiceOfPolicies(ServiceOptions options, EventHooks hooks, std::unique_ptr<PolicyReferences> policies,
                      const os::Host& host)
        : ServiceBase{std::move(options), std::move(hooks), std::move(policies), host} {}
    using ServiceBase::declare_config;
};

/// The program of a service, run with command lines on a machine in memory. The test decides who holds its lock.
class ProgramFixture : public ::testing::Test {
protected:
    static constexpr pid_t running_pid = ScriptedService::pid;
    static constexpr const char* pid_file = "/run/just-another-server.pid";
    static constexpr const char* control_socket = "/run/just-another-server.control";

    ProgramFixture();
    ~ProgramFixture() override;

    /// \returns the exit code of `just-another-server ARGUMENTS...`
    int run(std::vector<std::string> arguments);

    /// Starts an instance: it holds the lock, and its socket answers each event with the entry in `replies`.
    void start_instance();
    /// Ends the instance cleanly.
    void end_instance();
    void after(std::chrono::milliseconds time, std::function<void()> action) {
        timers.push_back(loop.timer());
        timers.back()->start(time, std::move(action));
    }
    void end_instance_after(std::chrono::milliseconds time) {
        after(time, [this] { end_instance(); });
    }

    [[nodiscard]] const std::string& out() const { return host.streams.written(os::Stream::out); }
    [[nodiscard]] const std::string& error() const { return host.streams.written(os::Stream::error); }

    mocks::FakeOs host;
    ScriptedDaemon daemon;
    ScriptedLock lock;
    ScriptedLog log;
    ScriptedControl control;
    Tools tools{.host = host.host()};

    ServiceOptions options{.name = "just-another-server", .version = "1.0"};
    EventHooks hooks;
    std::shared_ptr<const ConfigSchema> own;  ///< the program's own configuration; null if it declares none
    std::vector<ProgramVerb> verbs;           ///< added by the program

    std::string locked_pid_file = pid_file;
    std::optional<Owner> owner;
    std::optional<Error> lock_error;
    bool interrupts = false;

    /// The reply of the instance for each event. It does not answer an event without an entry.
    std::map<std::string, std::string> replies;
    std::function<void(const std::string& event)> on_request = [](const std::string&) {};
    std::optional<ScriptedService> instance;

private:
    std::vector<ScriptedService::Piece> answer(const std::string& request);

    mocks::FakeEventLoop loop{host.reactor};
    std::vector<std::unique_ptr<os::Timer>> timers;
};

}  // namespace servicekit::cli
