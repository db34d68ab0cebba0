#include "base/rfc3339.hpp"

namespace servicekit {
namespace {

void append_number(std::string& out, long value, unsigned digits) {
    const std::size_t end = out.size() + digits;
    out.append(digits, '0');
    for (std::size_t at = end; digits > 0; --digits, value /= 10) out[--at] = static_cast<char>('0' + value % 10);
}

}  // namespace

void append_rfc3339(std::string& out, std::chrono::system_clock::time_point time, TimePrecision precision) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss time_of_day{floor<microseconds>(time) - day};
    append_number(out, static_cast<int>(date.year()), 4);
    out += '-';
    append_number(out, static_cast<unsigned>(date.month()), 2);
    out += '-';
    append_number(out, static_cast<unsigned>(date.day()), 2);
    out += 'T';
    append_number(out, time_of_day.hours().count(), 2);
    out += ':';
    append_number(out, time_of_day.minutes().count(), 2);
    out += ':';
    append_number(out, time_of_day.seconds().count(), 2);
    if (precision == TimePrecision::microseconds) {
        out += '.';
        append_number(out, time_of_day.subseconds().count(), 6);
    }
    out += 'Z';
}

std::string rfc3339(std::chrono::system_clock::time_point time) {
    std::string text;
    append_rfc3339(text, time, TimePrecision::seconds);
    return text;
}

}  // namespace servicekit
