#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/tools.hpp"
#include "core/start_record.hpp"
#include "servicectl/servicectl.hpp"
#include "servicekit/mocks/fake_interruptible_sleep.hpp"
#include "servicekit/mocks/fake_os.hpp"
#include "unit/client/scripted_service.hpp"
#include "unit/servicectl/fake_directories.hpp"

namespace servicekit::servicectl {

/// servicectl on a machine in memory, as root. The test makes the services.
class ServicectlFixture : public ::testing::Test {
protected:
    static constexpr uid_t alice = 1000;
    static constexpr uid_t bob = 1001;

    ServicectlFixture() {
        host.users.add_user({.name = "alice", .uid = alice, .gid = alice});
        host.users.add_user({.name = "bob", .uid = bob, .gid = bob});
        tools.make_sleep = [this] { return std::make_unique<mocks::FakeInterruptibleSleep>(host.reactor); };
    }

    /// \returns the exit code of `servicectl ARGUMENTS...`
    int run(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "servicectl");
        return run_servicectl(arguments, tools);
    }
    void act_as(uid_t user) { host.act_as({.pid = host.process.id(), .uid = user, .gid = user}); }
    void add_directory(const std::string& path, uid_t owner, mode_t permissions = 0755) {
        host.files.add_directory(path, permissions);
        host.files.set_owner(path, owner, owner);
    }

    /// Adds a service that holds its lock and answers each request with `reply`; with none if that is empty.
    ScriptedService& serve(const std::string& directory, const std::string& name, const std::string& reply = running,
                           uid_t user = 0) {
        const std::string base = directory + "/" + name;
        host.files.add_file(base + ".pid", std::to_string(ScriptedService::pid) + "\n");
        host.files.set_owner(base + ".pid", user, user);
        host.locks.lock_by(base + ".pid", {.pid = ScriptedService::pid, .uid = user});
        host.processes.add(ScriptedService::pid, user);
        return listen(base + ".control", reply, user);
    }
    /// Adds a socket that answers as for serve().
    ScriptedService& listen(const std::string& socket, const std::string& reply, uid_t user) {
        return listen(
            socket, [reply](const std::string&) { return reply; }, user);
    }
    /// \param reply returns the reply to a request
    ScriptedService& listen(const std::string& socket, std::function<std::string(const std::string&)> reply,
                            uid_t user) {
        const uid_t self = host.process.effective_user();
        act_as(user);
        services.push_back(std::make_unique<ScriptedService>(
            host, socket,
            [reply = std::move(reply)](const std::string& request) -> std::vector<ScriptedService::Piece> {
                const std::string text = reply(request);
                if (text.empty()) return {};
                return {{.text = text + "\n"}};
            }));
        act_as(self);
        return *services.back();
    }
    /// Kills all services. Their files stay.
    void kill_all() { host.process_died(ScriptedService::pid); }

    void add_record(const std::string& directory, const std::string& place, const std::string& name, uid_t owner = 0) {
        StartRecord record;
        record.naming = {.service = name, .program = "/usr/bin/" + name};
        record.started = "2026-11-30T14:00:00.000000Z";
        record.paths.name = name;
        record.paths.run_directory = place;
        record.paths.pid_file = place + "/" + name + ".pid";
        record.paths.control_socket = place + "/" + name + ".control";
        const std::string file = directory + "/" + name + "-0123456789abcdef.json";
        add_directory(directory, owner);
        host.files.add_file(file, to_text(record));
        host.files.set_owner(file, owner, owner);
    }

    [[nodiscard]] const std::string& out() const { return host.streams.written(os::Stream::out); }
    [[nodiscard]] const std::string& error() const { return host.streams.written(os::Stream::error); }

    static constexpr const char* running =
        R"({"pid":7000,"uptime":90061,"name":"web","version":"1.2","state":"running"})";

    mocks::FakeOs host;
    FakeDirectories directories{host.files};
    Tools tools{{.host = host.host()}, &directories, {}};
    std::vector<std::unique_ptr<ScriptedService>> services;
};

}  // namespace servicekit::servicectl
