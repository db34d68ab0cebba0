// What a crashed process leaves behind. Each crash happens in a forked child.
#include "servicekit/os/crash_reporter.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

#include "integration/os/forked_child.hpp"
#include "integration/os/temporary_directory.hpp"
#include "integration/support/text_file.hpp"
#include "os/crash/fault_owner.hpp"

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;
using servicekit::test::read_file;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

/// Volatile, since a compiler that knows the address 0 may drop the access.
volatile int* volatile nowhere = nullptr;
volatile int zero = 0;
volatile int one = 1;

[[gnu::noinline]] void write_to_nowhere() { *nowhere = 1; }

volatile bool is_deep_enough = false;

[[gnu::noinline]] int overflow_the_stack(const volatile char* caller) {
    volatile char frame[4096];
    frame[0] = caller != nullptr ? caller[0] : '\0';
    return is_deep_enough ? 0 : overflow_the_stack(frame) + frame[0];
}

[[gnu::noinline]] void fail_on_purpose() { throw std::runtime_error{"thrown on\npurpose"}; }

void end_with_an_exception() noexcept { fail_on_purpose(); }

[[noreturn]] void sleep_for_ever() {
    for (;;) ::pause();
}

class Listener : public CrashListener {
public:
    using Call = std::function<void(std::string_view crash)>;
    explicit Listener(Call call) : call_{std::move(call)} {}
    void write_at_crash(std::string_view crash) noexcept override { call_(crash); }

private:
    Call call_;
};

/// Registers a function to call when this process crashes.
void at_crash(Listener::Call call) {
    // Never destroyed: at exit, what was made after the reporter is destroyed before the exit is reported.
    auto& listener = *new Listener{std::move(call)};
    posix_crash_reporter().add_listener(listener);
}

void append_to(const std::string& path, std::string_view text) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    static_cast<void>(!::write(file, text.data(), text.size()));
    ::close(file);
}

/// Starts a thread that sleeps for ever and blocks all signals except one. Returns when it sleeps.
void start_sleeper(const char* name, int unblocked) {
    static std::atomic<bool> sleeps{false};
    std::thread{[=] {
        sigset_t all;
        ::sigfillset(&all);
        if (unblocked != 0) ::sigdelset(&all, unblocked);
        ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
        ::pthread_setname_np(::pthread_self(), name);
        sleeps = true;
        sleep_for_ever();
    }}.detach();
    while (!sleeps) std::this_thread::yield();
}

class PosixCrashReporterTest : public ::testing::Test {
protected:
    /// Runs the body in a child that reports crashes. \returns how the child ended, as waitpid(2) encodes it
    int crash(const std::function<void()>& body) {
        std::fflush(nullptr);
        const pid_t child = ::fork();
        if (child == 0) {
            trail.begin("backup", std::chrono::steady_clock::now());
            CrashPlan plan{.name = "trial",
                           .version = "1.2",
                           .started_at = std::chrono::steady_clock::now() - 90s,
                           .trail = &trail,
                           .longest_report = 1s};
            CrashReporter& reporter = posix_crash_reporter();
            if (!reporter.install(plan) || !reporter.open_report(report_file, keeping)) ::_exit(90);
            body();
            ::_exit(91);
        }
        int status = 0;
        while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        pid = child;
        return status;
    }
    /// Runs the body like crash(). \returns the number of the signal that ended the child, or 0
    int signal_of(const std::function<void()>& body) {
        const int status = crash(body);
        return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    }
    /// Called in the child: acts like a program that had a handler of SIGSEGV before crashes were reported.
    void report_behind(void (*handler)(int)) const {
        CrashReporter& reporter = posix_crash_reporter();
        reporter.uninstall();
        struct sigaction own {};
        own.sa_handler = handler;
        ::sigaction(SIGSEGV, &own, nullptr);
        static_cast<void>(reporter.install({.name = "trial"}));
        static_cast<void>(reporter.open_report(report_file, keeping));
    }
    [[nodiscard]] std::string report() const { return read_file(report_file); }

    static auto is_whole() {
        return AllOf(StartsWith("crash report of servicekit"), EndsWith("\nend of the report\n"));
    }

    test::TemporaryDirectory directory;
    std::string report_file = directory.file("trial.crash");
    CrashReporter::Keeping keeping = CrashReporter::Keeping::nameless;
    EventTrail trail;
    pid_t pid = 0;
};

