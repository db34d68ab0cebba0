#include "counted_calls.hpp"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

thread_local servicekit::cost::Cost counted;

}  // namespace

servicekit::cost::Cost servicekit::cost::cost_so_far() noexcept { return counted; }

void* operator new(std::size_t size) {
    ++counted.allocations;
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc{};
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    ++counted.allocations;
    const auto unit = static_cast<std::size_t>(alignment);
    if (void* const memory = std::aligned_alloc(unit, (size + unit - 1) / unit * unit)) return memory;
    throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

#ifndef __SANITIZE_THREAD__
extern "C" int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
    using Lock = int (*)(pthread_mutex_t*);
    static std::atomic<void*> real{nullptr};
    if (real == nullptr) real = ::dlsym(RTLD_NEXT, "pthread_mutex_lock");
    ++counted.locks;
    return reinterpret_cast<Lock>(real.load())(mutex);
}
#endif
