#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace servicekit::servicectl::web {

/// Returns a number of bytes with the largest fitting unit: "512 B", "5.0 MiB".
[[nodiscard]] std::string bytes_in_words(double bytes);

/// Returns a number with at most three digits before its unit and few after the point: "0", "0.042", "12.5", "1.2 M".
[[nodiscard]] std::string number_in_words(double number);

/// Returns a value of a metric with its unit: "5.0 MiB", "20 ms", "12.5 requests".
/// \param unit of the metric, for example "bytes" or "seconds"; empty if it has none
[[nodiscard]] std::string value_in_words(double value, std::string_view unit);

/// Returns for example "3.4 %".
[[nodiscard]] std::string percent_in_words(double percent);

/// Returns the number with the digits that all need to read it back, for an attribute that a script reads.
[[nodiscard]] std::string digits_of(double number);

/// Returns the text cut to this many bytes, without a part of a character at its end, and with "..." if it was cut.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t bytes);

/// Returns "1 service", "2 services".
[[nodiscard]] std::string counted(std::size_t count, std::string_view noun);

}  // namespace servicekit::servicectl::web
