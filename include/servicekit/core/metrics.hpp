#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "servicekit/base/value.hpp"
#include "servicekit/core/metric_family.hpp"

namespace servicekit {

class HistogramCell;
class TextCell;
struct MetricEntry;
struct MetricSeries;

// Handles of metrics. A handle is as cheap to copy as a pointer, and copies of it update the same value. Any thread may
// use it as long as the service lives. A handle that was made without a service does nothing, and its value is 0 or
// empty. Updates do not allocate memory, take a lock or throw, except that a Text waits for others that set it.

/// A number that only grows: requests served, bytes written.
class Counter {
public:
    Counter() = default;
    /// Adds to the count with one atomic operation. The count starts at 0, and wraps at 2^64.
    void add(std::uint64_t count = 1) const noexcept {
        if (cell_ != nullptr) cell_->fetch_add(count, std::memory_order_relaxed);
    }
    /// The current count.
    [[nodiscard]] std::uint64_t value() const noexcept {
        return cell_ != nullptr ? cell_->load(std::memory_order_relaxed) : 0;
    }

private:
    friend class Metrics;
    explicit Counter(std::atomic<std::uint64_t>& cell) noexcept : cell_{&cell} {}

    std::atomic<std::uint64_t>* cell_ = nullptr;
};

/// A whole number that goes up and down: connections, a port, the length of a queue.
class Gauge {
public:
    Gauge() = default;
    /// Sets the value with one atomic operation. A number above 2^63 - 1 is shown as 2^63 - 1.
    template <std::integral Number>
    void set(Number number) const noexcept {
        if (cell_ == nullptr) return;
        constexpr auto highest = std::numeric_limits<std::int64_t>::max();
        if constexpr (std::is_unsigned_v<Number> && sizeof(Number) >= sizeof highest)
            number = std::min(number, static_cast<Number>(highest));
        cell_->store(static_cast<std::int64_t>(number), std::memory_order_relaxed);
    }
    /// Adds to the value with one atomic operation. \param difference may be negative
    void add(std::int64_t difference) const noexcept {
        if (cell_ != nullptr) cell_->fetch_add(difference, std::memory_order_relaxed);
    }
    /// The current value.
    [[nodiscard]] std::int64_t value() const noexcept {
        return cell_ != nullptr ? cell_->load(std::memory_order_relaxed) : 0;
    }

private:
    friend class Metrics;
    explicit Gauge(std::atomic<std::int64_t>& cell) noexcept : cell_{&cell} {}

    std::atomic<std::int64_t>* cell_ = nullptr;
};

/// A measured number: a load, a temperature. `status` shows null if it is not finite.
class RealGauge {
public:
    RealGauge() = default;
    /// Sets the value with one atomic operation.
    void set(double value) const noexcept {
        if (cell_ != nullptr) cell_->store(value, std::memory_order_relaxed);
    }
    /// The current value.
    [[nodiscard]] double value() const noexcept {
        return cell_ != nullptr ? cell_->load(std::memory_order_relaxed) : 0;
    }

private:
    friend class Metrics;
    explicit RealGauge(std::atomic<double>& cell) noexcept : cell_{&cell} {}

    std::atomic<double>* cell_ = nullptr;
};

/// A distribution of measured numbers: durations, sizes. Each number counts in one of the buckets.
class Histogram {
public:
    Histogram() = default;
    /// Counts the number, with an atomic add for its bucket and one for the sum. NaN is ignored. The processor has no
    /// atomic add for floating-point numbers, so the sum is added by compare-and-swap, which is tried again if another
    /// thread has added in between.
    void observe(double number) const noexcept;
    /// Counts the time in seconds.
    template <class Rep, class Period>
    void observe(std::chrono::duration<Rep, Period> time) const noexcept {
        observe(std::chrono::duration<double>{time}.count());
    }
    /// How many numbers were counted.
    [[nodiscard]] std::uint64_t count() const noexcept;

private:
    friend class Metrics;
    explicit Histogram(HistogramCell& cell) noexcept : cell_{&cell} {}

    HistogramCell* cell_ = nullptr;
};

/// A short text: the file that is being read, the name of a peer. Readers always get one whole text, and do not wait
/// for a thread that sets it. Threads that set it at the same time wait for each other.
class Text {
public:
    static constexpr std::size_t longest = 255;  ///< bytes

    Text() = default;
    /// Sets the text. A longer text is cut after the last whole UTF-8 character that fits. Not for signal handlers.
    void set(std::string_view text) const noexcept;
    /// The current text.
    [[nodiscard]] std::string value() const;

private:
    friend class Metrics;
    explicit Text(TextCell& cell) noexcept : cell_{&cell} {}

