#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/histogram_cell.hpp"
#include "core/text_cell.hpp"

namespace servicekit {

/// The number of one combination of label values, or the text of a metric. Series are added but never removed, so
/// readers need no lock.
struct MetricSeries {
    /// Size of a processor's cache line. Threads that update numbers in different lines do not slow each other down.
    static constexpr std::size_t cache_line = 64;
    using Cell = std::variant<std::atomic<std::uint64_t>, std::atomic<std::int64_t>, std::atomic<double>, HistogramCell,
                              TextCell>;

    template <class CellType, class... From>
    explicit MetricSeries(std::in_place_type_t<CellType> type, From&&... from)
        : cell{type, std::forward<From>(from)...} {}

    std::vector<std::string> label_values = {};
    alignas(cache_line) Cell cell;
    alignas(cache_line) std::atomic<MetricSeries*> next{nullptr};
};
static_assert(sizeof(MetricSeries) <= 4 * MetricSeries::cache_line, "a program may have thousands of series");

/// A declared metric with its series.
struct MetricEntry {
    /// Series of a metric with labels. One more counts what is beyond.
    static constexpr std::size_t most_series = 1000;
    /// The kind in MetricFamily; nothing for a text.
    using Kind = std::optional<MetricFamily::Kind>;
    using MakeSeries = std::unique_ptr<MetricSeries> (*)(const MetricEntry&);

    MetricEntry(Kind the_kind, MakeSeries make) : kind{the_kind}, make_series{make} {}
    MetricEntry(const MetricEntry&) = delete;
    MetricEntry& operator=(const MetricEntry&) = delete;
    ~MetricEntry() {
        for (const MetricSeries* series = first.load(); series != nullptr;) {
            const MetricSeries* const following = series->next.load();
            delete series;  // NOLINT(cppcoreguidelines-owning-memory)
            series = following;
        }
    }

    /// Adds a series. \pre the caller holds the lock, or no other thread knows the metric
    MetricSeries& add(std::vector<std::string> label_values) {
        auto series = make_series(*this);
        series->label_values = std::move(label_values);
        MetricSeries& added = *series;
        end->store(series.release(), std::memory_order_release);
        end = &added.next;
        ++made;
        return added;
    }
    /// \returns null if there is none with these label values
    MetricSeries* find(std::span<const std::string_view> label_values) {
        for (MetricSeries* series = first.load(std::memory_order_acquire); series != nullptr;
             series = series->next.load(std::memory_order_acquire))
            if (std::equal(label_values.begin(), label_values.end(), series->label_values.begin(),
                           series->label_values.end()))
                return series;
        return nullptr;
    }
    /// Returns the series whose labels all are `other`. \pre the caller holds the lock
    MetricSeries& rest_of(std::size_t label_count) {
        const std::vector<std::string_view> others(label_count, "other");
        MetricSeries* const found = find(others);
        return found != nullptr ? *found : add({others.begin(), others.end()});
    }

    /// Calls `see` with each series.
    template <class See>
    void for_each(const See& see) const {
        for (const MetricSeries* series = first.load(std::memory_order_acquire); series != nullptr;
             series = series->next.load(std::memory_order_acquire))
            see(*series);
    }

    const Kind kind;
    const MakeSeries make_series;
    std::string name = {};
    std::string json_key = {};  ///< `,"name":`
    std::string help = {};
    std::string unit = {};
    std::vector<std::string> labels = {};
    std::vector<double> bounds = {};  ///< of a histogram
    std::string exported = {};        ///< the name in the text formats, without `_total`

    std::mutex making = {};
    std::size_t made = 0;          ///< guarded by `making`
    MetricSeries* rest = nullptr;  ///< guarded by `making`: counts what is beyond `most_series`
    std::atomic<MetricSeries*> first{nullptr};
    std::atomic<MetricSeries*>* end = &first;  ///< guarded by `making`: where the next series is linked
    std::atomic<MetricEntry*> next{nullptr};
};

}  // namespace servicekit