TEST_F(PosixCrashReporterTest, AWriteToNullIsReported) {
    EXPECT_EQ(signal_of(write_to_nowhere), SIGSEGV);

    EXPECT_THAT(report(), is_whole());
    EXPECT_THAT(report(), HasSubstr("\nservice: trial\nversion: 1.2\npid: " + std::to_string(pid) + "\nuptime: 90."));
    EXPECT_THAT(report(), HasSubstr("\nsignal: SIGSEGV (11)\ncode: SEGV_MAPERR (1), address not mapped to object\n"
                                    "address: 0x0000000000000000\n"));
    EXPECT_THAT(report(), ContainsRegex("\nthread: " + std::to_string(pid) + " \\(os_tests\\)\n"));
    EXPECT_THAT(report(), ContainsRegex("\nevent: backup, for 0\\.[0-9]+ s\n"));
    EXPECT_THAT(report(), ContainsRegex("\nprogram: /.*/os_tests\nbuild-id: ([0-9a-f]+|none)\n"));
    EXPECT_THAT(report(), ContainsRegex("\ntime: 20[0-9-]+T[0-9:]+\\.[0-9]+Z\n"));
}

TEST_F(PosixCrashReporterTest, TheBacktraceBeginsWhereItHappened) {
    signal_of(write_to_nowhere);

    EXPECT_THAT(report(),
                ContainsRegex("\nbacktrace of thread [0-9]+ \\(os_tests\\), which crashed:\n"
                              "  #00 0x[0-9a-f]+ /.*/os_tests\\+0x[0-9a-f]+ \\([^ ]*write_to_nowhere[^ ]*\\+0x"));
    EXPECT_THAT(report(), HasSubstr("PosixCrashReporterTest_TheBacktraceBeginsWhereItHappened_Test"));
}

TEST_F(PosixCrashReporterTest, TheOffsetsMatchTheFile) {
    signal_of(write_to_nowhere);

    const std::string text = report();
    const auto at = text.find("os_tests+0x") + 9;
    const std::string command = "addr2line -f -e " + std::filesystem::read_symlink("/proc/self/exe").string() + " " +
                                text.substr(at, text.find(' ', at) - at) + " 2>&1";
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    char line[512] = "";
    static_cast<void>(!std::fgets(line, sizeof line, pipe));
    ::pclose(pipe);
    if (std::string_view{line}.find("not found") != std::string_view::npos) GTEST_SKIP() << "there is no addr2line";
    EXPECT_THAT(line, HasSubstr("write_to_nowhere"));
}

TEST_F(PosixCrashReporterTest, ACrashInAnotherThreadNamesThatThread) {
    EXPECT_EQ(signal_of([] {
                  std::thread{[] {
                      ::pthread_setname_np(::pthread_self(), "worker");
                      write_to_nowhere();
                  }}.join();
              }),
              SIGSEGV);

    EXPECT_THAT(report(), ContainsRegex("\nthread: [0-9]+ \\(worker\\)\n"));
    EXPECT_THAT(report(), ContainsRegex("\\(worker\\), which crashed:\n  #00 [^\n]*write_to_nowhere"));
}

TEST_F(PosixCrashReporterTest, TheOtherThreadsHaveBacktraces) {
    EXPECT_EQ(signal_of([] {
                  // The threads of the library leave this signal unblocked, too.
                  start_sleeper("sleeper", SIGSYS);
                  write_to_nowhere();
              }),
              SIGSEGV);

    EXPECT_THAT(report(), ContainsRegex("\nbacktrace of thread [0-9]+ \\(sleeper\\):\n  #00 "));
    EXPECT_THAT(report(), HasSubstr("sleep_for_ever"));
}

TEST_F(PosixCrashReporterTest, AThreadThatDoesNotRespondDelaysOnlyBriefly) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(signal_of([] {
                  start_sleeper("deaf", 0);
                  write_to_nowhere();
              }),
              SIGSEGV);

    EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
    EXPECT_THAT(report(),
                ContainsRegex("\nbacktrace of thread [0-9]+ \\(deaf\\):\n  none within half a second; /proc shows: "));
}

TEST_F(PosixCrashReporterTest, AStackOverflowIsReportedOnASeparateStack) {
    EXPECT_EQ(signal_of([] { overflow_the_stack(nullptr); }), SIGSEGV);

    EXPECT_THAT(report(), is_whole());
    EXPECT_THAT(report(), AllOf(HasSubstr("overflow_the_stack"), HasSubstr("  and more\n")));
}

