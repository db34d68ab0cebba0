#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace servicekit {

/// A text that threads set and read. A reader gets the whole text that was set last, without a lock.
///
/// A text is written to one of a few slots and then published by its number. A slot is reused only after all other
/// slots. So a reader must repeat its read only if that many texts were set during the read. A thread that stops in the
/// middle of set() delays only other writers.
class TextCell {
public:
    static constexpr std::size_t longest = 255;

    /// \param text its first `longest` bytes are set
    /// \param between called after each word that is written
    template <class Between>
    void set(std::string_view text, const Between& between) {
        text = text.substr(0, longest);
        std::array<char, longest + 1> bytes{};
        bytes[0] = static_cast<char>(text.size());
        std::copy(text.begin(), text.end(), bytes.begin() + 1);

        const std::lock_guard guard{writers_};
        const std::uint64_t number = published_.load(std::memory_order_relaxed) + 1;
        Slot& slot = (*slots_)[number % slots_->size()];
        // Each word is stored with release order, so that a reader that sees a new word also sees the new number.
        slot.number.store(number, std::memory_order_relaxed);
        for (std::size_t i = 0; i <= text.size() / sizeof(std::uint64_t); ++i) {
            std::uint64_t word = 0;
            std::memcpy(&word, &bytes[i * sizeof word], sizeof word);
            slot.words[i].store(word, std::memory_order_release);
            between();
        }
        published_.store(number, std::memory_order_release);
    }
    void set(std::string_view text) {
        set(text, [] {});
    }

    [[nodiscard]] std::string get() const {
        std::array<char, longest + 1> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by try_read()
        while (!try_read(bytes)) {
        }
        return {&bytes[1], static_cast<unsigned char>(bytes[0])};
    }

private:
    struct Slot {
        std::atomic<std::uint64_t> number{0};                                                   ///< of the text in it
        std::array<std::atomic<std::uint64_t>, (longest + 1) / sizeof(std::uint64_t)> words{};  ///< size, then bytes
    };
    using Slots = std::array<Slot, 4>;

    /// \returns false if the slot was written while it was read
    [[nodiscard]] bool try_read(std::array<char, longest + 1>& bytes) const {
        const std::uint64_t number = published_.load(std::memory_order_acquire);
        const Slot& slot = (*slots_)[number % slots_->size()];
        for (std::size_t i = 0; i < slot.words.size(); ++i) {
            const std::uint64_t word = slot.words[i].load(std::memory_order_acquire);
            std::memcpy(&bytes[i * sizeof word], &word, sizeof word);
        }
        return slot.number.load(std::memory_order_relaxed) == number;
    }

    std::mutex writers_;
    std::atomic<std::uint64_t> published_{0};  ///< the number of the text that was set last
    /// Not in the cell itself: each series of any metric has the size of the largest cell.
    std::unique_ptr<Slots> slots_ = std::make_unique<Slots>();
};

}  // namespace servicekit
