#pragma once

#include <cstddef>
#include <string>
#include <utility>

namespace servicekit {

/// A string that a thread writes into, again and again, so that a line costs no memory. One that is used within
/// another gets a string of its own.
class ScratchText {
public:
    ScratchText() : text_{std::exchange(spare(), {})} { text_.clear(); }
    ScratchText(const ScratchText&) = delete;
    ScratchText& operator=(const ScratchText&) = delete;
    ~ScratchText() {
        if (text_.capacity() <= largest_kept) spare() = std::move(text_);
    }
    [[nodiscard]] std::string& text() noexcept { return text_; }

private:
    static constexpr std::size_t largest_kept = 64U << 10U;

    static std::string& spare() {
        thread_local std::string spare;
        return spare;
    }

    std::string text_;
};

}  // namespace servicekit
