#include "os/process/fork_guard.hpp"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <system_error>

namespace servicekit::os {
namespace {

/// Which descriptors are guarded, indexed by number, since a busy server guards and forgets many of them. Lock-free, as
/// a child may be forked while another thread of its parent is in here.
/// Blocks are added for greater numbers and never freed.
struct Block {
    std::array<std::atomic<bool>, 1024> guarded{};
    std::atomic<Block*> next{nullptr};
};

constinit Block first_block;

void close_guarded() {
    const int errno_before = errno;
    int descriptor = 0;
    for (Block* block = &first_block; block != nullptr; block = block->next.load())
        for (std::atomic<bool>& guarded : block->guarded) {
            if (guarded.load()) {
                guarded.store(false);
                ::close(descriptor);
            }
            ++descriptor;
        }
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
    if (descriptor < 0) return;
    install_once();
    auto position = static_cast<std::size_t>(descriptor);
    Block* block = &first_block;
    for (; position >= block->guarded.size(); position -= block->guarded.size()) block = &block_after(*block);
    block->guarded[position].store(true);
}

void forget(int descriptor) noexcept {
    if (descriptor < 0) return;
    auto position = static_cast<std::size_t>(descriptor);
    Block* block = &first_block;
    for (; block != nullptr && position >= block->guarded.size(); position -= block->guarded.size())
        block = block->next.load();
    if (block != nullptr) block->guarded[position].store(false);
}

}  // namespace servicekit::os
