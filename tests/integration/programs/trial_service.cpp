// A service that misbehaves on request: events make it misbehave while it runs, and `app` in its configuration in the
// steps of its life.
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <servicekit/configured.hpp>
#include <servicekit/main.hpp>

using servicekit::Arguments, servicekit::Context, servicekit::Parameter, servicekit::ParameterType, servicekit::Reply,
    servicekit::Settings, servicekit::Value;

namespace {

/// Never returns, not even for a stop.
[[noreturn]] void hang() {
    for (;;) ::pause();
}

[[noreturn]] void spin() {
    for (std::atomic<std::uint64_t> turns{0};; ++turns) {
    }
}

Reply sleep_a_while(const Arguments& arguments, Context& context) {
    const std::chrono::duration<double> time{arguments.get<double>("seconds")};
    if (!arguments.get<bool>("heed")) {
        std::this_thread::sleep_for(time);
        return {{"interrupted", false}};
    }
    return {{"interrupted", !context.wait_for(time)}};
}

void wait_for_line(const std::string& path) {
    std::ifstream file{path};
    std::string line;
    std::getline(file, line);
}

void sleep_until_stop(const Context& context) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock{mutex};
    never.wait(lock, context.stop_token(), [] { return false; });
}

Reply throw_something(const Arguments& arguments, Context&) {
    const auto what = arguments.get<std::string>("what");
    if (what == "std") throw std::runtime_error("thrown on purpose");
    if (what == "int") throw 7;
    return {};
}

Reply fork_child(const Arguments&, Context&) {
    const pid_t child = ::fork();
    if (child == 0) hang();
    return {{"pid", child}};
}

// The stream is never closed: pclose(3) would wait for the child.
Reply popen_child(const Arguments&, Context&) {
    std::FILE* const child = ::popen("echo $$; exec sleep 3600", "r");
    std::array<char, 32> line{};
    if (child == nullptr || std::fgets(line.data(), line.size(), child) == nullptr)
        throw std::runtime_error("popen failed");
    return {{"pid", std::strtol(line.data(), nullptr, 10)}};
}

// Any program may do this: it releases all locks that fcntl(2) gave to this process.
Reply touch(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (descriptor < 0) throw std::runtime_error("cannot open " + path);
    ::close(descriptor);
    return {};
}

Reply print(const Arguments& arguments, Context&) {
    const auto text = arguments.get<std::string>("text");
    std::fprintf(stdout, "stdout: %s\n", text.c_str());
    std::fprintf(stderr, "stderr: %s\n", text.c_str());
    std::fflush(stdout);
    return {};
}

Reply write_sigpipe(const Arguments&, Context&) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    ::close(ends[0]);
    const bool written = ::write(ends[1], "x", 1) == 1;
    const int fault = written ? 0 : errno;
    ::close(ends[1]);
    return {{"errno", fault}};
}

Reply read_line(const Arguments& arguments, Context&) {
    std::ifstream file{arguments.get<std::string>("path")};
    std::string line;
    std::getline(file, line);
    return {{"line", line}};
}

Reply write_file(const Arguments& arguments, Context&) {
    const int file = ::open(arguments.get<std::string>("path").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return {{"errno", errno}};
    const bool written = ::write(file, "x", 1) == 1;
    const int fault = written ? 0 : errno;
    ::close(file);
    return {{"errno", fault}};
}

Reply regain_root(const Arguments&, Context&) {
    const auto fault_of = [](int outcome) { return outcome == 0 ? 0 : errno; };
    return {{"setuid", fault_of(::setuid(0))},
            {"seteuid", fault_of(::seteuid(0))},
            {"setresuid", fault_of(::setresuid(0, 0, 0))},
            {"setgid", fault_of(::setgid(0))},
            {"setgroups", fault_of(::setgroups(0, nullptr))}};
}

/// Limits the further growth of the process's memory.
Reply limit_memory(const Arguments& arguments, Context&) {
    std::ifstream file{"/proc/self/statm"};
    rlim_t pages = 0;
    file >> pages;
    const rlim_t bytes = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + arguments.get<rlim_t>("bytes");
    const rlimit limit{.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};
    if (!file || ::setrlimit(RLIMIT_AS, &limit) != 0) throw std::runtime_error("no limit");
    return {};
}

/// Makes epoll_ctl(2) fail in all threads, as it does when the user has no watches left.
Reply deny_epoll(const Arguments&, Context&) {
    std::array<sock_filter, 4> program{{
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_epoll_ctl},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSPC},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    }};
    const sock_fprog filter{program.size(), program.data()};
    const bool is_denied = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                           ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0;
    return {{"denied", is_denied}};
}

