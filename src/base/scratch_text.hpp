#pragma once

#include <cstddef>
#include <string>

namespace servicekit {

/// A string that a thread reuses, so that writing a line allocates no memory. Several may be in use at once, one within
/// another. A thread keeps as many as it has used at the same time, and frees them when it ends. Thread-local objects
/// that are destroyed later may still use one, which is then freed at once.
class ScratchText {
public:
    ScratchText() : kept_{free_ones != nullptr ? free_ones : make()} {
        free_ones = kept_->next;
        kept_->text.clear();
    }
    ScratchText(const ScratchText&) = delete;
    ScratchText& operator=(const ScratchText&) = delete;
    ~ScratchText() {
        if (kept_->text.capacity() > most_kept) [[unlikely]] {
            drop(kept_);
        } else {
            kept_->next = free_ones;
            free_ones = kept_;
        }
    }
    [[nodiscard]] std::string& text() noexcept { return kept_->text; }

private:
    struct Kept {
        std::string text = {};
        Kept* next = nullptr;
    };
    class Keeper;

    static Kept* make();
    static void drop(Kept* kept) noexcept;

    // Neither has a constructor or destructor that runs code, so that access needs no check for initialisation.
    static inline thread_local constinit Kept* free_ones = nullptr;
    static inline thread_local constinit std::size_t most_kept =
        0;  ///< bytes of one; 0 before the first use and at the end of the thread

    Kept* kept_;
};

}  // namespace servicekit
