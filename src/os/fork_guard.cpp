#include "os/fork_guard.hpp"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <memory>
#include <system_error>

namespace servicekit::os {
namespace {

// Atomics start at zero, so a slot holds its descriptor plus one.
constexpr int free_slot = 0;

/// Lock-free, since a child may be forked while another thread of its parent is in here.
/// Blocks are added where one is full, and never freed.
struct Block {
    std::array<std::atomic<int>, 64> slots{};
    std::atomic<Block*> next{nullptr};
};

constinit Block first_block;

void close_guarded() {
    const int errno_before = errno;
    for (Block* block = &first_block; block != nullptr; block = block->next.load())
        for (std::atomic<int>& slot : block->slots)
            if (const int taken = slot.exchange(free_slot); taken != free_slot) ::close(taken - 1);
    errno = errno_before;
}

void install_once() {
    static const int outcome = ::pthread_atfork(nullptr, nullptr, close_guarded);
    if (outcome != 0) throw std::system_error{outcome, std::generic_category(), "cannot watch for fork"};
}

Block& block_after(Block& block) {
    if (Block* next = block.next.load()) return *next;
    auto added = std::make_unique<Block>();
    Block* expected = nullptr;
    return block.next.compare_exchange_strong(expected, added.get()) ? *added.release() : *expected;
}

}  // namespace

void close_in_children(int descriptor) {
    install_once();
    for (Block* block = &first_block;; block = &block_after(*block))
        for (std::atomic<int>& slot : block->slots) {
            int expected = free_slot;
            if (slot.compare_exchange_strong(expected, descriptor + 1)) return;
        }
}

void forget(int descriptor) noexcept {
    for (Block* block = &first_block; block != nullptr; block = block->next.load())
        for (std::atomic<int>& slot : block->slots) {
            int expected = descriptor + 1;
            if (slot.compare_exchange_strong(expected, free_slot)) return;
        }
}

}  // namespace servicekit::os
