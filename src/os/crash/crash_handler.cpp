#include "os/crash/crash_handler.hpp"

#include <cxxabi.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <string_view>
#include <typeinfo>

#include "os/crash/crash_report.hpp"
#include "os/crash/crash_stack.hpp"
#include "os/crash/crash_text.hpp"
#include "os/crash/crash_writer.hpp"
#include "os/crash/fault_owner.hpp"
#include "os/signals/signal_arrivals.hpp"
#include "os/streams/flush_stdio.hpp"
#include "os/uninterrupted.hpp"

// Defined by the sanitizer's runtime, if one is linked.
extern "C" void __sanitizer_set_death_callback(void (*)()) __attribute__((weak));  // NOLINT

namespace servicekit::os::crash_handler {
namespace {

constexpr std::array fatal_signals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGTRAP, SIGABRT};

/// Time limit for crash lines, in seconds, after a report that could not be finished.
constexpr time_t longest_crash_text = 2;

/// The signal action before ours.
struct Disposition {
    bool is_taken = false;
    struct sigaction before {};
};

struct State {
    std::atomic<pid_t> process{0};
    CrashProcess known;
    std::array<Disposition, _NSIG> dispositions{};
    std::array<std::atomic<CrashListener*>, 8> listeners{};
    std::terminate_handler terminate_before = nullptr;
    bool may_use_stderr = false;
    bool takes_signals = true;
    int status_of_exit_0 = 0;
    time_t longest_report = 10;

    std::atomic<int> descriptor{-1};
    int directory = -1;
    bool is_nameless = false;
    std::array<char, PATH_MAX> path{};
    std::array<char, PATH_MAX> otherwise{};

    std::atomic<bool> has_exception{false};
    EventTrail::Text<512> exception;

    // Used while a crash is reported.
    std::atomic<pid_t> crashed_thread{0};
    FatalSignal crash;
    siginfo_t info{};
    int exit_status = 0;  ///< used if there is no signal
    std::atomic<bool> crash_lines_begun{false};
    CrashLine<512> description;
    CrashLine<sizeof(description) + PATH_MAX> summary;
    CrashReport report;

    static_assert(std::atomic<pid_t>::is_always_lock_free && std::atomic<CrashListener*>::is_always_lock_free &&
                  std::atomic<bool>::is_always_lock_free);
};

constinit State state;

// Not part of `state`: an owner may be added before crash reports are installed, and stays after uninstall().
constinit std::array<std::atomic<FaultOwner>, 8> fault_owners{};

static_assert(std::atomic<FaultOwner>::is_always_lock_free);

pid_t this_thread() noexcept { return static_cast<pid_t>(::syscall(SYS_gettid)); }

void change_mask(int how, int number) noexcept {
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    ::pthread_sigmask(how, &one, nullptr);
}

/// Makes the signal arrive again, at the same instruction and with its default action, once the handler returns. So the
/// exit status is the same as without a handler, and a core shows the fault, not this handler.
void let_default_action_come(int number, const siginfo_t& info) noexcept {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    ::sigaction(number, &action, nullptr);
    change_mask(SIG_BLOCK, number);
    siginfo_t again = info;
    if (::syscall(SYS_rt_tgsigqueueinfo, ::getpid(), this_thread(), number, &again) != 0)
        ::syscall(SYS_tgkill, ::getpid(), this_thread(), number);
}

/// Does the same at once. Returns if the kernel refuses.
void end_now(int number, const siginfo_t& info) noexcept {
    let_default_action_come(number, info);
    change_mask(SIG_UNBLOCK, number);
}

void tell_listeners(std::string_view crash) noexcept {
    for (const auto& place : state.listeners)
        if (CrashListener* const listener = place.load()) listener->write_at_crash(crash);
}

void write_at_crash() noexcept {
    if (!state.crash_lines_begun.exchange(true)) tell_listeners(state.summary.view());
}

void limit_time(time_t seconds) noexcept;

/// Ends the process, as the report cannot be finished. First the listeners write the lines that they still hold.
[[noreturn]] void give_up() noexcept {
    if (!state.crash_lines_begun.load()) {
        limit_time(longest_crash_text);
        write_at_crash();
    }
    if (state.crash.number == 0) ::_exit(state.exit_status);
    end_now(state.crash.number, state.info);
    ::_exit(128 + state.crash.number);
}

extern "C" void servicekit_crash_takes_too_long(int /*number*/) { give_up(); }

void limit_time(time_t seconds) noexcept {
    struct sigaction action {};
    action.sa_handler = servicekit_crash_takes_too_long;
    action.sa_flags = SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGALRM, &action, nullptr);
    const itimerval once{.it_interval = {}, .it_value = {.tv_sec = seconds, .tv_usec = 0}};
    ::setitimer(ITIMER_REAL, &once, nullptr);
    change_mask(SIG_UNBLOCK, SIGALRM);
}