TEST_F(PosixCrashReporterTest, AStackOverflowInAGuardedThreadIsReported) {
    EXPECT_EQ(signal_of([] {
                  std::thread{[] {
                      posix_crash_reporter().guard_this_thread();
                      overflow_the_stack(nullptr);
                  }}.join();
              }),
              SIGSEGV);

    EXPECT_THAT(report(), HasSubstr("overflow_the_stack"));
}

TEST_F(PosixCrashReporterTest, AbortIsACrash) {
    EXPECT_EQ(signal_of([] { std::abort(); }), SIGABRT);

    EXPECT_THAT(report(), HasSubstr("\nsignal: SIGABRT (6)\ncode: SI_TKILL (-6), sent by raise or tgkill\n"));
    EXPECT_THAT(report(), is_whole());
}

TEST_F(PosixCrashReporterTest, ASigabrtThatTheProcessSendsItselfIsACrash) {
    EXPECT_EQ(signal_of([] { ::kill(::getpid(), SIGABRT); }), SIGABRT);

    EXPECT_THAT(report(), HasSubstr("\nsignal: SIGABRT (6)\ncode: SI_USER (0), sent by kill\n"));
    EXPECT_THAT(report(), is_whole());
}

TEST_F(PosixCrashReporterTest, ASigabrtFromOutsideIsNotACrash) {
    EXPECT_EQ(signal_of([] {
                  if (const pid_t child = ::fork(); child == 0) {
                      ::kill(::getppid(), SIGABRT);
                      ::_exit(0);
                  }
                  sleep_for_ever();
              }),
              SIGABRT);

    EXPECT_FALSE(std::filesystem::exists(report_file));
}

TEST_F(PosixCrashReporterTest, AnUncaughtExceptionIsReported) {
    EXPECT_EQ(signal_of([] {
                  // The test does not need what the standard library prints about it.
                  ::close(STDERR_FILENO);
                  end_with_an_exception();
              }),
              SIGABRT);

    EXPECT_THAT(report(), HasSubstr("\nexception: std::runtime_error: thrown on purpose\n"));
    EXPECT_THAT(report(), HasSubstr("end_with_an_exception"));
}

[[gnu::noinline]] void call_exit() { std::exit(7); }

TEST_F(PosixCrashReporterTest, AnExitIsReportedFromWhereItWasCalled) {
    const std::string said = directory.file("said");
    const int status = crash([&] {
        at_crash([&](std::string_view crash) { append_to(said, crash); });
        call_exit();
    });

    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 7);
    EXPECT_THAT(report(), AllOf(is_whole(), HasSubstr("\nexit: exit(7)\nthread: "), Not(HasSubstr("\nsignal: ")),
                                Not(HasSubstr("registers"))));
    EXPECT_THAT(report(), ContainsRegex("\nbacktrace of thread [0-9]+ \\(os_tests\\), which called exit:\n"
                                        "([^\n]*\n){1,3}[^\n]*call_exit"));
    EXPECT_THAT(read_file(said), ContainsRegex("^exit\\(7\\) was called in thread [0-9]+ \\(os_tests\\) in the event "
                                               "'backup'; the report is in '.*/trial.crash'\n$"));
}

TEST_F(PosixCrashReporterTest, WithoutSignalsAnExitHasOnlyCrashLines) {
    const std::string said = directory.file("said");
    const int status = crash([&] {
        CrashReporter& reporter = posix_crash_reporter();
        reporter.uninstall();
        static_cast<void>(reporter.install({.trail = &trail, .takes_signals = false, .status_of_exit_0 = 70}));
        at_crash([&](std::string_view crash) { append_to(said, crash); });
        std::exit(0);
    });

    EXPECT_EQ(WEXITSTATUS(status), 70);
    EXPECT_THAT(read_file(said),
                ContainsRegex("^exit\\(0\\) was called in thread [0-9]+ \\(os_tests\\) in the event 'backup'\n$"));
    EXPECT_FALSE(std::filesystem::exists(report_file));
}

TEST_F(PosixCrashReporterTest, AnExitAfterTheUninstallIsNotReported) {
    const int status = crash([] {
        posix_crash_reporter().uninstall();
        std::exit(0);
    });

    EXPECT_EQ(status, 0);
    EXPECT_FALSE(std::filesystem::exists(report_file));
}

