#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <iosfwd>
#include <ratio>
#include <string>
#include <string_view>
#include <type_traits>

namespace servicekit {

namespace detail {

template <class T>
concept LogText = std::convertible_to<const T&, std::string_view>;

template <class T>
concept HasMessage = requires(const T& object) {
    { object.message() } -> std::convertible_to<std::string>;
};

template <class T>
concept HasNative = requires(const T& object) {
    { object.native() } -> std::convertible_to<std::string_view>;
};

template <class T>
concept HasToString = requires(const T& object) {
    { to_string(object) } -> LogText;
};

template <class T>
concept HasStreaming = requires(std::ostream& stream, const T& object) {
    stream << object;
};

/// Appends what `print` writes to a stream.
void append_streamed(std::string& out, void (*print)(std::ostream& stream, const void* object), const void* object);

template <class Period>
consteval std::string_view duration_suffix() {
    if constexpr (std::is_same_v<Period, std::nano>) return "ns";
    if constexpr (std::is_same_v<Period, std::micro>) return "us";
    if constexpr (std::is_same_v<Period, std::milli>) return "ms";
    if constexpr (std::is_same_v<Period, std::ratio<60>>) return "min";
    if constexpr (std::is_same_v<Period, std::ratio<3600>>) return "h";
    if constexpr (std::is_same_v<Period, std::ratio<86400>>) return "d";
    return "s";
}

}  // namespace detail

/// A value in a log line: a number, text, a duration, an exception, a pointer, or any object with a `message()`, a
/// `native()`, a `to_string()` found by argument-dependent lookup, or an `operator<<` for streams. It refers to the
/// original value, and is valid only during the call whose argument it is.
class LogValue {
public:
    /// The type of a value, and the member function that returns it. A `printed` object has only append_to().
    enum class Kind : unsigned char { boolean, character, integer, natural, number, text, pointer, printed };
    /// Appends the text of an object.
    using Print = void (*)(std::string& out, const void* object);

    /// Refers to the value, which must outlive this object.
    template <class T>
    LogValue(const T& value) noexcept {  // NOLINT(google-explicit-constructor)
        if constexpr (std::is_same_v<T, bool>) {
            kind_ = Kind::boolean;
            boolean_ = value;
        } else if constexpr (std::is_same_v<T, char>) {
            kind_ = Kind::character;
            character_ = value;
        } else if constexpr (std::signed_integral<T>) {
            kind_ = Kind::integer;
            integer_ = value;
        } else if constexpr (std::unsigned_integral<T>) {
            kind_ = Kind::natural;
            natural_ = value;
        } else if constexpr (std::floating_point<T>) {
            kind_ = Kind::number;
            number_ = static_cast<double>(value);
        } else if constexpr (std::is_same_v<std::decay_t<T>, char*> || std::is_same_v<std::decay_t<T>, const char*>) {
            const char* const text = value;
            set_text(text != nullptr ? std::string_view{text} : std::string_view{"(null)"});
        } else if constexpr (detail::LogText<T>) {
            set_text(value);
        } else if constexpr (std::derived_from<T, std::exception>) {
            set_text(value.what());
        } else if constexpr (std::convertible_to<T, const void*>) {
            kind_ = Kind::pointer;
            pointer_ = value;
        } else {
            set_printed(value);
        }
    }
    /// Takes a duration. A period without a suffix of its own is converted to seconds.
    template <class Count, class Period>
    LogValue(std::chrono::duration<Count, Period> time) noexcept {  // NOLINT(google-explicit-constructor)
        using Seconds = std::chrono::duration<double>;
        suffix_ = detail::duration_suffix<Period>();
        if constexpr (suffixed<Period> && std::signed_integral<Count>) {
            kind_ = Kind::integer;
            integer_ = time.count();
        } else {
            kind_ = Kind::number;
            number_ = suffixed<Period> ? static_cast<double>(time.count()) : Seconds{time}.count();
        }
    }

    /// The type of the value.
    [[nodiscard]] Kind kind() const noexcept { return kind_; }
    ///@{
    /// The value. \pre kind() is of the same name
    [[nodiscard]] bool boolean() const noexcept { return boolean_; }
    [[nodiscard]] char character() const noexcept { return character_; }
    [[nodiscard]] std::int64_t integer() const noexcept { return integer_; }
    [[nodiscard]] std::uint64_t natural() const noexcept { return natural_; }
    [[nodiscard]] double number() const noexcept { return number_; }
    [[nodiscard]] std::string_view text() const noexcept { return text_; }
    [[nodiscard]] const void* pointer() const noexcept { return pointer_; }
    ///@}
    /// The unit of a duration; empty for any other number.
    [[nodiscard]] std::string_view suffix() const noexcept { return suffix_; }

    /// Appends the text for `{}`. If the object's printing function throws, appends a note with the exception's text.
    void append_to(std::string& out) const;

private:
    struct Printed {
        Print print;
        const void* object;
    };

    template <class Period>
    static constexpr bool suffixed = detail::duration_suffix<Period>() != "s" || std::is_same_v<Period, std::ratio<1>>;

    void set_text(std::string_view text) noexcept {
        kind_ = Kind::text;
        text_ = text;
    }
    template <class T>
    void set_printed(const T& object) noexcept {
        kind_ = Kind::printed;
        printed_.object = &object;
        if constexpr (detail::HasMessage<T>) {
            printed_.print = [](std::string& out, const void* it) { out += static_cast<const T*>(it)->message(); };
        } else if constexpr (detail::HasNative<T>) {
            printed_.print = [](std::string& out, const void* it) { out += static_cast<const T*>(it)->native(); };
        } else if constexpr (detail::HasToString<T>) {
            printed_.print = [](std::string& out, const void* it) {
                out += std::string_view{to_string(*static_cast<const T*>(it))};
            };
        } else {
            static_assert(detail::HasStreaming<T>,
                          "a value for the log needs `message()`, `to_string(value)` or `stream << value`");
            printed_.print = [](std::string& out, const void* it) {
                detail::append_streamed(
                    out, [](std::ostream& stream, const void* printed) { stream << *static_cast<const T*>(printed); },
                    it);
            };
        }
    }

    Kind kind_ = Kind::pointer;
    union {
        bool boolean_;
        char character_;
        std::int64_t integer_;
        std::uint64_t natural_;
        double number_;
        std::string_view text_;
        const void* pointer_;
        Printed printed_;
    };
    std::string_view suffix_;
};

/// One `key=value` of a log line. Keys consist of letters, digits, `_`, `-` and `.`; other bytes become `_`.
struct LogField {
    std::string_view key;  ///< the name, before the `=`
    LogValue value;        ///< the value, behind the `=`
};

}  // namespace servicekit
