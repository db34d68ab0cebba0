#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace servicekit {

/// The current numbers of one metric, as monitoring systems read them.
struct MetricFamily {
    /// How the numbers change.
    enum class Kind {
        counter,    ///< only grows
        gauge,      ///< goes up and down
        histogram,  ///< counts in buckets
    };
    /// The numbers of a histogram.
    struct Distribution {
        /// The largest number of each bucket, and how many numbers are not larger. The last bucket is infinite.
        std::vector<std::pair<double, std::uint64_t>> buckets = {};
        double sum = 0;  ///< of all numbers
    };
    /// The number of one combination of label values.
    struct Series {
        std::vector<std::string> label_values = {};  ///< in the order of the labels
        std::variant<std::uint64_t, std::int64_t, double, Distribution> number = std::uint64_t{0};  ///< current
    };

    std::string name;                      ///< with the unit, without `_total`
    std::string help = {};                 ///< one line for people
    std::string unit = {};                 ///< may be empty
    Kind kind = Kind::gauge;               ///< of all series
    std::vector<std::string> labels = {};  ///< their names
    std::vector<Series> series = {};       ///< in the order in which they were made
};

}  // namespace servicekit
