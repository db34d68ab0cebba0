#include "servicekit/mocks/fake_process.hpp"

#include <cerrno>
#include <utility>

namespace servicekit::mocks {

Result<pid_t> FakeProcess::fork() {
    State& self = own();
    if (self.threads > 1)
        return Error{ExitCode::os, "fork", "",
                     std::to_string(self.threads) + " threads exist already, and a child would have only one of them"};
    if (const auto failure = failures.due("fork")) return os_error("fork", "", *failure);
    ++self.forks;
    if (FakeTask::current() != 0 && hooks_.fork) return hooks_.fork();

    Side side = Side::child;
    if (!self.sides.empty()) {
        side = self.sides.front();
        self.sides.pop_front();
    }
    const pid_t child = self.next_child++;
    if (side == Side::parent) {
        self.children.insert(child);
        return child;
    }
    become(child);
    return 0;
}

Result<void> FakeProcess::ensure_stack(std::size_t /*bytes*/) {
    if (const auto failure = failures.due("ensure_stack")) return os_error("raise the limit of", "the stack", *failure);
    return {};
}

void FakeProcess::become(pid_t id) {
    own().id = id;
    own().children.clear();
    own().adopts_orphans = false;
}

void FakeProcess::adopt_orphans() noexcept {
    own().adopts_orphans = true;
    if (FakeTask::current() != 0 && hooks_.adopt_orphans) hooks_.adopt_orphans();
}

Result<int> FakeProcess::wait_for_child(pid_t child) {
    const std::string object = std::to_string(child);
    if (const auto failure = failures.due("wait_for_child", object))
        return os_error("wait for process", object, *failure);
    if (FakeTask::current() != 0 && hooks_.wait_for_child) return hooks_.wait_for_child(child);
    if (own().children.erase(child) == 0) return os_error("wait for process", object, ECHILD);
    return own().child_status;
}

Result<void> FakeProcess::start_session() {
    if (const auto failure = failures.due("start_session")) return os_error("start a session", "", *failure);
    State& self = own();
    if (self.group == self.id) return os_error("start a session", "", EPERM);
    self.session = self.group = self.id;
    return {};
}

Result<void> FakeProcess::change_directory(const std::string& path) {
    if (const auto failure = failures.due("change_directory", path))
        return os_error("change to directory", path, *failure);
    own().directory = path;
    return {};
}

Result<std::string> FakeProcess::current_directory() const {
    if (const auto failure = failures.due("current_directory")) return os_error("find the directory", "", *failure);
    return own().directory;
}

mode_t FakeProcess::set_file_mask(mode_t mask) { return std::exchange(own().mask, mask); }

Result<std::vector<std::string>> FakeProcess::command_line() const {
    if (own().command_line.empty()) return os_error("read", "/proc/self/cmdline", ENOENT);
    return own().command_line;
}

Error FakeProcess::execute(const std::vector<std::string>& arguments) {
    if (const auto failure = failures.due("execute")) return os_error("execute", "/usr/bin/service", *failure);
    own().executed = arguments;
    throw os::ProcessExited{0};
}

Error FakeProcess::execute_other(const std::vector<std::string>& command) {
    const std::string program = command.empty() ? std::string{} : command.front();
    if (const auto failure = failures.due("execute", program)) return os_error("execute", program, *failure);
    own().executed = command;
    throw os::ProcessExited{0};
}

Result<void> FakeProcess::kill_after(std::chrono::milliseconds time) {
    if (const auto failure = failures.due("kill_after")) return os_error("set a timer", "", *failure);
    own().killed_after = time;
    return {};
}

void FakeProcess::exit_now(int status) {
    own().exit_status = status;
    if (hooks_.exit) hooks_.exit(status);
    throw ProcessExited{status};
}

}  // namespace servicekit::mocks
