#include "servicekit/os/process.hpp"

#include <dirent.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/parse_number.hpp"
#include "os/proc_file.hpp"
#include "os/streams/flush_stdio.hpp"
#include "os/uninterrupted.hpp"

namespace servicekit::os {
namespace {

// ThreadSanitizer starts a thread of its own and handles that thread across fork.
#if defined(__SANITIZE_THREAD__)
constexpr unsigned threads_of_sanitizer = 1;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
constexpr unsigned threads_of_sanitizer = 1;
#else
constexpr unsigned threads_of_sanitizer = 0;
#endif
#else
constexpr unsigned threads_of_sanitizer = 0;
#endif

/// Calls `call` with the name of each entry of a directory, except hidden ones.
/// \returns false if the directory cannot be read.
bool for_each_entry(const char* directory_path, const std::function<void(std::string_view)>& call) {
    const std::unique_ptr<DIR, int (*)(DIR*)> directory{uninterrupted([&] { return ::opendir(directory_path); }),
                                                        &::closedir};
    if (!directory) return false;
    while (const dirent* entry = ::readdir(directory.get()))
        if (entry->d_name[0] != '.') call(entry->d_name);
    return true;
}

/// Returns true unless the thread is ending. A joined thread may still be listed for an instant (measured).
bool is_alive(std::string_view thread_id) {
    const auto stat = read_proc_file("/proc/self/task/" + std::string{thread_id} + "/stat");
    if (!stat) return false;
    // "4711 (a name with ) or blanks) S ppid pgrp session tty tpgid flags ...", proc(5)
    std::string_view fields = std::string_view{*stat}.substr(stat->rfind(')') + 1);
    for (int skipped = 0; skipped < 6; ++skipped) static_cast<void>(next_word(fields));
    const auto flags = parse_number<unsigned>(next_word(fields)).value_or(0);
    constexpr unsigned is_ending = 0x4;  // PF_EXITING in the kernel's include/linux/sched.h
    return (flags & is_ending) == 0;
}

std::atomic<unsigned> forks_behind_us{0};

/// Returns the arguments as execv(3) takes them.
std::vector<char*> pointers_to(const std::vector<std::string>& arguments) {
    std::vector<char*> pointers;
    for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

class PosixProcess final : public Process {
public:
    PosixProcess() noexcept {
        // Fails if there is no memory: a child is then taken for its parent.
        static_cast<void>(::pthread_atfork(nullptr, nullptr, [] { ++forks_behind_us; }));
    }

    pid_t id() const override { return ::getpid(); }

    uid_t effective_user() const override { return ::geteuid(); }

    [[gnu::hot]] unsigned generation() const noexcept override {
        return forks_behind_us.load(std::memory_order_relaxed);
    }

    unsigned thread_count() const override {
        // Each thread adds a link to the two of any directory. Most processes have one
        // thread, and listing takes ten calls.
        struct stat directory {};
        if (::stat("/proc/self/task", &directory) == 0 && directory.st_nlink == 3) return 1;
        unsigned count = 0;
        for_each_entry("/proc/self/task", [&](std::string_view id) {
            if (is_alive(id)) ++count;
        });
        return count > threads_of_sanitizer ? count - threads_of_sanitizer : 1;
    }

    Result<void> ensure_stack(std::size_t bytes) override {
        pthread_attr_t attributes;
        std::size_t of_threads = 0;
        // A thread gets the stack limit from the program's start, or the default that is set here.
        if (::pthread_getattr_default_np(&attributes) == 0) {
            if (::pthread_attr_getstacksize(&attributes, &of_threads) == 0 && of_threads < 2 * bytes &&
                ::pthread_attr_setstacksize(&attributes, 2 * bytes) == 0)
                ::pthread_setattr_default_np(&attributes);
            ::pthread_attr_destroy(&attributes);
        }
        rlimit limit{};
        if (::getrlimit(RLIMIT_STACK, &limit) != 0) return os_error("find out the limit of", "the stack", errno);
        if (limit.rlim_cur >= bytes) return {};
        if (limit.rlim_max < bytes)
            return Error{ExitCode::os, "start", "",
                         "the stack may have " + std::to_string(limit.rlim_max >> 10U) + " KiB (RLIMIT_STACK), and " +
                             std::to_string(bytes >> 10U) + " KiB are needed"};
        limit.rlim_cur = bytes;
        if (::setrlimit(RLIMIT_STACK, &limit) != 0) return os_error("raise the limit of", "the stack", errno);
        return {};
    }

    Result<pid_t> fork() override {
        if (const unsigned threads = thread_count(); threads > 1)
            return Error{ExitCode::os, "fork", "",
                         std::to_string(threads) + " threads exist already, and a child would have only one of them"};
        flush_stdio();
        const pid_t pid = ::fork();
        if (pid < 0) return os_error("fork", "", errno);
        return pid;
    }

    // Available since Linux 3.4. If prctl() fails, init reaps the orphans.
    void adopt_orphans() noexcept override { ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

    Result<int> wait_for_child(pid_t child) override {
        int status = 0;
        while (::waitpid(child, &status, 0) < 0)
            if (errno != EINTR) return os_error("wait for process", std::to_string(child), errno);
        return status;
    }

    Result<void> start_session() override {
        if (::setsid() < 0) return os_error("start a session", "", errno);
        return {};
    }

    Result<void> change_directory(const std::string& path) override {
        if (::chdir(path.c_str()) != 0) return os_error("change to directory", path, errno);
        return {};
    }

    Result<std::string> current_directory() const override {
        std::error_code failure;
        const std::filesystem::path path = std::filesystem::current_path(failure);
        if (failure) return os_error("find out the working directory", "", failure.value());
        return path.string();
    }

    Result<std::string> program() const override {
        std::error_code failure;
        const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", failure);
        if (failure) return os_error("find out the path of", "this program", failure.value());
        return path.string();
    }

    mode_t set_file_mask(mode_t mask) override { return ::umask(mask); }

    Result<std::vector<std::string>> command_line() const override {
        constexpr const char* path = "/proc/self/cmdline";
        std::ifstream file{path, std::ios::binary};
        std::vector<std::string> arguments;
        for (std::string argument; std::getline(file, argument, '\0');) arguments.push_back(argument);
        if (file.bad() || arguments.empty()) return os_error("read", path, file.is_open() ? EIO : ENOENT);
        return arguments;
    }

    Error execute(const std::vector<std::string>& arguments) override {
        // The resolved path, since the link in /proc would give the process another name.
        const auto path = program();
        if (!path) return path.error();
        const std::vector<char*> pointers = pointers_to(arguments);
        flush_stdio();
        ::execv(path->c_str(), pointers.data());
        return os_error("execute", *path, errno);
    }

    Error execute_other(const std::vector<std::string>& command) override {
        if (command.empty()) return os_error("execute", "", ENOENT);
        const std::vector<char*> pointers = pointers_to(command);
        flush_stdio();
        ::execvp(pointers.front(), pointers.data());
        return os_error("execute", command.front(), errno);
    }

    std::size_t descriptor_limit() const override {
        rlimit limit{};
        constexpr auto none = std::numeric_limits<std::size_t>::max();
        return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? std::size_t{limit.rlim_cur} : none;
    }

    Result<void> kill_after(std::chrono::milliseconds time) override {
        const std::lock_guard guard{killer_mutex_};
        if (killer_of_ != ::getpid()) {
            sigevent death{};
            death.sigev_notify = SIGEV_SIGNAL;
            death.sigev_signo = SIGKILL;
            if (::timer_create(CLOCK_MONOTONIC, &death, &killer_) != 0) return os_error("set a timer", "", errno);
            killer_of_ = ::getpid();
        }
        return set_killer(time) ? Result<void>{} : os_error("set a timer", "", errno);
    }

    void spare() noexcept override {
        const std::lock_guard guard{killer_mutex_};
        // Cannot fail, as the timer exists.
        if (killer_of_ == ::getpid()) static_cast<void>(set_killer({}));
    }

    void exit_now(int status) override { ::_exit(status); }

private:
    [[nodiscard]] bool set_killer(std::chrono::milliseconds time) const noexcept {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
        itimerspec when{};
        when.it_value.tv_sec = seconds.count();
        when.it_value.tv_nsec = std::chrono::nanoseconds{time - seconds}.count();
        return ::timer_settime(killer_, 0, &when, nullptr) == 0;
    }

    std::mutex killer_mutex_;
    timer_t killer_{};
    pid_t killer_of_ = 0;  ///< the process that created it; a child does not inherit it
};

}  // namespace

Process& posix_process() {
    static PosixProcess process;
    return process;
}

}  // namespace servicekit::os
