#include "os/crash/crash_report.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>

#include "base/signal_name.hpp"
#include "os/crash/crash_text.hpp"
#include "os/uninterrupted.hpp"

namespace servicekit::os {
namespace {

constexpr std::int64_t second = 1'000'000'000;

std::int64_t nanoseconds(const timespec& time) noexcept { return std::int64_t{time.tv_sec} * second + time.tv_nsec; }

/// Relies on steady_clock being CLOCK_MONOTONIC.
std::int64_t nanoseconds(EventTrail::Time time) noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

/// Reads the first line of a file of the thread in /proc.
std::string_view first_line(pid_t thread, std::string_view file, std::array<char, 256>& buffer) noexcept {
    CrashLine<64> path;
    path.text("/proc/self/task/").number(static_cast<std::uint64_t>(thread)).text("/").text(file).text({"\0", 1});
    const int descriptor = open_uninterrupted(path.view().data(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return {};
    ssize_t size = 0;
    do size = ::read(descriptor, buffer.data(), buffer.size());
    while (size < 0 && errno == EINTR);
    ::close(descriptor);
    const std::string_view text{buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
    return text.substr(0, text.find('\n'));
}

/// Writes "exit(1)": of the status only the 8 bits that a parent sees.
template <class Text>
Text& call_in_words(Text& to, const ProgramExit& exit) noexcept {
    constexpr unsigned seen = 0xff;
    to.text(exit.function).text("(");
    if (exit.status) to.number(static_cast<unsigned>(*exit.status) & seen);
    return to.text(")");
}

}  // namespace

void CrashReport::begin(const CrashProcess& process) noexcept {
    process_ = &process;
    thread_ = static_cast<pid_t>(::syscall(SYS_gettid));
    ::prctl(PR_GET_NAME, thread_name_.data());
    ::clock_gettime(CLOCK_REALTIME, &wall_clock_);
    ::clock_gettime(CLOCK_MONOTONIC, &steady_clock_);
}

void CrashReport::begin(const CrashProcess& process, const FatalSignal& crash, std::string_view exception) noexcept {
    begin(process);
    crash_ = crash;
    exit_.reset();
    exception_ = exception;
}

void CrashReport::begin(const CrashProcess& process, const ProgramExit& exit) noexcept {
    begin(process);
    crash_ = {};
    exit_ = exit;
    exception_ = {};
}

void CrashReport::describe(CrashLine<512>& line) const noexcept {
    if (exit_)
        call_in_words(line, *exit_).text(" was called");
    else
        describe_signal(line);
    line.text(" in thread ").number(static_cast<std::uint64_t>(thread_));
    line.text(" (").on_one_line(thread_name_.data()).text(")");
    // The event of this thread, or else of another one, which may be the cause.
    const EventTrail* told = nullptr;
    for (const EventTrail* trail = process_->trail; trail != nullptr; trail = trail->next())
        if (trail->depth() > 0 && (told == nullptr || trail->is_of_this_thread())) told = trail;
    if (told != nullptr)
        line.text(" in the event '").on_one_line(told->running(told->depth() - 1).name.view()).text("'");
    if (!exception_.empty()) line.text(": ").on_one_line(exception_);
}

void CrashReport::describe_signal(CrashLine<512>& line) const noexcept {
    const siginfo_t& info = *crash_.info;
    line.text("crashed by ").text(signal_name(crash_.number));
    line.text(" (").text(signal_code(crash_.number, info.si_code).meaning);
    if (is_sent(info) && info.si_pid != ::getpid())
        line.text(" by pid ").number(static_cast<std::uint64_t>(info.si_pid)).text(", uid ").number(info.si_uid);
    line.text(")");
    if (has_address(crash_.number, info)) line.text(" at ").hexadecimal(reinterpret_cast<std::uintptr_t>(info.si_addr));
}

void CrashReport::write_head(CrashWriter& to) noexcept {
    const std::int64_t now = nanoseconds(steady_clock_);
    to.text("crash report of servicekit, format 1\n");
    to.text("time: ").time(wall_clock_).text("\n");
    to.text("service: ").on_one_line(process_->name.view()).text("\n");
    to.text("version: ").on_one_line(process_->version.view()).text("\n");
    to.text("pid: ").number(::getpid()).text("\n");
    to.text("uptime: ").seconds(now - nanoseconds(process_->started_at)).text(" s\n");
    if (exit_)
        call_in_words(to.text("exit: "), *exit_).text("\n");
    else
        write_signal(to);
    to.text("thread: ").number(thread_).text(" (").on_one_line(thread_name_.data()).text(")\n");
    if (!exception_.empty()) to.text("exception: ").on_one_line(exception_).text("\n");
    for (const EventTrail* trail = process_->trail; trail != nullptr; trail = trail->next()) {
        for (std::size_t level = trail->depth(); level-- > 0;) {
            const EventTrail::Running& running = trail->running(level);
            to.text("event: ").on_one_line(running.name.view());
            to.text(", for ").seconds(now - nanoseconds(running.began)).text(" s\n");
        }
    }
    to.text("program: ").on_one_line(process_->program.view()).text("\n");
    const std::string_view build = process_->build.view();
    to.text("build-id: ").text(build.empty() ? "none" : build).text("\n");
}

void CrashReport::write_signal(CrashWriter& to) const noexcept {
    const siginfo_t& info = *crash_.info;
    const SignalCode code = signal_code(crash_.number, info.si_code);
    to.text("signal: ").text(signal_name(crash_.number)).text(" (").number(crash_.number).text(")\n");
    to.text("code: ").text(code.name).text(" (").number(info.si_code).text("), ").text(code.meaning).text("\n");
    if (has_address(crash_.number, info))
        to.text("address: ").hexadecimal(reinterpret_cast<std::uintptr_t>(info.si_addr), 16).text("\n");
    if (is_sent(info)) to.text("sender: pid ").number(info.si_pid).text(", uid ").number(info.si_uid).text("\n");
}

void CrashReport::write_moment(CrashWriter& to, EventTrail::Time time) const noexcept {
    const std::int64_t wall = nanoseconds(wall_clock_) - (nanoseconds(steady_clock_) - nanoseconds(time));
    timespec moment{};
    moment.tv_sec = static_cast<time_t>(wall / second);
    moment.tv_nsec = static_cast<long>(wall % second);
    to.time(moment);
}

void CrashReport::write_events(CrashWriter& to) const noexcept {
    const EventTrail* const trail = process_->trail;
    if (trail == nullptr) return;
    to.text("\nlast events, the latest first:\n");
    const std::size_t count = trail->size();
    for (std::size_t back = 0; back < count; ++back) {
        const EventTrail::Ended& event = trail->ended(back);
        to.text("  ");
        write_moment(to, event.began);
        to.text(" ").on_one_line(event.name.view()).text(", took ");
        to.seconds(nanoseconds(event.ended) - nanoseconds(event.began)).text(" s: ");
        to.on_one_line(event.outcome.view()).text("\n");
    }
}

void CrashReport::write_registers(CrashWriter& to) const noexcept {
    if (exit_) return;
    to.text("\nregisters:\n");
    each_register(
        crash_.context,
        [](void* writer, const char* name, std::uint64_t value) {
            static_cast<CrashWriter*>(writer)->text("  ").text(name).text(" ").hexadecimal(value, 16).text("\n");
        },
        &to);
}

void CrashReport::write_stack(CrashWriter& to) noexcept {
    map_.read();
    to.text("\nbacktrace of thread ").number(thread_).text(" (").on_one_line(thread_name_.data());
    to.text(exit_ ? "), which called exit:\n" : "), which crashed:\n");
    // Keeps what was written so far if the stack is damaged and the unwinder crashes, too.
    to.flush();
    if (exit_)
        take_stack_from(exit_->called_from, stack_);
    else
        take_stack(crash_.context, stack_);
    write_frames(to, stack_);
    to.flush();
}

void CrashReport::write_other_threads(CrashWriter& to) noexcept {
    constexpr std::chrono::milliseconds longest_answer{500};
    others_.ask(longest_answer);
    std::array<char, 256> buffer{};
    for (const OtherThreads::Thread& thread : others_) {
        to.text("\nbacktrace of thread ").number(thread.id);
        to.text(" (").on_one_line(first_line(thread.id, "comm", buffer)).text("):\n");
        if (thread.has_answered.load(std::memory_order_acquire)) {
            write_frames(to, thread.stack);
        } else {
            // "syscall" has the number of the system call, its arguments, the stack pointer and
            // the instruction pointer, proc(5).
            to.text("  none within half a second; /proc shows: ").on_one_line(first_line(thread.id, "syscall", buffer));
            to.text(" ").on_one_line(first_line(thread.id, "wchan", buffer)).text("\n");
        }
        to.flush();
    }
    if (others_.left_out() > 0)
        to.text("\nand ").number(static_cast<std::int64_t>(others_.left_out())).text(" more threads\n");
}

void CrashReport::write_memory_map(CrashWriter& to) noexcept {
    to.text("\nmemory that can be executed:\n");
    for (const MemoryMap::Mapping& mapping : map_) {
        to.text("  ").hexadecimal(mapping.begin, 16).text("-").hexadecimal(mapping.end, 16);
        to.text(" from ").hexadecimal(mapping.base, 16).text(" ").on_one_line(mapping.path).text("\n");
    }
    to.text("\nend of the report\n");
    to.flush();
}

void CrashReport::end() noexcept {
    for (KnownFile& known : files_) {
        known.file.close();
        known.inode = 0;
    }
}

void CrashReport::write_frames(CrashWriter& to, const CrashStack& stack) noexcept {
    if (stack.size == 0) to.text("  none\n");
    for (std::size_t i = 0; i < stack.size; ++i) write_frame(to, i, stack.frames[i]);
    if (stack.is_cut) to.text("  and more\n");
}

void CrashReport::write_frame(CrashWriter& to, std::size_t number, std::uintptr_t address) noexcept {
    to.text("  #").padded(number, 2).text(" ").hexadecimal(address, 16);
    // A call may be the last instruction of its function. Its return address is then outside the function.
    const std::uintptr_t within = number > 0 && address > 0 ? address - 1 : address;
    if (const MemoryMap::Mapping* const mapping = map_.find(within)) {
        const ElfFile& file = file_of(*mapping);
        const std::uintptr_t bias = mapping->base - file.first_address();
        to.text(" ").on_one_line(mapping->path).text("+").hexadecimal(address - bias);
        if (const ElfFile::Symbol symbol = file.symbol_at(within - bias); !symbol.name.empty())
            to.text(" (").on_one_line(symbol.name).text("+").hexadecimal(symbol.offset + (address - within)).text(")");
    }
    to.text("\n");
}

const ElfFile& CrashReport::file_of(const MemoryMap::Mapping& mapping) noexcept {
    static constexpr ElfFile none;
    if (mapping.inode == 0 || !mapping.path.starts_with('/')) return none;
    for (KnownFile& known : files_) {
        if (known.inode == mapping.inode) return known.file;
        if (known.inode != 0) continue;
        known.inode = mapping.inode;
        known.file.open(mapping.path.data(), mapping.inode);
        return known.file;
    }
    return none;
}

}  // namespace servicekit::os
