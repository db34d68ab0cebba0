#include "servicekit/mocks/fake_process_table.hpp"

#include <csignal>
#include <stdexcept>
#include <string>

namespace servicekit::mocks {

std::optional<uid_t> FakeProcessTable::effective_user_of(pid_t pid) const {
    const auto found = processes_.find(pid);
    return found == processes_.end() ? std::nullopt : std::optional{found->second};
}

std::optional<os::ProcessUsage> FakeProcessTable::usage_of(pid_t pid) const {
    return runs(pid) ? std::optional{usage_} : std::nullopt;
}

Result<bool> FakeProcessTable::signal(pid_t pid, int signal_number, const std::function<bool()>& still_meant) {
    if (pid <= 0) throw std::logic_error("a signal to the pid " + std::to_string(pid) + " would hit many processes");
    const std::string object = std::to_string(pid);
    if (const auto failure = failures.due("signal", object)) return os_error("signal process", object, *failure);
    if (!runs(pid) || !still_meant() || !runs(pid)) return false;
    const Sent sent{.pid = pid, .signal_number = signal_number};
    sent_.push_back(sent);
    const bool delivered = deliver_ && deliver_(sent);
    if (signal_number == SIGKILL && !delivered) end(pid);
    if (reaction_) reaction_(sent);
    return true;
}

bool FakeProcessTable::wait_for_end(pid_t pid, std::chrono::milliseconds at_most) {
    if (pid <= 0) return false;
    return reactor_->run_until([this, pid] { return !runs(pid); }, "one who watches process " + std::to_string(pid),
                               at_most);
}

}  // namespace servicekit::mocks