std::atomic<bool> crashes_at_exit{false};

TEST_F(PosixCrashReporterTest, ACrashDuringAnExitIsReportedAfterIt) {
    // Registered before the child watches exits, so that it runs after the watch.
    static const int registered = std::atexit([] {
        if (crashes_at_exit) write_to_nowhere();
    });
    ASSERT_EQ(registered, 0);

    EXPECT_EQ(signal_of([] {
                  crashes_at_exit = true;
                  std::exit(3);
              }),
              SIGSEGV);

    EXPECT_THAT(report(), AllOf(HasSubstr("\nexit: exit(3)\n"), HasSubstr("\nsignal: SIGSEGV (11)\n")));
}

TEST_F(PosixCrashReporterTest, ADivisionByZeroIsReported) {
    if (signal_of([] { zero = one / zero; }) == 0) GTEST_SKIP() << "processors of this kind divide by zero";

    EXPECT_THAT(report(), HasSubstr("\nsignal: SIGFPE (8)\ncode: FPE_INTDIV (1), integer divide by zero\n"));
}

TEST_F(PosixCrashReporterTest, ACallOfNoFunctionTellsWhoCalled) {
    EXPECT_EQ(signal_of([] {
                  void (*volatile nothing)() = nullptr;
                  nothing();
              }),
              SIGSEGV);

    EXPECT_THAT(report(), HasSubstr("which crashed:\n  #00 0x0000000000000000\n  #01 "));
    EXPECT_THAT(report(), HasSubstr("ACallOfNoFunctionTellsWhoCalled"));
}

TEST_F(PosixCrashReporterTest, TheSenderOfAFatalSignalIsReported) {
    EXPECT_EQ(signal_of([] {
                  if (const pid_t child = ::fork(); child == 0) {
                      ::kill(::getppid(), SIGSEGV);
                      ::_exit(0);
                  }
                  sleep_for_ever();
              }),
              SIGSEGV);

    EXPECT_THAT(report(), ContainsRegex("\ncode: SI_USER \\(0\\), sent by kill\nsender: pid [0-9]+, uid [0-9]+\n"));
    EXPECT_THAT(report(), Not(HasSubstr("\naddress: ")));
}

TEST_F(PosixCrashReporterTest, ACrashWithinMallocIsReported) {
    EXPECT_EQ(signal_of([] {
                  // malloc_stats(3) holds the arena's lock while it prints.
                  const cookie_io_functions_t functions{.read = nullptr,
                                                        .write =
                                                            [](void*, const char*, size_t size) {
                                                                write_to_nowhere();
                                                                return static_cast<ssize_t>(size);
                                                            },
                                                        .seek = nullptr,
                                                        .close = nullptr};
                  stderr = ::fopencookie(nullptr, "w", functions);
                  std::setvbuf(stderr, nullptr, _IONBF, 0);
                  ::malloc_stats();
              }),
              SIGSEGV);

    EXPECT_THAT(report(), is_whole());
    EXPECT_THAT(report(), HasSubstr("write_to_nowhere"));
}

TEST_F(PosixCrashReporterTest, OnlyOneOfTwoSimultaneousCrashesIsReported) {
    const int number = signal_of([] {
        std::atomic<int> ready{0};
        const auto crash_together = [&ready] {
            ++ready;
            while (ready < 2) {
            }
            write_to_nowhere();
        };
        std::thread first{crash_together};
        std::thread second{crash_together};
        first.join();
        second.join();
    });

    EXPECT_EQ(number, SIGSEGV);
    EXPECT_THAT(report(), is_whole());
    const std::string text = report();
    EXPECT_EQ(text.find("crash report of"), text.rfind("crash report of"));
}

TEST_F(PosixCrashReporterTest, ListenersAreCalledInOrderWithTheCrash) {
    const std::string said = directory.file("said");

    EXPECT_EQ(signal_of([&] {
                  at_crash([&](std::string_view crash) { append_to(said, crash); });
                  write_to_nowhere();
              }),
              SIGSEGV);

    EXPECT_THAT(read_file(said),
                ContainsRegex("^crashed by SIGSEGV \\(address not mapped to object\\) at 0x0 in thread "
                              "[0-9]+ \\(os_tests\\) in the event 'backup'; the report is in '.*/"
                              "trial.crash'\n$"));
}

[[gnu::noinline]] void fail_at_length() { throw std::runtime_error{std::string(600, 'x')}; }

