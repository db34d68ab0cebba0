#include "servicekit/mocks/fake_process.hpp"

#include <cerrno>
#include <utility>

namespace servicekit::mocks {

Result<pid_t> FakeProcess::fork() {
    if (threads_ > 1)
        return Error{ExitCode::os, "fork", "",
                     std::to_string(threads_) + " threads exist already, and a child would have only one of them"};
    if (const auto failure = failures.due("fork")) return os_error("fork", "", *failure);
    Side side = Side::child;
    if (!sides_.empty()) {
        side = sides_.front();
        sides_.pop_front();
    }
    ++forks_;
    const pid_t child = next_child_++;
    if (side == Side::parent) {
        children_.insert(child);
        return child;
    }
    id_ = child;
    children_.clear();
    return 0;
}

Result<int> FakeProcess::wait_for_child(pid_t child) {
    const std::string object = std::to_string(child);
    if (const auto failure = failures.due("wait_for_child", object))
        return os_error("wait for process", object, *failure);
    if (children_.erase(child) == 0) return os_error("wait for process", object, ECHILD);
    return child_status_;
}

Result<void> FakeProcess::start_session() {
    if (const auto failure = failures.due("start_session")) return os_error("start a session", "", *failure);
    if (group_ == id_) return os_error("start a session", "", EPERM);
    session_ = group_ = id_;
    return {};
}

Result<void> FakeProcess::change_directory(const std::string& path) {
    if (const auto failure = failures.due("change_directory", path))
        return os_error("change to folder", path, *failure);
    directory_ = path;
    return {};
}

Result<std::string> FakeProcess::current_directory() const { return directory_; }

mode_t FakeProcess::set_file_mask(mode_t mask) { return std::exchange(mask_, mask); }

Result<void> FakeProcess::close_other_descriptors(std::span<const int> keep) {
    if (const auto failure = failures.due("close_other_descriptors"))
        return os_error("close descriptors", "", *failure);
    kept_.emplace(keep.begin(), keep.end());
    return {};
}

void FakeProcess::exit_now(int status) {
    exit_status_ = status;
    throw ProcessExited{status};
}

}  // namespace servicekit::mocks
