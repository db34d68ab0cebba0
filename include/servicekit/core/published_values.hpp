#pragma once

#include <algorithm>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "servicekit/base/value.hpp"

namespace servicekit {

class TextCell;

// Handles of published values. A handle is as cheap to copy as a pointer, and copies of it update the same value. Any
// thread may use it as long as the service lives. A handle that was made without a service updates nothing, and its value
// is 0 or empty. No update allocates memory or throws.

/// A number that only grows: requests served, bytes written.
class Counter {
public:
    Counter() = default;
    /// One atomic add. The count starts at 0, and wraps at 2^64.
    void add(std::uint64_t count = 1) const noexcept {
        if (cell_ != nullptr) cell_->fetch_add(count, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t value() const noexcept {
        return cell_ != nullptr ? cell_->load(std::memory_order_relaxed) : 0;
    }

private:
    friend class PublishedValues;
    explicit Counter(std::atomic<std::uint64_t>& cell) noexcept : cell_{&cell} {}

    std::atomic<std::uint64_t>* cell_ = nullptr;
};

/// A whole number that goes up and down: connections, a port, the length of a queue.
class Gauge {
public:
    Gauge() = default;
    /// One atomic store. A number above 2^63 - 1 is shown as that.
    template <std::integral Number>
    void set(Number number) const noexcept {
        if (cell_ == nullptr) return;
        constexpr auto highest = std::numeric_limits<std::int64_t>::max();
        if constexpr (std::is_unsigned_v<Number> && sizeof(Number) >= sizeof highest)
            number = std::min(number, static_cast<Number>(highest));
        cell_->store(static_cast<std::int64_t>(number), std::memory_order_relaxed);
    }
    /// One atomic add. \param difference may be negative
    void add(std::int64_t difference) const noexcept {
        if (cell_ != nullptr) cell_->fetch_add(difference, std::memory_order_relaxed);
    }
    [[nodiscard]] std::int64_t value() const noexcept {
        return cell_ != nullptr ? cell_->load(std::memory_order_relaxed) : 0;
    }

private:
    friend class PublishedValues;
    explicit Gauge(std::atomic<std::int64_t>& cell) noexcept : cell_{&cell} {}

    std::atomic<std::int64_t>* cell_ = nullptr;
};

/// A number that is measured: a load, a temperature. `status` shows null if it is not finite.
class RealGauge {
public:
    RealGauge() = default;
    /// One atomic store.
    void set(double value) const noexcept {
        if (cell_ != nullptr) cell_->store(value, std::memory_order_relaxed);
    }
    [[nodiscard]] double value() const noexcept {
        return cell_ != nullptr ? cell_->load(std::memory_order_relaxed) : 0;
    }

private:
    friend class PublishedValues;
    explicit RealGauge(std::atomic<double>& cell) noexcept : cell_{&cell} {}

    std::atomic<double>* cell_ = nullptr;
};

/// A short text: the file that is being read, the name of a peer. Readers get the whole of one text, never parts of two,
/// and do not wait for a thread that sets it. Threads that set it at the same time wait for each other.
class Text {
public:
    static constexpr std::size_t longest = 255;  ///< bytes

    Text() = default;
    /// Cuts a longer text after the last character of UTF-8 that fits. Not for signal handlers.
    void set(std::string_view text) const noexcept;
    [[nodiscard]] std::string value() const;

private:
    friend class PublishedValues;
    explicit Text(TextCell& cell) noexcept : cell_{&cell} {}

    TextCell* cell_ = nullptr;
};

/// The values that a service publishes. `status` shows them at once, whatever handler runs or hangs.
/// Members of the service declare them:
/// \code
/// class Server final : public servicekit::Service {
///     servicekit::Counter lines_ = values().counter("lines", "lines taken in");
///     servicekit::Text peer_ = values().text("peer", "the client that connected last");
/// };
/// \endcode
/// `status` shows them after its built-in fields, in the order of their declarations, and before the fields that on_status()
/// sets. It costs no thread switch if a service publishes values before it starts and does not override on_status().
///
/// All functions may be called from any thread. A value can be declared at any time and stays as long as the service.
class PublishedValues {
public:
    /// \param is_built_in whether `status` has a field of that name without the application
    explicit PublishedValues(std::function<bool(std::string_view name)> is_built_in);
    PublishedValues(const PublishedValues&) = delete;
    PublishedValues& operator=(const PublishedValues&) = delete;
    ~PublishedValues();

    // Each declares a value.
    // \param name as that of an event: letters, digits, `.`, `_`, `-`, at most 64
    // \param help what it is, for people: one line
    // \throws std::invalid_argument for a name that can't be one, is declared already, or is that of a built-in field
    Counter counter(std::string_view name, std::string_view help);
    Gauge gauge(std::string_view name, std::string_view help);
    RealGauge real_gauge(std::string_view name, std::string_view help);
    Text text(std::string_view name, std::string_view help);

    [[nodiscard]] bool empty() const noexcept;
    [[nodiscard]] bool contains(std::string_view name) const noexcept;
    /// All values as they are now, in the order of their declarations. Waits for no other thread.
    [[nodiscard]] Object read() const;

private:
    struct Entry;
    struct List;

    template <class Cell>
    Cell& declare(std::string_view name, std::string_view help);

    std::unique_ptr<List> list_;
};

}  // namespace servicekit
