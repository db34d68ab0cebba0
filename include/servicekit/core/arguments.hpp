#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "servicekit/base/value.hpp"

namespace servicekit {

/// Thrown for an argument that is missing, unknown, or not what was declared; becomes the error `bad-argument`.
class BadArgument : public std::invalid_argument {
public:
    BadArgument(std::string argument, std::string expected, const std::string& message);
    [[nodiscard]] const std::string& argument() const noexcept { return argument_; }
    [[nodiscard]] const std::string& expected() const noexcept { return expected_; }

private:
    std::string argument_;
    std::string expected_;
};

/// The parameters of one event as its caller gave them, checked against the declaration, defaults filled in.
class Arguments {
public:
    Arguments() = default;
    Arguments(Object values) : values_{std::move(values)} {}  // NOLINT(google-explicit-constructor)

    /// The argument as T; see Value::as() for what T may be.
    /// \throws BadArgument where there is none or it can't be read as T.
    template <class T>
    [[nodiscard]] T get(std::string_view name) const {
        const Value& value = at(name);
        try {
            return value.as<T>();
        } catch (const TypeError& error) {
            refuse(name, error);
        }
    }

    /// Whether it was given, or has a default other than null.
    [[nodiscard]] bool has(std::string_view name) const noexcept;
    [[nodiscard]] const Object& values() const noexcept { return values_; }

private:
    [[nodiscard]] const Value& at(std::string_view name) const;
    [[noreturn]] static void refuse(std::string_view name, const TypeError& error);

    Object values_;
};

}  // namespace servicekit
