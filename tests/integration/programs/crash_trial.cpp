// A service that crashes, and prints, as it is told to.
#include <sys/types.h>
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

Reply crash(const Arguments& arguments, Context&) {
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
    if (how == "write") write_to_nowhere();
    if (how == "thread") std::thread{write_to_nowhere}.join();
    if (how == "stack") overflow_the_stack(nullptr);
    if (how == "abort") std::abort();
    // Another thread may get it.
    if (how == "kill" && ::kill(::getpid(), SIGABRT) == 0) ::sleep(10);
    if (how == "exception") end_with_an_exception();
    if (how == "divide") zero = one / zero;
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

/// As it is, without an end of its own.
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
        events().add({.name = "crash",
                      .description = "ends the service by a fault",
                      .parameters = {{.name = "how"},
                                     {.name = "words", .default_value = ""},
                                     {.name = "unflushed", .default_value = ""}},
                      .handler = crash});
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
    }
};

}  // namespace

int main(int argc, char** argv) {
    return servicekit::service_main<CrashTrial>(argc, argv, {.name = "crash-trial", .version = "1.2.3"});
}
