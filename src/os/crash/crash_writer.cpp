#include "os/crash/crash_writer.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace servicekit::os {
namespace {

constexpr std::uint64_t nanoseconds_in_second = 1'000'000'000;

}  // namespace

CrashWriter& CrashWriter::text(std::string_view text) noexcept {
    while (!text.empty()) {
        const std::size_t taken = text.copy(bytes_.data() + size_, bytes_.size() - size_);
        size_ += taken;
        text.remove_prefix(taken);
        if (size_ == bytes_.size()) flush();
    }
    return *this;
}

CrashWriter& CrashWriter::on_one_line(std::string_view given) noexcept {
    while (!given.empty()) {
        const std::size_t length = plain_character(given);
        text(length > 0 ? given.substr(0, length) : std::string_view{" "});
        given.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return *this;
}

CrashWriter& CrashWriter::number(std::int64_t value) noexcept {
    if (value < 0) text("-");
    return padded(value < 0 ? -static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value), 1);
}

CrashWriter& CrashWriter::padded(std::uint64_t value, unsigned digits) noexcept {
    std::array<char, 20> decimal{};
    std::size_t at = decimal.size();
    do decimal[--at] = static_cast<char>('0' + value % 10);
    while ((value /= 10) != 0);
    while (decimal.size() - at < digits && at > 0) decimal[--at] = '0';
    return text({decimal.data() + at, decimal.size() - at});
}

CrashWriter& CrashWriter::hexadecimal(std::uint64_t value, unsigned digits) noexcept {
    std::array<char, 16> reversed{};
    std::size_t at = reversed.size();
    do reversed[--at] = "0123456789abcdef"[value % 16];
    while ((value /= 16) != 0);
    while (reversed.size() - at < digits && at > 0) reversed[--at] = '0';
    return text("0x").text({reversed.data() + at, reversed.size() - at});
}

CrashWriter& CrashWriter::time(const timespec& time) noexcept {
    // Plain arithmetic, as the functions of <ctime> take locks.
    using namespace std::chrono;
    const sys_seconds whole{std::chrono::seconds{time.tv_sec}};
    const auto day = floor<days>(whole);
    const year_month_day date{day};
    const hh_mm_ss clock{whole - day};
    padded(static_cast<std::uint64_t>(static_cast<int>(date.year())), 4).text("-");
    padded(static_cast<unsigned>(date.month()), 2).text("-").padded(static_cast<unsigned>(date.day()), 2).text("T");
    padded(static_cast<std::uint64_t>(clock.hours().count()), 2).text(":");
    padded(static_cast<std::uint64_t>(clock.minutes().count()), 2).text(":");
    padded(static_cast<std::uint64_t>(clock.seconds().count()), 2).text(".");
    return padded(static_cast<std::uint64_t>(time.tv_nsec) / 1000, 6).text("Z");
}

CrashWriter& CrashWriter::seconds(std::int64_t nanoseconds) noexcept {
    const auto time = static_cast<std::uint64_t>(nanoseconds > 0 ? nanoseconds : 0);
    padded(time / nanoseconds_in_second, 1).text(".");
    return padded(time % nanoseconds_in_second / 1'000'000, 3);
}

void CrashWriter::flush() noexcept {
    std::size_t written = 0;
    while (written < size_ && descriptor_ >= 0) {
        const ssize_t count = ::write(descriptor_, bytes_.data() + written, size_ - written);
        if (count > 0)
            written += static_cast<std::size_t>(count);
        else if (count == 0 || errno != EINTR)
            break;
    }
    size_ = 0;
}

}  // namespace servicekit::os
