#pragma once

#include <signal.h>

#include <array>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string_view>

#include "os/crash/crash_stack.hpp"
#include "os/crash/crash_writer.hpp"
#include "os/crash/elf_file.hpp"
#include "os/crash/memory_map.hpp"
#include "os/crash/other_threads.hpp"
#include "servicekit/os/event_trail.hpp"

namespace servicekit::os {

/// Facts about a process that are collected before it crashes, in plain memory.
struct CrashProcess {
    EventTrail::Text<64> name;
    EventTrail::Text<64> version;
    EventTrail::Text<PATH_MAX> program;
    EventTrail::Text<128> build;  ///< its build id, in hexadecimal; empty if it was linked without one
    std::chrono::steady_clock::time_point started_at;
    const EventTrail* trail = nullptr;
};

/// The arguments of the signal handler.
struct FatalSignal {
    int number = 0;  ///< 0 if there was no signal
    const siginfo_t* info = nullptr;
    const void* context = nullptr;
};

/// A call that ended the process, such as exit(3).
struct ProgramExit {
    std::string_view function;       ///< "exit"
    std::optional<int> status = {};  ///< nothing if the C library does not provide it
    std::uintptr_t called_from = 0;  ///< where the backtrace begins
};

/// Writes a crash report: lines of `key: value`, then sections. Async-signal-safe. The object is large, so it is in
/// static memory. The order of the parts is from those that cannot fail to those that read memory that may be damaged.
class CrashReport {
public:
    /// Reads the clocks. The arguments must stay valid until the last part is written.
    void begin(const CrashProcess& process, const FatalSignal& crash, std::string_view exception) noexcept;
    void begin(const CrashProcess& process, const ProgramExit& exit) noexcept;
    /// Writes which process crashed, when, how and in which thread.
    void write_head(CrashWriter& to) noexcept;
    void write_events(CrashWriter& to) const noexcept;
    void write_registers(CrashWriter& to) const noexcept;
    /// Writes the backtrace of the thread that crashed.
    void write_stack(CrashWriter& to) noexcept;
    void write_other_threads(CrashWriter& to) noexcept;
    /// Also writes the last line, which marks the report as complete.
    void write_memory_map(CrashWriter& to) noexcept;
    void end() noexcept;

    /// Describes the crash without a newline:
    /// "crashed by SIGSEGV (address not mapped to object) at 0x0 in thread 12 (control)" or
    /// "exit(1) was called in thread 12 (control)".
    void describe(CrashLine<512>& line) const noexcept;

private:
    void begin(const CrashProcess& process) noexcept;
    void describe_signal(CrashLine<512>& line) const noexcept;
    void write_signal(CrashWriter& to) const noexcept;
    void write_frames(CrashWriter& to, const CrashStack& stack) noexcept;
    void write_frame(CrashWriter& to, std::size_t number, std::uintptr_t address) noexcept;
    [[nodiscard]] const ElfFile& file_of(const MemoryMap::Mapping& mapping) noexcept;
    void write_moment(CrashWriter& to, EventTrail::Time time) const noexcept;

    const CrashProcess* process_ = nullptr;
    FatalSignal crash_;
    std::optional<ProgramExit> exit_;
    std::string_view exception_;
    pid_t thread_ = 0;
    std::array<char, 17> thread_name_{};
    timespec wall_clock_{};
    timespec steady_clock_{};
    CrashStack stack_;
    MemoryMap map_;
    OtherThreads others_;
    struct KnownFile {
        std::uint64_t inode = 0;
        ElfFile file;
    };
    std::array<KnownFile, 32> files_{};
};

}  // namespace servicekit::os
