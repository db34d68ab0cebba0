#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "servicekit/core/metric_family.hpp"

namespace servicekit {

/// The counts of a histogram. Thread-safe. Readers and writers do not wait for each other, so a reader may get a number
/// in a bucket but not in the sum.
class HistogramCell {
public:
    /// \param bounds the largest number of each bucket, ascending. It must outlive this.
    explicit HistogramCell(std::span<const double> bounds)
        : bounds_{bounds}, counts_{std::make_unique<std::atomic<std::uint64_t>[]>(bounds.size() + 1)} {}

    void observe(double number) noexcept {
        if (std::isnan(number)) return;
        const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), number) - bounds_.begin();
        counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
        sum_.fetch_add(number, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t count() const noexcept {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i <= bounds_.size(); ++i) sum += counts_[i].load(std::memory_order_relaxed);
        return sum;
    }
    [[nodiscard]] double sum() const noexcept { return sum_.load(std::memory_order_relaxed); }
    [[nodiscard]] MetricFamily::Distribution read() const {
        MetricFamily::Distribution read{.buckets = {}, .sum = sum()};
        read.buckets.reserve(bounds_.size() + 1);
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i <= bounds_.size(); ++i) {
            sum += counts_[i].load(std::memory_order_relaxed);
            read.buckets.emplace_back(i < bounds_.size() ? bounds_[i] : HUGE_VAL, sum);
        }
        return read;
    }

private:
    std::span<const double> bounds_;
    std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;
    std::atomic<double> sum_{0};
};

}  // namespace servicekit
