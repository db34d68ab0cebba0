#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "servicekit/base/value.hpp"

namespace servicekit {

/// Thrown for an argument that is missing, unknown, or of another type than declared. The caller gets the error
/// `bad-argument`.
class BadArgument : public std::invalid_argument {
public:
    /// \param expected what the argument should have been, in words
    BadArgument(std::string argument, std::string expected, const std::string& message);
    /// The name of the argument.
    [[nodiscard]] const std::string& argument() const noexcept { return argument_; }
    /// What the argument should have been, in words.
    [[nodiscard]] const std::string& expected() const noexcept { return expected_; }

private:
    std::string argument_;
    std::string expected_;
};

/// The arguments of one event, checked against its declaration, with the defaults filled in.
class Arguments {
public:
    Arguments() = default;
    /// Takes arguments that are checked already.
    Arguments(Object values) : values_{std::move(values)} {}  // NOLINT(google-explicit-constructor)

    /// Returns the argument as T; see Value::as() for the possible types.
    /// \throws BadArgument if it is missing or is not a T
    template <class T>
    [[nodiscard]] T get(std::string_view name) const {
        const Value& value = at(name);
        try {
            return value.as<T>();
        } catch (const TypeError& error) {
            refuse(name, error);
        }
    }

    /// \returns true if the argument was given, or has a default other than null.
    [[nodiscard]] bool has(std::string_view name) const noexcept;
    /// All arguments by name, with the defaults.
    [[nodiscard]] const Object& values() const noexcept { return values_; }

private:
    [[nodiscard]] const Value& at(std::string_view name) const;
    [[noreturn]] static void refuse(std::string_view name, const TypeError& error);

    Object values_;
};

}  // namespace servicekit
