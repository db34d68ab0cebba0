#include "base/scratch_text.hpp"

#include <memory>
#include <utility>

namespace servicekit {

/// Frees the thread's strings when the thread ends.
class ScratchText::Keeper {
public:
    Keeper() noexcept { most_kept = std::size_t{64} << 10U; }
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;
    ~Keeper() {
        most_kept = 0;
        while (free_ones != nullptr) drop(std::exchange(free_ones, free_ones->next));
    }
};

ScratchText::Kept* ScratchText::make() {
    thread_local const Keeper keeper;
    return std::make_unique<Kept>().release();
}

void ScratchText::drop(Kept* kept) noexcept { const std::unique_ptr<Kept> dropped{kept}; }

}  // namespace servicekit
