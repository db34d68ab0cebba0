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

// Handles of published values. A handle is as cheap to copy as a pointer, and copies of it update the same value.
// Any thread may use it as long as the service lives. A handle that was made without a service does nothing, and its
// value is 0 or empty. Updates do not allocate memory or throw.

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
    friend class PublishedValues;
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
    friend class PublishedValues;
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
    friend class PublishedValues;
    explicit RealGauge(std::atomic<double>& cell) noexcept : cell_{&cell} {}

    std::atomic<double>* cell_ = nullptr;
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
    friend class PublishedValues;
    explicit Text(TextCell& cell) noexcept : cell_{&cell} {}

    TextCell* cell_ = nullptr;
};

/// The values that a service publishes. `status` shows them at once, even if a handler runs or hangs. Declare them as
/// members of the service:
/// \code
/// class Server final : public servicekit::Service {
///     servicekit::Counter lines_ = values().counter("lines", "lines taken in");
///     servicekit::Text peer_ = values().text("peer", "the client that connected last");
/// };
/// \endcode
/// `status` shows them after its built-in fields, in the order of their declarations, and before the fields that
/// on_status() sets. If a service publishes values before it starts and does not override on_status(), `status` needs
/// no thread switch.
///
/// All functions may be called from any thread. A value can be declared at any time and lives as long as the service.
class PublishedValues {
public:
    /// \param is_built_in returns true if `status` has a built-in field of that name
    explicit PublishedValues(std::function<bool(std::string_view name)> is_built_in);
    PublishedValues(const PublishedValues&) = delete;
    PublishedValues& operator=(const PublishedValues&) = delete;
    ~PublishedValues();

    ///@{
    /// Declares a value.
    /// \param name letters, digits, `.`, `_`, `-`, at most 64
    /// \param help one line for people: what the value is
    /// \throws std::invalid_argument if the name is not valid, is declared already, or is that of a built-in field
    Counter counter(std::string_view name, std::string_view help);
    Gauge gauge(std::string_view name, std::string_view help);
    RealGauge real_gauge(std::string_view name, std::string_view help);
    Text text(std::string_view name, std::string_view help);
    ///@}

    /// \returns true if no value is declared.
    [[nodiscard]] bool empty() const noexcept;
    /// \returns true if a value of this name is declared.
    [[nodiscard]] bool contains(std::string_view name) const noexcept;
    /// The current values, in the order of their declarations. Waits for no other thread.
    [[nodiscard]] Object read() const;

private:
    struct Entry;
    struct List;

    template <class Cell>
    Cell& declare(std::string_view name, std::string_view help);

    std::unique_ptr<List> list_;
};

}  // namespace servicekit
