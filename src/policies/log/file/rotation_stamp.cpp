#include "policies/log/file/rotation_stamp.hpp"

#include <algorithm>

#include "base/rfc3339.hpp"

namespace servicekit::policies {

std::string rotation_stamp(std::chrono::system_clock::time_point time) {
    std::string text;
    append_rfc3339(text, time, TimePrecision::microseconds);
    std::erase_if(text, [](char letter) { return letter == '-' || letter == ':'; });
    return text;
}

bool is_rotation_stamp(std::string_view text) noexcept {
    constexpr std::string_view form = "00000000T000000.000000Z";
    return text.size() == form.size() && std::equal(text.begin(), text.end(), form.begin(), [](char letter, char like) {
               return like == '0' ? letter >= '0' && letter <= '9' : letter == like;
           });
}

}  // namespace servicekit::policies
