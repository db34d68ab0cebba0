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

/// What is known of a process before it crashes, in plain memory.
struct CrashProcess {
    EventTrail::Text<64> name;
    EventTrail::Text<64> version;
    EventTrail::Text<PATH_MAX> program;
    EventTrail::Text<128> build;  ///< its build id, in hexadecimal; empty where it was linked without one
    std::chrono::steady_clock::time_point started_at;
    const EventTrail* trail = nullptr;
};

/// What a signal's handler was told.
struct FatalSignal {
    int number = 0;  ///< 0: there was no signal
    const siginfo_t* info = nullptr;
    const void* context = nullptr;
};

/// How the program ended the process by itself.
struct ProgramExit {
    std::string_view function;       ///< "exit"
    std::optional<int> status = {};  ///< nothing if the C library does not say
    std::uintptr_t called_from = 0;  ///< the backtrace begins there
};

/// Writes what a crash leaves to be read, in lines of `key: value` and sections after them. Async-signal-safe; its object
/// is large, and lies in static memory. The parts go from what can't fail to what reads memory that may be damaged.
class CrashReport {
public:
    /// Looks at the clocks. What is to be written is valid until the last of the parts.
    void begin(const CrashProcess& process, const FatalSignal& crash, std::string_view exception) noexcept;
    void begin(const CrashProcess& process, const ProgramExit& exit) noexcept;
    /// Who, when, what and where.
    void write_head(CrashWriter& to) noexcept;
    void write_events(CrashWriter& to) const noexcept;
    void write_registers(CrashWriter& to) const noexcept;
    /// Of the thread that crashed.
    void write_stack(CrashWriter& to) noexcept;
    void write_other_threads(CrashWriter& to) noexcept;
    /// Ends with the last line of a report that is whole.
    void write_memory_map(CrashWriter& to) noexcept;
    void end() noexcept;

    /// "crashed by SIGSEGV (address not mapped to object) at 0x0 in thread 12 (control)", without an end.
    /// "exit(1) was called in thread 12 (control)"
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
