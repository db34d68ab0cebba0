#pragma once

#include <cstddef>
#include <string>

namespace servicekit {

/// A string that a thread writes into, again and again, so that a line costs no memory; also one within another. A thread
/// keeps as many as it had at a time, and gives them back at its end; its objects that are destroyed even later may still
/// use one, which is then not kept.
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

    // Neither is ever constructed or destroyed by code, so that using them asks the thread for nothing first.
    static inline thread_local constinit Kept* free_ones = nullptr;
    static inline thread_local constinit std::size_t most_kept =
        0;  ///< bytes of one; 0 before the first and at the end

    Kept* kept_;
};

}  // namespace servicekit