/// Borrows SIGALRM and its timer. The destructor restores them for a program that goes on after a crash.
class AlarmLent {
public:
    AlarmLent() noexcept {
        ::sigaction(SIGALRM, nullptr, &action_);
        ::getitimer(ITIMER_REAL, &timer_);
        limit_time(state.longest_report);
    }
    AlarmLent(const AlarmLent&) = delete;
    AlarmLent& operator=(const AlarmLent&) = delete;
    ~AlarmLent() {
        ::setitimer(ITIMER_REAL, &timer_, nullptr);
        ::sigaction(SIGALRM, &action_, nullptr);
    }

private:
    struct sigaction action_ {};
    itimerval timer_{};
};

/// Returns the last component of the path.
const char* name_of_report(const std::array<char, PATH_MAX>& path) noexcept {
    const char* const slash = std::strrchr(path.data(), '/');
    return slash == nullptr ? path.data() : slash + 1;
}

/// Gives the nameless file its name. \returns false if another file has that name
bool name_report(int descriptor, const std::array<char, PATH_MAX>& path) noexcept {
    const char* const name = name_of_report(path);
    CrashLine<32> link;
    link.text("/proc/self/fd/").number(static_cast<std::uint64_t>(descriptor)).text({"\0", 1});
    if (::linkat(AT_FDCWD, link.view().data(), state.directory, name, AT_SYMLINK_FOLLOW) != 0 &&
        ::linkat(descriptor, "", state.directory, name, AT_EMPTY_PATH) != 0)
        return false;
    state.is_nameless = false;
    return true;
}