Reply tell_progress(const Arguments& arguments, Context& context) {
    const auto steps = arguments.get<std::uint64_t>("steps");
    for (std::uint64_t done = 1; done <= steps; ++done) context.progress(done, steps, "step " + std::to_string(done));
    if (arguments.get<bool>("hang")) sleep_until_stop(context);
    return {{"steps", steps}};
}

/// Returns as many letters as the secret has, so that a test can check that it arrived.
Reply take_secret(const Arguments& arguments, Context&) {
    return {{"letters", arguments.get<std::string>("password").size()}};
}

Reply reply_what_json_has_no_form_for(const Arguments& arguments, Context&) {
    if (arguments.get<std::string>("what") == "bytes") return {{"name", "h\xF6her"}};
    return {{"load", Value::List{0.5, std::nan("")}}};
}

Reply big_reply(const Arguments& arguments, Context&) {
    return {{"text", std::string(arguments.get<std::size_t>("bytes"), 'x')}};
}

}  // namespace

/// Selects what the service does wrong. A value named `..._line` is the path of a FIFO to read a line from.
struct TrialConfig {
    std::string greeting = "hello";
    bool load_throws = false;
    std::string load_waits_for_line;
    std::string load_runs;  ///< a command
    bool start_throws = false;
    bool start_aborts = false;
    bool start_hangs = false;
    std::string start_waits_for_line;
    bool stop_throws = false;
    bool stop_hangs = false;
    bool kill_hangs = false;
    bool kill_throws = false;
    bool status_hangs = false;
    bool status_throws = false;
    std::string run_directory;  ///< set by the load event
    Value table;                ///< makes a large file
};

void describe(servicekit::Schema<TrialConfig>& config) {
    config.add("greeting", &TrialConfig::greeting)
        .add("load-throws", &TrialConfig::load_throws)
        .add("load-waits-for-line", &TrialConfig::load_waits_for_line)
        .add("load-runs", &TrialConfig::load_runs)
        .add("start-throws", &TrialConfig::start_throws)
        .add("start-aborts", &TrialConfig::start_aborts)
        .add("start-hangs", &TrialConfig::start_hangs)
        .add("start-waits-for-line", &TrialConfig::start_waits_for_line)
        .add("stop-throws", &TrialConfig::stop_throws)
        .add("stop-hangs", &TrialConfig::stop_hangs)
        .add("kill-hangs", &TrialConfig::kill_hangs)
        .add("kill-throws", &TrialConfig::kill_throws)
        .add("status-hangs", &TrialConfig::status_hangs)
        .add("status-throws", &TrialConfig::status_throws)
        .add("run-directory", &TrialConfig::run_directory)
        .add("table", &TrialConfig::table);
}

