#include "integration/support/service_test.hpp"

#include <chrono>

#include "integration/support/process.hpp"

namespace servicekit::test {
namespace {

using namespace std::chrono_literals;

/// A process that was asked to end may need some time.
constexpr auto last_moments = 5s;

}  // namespace

void ServiceTest::TearDown() {
    // To end a process may leave its children to this process, so one pass may not suffice.
    for (auto left = descendants(); !left.empty(); left = descendants()) {
        for (const ProcessFacts& facts : left) {
            Process process{facts.pid};
            if (!process.wait_for_end(last_moments))
                ADD_FAILURE() << "left behind: " << facts.name << ", pid " << facts.pid << "\n"
                              << threads_of(facts.pid);
            process.end();
        }
    }
}

Outcome ServiceTest::shell(const std::string& line, const Variables& variables) const {
    Command command{.arguments = {"sh", "-c", line}, .variables = variables, .directory = directory.path()};
    command.variables.emplace_back("RUN", run);
    return run_command(command);
}

}  // namespace servicekit::test