/// Opens an older report that could not be rotated. \returns -1 unless it belongs to this user and has one name
int open_older_report() noexcept {
    const int other = open_uninterrupted_at(state.directory, name_of_report(state.path),
                                            O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat status {};
    if (other < 0 || (::fstat(other, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == ::geteuid() &&
                      status.st_nlink == 1))
        return other;
    ::close(other);
    return -1;
}

/// \returns the descriptor for the report; -1 if there is none
int open_report() noexcept {
    const int descriptor = state.descriptor.load();
    const int without_file = state.may_use_stderr ? STDERR_FILENO : -1;
    if (descriptor < 0 || !state.is_nameless) return descriptor < 0 ? without_file : descriptor;
    if (name_report(descriptor, state.path)) return descriptor;
    if (const int older = open_older_report(); older >= 0) return older;
    if (state.otherwise[0] != '\0' && name_report(descriptor, state.otherwise)) {
        state.path = state.otherwise;
        return descriptor;
    }
    return without_file;
}

/// Describes the crash in one line.
/// \param descriptor of the report
void summarise(int descriptor) noexcept {
    state.description.clear();
    state.report.describe(state.description);
    state.summary.clear();
    state.summary.text(state.description.view());
    if (descriptor >= 0 && descriptor != STDERR_FILENO)
        state.summary.text("; the report is in '").text(state.path.data()).text("'");
    else if (state.descriptor.load() >= 0)
        state.summary.text("; no report can be written to '").text(state.path.data()).text("'");
    state.summary.text("\n");
}

/// Writes the report. \pre it has begun
void write_report() noexcept {
    CrashReport& report = state.report;
    const int descriptor = open_report();
    summarise(descriptor);
    CrashWriter writer{descriptor};
    report.write_head(writer);
    report.write_events(writer);
    report.write_registers(writer);
    report.write_stack(writer);
    write_at_crash();
    report.write_other_threads(writer);
    report.write_memory_map(writer);
    report.end();
    tell_listeners({});
}

/// Calls the handler that the program had installed, in the way the kernel would.
void call(const struct sigaction& before, int number, siginfo_t* info, void* context) noexcept {
    sigset_t mask = before.sa_mask;
    if ((before.sa_flags & SA_NODEFER) == 0) sigaddset(&mask, number);
    sigset_t mask_before;
    ::pthread_sigmask(SIG_BLOCK, &mask, &mask_before);
    if ((before.sa_flags & SA_SIGINFO) != 0)
        before.sa_sigaction(number, info, context);
    else
        before.sa_handler(number);
    ::pthread_sigmask(SIG_SETMASK, &mask_before, nullptr);
}

bool has_function(const struct sigaction& action) noexcept {
    return (action.sa_flags & SA_SIGINFO) != 0 || (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
}

/// Does what would have happened without this handler.
/// \param before_that called if the process may go on
void pass_on(int number, siginfo_t* info, void* context, void (*before_that)() noexcept) noexcept {
    const struct sigaction before = state.dispositions[static_cast<std::size_t>(number)].before;
    if (has_function(before)) {
        // From now on that handler gets the signal directly.
        ::sigaction(number, &before, nullptr);
        before_that();
        return call(before, number, info, context);
    }
    // A fault cannot be ignored. Neither can abort(3).
    const bool is_ignored = (before.sa_flags & SA_SIGINFO) == 0 && before.sa_handler == SIG_IGN;
    if (is_ignored && is_sent(*info) && number != SIGABRT) return before_that();
    let_default_action_come(number, *info);
}

void be_ready_for_the_next() noexcept {
    state.crash_lines_begun.store(false);
    state.crashed_thread.store(0);
}

/// Waits until no other thread is reporting a crash. \returns false if the calling thread is reporting one
bool claim() noexcept {
    const pid_t self = this_thread();
    pid_t nobody = 0;
    while (!state.crashed_thread.compare_exchange_strong(nobody, self)) {
        if (nobody == self) return false;
        // The other thread ends the process or, if the process goes on, lets this thread report its crash.
        constexpr timespec a_little{.tv_sec = 0, .tv_nsec = 5'000'000};
        ::nanosleep(&a_little, nullptr);
        nobody = 0;
    }
    return true;
}

void handle(int number, siginfo_t* info, void* context) noexcept {
    if (!claim()) give_up();  // a crash in the handler
    state.info = *info;
    state.crash = {.number = number, .info = &state.info, .context = context};
    {
        const AlarmLent alarm;
        state.report.begin(state.known, state.crash,
                           state.has_exception.load() ? state.exception.view() : std::string_view{});
        write_report();
    }
    pass_on(number, info, context, &be_ready_for_the_next);
}

void report_exit(const ProgramExit& exit) noexcept {
    if (state.process.load() != ::getpid() || !claim()) return;
    constexpr unsigned seen = 0xff;
    const bool looks_like_success = exit.status && (static_cast<unsigned>(*exit.status) & seen) == 0;
    state.crash = {};
    state.exit_status = looks_like_success ? state.status_of_exit_0 : exit.status.value_or(EXIT_FAILURE);
    {
        const AlarmLent alarm;
        state.report.begin(state.known, exit);
        if (state.takes_signals) {
            write_report();
        } else {
            // Only a signal could ask the other threads for their backtraces.
            summarise(-1);
            write_at_crash();
            tell_listeners({});
        }
    }
    be_ready_for_the_next();
    if (!looks_like_success || state.status_of_exit_0 == 0) return;
    flush_stdio();
    ::_exit(state.exit_status);
}

extern "C" void servicekit_exit_was_called(int status, void* /*unused*/) {
    report_exit({.function = "exit",
                 .status = status,
                 .called_from = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0))});
}

extern "C" void servicekit_quick_exit_was_called() {
    report_exit(
        {.function = "quick_exit", .called_from = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0))});
}