class TrialService final : public servicekit::Configured<TrialConfig> {
public:
    TrialService() {
        const Parameter text{.name = "text", .description = "any text"};
        const auto add = [this](std::string name, std::string description, servicekit::Handler handler,
                                std::vector<Parameter> parameters = {}) {
            events().add({.name = std::move(name),
                          .description = std::move(description),
                          .parameters = std::move(parameters),
                          .handler = std::move(handler)});
        };
        // The load event then runs in the process that becomes the service, and may start threads.
        if (std::getenv("TRIAL_LOADS_IN_SERVICE") != nullptr) load_in_service();
        add("hang", "never ends, whatever is asked of it", [](const Arguments&, Context&) -> Reply { hang(); });
        add("spin", "the same with a processor at work", [](const Arguments&, Context&) -> Reply { spin(); });
        add("sleep", "ends after a time", sleep_a_while,
            {{.name = "seconds", .type = ParameterType::number, .minimum = 0},
             {.name = "heed",
              .type = ParameterType::boolean,
              .description = "or when the service stops",
              .default_value = true}});
        events().add({.name = "sleep-beside",
                      .description = "the same beside other events",
                      .parameters = {{.name = "seconds", .type = ParameterType::number, .minimum = 0}},
                      .handler =
                          [](const Arguments& arguments, Context& context) {
                              const std::chrono::duration<double> time{arguments.get<double>("seconds")};
                              return Reply{{"whole", context.wait_for(time)}};
                          },
                      .concurrent = true});
        events().add({.name = "beat",
                      .description = "reports progress until it is asked to end, beside other events",
                      .handler =
                          [](const Arguments&, Context& context) {
                              std::uint64_t beats = 0;
                              while (context.wait_for(std::chrono::milliseconds{20}))
                                  context.progress(++beats, 0, "beat");
                              return Reply{{"beats", beats > 0}};
                          },
                      .concurrent = true});
        events().add(
            {.name = "list-many",
             .description = "sends objects of a kilobyte ahead of its reply",
             .parameters = {{.name = "count", .type = ParameterType::integer, .minimum = 0}},
             .handler =
                 [](const Arguments& arguments, Context& context) {
                     const std::string text(1000, 'x');
                     std::int64_t sent = 0;
                     while (sent < arguments.get<std::int64_t>("count") && context.send({{"n", sent}, {"text", text}}))
                         ++sent;
                     return Reply{{"sent", sent}};
                 },
             .concurrent = true});
        add("sleep-later", "replies from another thread after a time",
            std::bind_front(&TrialService::sleep_later, this),
            {{.name = "seconds", .type = ParameterType::number, .minimum = 0}});
        add("tick", "counts again and again, and tells how far it is",
            [this](const Arguments& arguments, Context&) {
                ticker_.cancel();
                const std::chrono::duration<double> interval{arguments.get<double>("seconds")};
                ticker_ = every(std::chrono::ceil<std::chrono::milliseconds>(interval), "ticker", [this] { ++ticks_; });
                return Reply{{"ticks", std::exchange(ticks_, 0)}};
            },
            {{.name = "seconds", .type = ParameterType::number, .description = "between two", .minimum = 0.001}});
        add("throw", "throws an exception", throw_something,
            {{.name = "what", .description = "std, int or none", .default_value = "std"}});
        add("nested", "runs itself within itself", std::bind_front(&TrialService::nest, this),
            {{.name = "depth", .type = ParameterType::integer, .minimum = 0}});
        add("fork-child", "leaves a child that never ends", fork_child);
        add("popen-child", "leaves a program that does not end", popen_child);
        add("touch-pidfile", "opens and closes the pidfile", [this](const Arguments&, Context&) {
            return touch(trigger("status").fields().find("pid-file")->as_string());
        });
        add("print", "writes to stdout and stderr", print, {text});
        add("write-sigpipe", "writes into a pipe that nobody reads", write_sigpipe);
        add("flood", "logs numbered lines from several threads", std::bind_front(&TrialService::flood, this),
            {{.name = "lines", .type = ParameterType::integer, .description = "of each thread", .minimum = 0},
             {.name = "threads", .type = ParameterType::integer, .default_value = 1, .minimum = 1},
             {.name = "seconds",
              .type = ParameterType::number,
              .description = "over which they are spread; 0: as fast as can be",
              .default_value = 0,
              .minimum = 0}});
        add("abort", "calls abort()", [](const Arguments&, Context&) -> Reply { std::abort(); });
        add("read-line", "reads a line of a file, and waits for it where that is a FIFO", read_line,
            {{.name = "path", .type = ParameterType::path}});
        add("write-file", "writes a byte to a file", write_file, {{.name = "path", .type = ParameterType::path}});
        add("limit-memory", "limits its address space", limit_memory,
            {{.name = "bytes", .type = ParameterType::integer, .description = "that it may still take", .minimum = 0}});
        add("deny-epoll", "lets epoll_ctl(2) fail from now on", deny_epoll);
        add("regain-root", "tries to be root again", regain_root);
        add("count", "counts its runs, and how many of them there were at once",
            std::bind_front(&TrialService::count, this));
        add("progress", "tells how far it is", tell_progress,
            {{.name = "steps", .type = ParameterType::integer, .minimum = 0},
             {.name = "hang",
              .type = ParameterType::boolean,
              .description = "then, until the service stops",
              .default_value = false}});
        add("login", "takes a secret", take_secret, {{.name = "password", .secret = true}});
        add("no-json", "replies what JSON has no form for", reply_what_json_has_no_form_for,
            {{.name = "what", .description = "number or bytes", .default_value = "number"}});
        add("big-reply", "replies much", big_reply, {{.name = "bytes", .type = ParameterType::integer, .minimum = 0}});
        add("echo", "replies what it was given",
            [](const Arguments& arguments, Context&) { return Reply{arguments.values()}; },
            {optional("string", ParameterType::string),
             optional("integer", ParameterType::integer),
             optional("number", ParameterType::number),
             optional("boolean", ParameterType::boolean),
             optional("path", ParameterType::path),
             optional("list", ParameterType::list),
             optional("object", ParameterType::object),
             {.name = "secret", .description = "is not logged", .default_value = nullptr, .secret = true}});
        add("replace-status", "replaces the event status", std::bind_front(&TrialService::replace_status, this));
        add("add-event", "adds an event", std::bind_front(&TrialService::add_event, this), {{.name = "name"}});
        add("note", "keeps a text", std::bind_front(&TrialService::keep_note, this), {text});
        add("notes", "tells the texts that were kept", [this](const Arguments&, Context&) {
            return Reply{{"notes", notes_}};
        });
        add("post-and-trigger", "keeps 'posted' later and 'triggered' at once",
            std::bind_front(&TrialService::post_and_trigger, this));
    }

private:
    Reply flood(const Arguments& arguments, Context&) {
        const auto lines = arguments.get<std::uint64_t>("lines");
        const std::chrono::duration<double> time{arguments.get<double>("seconds")};
        const auto begin = std::chrono::steady_clock::now();
        std::vector<std::jthread> threads;
        for (std::uint64_t thread = 0; thread < arguments.get<std::uint64_t>("threads"); ++thread)
            threads.emplace_back([this, thread, lines, begin, time] {
                for (std::uint64_t line = 0; line < lines; ++line) {
                    log().info("flood {} {} of a line that is about as long as lines of a log are", thread, line);
                    constexpr std::uint64_t batch = 1000;
                    if (line % batch == 0)
                        std::this_thread::sleep_until(begin +
                                                      time * (static_cast<double>(line) / static_cast<double>(lines)));
                }
            });
        threads.clear();
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        return {{"seconds", took.count()}};
    }

