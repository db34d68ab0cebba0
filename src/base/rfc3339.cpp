#include "base/rfc3339.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace servicekit {
namespace {

/// "2026-11-22T06:10:00"
using SecondText = std::array<char, 19>;

void put_number(SecondText& text, std::size_t at, long value, std::size_t digits) {
    for (; digits > 0; --digits, value /= 10) text[at + digits - 1] = static_cast<char>('0' + value % 10);
}

[[gnu::noinline]] void put_second(SecondText& text, std::chrono::sys_seconds time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss time_of_day{time - day};
    put_number(text, 0, static_cast<int>(date.year()), 4);
    put_number(text, 5, static_cast<unsigned>(date.month()), 2);
    put_number(text, 8, static_cast<unsigned>(date.day()), 2);
    put_number(text, 11, time_of_day.hours().count(), 2);
    put_number(text, 14, time_of_day.minutes().count(), 2);
    put_number(text, 17, time_of_day.seconds().count(), 2);
}

/// The text of the second that the thread formatted last. Many lines of a log have the same second. It is thread-local
/// and allocates no memory.
struct LastSecond {
    std::chrono::sys_seconds time{std::chrono::seconds::min()};
    SecondText text{'0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 'T', '0', '0', ':', '0', '0', ':', '0', '0'};
};

}  // namespace

[[gnu::hot]] void append_rfc3339(std::string& out, std::chrono::system_clock::time_point time,
                                 TimePrecision precision) {
    using namespace std::chrono;
    thread_local constinit LastSecond last;
    const auto second = floor<seconds>(time);
    if (second != last.time) {
        put_second(last.text, second);
        last.time = second;
    }
    std::array<char, last.text.size() + 8> text;
    char* at = std::copy(last.text.begin(), last.text.end(), text.data());
    if (precision == TimePrecision::microseconds) {
        const auto micros = static_cast<std::uint32_t>(floor<microseconds>(time - second).count());
        *at++ = '.';
        for (const std::uint32_t pair : {micros / 10'000, micros / 100 % 100, micros % 100}) {
            *at++ = static_cast<char>('0' + pair / 10);
            *at++ = static_cast<char>('0' + pair % 10);
        }
    }
    *at++ = 'Z';
    out.append(text.data(), static_cast<std::size_t>(at - text.data()));
}

std::string rfc3339(std::chrono::system_clock::time_point time) {
    std::string text;
    append_rfc3339(text, time, TimePrecision::seconds);
    return text;
}

}  // namespace servicekit
