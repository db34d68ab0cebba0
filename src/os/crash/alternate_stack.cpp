#include "os/crash/alternate_stack.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>

namespace servicekit::os {
namespace {

/// For a handler that unwinds stacks. The kernel needs further space, which depends on the processor.
constexpr std::size_t size_for_handlers = 128U << 10U;

class AlternateStack {
public:
    AlternateStack() = default;
    AlternateStack(const AlternateStack&) = delete;
    AlternateStack& operator=(const AlternateStack&) = delete;
    ~AlternateStack() {
        if (memory_ == nullptr) return;
        stack_t current{};
        // The program's own alternate stack stays.
        if (::sigaltstack(nullptr, &current) == 0 && current.ss_sp == stack_) {
            stack_t none{};
            none.ss_flags = SS_DISABLE;
            ::sigaltstack(&none, nullptr);
        }
        ::munmap(memory_, size_);
    }

    void give() noexcept {
        const long kernel_needs = ::sysconf(_SC_MINSIGSTKSZ);
        const std::size_t wanted = size_for_handlers + static_cast<std::size_t>(std::max(kernel_needs, 4096L));
        stack_t current{};
        if (::sigaltstack(nullptr, &current) != 0) return;
        if ((current.ss_flags & SS_DISABLE) == 0 && current.ss_size >= wanted / 2) return;
        if (memory_ != nullptr || (current.ss_flags & SS_ONSTACK) != 0) return;

        const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
        const std::size_t size = (wanted + page - 1) / page * page + page;
        void* const memory =
            ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
        if (memory == MAP_FAILED) return;
        ::mprotect(memory, page, PROT_NONE);
        stack_t stack{};
        stack.ss_sp = static_cast<char*>(memory) + page;
        stack.ss_size = size - page;
        if (::sigaltstack(&stack, nullptr) != 0) {
            ::munmap(memory, size);
            return;
        }
        memory_ = memory;
        stack_ = stack.ss_sp;
        size_ = size;
    }

private:
    void* memory_ = nullptr;
    void* stack_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace

void give_alternate_stack() noexcept {
    thread_local AlternateStack stack;
    stack.give();
}

}  // namespace servicekit::os
