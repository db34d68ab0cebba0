#pragma once

#include <array>
#include <cstddef>
#include <string>

namespace servicekit {

/// A string that a thread writes into, again and again, so that a line costs no memory; one that is used within another,
/// too. Those within both get a string of their own.
class ScratchText {
public:
    ScratchText() : depth_{spares().depth++} {
        if (depth_ < spares().texts.size()) text_.swap(spares().texts[depth_]);
        text_.clear();
    }
    ScratchText(const ScratchText&) = delete;
    ScratchText& operator=(const ScratchText&) = delete;
    ~ScratchText() {
        --spares().depth;
        if (depth_ < spares().texts.size() && text_.capacity() <= largest_kept) text_.swap(spares().texts[depth_]);
    }
    [[nodiscard]] std::string& text() noexcept { return text_; }

private:
    static constexpr std::size_t largest_kept = 64U << 10U;

    struct Spares {
        std::array<std::string, 2> texts;
        std::size_t depth = 0;  ///< how many are in use
    };
    static Spares& spares() {
        thread_local Spares spares;
        return spares;
    }

    std::size_t depth_;
    std::string text_;
};

}  // namespace servicekit
