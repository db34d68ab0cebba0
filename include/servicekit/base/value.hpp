#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace servicekit {

class Value;
namespace detail {
class ValueBuilder;
}

/// A JSON object: members in the order in which they were added, with unique keys. Look-ups take constant time; erase()
/// takes time proportional to the size.
class Object {
public:
    /// A key and its value.
    using Member = std::pair<std::string, Value>;

    Object();
    /// Adds the members in this order, as set() does.
    Object(std::initializer_list<Member> members);
    Object(const Object&);
    Object(Object&&) noexcept;
    Object& operator=(const Object&);
    Object& operator=(Object&&) noexcept;
    ~Object();

    /// Adds the member, or replaces the value of an existing member with this key.
    void set(std::string_view key, Value value);
    /// Adds the member without checking for the key.
    /// \pre the object does not have the key
    /// \returns the value in the object, valid until the object changes
    Value& append(std::string key, Value value);
    /// Adds or replaces each member of another object.
    void merge(Object more);
    /// Reserves memory for this number of members.
    void reserve(std::size_t members);
    /// Removes the member, if there is one.
    void erase(std::string_view key);

    /// \returns the value, or nullptr if there is none
    [[nodiscard]] const Value* find(std::string_view key) const noexcept;
    /// \returns the value, which may be changed, or nullptr if there is none
    [[nodiscard]] Value* find(std::string_view key) noexcept;
    /// \returns true if the object has the key.
    [[nodiscard]] bool contains(std::string_view key) const noexcept { return find(key) != nullptr; }
    /// Returns the value under `key`. \throws std::out_of_range if there is none, TypeError if it is not a T
    template <class T>
    [[nodiscard]] T get(std::string_view key) const;
    /// Returns the value under `key`, or `fallback` if there is none or it is not a T.
    template <class T>
    [[nodiscard]] T get(std::string_view key, T fallback) const;

    /// \returns true if the object has no members.
    [[nodiscard]] bool empty() const noexcept;
    /// The number of members.
    [[nodiscard]] std::size_t size() const noexcept;
    ///@{
    /// Iterate over the members, in the order in which they were added.
    [[nodiscard]] std::vector<Member>::const_iterator begin() const noexcept;
    [[nodiscard]] std::vector<Member>::const_iterator end() const noexcept;
    ///@}

    /// Objects with the same members are equal, in whatever order.
    friend bool operator==(const Object& a, const Object& b);

private:
    class Index;

    [[nodiscard]] std::size_t position_of(std::string_view key) const noexcept;
    Value& add(std::string&& key, Value&& value);

    std::vector<Member> members_;
    std::unique_ptr<Index> index_;  ///< null while a search through all members is faster
};

/// Thrown if a Value is not of the requested type, or is out of its range.
class TypeError : public std::runtime_error {
public:
    /// \param expected the requested type in words: "an integer from 0 to 65535"
    TypeError(std::string expected, std::string found);
    /// The requested type, in words.
    [[nodiscard]] const std::string& expected() const noexcept { return expected_; }
    /// The type of the value, in words.
    [[nodiscard]] const std::string& found() const noexcept { return found_; }

private:
    std::string expected_;
    std::string found_;
};

/// A JSON value. Parameters, replies and configuration consist of them.
class Value {
public:
    /// A JSON array.
    using List = std::vector<Value>;

    // Functions that look into the variant are not inline, because that would slow down the compilation of every
    // user.
    Value() noexcept;
    ///@{
    /// Makes a value of the JSON type that corresponds to the argument's.
    Value(std::nullptr_t) noexcept;  // NOLINT(google-explicit-constructor)
    Value(bool value) noexcept;      // NOLINT(google-explicit-constructor)
    Value(double value) noexcept;    // NOLINT(google-explicit-constructor)
    Value(const char* text);         // NOLINT(google-explicit-constructor)
    Value(std::string text);         // NOLINT(google-explicit-constructor)
    Value(std::string_view text);    // NOLINT(google-explicit-constructor)
    Value(List items);               // NOLINT(google-explicit-constructor)
    Value(Object members);           // NOLINT(google-explicit-constructor)
    ///@}
    /// Integers are stored as signed 64-bit numbers. An integer beyond that range keeps its digits, and is read as a
    /// double.
    template <class Integer>
    requires std::is_integral_v<Integer> Value(Integer value) {  // NOLINT(google-explicit-constructor)
        if constexpr (std::is_unsigned_v<Integer>)
            set_unsigned(value);
        else
            set_signed(value);
    }
    /// \param digits a whole number in JSON, beyond the range of signed 64-bit integers
    [[nodiscard]] static Value wide_integer(std::string_view digits);
    Value(const Value&);
    Value(Value&&) noexcept;
    Value& operator=(const Value&);
    Value& operator=(Value&&) noexcept;
    ~Value();

