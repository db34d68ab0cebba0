// A service for containers. Its events make children in every way that a program may, and reply with the outcome.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include <servicekit/main.hpp>
#include <servicekit/policies.hpp>
#include <servicekit/service.hpp>

using servicekit::Arguments, servicekit::Context, servicekit::ParameterType, servicekit::Reply;

namespace {

void sleep_for(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>{seconds}); }

/// Waits for a child and replies with its exit code, or with the errno if there is no child to wait for.
Reply status_of_child(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return {{"errno", errno}};
    return {{"exit-code", WEXITSTATUS(status)}};
}

pid_t fork_child(int exit_code) {
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("fork failed");
    if (child == 0) ::_exit(exit_code);
    return child;
}

/// Leaves orphans, like a shell that starts processes in the background.
Reply leave_orphans(const Arguments& arguments, Context&) {
    const auto count = arguments.get<int>("count");
    const pid_t parent = ::fork();
    if (parent < 0) throw std::runtime_error("fork failed");
    if (parent == 0) {
        for (int i = 0; i < count; ++i)
            if (::fork() == 0) {
                sleep_for(0.1);
                ::_exit(0);
            }
        ::_exit(0);
    }
    return status_of_child(parent);
}

Reply run_by_popen(const Arguments& arguments, Context&) {
    std::FILE* const stream = ::popen("exit 3", "r");
    if (stream == nullptr) throw std::runtime_error("popen failed");
    sleep_for(arguments.get<double>("seconds"));
    return {{"exit-code", WEXITSTATUS(::pclose(stream))}};
}

Reply run_by_system(const Arguments&, Context&) { return {{"exit-code", WEXITSTATUS(std::system("exit 4"))}}; }

Reply fork_and_wait(const Arguments& arguments, Context&) {
    const pid_t child = fork_child(5);
    sleep_for(arguments.get<double>("seconds"));
    return status_of_child(child);
}

/// Counts the processes of this namespace except the first one, including those that nobody has waited for.
Reply count_others(const Arguments&, Context&) {
    int count = -1;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc"})
        if (entry.path().filename().string().find_first_not_of("0123456789") == std::string::npos) ++count;
    return {{"others", count}};
}

/// A thread of the program that runs as long as the service and executes its tasks.
class Worker {
public:
    void start() {
        thread_ = std::thread{[this] { work(); }};
    }
    void stop() {
        post([this] { stopping_ = true; });
        thread_.join();
    }
    void post(std::function<void()> task) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return !task_; });
        task_ = std::move(task);
        changed_.notify_all();
        changed_.wait(lock, [this] { return !task_; });
    }

private:
    void work() {
        std::unique_lock lock{mutex_};
        while (!stopping_) {
            changed_.wait(lock, [this] { return static_cast<bool>(task_); });
            task_();
            task_ = nullptr;
            changed_.notify_all();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::function<void()> task_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace

class ContainerTrial final : public servicekit::ContainerService {
public:
    explicit ContainerTrial(servicekit::ServiceOptions options)
        : servicekit::ContainerService{
              std::move(options), {}, {.daemon = servicekit::Foreground{{.orphan_grace = grace()}}}} {
        const servicekit::Parameter seconds{.name = "seconds", .type = ParameterType::number, .default_value = 0};
        const auto add = [this](std::string name, std::string description, servicekit::Handler handler,
                                std::vector<servicekit::Parameter> parameters = {}) {
            events().add({.name = std::move(name),
                          .description = std::move(description),
                          .parameters = std::move(parameters),
                          .handler = std::move(handler)});
        };
        add("orphans", "leaves processes without a parent", leave_orphans,
            {{.name = "count", .type = ParameterType::integer}});
        add("popen", "runs a command by popen(3), and waits for it after a time", run_by_popen, {seconds});
        add("system", "runs a command by system(3)", run_by_system);
        add("fork", "forks, and waits after a time", fork_and_wait, {seconds});
        add("others", "counts the other processes", count_others);
        add("fork-in-thread", "forks in another thread, and waits for it there after a time",
            std::bind_front(&ContainerTrial::fork_in_thread, this), {seconds});
        add("fork-in-short-thread", "forks in a thread that ends, and waits for it elsewhere after a time",
            &ContainerTrial::fork_in_short_thread, {seconds});
        add("sleep", "takes a time",
            [](const Arguments& arguments, Context&) {
                sleep_for(arguments.get<double>("seconds"));
                return Reply{};
            },
            {seconds});
    }

private:
    static std::chrono::milliseconds grace() {
        const char* const given = std::getenv("CONTAINER_TRIAL_GRACE");
        return std::chrono::milliseconds{given != nullptr ? std::atoi(given) : 5000};
    }

    void on_start() override {
        if (settings().app().get<bool>("start-throws", false)) throw std::runtime_error("start throws on purpose");
        worker_.start();
        if (const auto wait = settings().app().get<double>("start-takes", 0); wait > 0) sleep_for(wait);
    }
    void on_stop() override { worker_.stop(); }

    Reply fork_in_thread(const Arguments& arguments, Context&) {
        Reply reply;
        worker_.post([&] {
            const pid_t child = fork_child(6);
            sleep_for(arguments.get<double>("seconds"));
            reply = status_of_child(child);
        });
        return reply;
    }

    static Reply fork_in_short_thread(const Arguments& arguments, Context&) {
        pid_t child = 0;
        std::thread{[&child] { child = fork_child(7); }}.join();
        sleep_for(arguments.get<double>("seconds"));
        return status_of_child(child);
    }

    Worker worker_;
};

int main(int argc, char** argv) {
    return servicekit::service_main<ContainerTrial>(argc, argv, {.name = "container-trial", .version = "1.0"});
}