    TextCell* cell_ = nullptr;
};

/// A metric with labels: one series for each combination of their values.
/// \code
/// servicekit::Labelled<servicekit::Counter> replies =
///     metrics().labelled_counter("replies", "replies that were sent", {"method", "code"});
/// const servicekit::Counter ok = replies.with({"get", "200"});   // once
/// ok.add();                                                      // for each reply
/// \endcode
template <class Handle>
class Labelled {
public:
    Labelled() = default;
    /// Returns the handle of a series, and makes the series if it is new. Takes a lock, so keep the handle.
    /// \param values in the order of the labels. Text of clients does not belong here. A metric has at most 1,000
    ///               series; further ones are counted together, and all their labels are `other`.
    /// \throws std::invalid_argument if the number of values is not that of the labels
    [[nodiscard]] Handle with(std::initializer_list<std::string_view> values) const;

private:
    friend class Metrics;
    explicit Labelled(MetricEntry& entry) noexcept : entry_{&entry} {}

    MetricEntry* entry_ = nullptr;
};

/// The metrics of a service: numbers and short texts that any thread may update. `status` and `metrics` show them at
/// once, even if a handler runs or hangs. Declare them as members of the service:
/// \code
/// class Server final : public servicekit::Service {
///     servicekit::Counter lines_ = metrics().counter("lines", "lines taken in");
///     servicekit::Histogram times_ = metrics().histogram("reply", "how long a reply takes", {0.01, 0.1, 1}, "seconds");
///     servicekit::Text peer_ = metrics().text("peer", "the client that connected last");
/// };
/// \endcode
/// `status` shows them after its built-in fields, in the order of their declarations, and before the fields that
/// on_status() sets. If a service has metrics before it starts and does not override on_status(), `status` needs no
/// thread switch. `metrics` shows all but the texts, those of the library, and those with labels, which may be too many
/// for `status`.
///
/// All functions may be called from any thread. A metric can be declared at any time and lives as long as the service.
class Metrics {
public:
    /// Who declares the metrics.
    enum class Owner {
        application,
        library,  ///< may use names that begin with `servicekit_` and `process_`
    };

    /// \param is_built_in returns true if `status` has a built-in field of that name
    explicit Metrics(std::function<bool(std::string_view name)> is_built_in, Owner owner = Owner::application);
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;
    ~Metrics();

    ///@{
    /// Declares a metric.
    /// \param name letters, digits, `.`, `_`, `-`, at most 64. In the text formats, other characters than letters and
    ///             digits are `_`, the unit follows the name, and `_total` follows the name of a counter.
    /// \param help one line for people: what the value is
    /// \param unit a base unit such as `seconds` or `bytes`; may be empty
    /// \throws std::invalid_argument if the name or the unit is not valid, or if the name is declared already, begins
    ///         with `servicekit_` or `process_`, or is that of a built-in field of `status`
    Counter counter(std::string_view name, std::string_view help, std::string_view unit = {});
    Gauge gauge(std::string_view name, std::string_view help, std::string_view unit = {});
    RealGauge real_gauge(std::string_view name, std::string_view help, std::string_view unit = {});
    /// \param buckets the largest number of each bucket, ascending; above the last one is one more bucket
    Histogram histogram(std::string_view name, std::string_view help, std::vector<double> buckets,
                        std::string_view unit = {});
    ///@}
    /// Declares a text, which only `status` shows. \param name as for a number \param help one line for people
    /// \throws std::invalid_argument as for a number
    Text text(std::string_view name, std::string_view help);

    ///@{
    /// Declares a metric with labels.
    /// \param labels letters, digits and `_`; not `service`, which distinguishes the services of a machine, and not `le`
    Labelled<Counter> labelled_counter(std::string_view name, std::string_view help, std::vector<std::string> labels,
                                       std::string_view unit = {});
    Labelled<Gauge> labelled_gauge(std::string_view name, std::string_view help, std::vector<std::string> labels,
                                   std::string_view unit = {});
    Labelled<RealGauge> labelled_real_gauge(std::string_view name, std::string_view help,
                                            std::vector<std::string> labels, std::string_view unit = {});
    Labelled<Histogram> labelled_histogram(std::string_view name, std::string_view help,
                                           std::vector<std::string> labels, std::vector<double> buckets,
                                           std::string_view unit = {});
    ///@}

    /// \returns true if no metric is declared.
    [[nodiscard]] bool empty() const noexcept;
    /// \returns true if a metric of this name is declared.
    [[nodiscard]] bool contains(std::string_view name) const noexcept;
    /// The current values of the metrics without labels, in the order of their declarations, as `status` shows them.
    /// Waits for no other thread.
    [[nodiscard]] Object read() const;
    /// The same for monitoring systems, without the texts.
    [[nodiscard]] std::vector<MetricFamily> collect() const;

private:
    template <class Handle>
    friend class Labelled;
    friend class ServiceStatus;
    struct Declared;
    struct List;

    template <class Handle>
    MetricEntry& declare(Declared&& declared);
    template <class Handle>
    Handle declare_one(Declared&& declared);
    template <class Handle>
    Labelled<Handle> declare_labelled(Declared&& declared);
    template <class Handle>
    static Handle handle_of(MetricSeries& series);
    /// Appends what read() returns as members of a JSON object, with a comma before each.
    void append_members(std::string& out) const;

    std::unique_ptr<List> list_;
};

}  // namespace servicekit