void end_with_a_long_exception() noexcept { fail_at_length(); }

TEST_F(PosixCrashReporterTest, ALongExceptionLeavesRoomForTheReportsPath) {
    const std::string said = directory.file("said");

    EXPECT_EQ(signal_of([&] {
                  ::close(STDERR_FILENO);
                  at_crash([&](std::string_view crash) { append_to(said, crash); });
                  end_with_a_long_exception();
              }),
              SIGABRT);

    EXPECT_THAT(read_file(said), EndsWith("xxx; the report is in '" + report_file + "'\n"));
}

TEST_F(PosixCrashReporterTest, ListenersAreCalledAgainWhenTheReportIsComplete) {
    EXPECT_EQ(signal_of([&] {
                  at_crash([&](std::string_view crash) {
                      if (crash.empty()) append_to(report_file, "and again\n");
                  });
                  write_to_nowhere();
              }),
              SIGSEGV);

    EXPECT_THAT(report(), EndsWith("\nend of the report\nand again\n"));
}

TEST_F(PosixCrashReporterTest, AListenerThatCrashesKeepsTheFirstSignal) {
    EXPECT_EQ(signal_of([] {
                  at_crash([](std::string_view) { write_to_nowhere(); });
                  std::abort();
              }),
              SIGABRT);

    EXPECT_THAT(report(), AllOf(HasSubstr("SIGABRT"), HasSubstr("which crashed:\n  #00 ")));
}

TEST_F(PosixCrashReporterTest, AListenerThatHangsIsCutShort) {
    const auto begin = std::chrono::steady_clock::now();

    EXPECT_EQ(signal_of([] {
                  at_crash([](std::string_view) { sleep_for_ever(); });
                  write_to_nowhere();
              }),
              SIGSEGV);

    EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
    EXPECT_THAT(report(), HasSubstr("write_to_nowhere"));
}

TEST_F(PosixCrashReporterTest, AHandlerOfTheProgramIsCalledAfterwards) {
    const int status = crash([this] {
        report_behind([](int number) { ::_exit(60 + number); });
        write_to_nowhere();
    });

    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 60 + SIGSEGV);
    EXPECT_THAT(report(), is_whole());
}

sigjmp_buf place_to_go_on;

TEST_F(PosixCrashReporterTest, AfterARecoveredCrashTheNextIsReported) {
    EXPECT_EQ(signal_of([this] {
                  report_behind([](int) { siglongjmp(place_to_go_on, 1); });
                  std::thread{sleep_for_ever}.detach();
                  if (sigsetjmp(place_to_go_on, 1) == 0) write_to_nowhere();
                  // At a crash the reporter sends this signal to the other threads.
                  std::raise(SIGSYS);
              }),
              SIGSYS);

    EXPECT_THAT(report(), AllOf(HasSubstr("\nsignal: SIGSEGV (11)\n"), HasSubstr("\nsignal: SIGSYS (31)\n")));
}

void* guarded_page = nullptr;

bool lift_the_guard(int /*number*/, void* info, void* /*context*/) noexcept {
    return static_cast<siginfo_t*>(info)->si_addr == guarded_page &&
           ::mprotect(guarded_page, 1, PROT_READ | PROT_WRITE) == 0;
}