    Reply sleep_later(const Arguments& arguments, Context& context) {
        const std::chrono::duration<double> time{arguments.get<double>("seconds")};
        sleepers_.emplace_back([reply = context.reply_later(), time] {
            reply.succeed({{"whole", reply.wait_for(time)}});
        });
        return {};
    }

    static Parameter optional(std::string name, ParameterType type) {
        return {.name = std::move(name), .type = type, .default_value = nullptr};
    }

    void on_load(Settings& settings) override {
        if (!is_reload()) load_first(settings.is_client());
        if (config().load_throws) throw std::runtime_error("load throws on purpose");
        if (!config().run_directory.empty()) settings.set(servicekit::setting::run_directory, config().run_directory);
    }

    /// Does the same for verbs that talk to a service if TRIAL_LOADS_AS_CLIENT is set.
    void load_first(bool is_client) {
        if (is_client && std::getenv("TRIAL_LOADS_AS_CLIENT") == nullptr) return;
        if (const std::string& command = config().load_runs; !command.empty()) {
            const auto run = [&command] {
                if (std::system(command.c_str()) != 0) std::abort();
            };
            if (std::getenv("TRIAL_LOADS_IN_SERVICE") != nullptr)
                std::jthread{run};
            else
                run();
        }
        if (!config().load_waits_for_line.empty()) wait_for_line(config().load_waits_for_line);
    }