    /// \returns true for null.
    [[nodiscard]] bool is_null() const noexcept { return data_.index() == null; }
    /// \returns true for true and false.
    [[nodiscard]] bool is_bool() const noexcept { return data_.index() == boolean; }
    /// \returns true for a whole number in the range of signed 64-bit integers.
    [[nodiscard]] bool is_integer() const noexcept { return data_.index() == integer; }
    /// \returns true for an integer, a double, or a whole number beyond 64 bits.
    [[nodiscard]] bool is_number() const noexcept {
        return is_integer() || data_.index() == number || data_.index() == wide;
    }
    /// \returns true for a whole number beyond the range of signed 64-bit integers.
    [[nodiscard]] bool is_wide_integer() const noexcept { return data_.index() == wide; }
    /// \returns true for a string.
    [[nodiscard]] bool is_string() const noexcept { return data_.index() == string; }
    /// \returns true for an array.
    [[nodiscard]] bool is_list() const noexcept { return data_.index() == list; }
    /// \returns true for an object.
    [[nodiscard]] bool is_object() const noexcept { return data_.index() == object; }

    /// The name of the type with an article: "a string", "an integer", "null".
    [[nodiscard]] std::string_view type_name() const noexcept;

    /// Returns the value as a bool, any integral type (range checked), double, float, std::string, List, Object, or a
    /// std::vector of one of these.
    /// \throws TypeError
    template <class T>
    [[nodiscard]] T as() const;

    ///@{
    /// Return references into this value; for an rvalue, its content is moved out. \throws TypeError
    [[nodiscard]] const std::string& as_string() const&;
    [[nodiscard]] const List& as_list() const&;
    [[nodiscard]] const Object& as_object() const&;
    [[nodiscard]] std::string as_string() &&;
    [[nodiscard]] List as_list() &&;
    [[nodiscard]] Object as_object() &&;
    ///@}
    /// Returns true or false. \throws TypeError
    [[nodiscard]] bool as_bool() const;
    /// Returns any number as a double. \throws TypeError
    [[nodiscard]] double as_number() const;
    /// \pre is_wide_integer()
    [[nodiscard]] const std::string& wide_digits() const;
    /// \throws TypeError also if the value is out of [minimum, maximum]
    [[nodiscard]] std::int64_t as_integer(std::int64_t minimum = std::numeric_limits<std::int64_t>::min(),
                                          std::int64_t maximum = std::numeric_limits<std::int64_t>::max()) const;

    /// Values are equal if their types and contents are. The integer 1 differs from the double 1.0.
    friend bool operator==(const Value& a, const Value& b);

private:
    friend class detail::ValueBuilder;

    enum Alternative : std::size_t { null, boolean, integer, number, string, list, object, wide };
    struct WideInteger {
        std::string digits;
        friend bool operator==(const WideInteger& a, const WideInteger& b) { return a.digits == b.digits; }
    };
    void set_signed(std::int64_t value) noexcept;
    void set_unsigned(std::uint64_t value);

    /// The order of the types is that of Alternative.
    std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Object, WideInteger> data_;
};

namespace detail {
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
}  // namespace detail

template <class T>
T Value::as() const {
    if constexpr (std::is_same_v<T, bool>) {
        return as_bool();
    } else if constexpr (std::is_integral_v<T>) {
        constexpr auto lowest = std::is_signed_v<T> ? static_cast<std::int64_t>(std::numeric_limits<T>::min()) : 0;
        constexpr auto highest = sizeof(T) < sizeof(std::int64_t) || std::is_signed_v<T>
                                     ? static_cast<std::int64_t>(std::numeric_limits<T>::max())
                                     : std::numeric_limits<std::int64_t>::max();
        return static_cast<T>(as_integer(lowest, highest));
    } else if constexpr (std::is_floating_point_v<T>) {
        return static_cast<T>(as_number());
    } else if constexpr (std::is_same_v<T, std::string>) {
        return as_string();
    } else if constexpr (std::is_same_v<T, List>) {
        return as_list();
    } else if constexpr (std::is_same_v<T, Object>) {
        return as_object();
    } else if constexpr (std::is_same_v<T, Value>) {
        return *this;
    } else {
        static_assert(detail::is_vector<T>,
                      "a Value can be read as bool, a number, a string, List, Object or a "
                      "std::vector of one of these");
        T items;
        for (const Value& item : as_list()) items.push_back(item.as<typename T::value_type>());
        return items;
    }
}

template <class T>
T Object::get(std::string_view key) const {
    const Value* value = find(key);
    if (value == nullptr) throw std::out_of_range{"there is no '" + std::string{key} + "'"};
    return value->as<T>();
}

template <class T>
T Object::get(std::string_view key, T fallback) const {
    const Value* value = find(key);
    if (value == nullptr) return fallback;
    try {
        return value->as<T>();
    } catch (const TypeError&) {
        return fallback;
    }
}

namespace detail {
/// A whole number as an integer, so that it is printed without a fraction.
[[nodiscard]] Value plain_number(double number);
}  // namespace detail

}  // namespace servicekit