TEST_F(PosixCrashReporterTest, AFaultWithAnOwnerIsNotACrash) {
    EXPECT_EQ(signal_of([this] {
                  guarded_page = ::mmap(nullptr, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                  if (!add_fault_owner(lift_the_guard)) ::_exit(92);
                  *static_cast<volatile int*>(guarded_page) = 1;
                  if (std::filesystem::exists(report_file)) ::_exit(93);
                  write_to_nowhere();
              }),
              SIGSEGV);

    EXPECT_THAT(report(), AllOf(is_whole(), HasSubstr("\naddress: 0x0000000000000000\n")));
}

TEST_F(PosixCrashReporterTest, AChildReportsNothing) {
    EXPECT_EQ(signal_of([] {
                  const pid_t child = ::fork();
                  if (child == 0) write_to_nowhere();
                  int status = 0;
                  ::waitpid(child, &status, 0);
                  ::_exit(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV ? 0 : 1);
              }),
              0);

    EXPECT_FALSE(std::filesystem::exists(report_file));
}

TEST_F(PosixCrashReporterTest, TheCoreIsStillDumped) {
    const int status = crash([this] {
        const rlimit all{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
        if (::setrlimit(RLIMIT_CORE, &all) != 0 || ::chdir(directory.path().c_str()) != 0) ::_exit(92);
        write_to_nowhere();
    });
    if (WIFEXITED(status) && WEXITSTATUS(status) == 92) GTEST_SKIP() << "the limit of core files can't be raised";

    EXPECT_EQ(WTERMSIG(status), SIGSEGV);
    const bool is_file = read_file("/proc/sys/kernel/core_pattern").starts_with("core");
    EXPECT_TRUE(!is_file || WCOREDUMP(status));
}

TEST_F(PosixCrashReporterTest, ANamelessFileAppearsOnlyAtACrash) {
    EXPECT_EQ(signal_of([this] {
                  if (std::filesystem::exists(report_file)) ::_exit(1);
                  write_to_nowhere();
              }),
              SIGSEGV);

    struct stat status {};
    EXPECT_EQ(::stat(report_file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0640U);
}

TEST_F(PosixCrashReporterTest, AnEmptyNamedFileIsRemoved) {
    keeping = CrashReporter::Keeping::named;
    const int status = crash([this] {
        const bool was_there = std::filesystem::exists(report_file);
        posix_crash_reporter().close_report();
        ::_exit(was_there && !std::filesystem::exists(report_file) ? 0 : 1);
    });

    EXPECT_EQ(status, 0);
}

TEST_F(PosixCrashReporterTest, ANamedFileIsWrittenInAReadOnlyDirectory) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
    constexpr uid_t somebody = 65534;
    keeping = CrashReporter::Keeping::named;

    EXPECT_EQ(signal_of([] {
                  static_cast<void>(posix_crash_reporter().change_owner(somebody, somebody));
                  if (::setgid(somebody) != 0 || ::setuid(somebody) != 0) ::_exit(1);
                  write_to_nowhere();
              }),
              SIGSEGV);

    EXPECT_THAT(report(), is_whole());
}

TEST_F(PosixCrashReporterTest, AnOlderReportIsAppendedTo) {
    servicekit::test::write_file(report_file, "an older one\n");

    EXPECT_EQ(signal_of(write_to_nowhere), SIGSEGV);

    EXPECT_THAT(report(), StartsWith("an older one\ncrash report"));
}

TEST_F(PosixCrashReporterTest, WithoutAFileItGoesToStderrIfAllowed) {
    const std::string shown = directory.file("stderr");
    EXPECT_EQ(signal_of([&] {
                  posix_crash_reporter().uninstall();
                  static_cast<void>(posix_crash_reporter().install({.name = "trial", .may_use_stderr = true}));
                  const int file = ::open(shown.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
                  ::dup2(file, STDERR_FILENO);
                  write_to_nowhere();
              }),
              SIGSEGV);

    EXPECT_THAT(read_file(shown), is_whole());
}

TEST_F(PosixCrashReporterTest, RestoresTheSignalHandlers) {
    EXPECT_EQ(signal_of([] {
                  posix_crash_reporter().uninstall();
                  write_to_nowhere();
              }),
              SIGSEGV);

    EXPECT_FALSE(std::filesystem::exists(report_file));
}

TEST_F(PosixCrashReporterTest, RefusesASecondOwner) {
    EXPECT_EQ(crash([] { ::_exit(posix_crash_reporter().install({}) ? 1 : 0); }), 0);
}

TEST_F(PosixCrashReporterTest, ReportsAMissingDirectory) {
    const auto opened =
        posix_crash_reporter().open_report(directory.file("missing/trial.crash"), CrashReporter::Keeping::nameless);

    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message(), MatchesRegex("cannot open the crash report '.*': No such file or directory"));
}

TEST_F(PosixCrashReporterTest, EndedEventsAreListedLatestFirst) {
    signal_of([this] {
        const auto now = std::chrono::steady_clock::now();
        trail.end("ok", now);
        trail.begin("reload", now);
        trail.end("failed: no\nport", now + 1500ms);
        write_to_nowhere();
    });

    EXPECT_THAT(report(), ContainsRegex("\nlast events, the latest first:\n"
                                        "  [^\n]*Z reload, took 1\\.500 s: failed: no port\n"
                                        "  [^\n]*Z backup, took 0\\.[0-9]+ s: ok\n"));
    EXPECT_THAT(report(), Not(HasSubstr("\nevent: ")));
}

}  // namespace
}  // namespace servicekit::os
