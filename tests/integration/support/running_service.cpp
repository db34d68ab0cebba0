#include "integration/support/running_service.hpp"

#include <csignal>
#include <stdexcept>

#include "integration/support/await.hpp"
#include "servicekit/client.hpp"

namespace servicekit::test {
namespace {

using namespace std::chrono_literals;

pid_t start(const ServiceProgram& program, const Strings& options) {
    Strings arguments{"start"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Outcome started = program.verb(arguments);
    if (started.exit_code != 0)
        throw std::runtime_error{program.program() + " start ended with " + std::to_string(started.exit_code) + ": " +
                                 started.out + started.err};
    const pid_t pid = program.pid_in_file();
    if (pid <= 1) throw std::runtime_error{"no pid in " + program.pid_file()};
    return pid;
}

}  // namespace

RunningService::RunningService(const ServiceProgram& program, const Strings& options)
    : program_{program}, process_{start(program, options)} {}

RunningService::~RunningService() {
    process_.signal(SIGINT);
    static_cast<void>(process_.wait_for_end(3s));
    process_.end();
}

Object RunningService::call(std::string_view event, const Object& arguments) const {
    auto client = Client::connect(program_.control_socket());
    if (!client) throw std::runtime_error{client.error().message()};
    auto reply = client->call(event, arguments, {.timeout = patience});
    if (!reply) throw CallError{reply.error()};
    return std::move(*reply);
}

Object RunningService::call_in_vain(std::string_view event, const Object& arguments) const {
    try {
        static_cast<void>(call(event, arguments));
    } catch (const CallError& error) {
        if (!error.is_reply()) throw;
        return error.fields();
    }
    throw std::runtime_error{std::string{event} + " succeeded"};
}

void RunningService::await_busy(std::string_view event) const {
    await_state(std::string{event} + " runs", [&] {
        const Object status = call("status");
        const Value* busy = status.find("busy");
        return busy != nullptr && *busy->as_object().find("event") == Value{event};
    });
}

void RunningService::await_log(std::string_view text) const { await_text_in(program_.log_file(), text); }

}  // namespace servicekit::test
