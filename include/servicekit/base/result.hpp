#pragma once

#include <concepts>
#include <optional>
#include <utility>

#include "servicekit/base/error.hpp"

namespace servicekit {

/// A value, or the error that prevented it.
///
/// The library returns a Result if a failure depends on the environment (the operating system, another process, a
/// policy). It throws if somebody wrote something wrong: a configuration (ConfigurationError), arguments (BadArgument),
/// a value of another type (TypeError). A handler may throw any exception; it becomes the error reply.
///
/// Calling value() on an error, or error() on a value, is a bug and throws std::bad_optional_access.
template <class T, class E = Error>
class [[nodiscard]] Result {
public:
    /// Makes a success.
    Result(T value) : value_{std::move(value)} {}  // NOLINT(google-explicit-constructor)
    /// Makes a failure.
    Result(E error) : error_{std::move(error)} {}  // NOLINT(google-explicit-constructor)
    /// Converts an Error if E can be made of one.
    template <std::same_as<Error> Cause>
    requires(!std::same_as<E, Error>) Result(Cause error) : error_{std::move(error)} {}  // NOLINT

    /// \returns true for a success.
    [[nodiscard]] bool has_value() const noexcept { return !error_; }
    /// \returns true for a success.
    explicit operator bool() const noexcept { return has_value(); }

    ///@{
    /// The value. \pre has_value()
    [[nodiscard]] T& value() & { return value_.value(); }
    [[nodiscard]] const T& value() const& { return value_.value(); }
    [[nodiscard]] T&& value() && { return std::move(value_).value(); }
    [[nodiscard]] T& operator*() & { return value(); }
    [[nodiscard]] const T& operator*() const& { return value(); }
    [[nodiscard]] T&& operator*() && { return std::move(*this).value(); }
    [[nodiscard]] T* operator->() { return &value(); }
    [[nodiscard]] const T* operator->() const { return &value(); }
    ///@}

    /// The error. \pre not has_value()
    [[nodiscard]] const E& error() const { return error_.value(); }

private:
    std::optional<T> value_;
    std::optional<E> error_;
};

/// Success, or the Error that prevented it.
template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    /// Makes a failure.
    Result(Error error) : error_{std::move(error)} {}  // NOLINT(google-explicit-constructor)

    /// \returns true for a success.
    [[nodiscard]] bool has_value() const noexcept { return !error_; }
    /// \returns true for a success.
    explicit operator bool() const noexcept { return has_value(); }

    /// The error. \pre not has_value()
    [[nodiscard]] const Error& error() const { return error_.value(); }

private:
    std::optional<Error> error_;
};

}  // namespace servicekit