/// These handlers cannot be removed, so they check whether this process reports crashes.
void watch_exits() noexcept {
    static const bool are_watched = ::on_exit(servicekit_exit_was_called, nullptr) == 0 &&
                                    std::at_quick_exit(servicekit_quick_exit_was_called) == 0;
    static_cast<void>(are_watched);
}

/// Returns true if the fault was raised on purpose and its owner has handled it.
bool is_dealt_with(int number, siginfo_t* info, void* context) noexcept {
    // Owners do not get faults of the crash handler: one that jumps out of it would leave an unfinished report.
    if (state.crashed_thread.load() == this_thread()) return false;
    for (const auto& place : fault_owners)
        if (const FaultOwner owner = place.load(); owner != nullptr && owner(number, info, context)) return true;
    return false;
}

extern "C" void servicekit_crashed(int number, siginfo_t* info, void* context) {
    const int errno_before = errno;
    if (is_dealt_with(number, info, context)) {
        errno = errno_before;
        return;
    }
    const pid_t self = ::getpid();
    if (self == state.process.load() && (number != SIGABRT || signal_arrivals::is_from_inside(*info)))
        handle(number, info, context);
    else
        pass_on(number, info, context, []() noexcept {});
    errno = errno_before;
}

/// Runs in normal code, but the program may be damaged. A fault in here is reported as a crash, too.
void note_exception() {
    const std::type_info* const type = abi::__cxa_current_exception_type();
    if (type == nullptr) return;
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> name{abi::__cxa_demangle(type->name(), nullptr, nullptr, &status),
                                                           &std::free};
    CrashLine<512> line;
    line.text(status == 0 ? name.get() : type->name());
    try {
        throw;
    } catch (const std::exception& error) {
        line.text(": ").text(error.what());
    } catch (const char* text) {
        line.text(": ").text(text != nullptr ? text : "");
    } catch (...) {
    }
    if (state.has_exception.load()) return;
    state.exception.set(line.view());
    state.has_exception.store(true);
}

[[noreturn]] void terminate() {
    if (::getpid() == state.process.load()) note_exception();
    if (state.terminate_before != nullptr) state.terminate_before();
    std::abort();
}

/// Returns true if a sanitizer handles the signal: its report of a crash has more details than this one.
bool belongs_to_sanitizer(const struct sigaction& current) noexcept {
    return has_function(current) && __sanitizer_set_death_callback != nullptr;
}

/// An AbortReporter, see signal_arrivals.hpp.
bool report_abort(int number, siginfo_t* info, void* context) noexcept {
    if (state.process.load() != ::getpid() || !state.dispositions[static_cast<std::size_t>(number)].is_taken)
        return false;
    handle(number, info, context);
    return true;
}

void take_signals() noexcept {
    struct sigaction action {};
    action.sa_sigaction = servicekit_crashed;
    // Not deferred, so that the handler also gets its own crashes.
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    for (const int number : fatal_signals) {
        // If the signal were blocked, a fault would end the process without calling the handler.
        change_mask(SIG_UNBLOCK, number);
        Disposition& disposition = state.dispositions[static_cast<std::size_t>(number)];
        if (::sigaction(number, nullptr, &disposition.before) != 0) continue;
        // The handler of signal_arrivals stays: it reports an abort(3) to this one.
        const bool asks_us = signal_arrivals::is_ours(disposition.before);
        if (asks_us) disposition.before = signal_arrivals::before(number);
        if (belongs_to_sanitizer(disposition.before)) continue;
        disposition.is_taken = asks_us || ::sigaction(number, &action, nullptr) == 0;
    }
    signal_arrivals::report_aborts_by(&report_abort);
}