    void on_start() override {
        if (config().start_throws) throw std::runtime_error("start throws on purpose");
        if (config().start_aborts) std::abort();
        if (config().start_hangs) hang();
        if (const std::string& path = config().start_waits_for_line; !path.empty()) {
            log().info("on_start waits");
            wait_for_line(path);
        }
    }

    void on_stop() override {
        if (config().stop_throws) throw std::runtime_error("stop throws on purpose");
        if (config().stop_hangs) hang();
        log().info("on_stop ran");
    }

    void on_kill() override {
        if (config().kill_hangs) hang();
        if (config().kill_throws) throw std::runtime_error("kill throws on purpose");
        log().info("on_kill ran");
    }

    void on_status(Reply& reply) override {
        if (config().status_hangs) hang();
        if (config().status_throws) throw std::runtime_error("status throws on purpose");
        reply.set("greeting", config().greeting).set("notes", notes_);
    }

    Reply nest(const Arguments& arguments, Context&) {
        const auto depth = arguments.get<std::int64_t>("depth");
        if (depth == 0) return {{"depth", 0}};
        const Reply inner = trigger("nested", {{"depth", depth - 1}});
        return {{"depth", inner.fields().find("depth")->as_integer() + 1}};
    }

    Reply count(const Arguments&, Context&) {
        const int at_once = ++running_counts_;
        most_at_once_ = std::max(most_at_once_.load(), at_once);
        std::this_thread::yield();
        ++counted_;
        --running_counts_;
        return {{"counted", counted_.load()}, {"most-at-once", most_at_once_.load()}};
    }

    Reply replace_status(const Arguments&, Context&) {
        events().replace("status", [](const Arguments&, Context&) { return Reply{{"replaced", true}}; });
        return {};
    }

    Reply add_event(const Arguments& arguments, Context&) {
        const auto name = arguments.get<std::string>("name");
        events().add({.name = name, .handler = [name](const Arguments&, Context&) { return Reply{{"added", name}}; }});
        return {};
    }

    Reply keep_note(const Arguments& arguments, Context&) {
        notes_.emplace_back(arguments.get<std::string>("text"));
        return {};
    }

    Reply post_and_trigger(const Arguments&, Context&) {
        post("note", {{"text", "posted"}});
        trigger("note", {{"text", "triggered"}});
        return {{"notes", notes_}};
    }

    Value::List notes_;
    servicekit::TimerHandle ticker_;
    int ticks_ = 0;
    std::vector<std::jthread> sleepers_;
    // Atomic, since only the library keeps two runs from overlapping.
    std::atomic<int> running_counts_{0};
    std::atomic<int> most_at_once_{0};
    std::atomic<int> counted_{0};
};

int main(int argc, char** argv) {
    return servicekit::service_main<TrialService>(argc, argv, {.name = "trial-service", .version = "1.2.3"});
}
