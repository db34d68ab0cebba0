#pragma once

#include <optional>
#include <utility>

#include "servicekit/base/error.hpp"

namespace servicekit {

/// A value, or the Error that stood in its way.
/// Asking for the one that is not there is a bug and throws std::bad_optional_access.
template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : value_{std::move(value)} {}      // NOLINT(google-explicit-constructor)
    Result(Error error) : error_{std::move(error)} {}  // NOLINT(google-explicit-constructor)

    [[nodiscard]] bool has_value() const noexcept { return !error_; }
    explicit operator bool() const noexcept { return has_value(); }

    [[nodiscard]] T& value() & { return value_.value(); }
    [[nodiscard]] const T& value() const& { return value_.value(); }
    [[nodiscard]] T&& value() && { return std::move(value_).value(); }
    [[nodiscard]] T& operator*() & { return value(); }
    [[nodiscard]] const T& operator*() const& { return value(); }
    [[nodiscard]] T&& operator*() && { return std::move(*this).value(); }
    [[nodiscard]] T* operator->() { return &value(); }
    [[nodiscard]] const T* operator->() const { return &value(); }

    [[nodiscard]] const Error& error() const { return error_.value(); }

private:
    std::optional<T> value_;
    std::optional<Error> error_;
};

/// Success, or the Error that stood in its way.
template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : error_{std::move(error)} {}  // NOLINT(google-explicit-constructor)

    [[nodiscard]] bool has_value() const noexcept { return !error_; }
    explicit operator bool() const noexcept { return has_value(); }

    [[nodiscard]] const Error& error() const { return error_.value(); }

private:
    std::optional<Error> error_;
};

}  // namespace servicekit
