#include "os/crash/crash_stack.hpp"

#include <ucontext.h>
#include <unwind.h>

#include "os/crash/memory_map.hpp"

namespace servicekit::os {
namespace {

#if defined(__x86_64__) || defined(__aarch64__)
constexpr bool knows_registers = true;
#else
constexpr bool knows_registers = false;
#endif

struct Walk {
    CrashStack& into;
    std::uintptr_t begin;  ///< instruction pointer of the interrupted thread
    bool has_begun;
};

_Unwind_Reason_Code note_frame(_Unwind_Context* context, void* argument) {
    auto& walk = *static_cast<Walk*>(argument);
    const std::uintptr_t address = _Unwind_GetIP(context);
    if (address == 0) return _URC_END_OF_STACK;
    // Skips the frames of this function, of the handler and of the kernel's return from it.
    walk.has_begun = walk.has_begun || address == walk.begin;
    if (!walk.has_begun) return _URC_NO_REASON;
    if (walk.into.size == walk.into.frames.size()) {
        walk.into.is_cut = true;
        return _URC_END_OF_STACK;
    }
    walk.into.frames[walk.into.size++] = address;
    return _URC_NO_REASON;
}

/// Follows the frame pointers: a frame has the address of the previous frame and its own return address.
void follow_frame_pointers(std::uintptr_t frame, CrashStack& into) noexcept {
    while (frame != 0 && frame % sizeof(std::uintptr_t) == 0 && into.size < into.frames.size()) {
        std::array<std::uintptr_t, 2> link{};
        if (!read_memory(frame, link.data(), sizeof link) || link[1] == 0) return;
        into.frames[into.size++] = link[1];
        if (link[0] <= frame) return;  // a calling frame has a higher address
        frame = link[0];
    }
}

/// Takes the stack after a call to an address without code. The caller's address is on the stack.
void take_stack_of_wild_call(const InterruptedThread& thread, CrashStack& into) noexcept {
    into.frames[into.size++] = thread.instruction;
#if defined(__x86_64__)
    std::uintptr_t caller = 0;
    if (read_memory(thread.stack, &caller, sizeof caller) && caller != 0) into.frames[into.size++] = caller;
#endif
    follow_frame_pointers(thread.frame, into);
}

}  // namespace

InterruptedThread interrupted_thread(const void* context) noexcept {
    if (context == nullptr) return {};
    [[maybe_unused]] const mcontext_t& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
    return {static_cast<std::uintptr_t>(machine.gregs[REG_RIP]), static_cast<std::uintptr_t>(machine.gregs[REG_RSP]),
            static_cast<std::uintptr_t>(machine.gregs[REG_RBP])};
#elif defined(__aarch64__)
    return {machine.pc, machine.sp, machine.regs[29]};
#else
    return {};
#endif
}

void take_stack(const void* context, CrashStack& into) noexcept {
    into.size = 0;
    into.is_cut = false;
    const InterruptedThread thread = interrupted_thread(context);
    Walk walk{into, thread.instruction, context == nullptr || !knows_registers};
    _Unwind_Backtrace(note_frame, &walk);
    if (into.size == 0 && knows_registers) take_stack_of_wild_call(thread, into);
}

void take_stack_from(std::uintptr_t caller, CrashStack& into) noexcept {
    into.size = 0;
    into.is_cut = false;
    Walk walk{into, caller, false};
    _Unwind_Backtrace(note_frame, &walk);
    if (into.size == 0) take_stack(nullptr, into);
}

void prepare_for_stacks() noexcept {
    CrashStack stack;
    take_stack(nullptr, stack);
}

std::size_t each_register(const void* context, void (*describe)(void* to, const char* name, std::uint64_t value),
                          void* to) noexcept {
    if (context == nullptr) return 0;
    [[maybe_unused]] const mcontext_t& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
    struct Register {
        int index;
        const char* name;
    };
    constexpr std::array registers{
        Register{REG_RIP, "rip"}, Register{REG_RSP, "rsp"}, Register{REG_RBP, "rbp"},    Register{REG_RAX, "rax"},
        Register{REG_RBX, "rbx"}, Register{REG_RCX, "rcx"}, Register{REG_RDX, "rdx"},    Register{REG_RSI, "rsi"},
        Register{REG_RDI, "rdi"}, Register{REG_R8, "r8"},   Register{REG_R9, "r9"},      Register{REG_R10, "r10"},
        Register{REG_R11, "r11"}, Register{REG_R12, "r12"}, Register{REG_R13, "r13"},    Register{REG_R14, "r14"},
        Register{REG_R15, "r15"}, Register{REG_EFL, "efl"}, Register{REG_TRAPNO, "trap"}};
    for (const Register& known : registers)
        describe(to, known.name, static_cast<std::uint64_t>(machine.gregs[known.index]));
    return registers.size();
#elif defined(__aarch64__)
    constexpr std::array names{"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",  "x10",
                               "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",
                               "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30"};
    describe(to, "pc", machine.pc);
    describe(to, "sp", machine.sp);
    for (std::size_t i = 0; i < names.size(); ++i) describe(to, names[i], machine.regs[i]);
    return names.size() + 2;
#else
    static_cast<void>(describe);
    static_cast<void>(to);
    return 0;
#endif
}

}  // namespace servicekit::os