/// Reads the build id from the note that the linker put into the program, elf(5).
int note_build_id(dl_phdr_info* info, std::size_t /*size*/, void* /*unused*/) {
    using namespace std::string_view_literals;
    constexpr std::string_view owner = "GNU\0"sv;
    const auto padded = [](std::size_t size) { return (size + 3) / 4 * 4; };
    for (unsigned i = 0; i < info->dlpi_phnum; ++i) {
        const auto& segment = info->dlpi_phdr[i];
        if (segment.p_type != PT_NOTE) continue;
        const char* at = reinterpret_cast<const char*>(info->dlpi_addr + segment.p_vaddr);
        const char* const end = at + segment.p_memsz;
        while (end - at >= static_cast<std::ptrdiff_t>(sizeof(ElfW(Nhdr)))) {
            ElfW(Nhdr) note;
            std::memcpy(&note, at, sizeof note);
            const char* const name = at + sizeof note;
            const char* const id = name + padded(note.n_namesz);
            if (end - id < static_cast<std::ptrdiff_t>(note.n_descsz)) break;
            if (note.n_type == NT_GNU_BUILD_ID && std::string_view{name, note.n_namesz} == owner) {
                std::string text;
                for (const char* byte = id; byte != id + note.n_descsz; ++byte) {
                    text += "0123456789abcdef"[static_cast<unsigned char>(*byte) >> 4U];
                    text += "0123456789abcdef"[static_cast<unsigned char>(*byte) & 0xfU];
                }
                state.known.build.set(text);
                return 1;
            }
            at = id + padded(note.n_descsz);
        }
    }
    return 1;  // the program itself is the first object
}

}  // namespace

void install(const CrashPlan& plan) {
    state.known.name.set(plan.name);
    state.known.version.set(plan.version);
    state.known.started_at = plan.started_at;
    state.known.trail = plan.trail;
    state.may_use_stderr = plan.may_use_stderr;
    state.takes_signals = plan.takes_signals;
    state.status_of_exit_0 = plan.status_of_exit_0;
    state.longest_report = static_cast<time_t>(plan.longest_report.count());
    state.has_exception = false;
    state.crashed_thread = 0;
    state.crash_lines_begun = false;
    watch_exits();
    if (!plan.takes_signals) {
        state.process = ::getpid();
        return;
    }

    std::array<char, PATH_MAX> program{};
    const ssize_t size = ::readlink("/proc/self/exe", program.data(), program.size());
    state.known.program.set({program.data(), size > 0 ? static_cast<std::size_t>(size) : 0});
    ::dl_iterate_phdr(note_build_id, nullptr);
    prepare_for_stacks();
    state.process = ::getpid();
    take_signals();
    state.terminate_before = std::set_terminate(terminate);
}

void uninstall() noexcept {
    for (const int number : fatal_signals) {
        Disposition& disposition = state.dispositions[static_cast<std::size_t>(number)];
        struct sigaction current {};
        // A handler that the program has installed since then stays.
        if (disposition.is_taken && ::sigaction(number, nullptr, &current) == 0 &&
            (current.sa_flags & SA_SIGINFO) != 0 && current.sa_sigaction == servicekit_crashed)
            ::sigaction(number, &disposition.before, nullptr);
        disposition = {};
    }
    if (std::get_terminate() == &terminate) std::set_terminate(state.terminate_before);
    for (auto& place : state.listeners) place = nullptr;
    state.process = 0;
    state.known.trail = nullptr;
}

pid_t owner() noexcept { return state.process.load(); }

void set_report(const ReportPlace& place) noexcept {
    state.descriptor = -1;
    const std::size_t longest = state.path.size() - 1;
    if (place.descriptor < 0 || place.path.size() > longest || place.otherwise.size() > longest) return;
    state.path.fill('\0');
    place.path.copy(state.path.data(), longest);
    state.otherwise.fill('\0');
    place.otherwise.copy(state.otherwise.data(), longest);
    state.directory = place.directory;
    state.is_nameless = place.is_nameless;
    state.descriptor = place.descriptor;
}

bool add_listener(CrashListener& listener) noexcept {
    for (auto& place : state.listeners) {
        CrashListener* nobody = nullptr;
        if (place.compare_exchange_strong(nobody, &listener)) return true;
    }
    return false;
}

}  // namespace servicekit::os::crash_handler

namespace servicekit::os {

bool add_fault_owner(FaultOwner owner) noexcept {
    for (auto& place : crash_handler::fault_owners) {
        FaultOwner nobody = nullptr;
        if (place.compare_exchange_strong(nobody, owner) || nobody == owner) return true;
    }
    return false;
}

}  // namespace servicekit::os
