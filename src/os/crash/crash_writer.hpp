#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string_view>

#include "base/escaped_text.hpp"

namespace servicekit::os {

/// Formats text in fixed memory and writes it to a descriptor. Async-signal-safe. Drops what cannot be written.
class CrashWriter {
public:
    explicit constexpr CrashWriter(int descriptor = -1) noexcept : descriptor_{descriptor} {}
    CrashWriter(const CrashWriter&) = delete;
    CrashWriter& operator=(const CrashWriter&) = delete;
    ~CrashWriter() { flush(); }

    CrashWriter& text(std::string_view text) noexcept;
    /// Replaces each byte or character that plain_character() refuses with a space.
    CrashWriter& on_one_line(std::string_view given) noexcept;
    CrashWriter& number(std::int64_t value) noexcept;
    /// \param digits the minimum number of digits
    CrashWriter& padded(std::uint64_t value, unsigned digits) noexcept;
    /// Writes 0x and at least `digits` hexadecimal digits.
    CrashWriter& hexadecimal(std::uint64_t value, unsigned digits = 1) noexcept;
    /// Writes "2026-11-22T06:10:00.123456Z".
    CrashWriter& time(const timespec& time) noexcept;
    /// Writes "1.234".
    CrashWriter& seconds(std::int64_t nanoseconds) noexcept;

    /// Writes the buffer, even if signals interrupt it.
    void flush() noexcept;

private:
    int descriptor_;
    std::size_t size_ = 0;
    std::array<char, 2048> bytes_{};
};

/// Formats text in the same way into a buffer, and truncates it if it is too long.
template <std::size_t Size>
class CrashLine {
public:
    constexpr CrashLine() noexcept = default;
    CrashLine& text(std::string_view text) noexcept {
        size_ += text.copy(bytes_.data() + size_, Size - size_);
        return *this;
    }
    CrashLine& on_one_line(std::string_view given) noexcept {
        while (!given.empty()) {
            const std::size_t length = plain_character(given);
            text(length > 0 ? given.substr(0, length) : std::string_view{" "});
            given.remove_prefix(length > 0 ? length : 1);
        }
        return *this;
    }
    CrashLine& number(std::uint64_t value) noexcept { return digits(value, 10); }
    CrashLine& hexadecimal(std::uint64_t value) noexcept {
        text("0x");
        return digits(value, 16);
    }
    void clear() noexcept { size_ = 0; }
    [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data(), size_}; }

private:
    CrashLine& digits(std::uint64_t value, unsigned base) noexcept {
        std::array<char, 20> reversed{};
        std::size_t count = 0;
        do reversed[count++] = "0123456789abcdef"[value % base];
        while ((value /= base) != 0);
        while (count > 0 && size_ < Size) bytes_[size_++] = reversed[--count];
        return *this;
    }

    std::array<char, Size> bytes_{};
    std::size_t size_ = 0;
};

}  // namespace servicekit::os
