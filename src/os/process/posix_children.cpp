#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>

#include "base/attempt.hpp"
#include "base/parse_number.hpp"
#include "os/proc_file.hpp"
#include "os/process/thread_error.hpp"
#include "servicekit/os/children.hpp"

namespace servicekit::os {
namespace {

/// With __WNOTHREAD these calls ignore the children of other threads.
constexpr int of_this_thread = WEXITED | WNOHANG | __WNOTHREAD;

/// \returns an ended child among those that `which` and `id` select, without reaping it; 0 if there is none.
pid_t find_ended(idtype_t which, id_t id) {
    siginfo_t found{};
    if (::waitid(which, id, &found, of_this_thread | WNOWAIT) != 0) return 0;
    return found.si_pid;
}

class PosixChildren final : public Children {
public:
    bool adopts_orphans() const override { return ::getpid() == 1 && ::gettid() == 1; }

    std::vector<pid_t> ended() override {
        const pid_t first = find_ended(P_ALL, 0);
        if (first == 0) return {};
        std::vector<pid_t> all;
        // proc(5): missing if the kernel was built without CONFIG_PROC_CHILDREN. A later call finds a child that the
        // list omits. If /proc shows another pid namespace, its pids are not children of this thread.
        const auto list = read_proc_file("/proc/thread-self/children");
        std::string_view rest = list ? std::string_view{*list} : std::string_view{};
        for (std::string_view word = next_word(rest); !word.empty(); word = next_word(rest)) {
            const auto child = parse_number<pid_t>(word).value_or(0);
            if (child > 0 && find_ended(P_PID, static_cast<id_t>(child)) == child) all.push_back(child);
        }
        if (all.empty()) all.push_back(first);
        return all;
    }

    void reap(pid_t child) override {
        siginfo_t gone{};
        // It does not matter if the child is already gone.
        static_cast<void>(::waitid(P_PID, static_cast<id_t>(child), &gone, of_this_thread));
    }

    Result<void> run_beside(const std::function<void()>& body, std::chrono::milliseconds period,
                            const std::function<void()>& look) override {
        std::mutex mutex;
        std::condition_variable ended;
        bool is_over = false;
        std::thread thread;
        try {
            thread = std::thread{[&] {
                body();
                const std::lock_guard lock{mutex};
                is_over = true;
                ended.notify_one();
            }};
        } catch (const std::system_error& failure) {
            return thread_error("start a thread", "", failure.code().value());
        }
        for (std::unique_lock lock{mutex}; !ended.wait_for(lock, period, [&] { return is_over; });) {
            lock.unlock();
            // If a call lacks memory, the next one makes up for it.
            static_cast<void>(servicekit::attempt(look));
            lock.lock();
        }
        thread.join();
        return {};
    }
};

}  // namespace

Children& posix_children() {
    static PosixChildren children;
    return children;
}

}  // namespace servicekit::os
