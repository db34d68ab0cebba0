#include "unit/cli/program_fixture.hpp"

namespace servicekit::cli {

ProgramFixture::ProgramFixture() {
    lock.owner_of = [this](const std::string& asked) -> ScriptedLock::Answer {
        if (lock_error) return *lock_error;
        return asked == locked_pid_file ? owner : std::nullopt;
    };
    tools.make_sleep = [this]() -> std::unique_ptr<os::InterruptibleSleep> {
        auto sleep = std::make_unique<mocks::FakeInterruptibleSleep>(host.reactor);
        if (interrupts) sleep->interrupt();
        return sleep;
    };
}

ProgramFixture::~ProgramFixture() = default;

int ProgramFixture::run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "/usr/bin/just-another-server");
    ServiceOfPolicies service{options, hooks, std::make_unique<PolicyReferences>(daemon, lock, log, control),
                              host.host()};
    if (own) service.declare_config(own);
    return run_program(service, arguments, tools, &verbs);
}

void ProgramFixture::start_instance() {
    host.files.add_file(pid_file, std::to_string(running_pid) + "\n");
    host.processes.add(running_pid);
    owner = Owner{.pid = running_pid, .where = "pid 7000", .uid = 0};
    instance.emplace(host, control_socket, [this](const std::string& request) { return answer(request); });
}

void ProgramFixture::end_instance() {
    owner.reset();
    instance.reset();
    host.processes.end(running_pid);
    if (host.files.exists(control_socket)) host.files.take_away(control_socket);
    host.files.take_away(pid_file);
    host.files.add_file(pid_file);
}

std::vector<ScriptedService::Piece> ProgramFixture::answer(const std::string& request) {
    const std::string event = request.substr(2, request.find('"', 2) - 2);
    on_request(event);
    const auto reply = replies.find(event);
    if (reply == replies.end()) return {};
    return {{reply->second + "\n"}};
}

}  // namespace servicekit::cli
