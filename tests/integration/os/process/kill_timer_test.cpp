#include "servicekit/os/kill_timer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;

/// \returns the status of a child process that makes the call
int status_of(const std::function<int()>& call) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(call());
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return status;
}

/// A cgroup whose processes can be frozen, of either version of the interface.
class FreezableCgroup {
public:
    FreezableCgroup() {
        const std::string name = "/servicekit-test-" + std::to_string(::getpid());
        for (const std::string root : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"})
            if (exists(root + "/cgroup.controllers") && make(root + name, "cgroup.freeze")) return;
        static_cast<void>(make("/sys/fs/cgroup/freezer" + name, "freezer.state"));
    }
    FreezableCgroup(const FreezableCgroup&) = delete;
    FreezableCgroup& operator=(const FreezableCgroup&) = delete;
    ~FreezableCgroup() {
        if (!path_.empty()) ::rmdir(path_.c_str());
    }

    [[nodiscard]] bool is_usable() const { return !path_.empty(); }
    [[nodiscard]] bool add(pid_t pid) const { return write("cgroup.procs", std::to_string(pid)); }
    /// Waits until all processes are frozen, or have ended.
    [[nodiscard]] bool freeze() const {
        if (!write(switch_, is_first_version() ? "FROZEN" : "1")) return false;
        const auto end = std::chrono::steady_clock::now() + 1min;
        while (!is_frozen() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
        return is_frozen();
    }
    [[nodiscard]] bool thaw() const { return write(switch_, is_first_version() ? "THAWED" : "0"); }

private:
    static bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }
    bool make(const std::string& path, const std::string& control) {
        if (::mkdir(path.c_str(), 0755) != 0) return false;
        if (!exists(path + "/" + control)) {
            ::rmdir(path.c_str());
            return false;
        }
        path_ = path;
        switch_ = control;
        return true;
    }
    [[nodiscard]] bool is_first_version() const { return switch_ == "freezer.state"; }
    [[nodiscard]] bool is_frozen() const {
        std::ifstream file{path_ + (is_first_version() ? "/freezer.state" : "/cgroup.events")};
        const std::string text{std::istreambuf_iterator<char>{file}, {}};
        return text.find(is_first_version() ? "FROZEN" : "frozen 1") != std::string::npos;
    }
    [[nodiscard]] bool write(const std::string& file, const std::string& text) const {
        std::ofstream stream{path_ + '/' + file};
        return static_cast<bool>(stream << text << std::flush);
    }

    std::string path_;
    std::string switch_;
};

bool is_killed(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL; }

TEST(PosixKillTimerTest, EndsTheProcessAtItsTime) {
    EXPECT_TRUE(is_killed(status_of([] {
        const auto timer = make_posix_kill_timer();
        if (!timer->kill_at(posix_clock().boot_now() + 1h) || !timer->kill_at(posix_clock().boot_now() + 10ms))
            return 1;
        for (;;) ::pause();
    })));
}

TEST(PosixKillTimerTest, ATimeThatHasPassedEndsTheProcessNow) {
    for (const auto time : {BootClock::time_point{}, posix_clock().boot_now() - 1h}) {
        EXPECT_TRUE(is_killed(status_of([time] {
            const auto timer = make_posix_kill_timer();
            if (!timer->kill_at(time)) return 1;
            for (;;) ::pause();
        })));
    }
}

// In a namespace the clock differs from the monotonic one by an offset, as it does after a suspend.
TEST(PosixKillTimerTest, TheTimeThatAMachineWasSuspendedCounts) {
    constexpr int not_permitted = 77;
    const auto result_of = [](int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); };
    const int result = result_of(status_of([&result_of] {
        if (::unshare(CLONE_NEWTIME) != 0) return not_permitted;
        std::ofstream offsets{"/proc/self/timens_offsets"};
        if (!(offsets << "boottime 100000 0\n" << std::flush)) return not_permitted;
        // The offset counts for children.
        return result_of(status_of([] {
            const auto before = posix_clock().boot_now().time_since_epoch();
            if (before - std::chrono::steady_clock::now().time_since_epoch() < 99'000s) return 1;
            // On another clock this time would be a day away.
            return is_killed(status_of([before] {
                const auto timer = make_posix_kill_timer();
                if (!timer->kill_at(BootClock::time_point{before} + 50ms)) return 2;
                ::alarm(60);
                for (;;) ::pause();
            }))
                       ? 0
                       : 3;
        }));
    }));
    if (result == not_permitted) GTEST_SKIP() << "no namespace with clocks of its own can be made here";
    EXPECT_EQ(result, 0);
}

TEST(PosixKillTimerTest, EndsAStoppedProcess) {
    EXPECT_TRUE(is_killed(status_of([] {
        const auto timer = make_posix_kill_timer();
        if (!timer->kill_at(posix_clock().boot_now() + 50ms)) return 1;
        ::raise(SIGSTOP);
        return 2;
    })));
}

TEST(PosixKillTimerTest, AFrozenProcessRunsNoInstructionAfterItsTime) {
    const FreezableCgroup cgroup;
    if (!cgroup.is_usable()) GTEST_SKIP() << "no cgroup can be made here";
    int lines[2]{};
    ASSERT_EQ(::pipe2(lines, O_CLOEXEC | O_NONBLOCK), 0);
    const auto deadline = posix_clock().boot_now() + 500ms;
    const pid_t child = ::fork();
    if (child == 0) {
        const auto timer = make_posix_kill_timer();
        if (!timer->kill_at(deadline)) ::_exit(1);
        for (;;) {
            static_cast<void>(::write(lines[1], "line\n", 5));
            ::usleep(500);
        }
    }
    ::close(lines[1]);
    ASSERT_TRUE(cgroup.add(child));
    ASSERT_TRUE(cgroup.freeze());
    char buffer[4096];
    while (::read(lines[0], buffer, sizeof buffer) > 0) continue;
    while (posix_clock().boot_now() <= deadline + 100ms) std::this_thread::sleep_for(10ms);
    ASSERT_TRUE(cgroup.thaw());
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(is_killed(status));
    EXPECT_EQ(::read(lines[0], buffer, sizeof buffer), 0) << "it has written after the thaw";
    ::close(lines[0]);
}

TEST(PosixKillTimerTest, TwoTimersDoNotCancelEachOther) {
    EXPECT_TRUE(is_killed(status_of([] {
        const auto one = make_posix_kill_timer();
        const auto other = make_posix_kill_timer();
        if (!one->kill_at(posix_clock().boot_now() + 10ms) || !other->kill_at(posix_clock().boot_now() + 1h)) return 1;
        other->cancel();
        for (;;) ::pause();
    })));
}

TEST(PosixKillTimerTest, ACancelledTimerEndsNothing) {
    const int status = status_of([] {
        const auto timer = make_posix_kill_timer();
        timer->cancel();
        if (!timer->kill_at(posix_clock().boot_now() + 1h)) return 1;
        timer->cancel();
        return 7;
    });
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

TEST(PosixKillTimerTest, AChildDoesNotInheritIt) {
    const int status = status_of([] {
        const auto timer = make_posix_kill_timer();
        if (!timer->kill_at(posix_clock().boot_now() + 1h)) return 1;
        return WEXITSTATUS(status_of([&] {
            timer->cancel();
            return timer->kill_at(posix_clock().boot_now() + 1h) ? 7 : 2;
        }));
    });
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

}  // namespace
}  // namespace servicekit::os
