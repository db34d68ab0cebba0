#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/configuration.hpp"
#include "core/service_core.hpp"
#include "servicekit/mocks/fake_client.hpp"
#include "servicekit/mocks/fake_os.hpp"
#include "servicekit/policies.hpp"
#include "servicekit/service.hpp"

namespace servicekit::testing {

/// A whole service on a fake machine: /run/trial.pid, /run/trial.control, /var/log/trial.log.
class ServiceTest : public ::testing::Test {
protected:
    ServiceTest() {
        options.name = "trial";
        options.version = "1.0";
        options.log_file = log_file;
        options.daemonize = false;
    }

    /// Returns the service. It is made at the first call, with the current `options` and `hooks`.
    ServiceBase& service() {
        if (!service_) service_ = make_service();
        return *service_;
    }
    virtual std::unique_ptr<ServiceBase> make_service() {
        return std::make_unique<Service>(
            options, hooks,
            Service::Policies{.daemon = ForkingDaemon{{}, host.host()},
                              .lock = PidFileLock{{}, host.host()},
                              .log = FileLog{{.delay = std::chrono::milliseconds{0}}, host.host()},
                              .control = UnixSocketControl{{}, host.host()}},
            host.host());
    }

    /// Returns the part of the service that its users do not see.
    ServiceCore& core() { return ServiceCore::of(service()); }

    /// Runs the service from start to end. \returns the exit code, also if the process exited without returning
    int run() {
        try {
            return service().start();
        } catch (const mocks::ProcessExited& exited) {
            return exited.status;
        }
    }

    /// Adds an event of the application.
    void add(const std::string& name, std::function<Reply(Context&)> handler, bool read_only = false) {
        service().events().add({.name = name,
                                .handler = [handler](const Arguments&, Context& context) { return handler(context); },
                                .read_only = read_only});
    }

    /// Queues a step for the next moment at which the service is idle.
    void then(std::function<void()> step) { host.when_idle(std::move(step)); }
    /// Queues a request, and at the next idle moment keeps its reply in `replies`.
    void ask(std::string request) {
        then([this, request = std::move(request)] {
            clients_.push_back(host.sockets.connect(socket, peer));
            clients_.back().send(request);
        });
        then([this] { replies.push_back(clients_.back().receive()); });
    }
    /// Returns what the client of the latest ask() has received.
    std::string receive() { return clients_.back().receive(); }
    /// Replaces the file as an editor does.
    void rewrite(const std::string& path, const std::string& text) {
        host.files.take_away(path);
        host.files.add_file(path, text);
    }
    void raise(int signal) {
        then([this, signal] { host.signals.raise(signal, {.pid = 99, .uid = 0, .gid = 0}); });
    }

    [[nodiscard]] std::string log() { return host.files.content(log_file); }
    [[nodiscard]] std::string errors() const { return host.streams.written(os::Stream::error); }

    /// Checks that nothing of an ended service is left: no lock, no pid, no socket, no signal handlers.
    void expect_all_released() {
        EXPECT_EQ(host.files.exists(pid_file) ? host.files.content(pid_file) : "", "");
        EXPECT_FALSE(host.files.exists(socket));
        EXPECT_FALSE(host.locks.owner(pid_file, os::Look::thorough).value());
        EXPECT_FALSE(host.signals.is_taken());
        for (const int number : {SIGHUP, SIGTERM, SIGABRT, SIGINT, SIGUSR1}) EXPECT_FALSE(host.signals.is_held(number));
    }

    static constexpr auto pid_file = "/run/trial.pid";
    static constexpr auto socket = "/run/trial.control";
    static constexpr auto log_file = "/var/log/trial.log";

    mocks::FakeOs host;
    ServiceOptions options;
    EventHooks hooks;
    Peer peer{.pid = 50, .uid = 0, .gid = 0};
    std::vector<std::string> replies;

private:
    std::vector<mocks::FakeClient> clients_;
    std::unique_ptr<ServiceBase> service_;
};

}  // namespace servicekit::testing
