#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "servicectl/web/views.hpp"
#include "servicekit/core/metric_family.hpp"

namespace servicekit::servicectl::web {

/// The last values of the metrics of one service: at most 150 series, 120 values each. A counter becomes its change a
/// second, and a histogram becomes two series: how many numbers a second, and their mean.
class Charts {
public:
    static constexpr std::size_t most_charts = 150;
    static constexpr std::size_t most_values = 120;

    /// Adds the values of one moment. \param now later than before
    void take(const std::vector<MetricFamily>& families, std::chrono::steady_clock::time_point now);
    /// Returns the series of the last take(), in the order of the service.
    [[nodiscard]] std::vector<MetricChart> charts() const;
    /// Returns the number of series of the last take() that are left out.
    [[nodiscard]] std::size_t left_out() const noexcept { return left_out_; }

private:
    struct Chart {
        MetricChart shown = {};
        std::deque<double> history = {};
        double before = 0;        ///< of a counter
        double count_before = 0;  ///< of a histogram's mean
        bool has_before = false;
        std::size_t round = 0;   ///< the last one that had it
        std::size_t number = 0;  ///< its place in that round
    };
    Chart* chart(const std::string& name, const MetricFamily& family);
    void add_value(Chart& chart, double value);
    void add_count(const std::string& name, const MetricFamily& family, double value, double seconds);
    void add_mean(const std::string& name, const MetricFamily& family, double sum, double count);

    std::map<std::string, Chart> charts_;
    std::chrono::steady_clock::time_point last_{};
    std::size_t round_ = 0;
    std::size_t in_round_ = 0;
    std::size_t left_out_ = 0;
};

/// The requests a second of one service.
class RequestRate {
public:
    static constexpr std::size_t most_values = 60;
    /// Adds a count. \param own requests of this program among those since the last count
    void take(double count, double own, std::chrono::steady_clock::time_point now);
    /// Forgets the last count, as the service was started again or did not answer.
    void pause() noexcept { has_count_ = false; }
    /// Returns the values, oldest first; empty until there are two counts.
    [[nodiscard]] const std::deque<double>& history() const noexcept { return history_; }

private:
    std::deque<double> history_;
    double count_ = 0;
    bool has_count_ = false;
    std::chrono::steady_clock::time_point last_{};
};

}  // namespace servicekit::servicectl::web
