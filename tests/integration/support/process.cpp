#include "integration/support/process.hpp"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "integration/support/readable.hpp"

namespace servicekit::test {

Process::Process(pid_t pid) : pid_{pid}, pidfd_{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))} {
    if (!pidfd_ && errno != ESRCH) throw std::system_error{errno, std::generic_category(), "pidfd_open"};
}

bool Process::wait_for_end(std::chrono::milliseconds at_most) const {
    return !pidfd_ || is_readable(pidfd_.get(), at_most);
}

void Process::signal(int number) const {
    if (pidfd_) ::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0);
}

int Process::exit_code() {
    if (exit_code_) return *exit_code_;
    if (!wait_for_end()) throw std::runtime_error{"process " + std::to_string(pid_) + " does not end"};
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0)
        if (errno != EINTR) throw std::system_error{errno, std::generic_category(), "waitpid"};
    exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return *exit_code_;
}

void Process::end() {
    if (exit_code_) return;
    signal(SIGKILL);
    if (!wait_for_end()) throw std::runtime_error{"process " + std::to_string(pid_) + " can't be killed"};
    // If it is a child of another process, that process reaps it.
    int status = 0;
    if (::waitpid(pid_, &status, 0) == pid_) exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : 0;
}

std::optional<ProcessFacts> facts_of(pid_t pid) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
    std::string line;
    if (!std::getline(file, line)) return std::nullopt;
    // The name is in parentheses and may contain any character.
    const auto name_begin = line.find('(') + 1;
    const auto name_end = line.rfind(')');
    if (name_begin == 0 || name_end == std::string::npos) return std::nullopt;
    ProcessFacts facts;
    facts.pid = pid;
    facts.name = line.substr(name_begin, name_end - name_begin);
    pid_t process_group = 0;
    std::istringstream rest{line.substr(name_end + 1)};
    rest >> facts.state >> facts.parent >> process_group >> facts.session;
    return facts;
}

std::string threads_of(pid_t pid) {
    std::string text;
    std::error_code gone;
    for (const auto& thread : std::filesystem::directory_iterator{"/proc/" + std::to_string(pid) + "/task", gone}) {
        const auto facts = facts_of(static_cast<pid_t>(std::stol(thread.path().filename().string())));
        if (!facts) continue;
        text += facts->name + ' ' + facts->state;
        for (const char* file : {"syscall", "wchan"}) {
            std::ifstream stream{thread.path() / file};
            std::string line;
            if (std::getline(stream, line)) text += ' ' + line;
        }
        text += '\n';
    }
    return text;
}

void adopt_orphans() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

std::vector<ProcessFacts> descendants() {
    std::vector<ProcessFacts> others;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
        const std::string name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        if (auto facts = facts_of(static_cast<pid_t>(std::stol(name)))) others.push_back(std::move(*facts));
    }
    std::vector<ProcessFacts> found;
    std::vector<pid_t> parents{::getpid()};
    for (std::size_t i = 0; i < parents.size(); ++i) {
        for (const ProcessFacts& process : others) {
            if (process.parent != parents[i]) continue;
            found.push_back(process);
            parents.push_back(process.pid);
        }
    }
    return found;
}

long kibibytes(pid_t pid, const std::string& key) {
    std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
    for (std::string word; status >> word;)
        if (long value = 0; word == key + ":" && status >> value) return value;
    return -1;
}

}  // namespace servicekit::test
