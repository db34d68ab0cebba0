#include "servicectl/file_wait.hpp"

#include <chrono>

#include "cli/exit_status.hpp"

namespace servicekit::servicectl {

int wait_for_file(const std::string& path, bool test, cli::Console& console, const cli::Tools& tools) {
    // Longest delay until an interruption is noticed.
    constexpr std::chrono::milliseconds slice{100};
    const auto sleep = tools.make_sleep();
    for (;;) {
        const auto owner = tools.host.locks->owner(path, os::Look::thorough);
        if (!owner) return console.fail(owner.error());
        if (!*owner) {
            if (test || console.uses_json()) console.say("'" + path + "' is free", {{"is-held", false}});
            return 0;
        }
        const pid_t pid = (*owner)->pid;
        if (test) {
            Object told{{"is-held", true}};
            if (pid > 0) told.append("pid", pid);
            console.say("'" + path + "' is held by " + (pid > 0 ? "pid " + std::to_string(pid) : "an unknown process"),
                        told);
            return cli::exit_status::held;
        }
        if (pid > 0) static_cast<void>(tools.host.processes->wait_for_end(pid, slice));
        // A process that has ended may have left the lock to a child.
        if (!sleep->sleep_for(slice)) return to_int(ExitCode::timeout);
    }
}

}  // namespace servicekit::servicectl
