// A service that crashes and prints on request.
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

#include <servicekit/main.hpp>
#include <servicekit/service.hpp>

using servicekit::Arguments, servicekit::Context, servicekit::ParameterType, servicekit::Reply;

namespace {

volatile int* volatile nowhere = nullptr;
volatile int one = 1;
volatile int zero = 0;
volatile bool is_deep_enough = false;

[[gnu::noinline]] void write_to_nowhere() { *nowhere = 1; }

[[gnu::noinline]] int overflow_the_stack(const volatile char* caller) {
    volatile char frame[4096];
    frame[0] = caller != nullptr ? caller[0] : '\0';
    return is_deep_enough ? 0 : overflow_the_stack(frame) + frame[0];
}

[[gnu::noinline]] void fail_on_purpose() { throw std::runtime_error{"thrown on purpose"}; }

void end_with_an_exception() noexcept { fail_on_purpose(); }

[[noreturn]] void hang() {
    for (;;) ::pause();
}

void end_child_by_exit() {
    const pid_t child = ::fork();
    if (child == 0) std::exit(7);
    int status = 0;
    ::waitpid(child, &status, 0);
}

/// \returns only if `how` is unknown
void crash(const std::string& how) {
    if (how == "write") write_to_nowhere();
    if (how == "thread") std::thread{write_to_nowhere}.join();
    if (how == "stack") overflow_the_stack(nullptr);
    if (how == "abort") std::abort();
    // Another thread may get the signal.
    if (how == "kill" && ::kill(::getpid(), SIGABRT) == 0) ::sleep(10);
    if (how == "kill -9") static_cast<void>(::kill(::getpid(), SIGKILL));
    if (how == "exception") end_with_an_exception();
    if (how == "divide") zero = one / zero;
    if (how == "exit") std::exit(7);
    if (how == "exit 0") std::exit(0);
    if (how == "exit in a thread") std::thread{[] { std::exit(7); }}.join();
    if (how == "exit in a child") end_child_by_exit();
    if (how == "quick_exit") std::quick_exit(7);
    if (how == "_exit") ::_exit(7);
    if (how == "close all") ::syscall(SYS_close_range, 3U, ~0U, 0U);
    if (how == "leave a child and abort") {
        if (::fork() == 0) hang();
        std::abort();
    }
}

Reply crash_when_asked(const Arguments& arguments, Context&) {
    const auto how = arguments.get<std::string>("how");
    if (const auto words = arguments.get<std::string>("words"); !words.empty()) {
        std::printf("%s", words.c_str());
        std::fflush(stdout);
        std::fprintf(stderr, "%s", words.c_str());
    }
    if (const auto line = arguments.get<std::string>("unflushed"); !line.empty()) {
        std::printf("%s\n", line.c_str());
        std::cout << line << " of the stream\n";
    }
    crash(how);
    throw std::runtime_error("there is no such crash");
}

Reply print_lines(const Arguments& arguments, Context&) {
    const auto count = arguments.get<long>("count");
    const auto print = [count](std::FILE* stream, const char* name) {
        for (long i = 1; i <= count; ++i) std::fprintf(stream, "%s line %ld\n", name, i);
        std::fflush(stream);
    };
    std::thread other{[&] { print(stderr, "error"); }};
    print(stdout, "output");
    other.join();
    return {};
}

/// Prints the text as it is, without adding a newline.
Reply print_text(const Arguments& arguments, Context&) {
    std::FILE* const stream = arguments.get<bool>("error") ? stderr : stdout;
    const auto text = arguments.get<std::string>("text");
    std::fwrite(text.data(), 1, text.size(), stream);
    if (arguments.get<bool>("flush")) std::fflush(stream);
    return {};
}

Reply run_shell(const Arguments& arguments, Context&) {
    return {{"status", std::system(arguments.get<std::string>("command").c_str())}};
}

class CrashTrial final : public servicekit::Service {
public:
    CrashTrial() {
        events().add({.name = "crash-beside",
                      .description = "crashes beside other events",
                      .handler = [](const Arguments&, Context&) -> Reply {
                          crash("write");
                          return {};
                      },
                      .concurrent = true});
        events().add({.name = "crash",
                      .description = "ends the service by a fault",
                      .parameters = {{.name = "how"},
                                     {.name = "words", .default_value = ""},
                                     {.name = "unflushed", .default_value = ""}},
                      .handler = crash_when_asked});
        events().add({.name = "print-lines",
                      .description = "prints numbered lines on both streams at once",
                      .parameters = {{.name = "count", .type = ParameterType::integer}},
                      .handler = print_lines});
        events().add({.name = "print-text",
                      .description = "prints a text",
                      .parameters = {{.name = "text"},
                                     {.name = "error", .type = ParameterType::boolean, .default_value = false},
                                     {.name = "flush", .type = ParameterType::boolean, .default_value = true}},
                      .handler = print_text});
        events().add({.name = "shell",
                      .description = "runs a command",
                      .parameters = {{.name = "command"}},
                      .handler = run_shell});
        if (std::getenv("CRASH_TRIAL_LOADS_IN_SERVICE") != nullptr) load_in_service();
    }

private:
    /// The keys are steps of the service's life. Their values are the way to crash in that step.
    void on_load(servicekit::Settings& settings) override {
        if (!settings.is_client()) crash(settings.app().get<std::string>("load", ""));
    }
    void on_start() override { crash(settings().app().get<std::string>("start", "")); }
    void on_stop() override { crash(settings().app().get<std::string>("stop", "")); }
};

}  // namespace

int main(int argc, char** argv) {
    return servicekit::service_main<CrashTrial>(argc, argv, {.name = "crash-trial", .version = "1.2.3"});
}
