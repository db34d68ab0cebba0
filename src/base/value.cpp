#include "servicekit/base/value.hpp"

#include <algorithm>
#include <charconv>

#include "servicekit/base/json.hpp"

namespace servicekit {
namespace {

std::string range_words(std::int64_t minimum, std::int64_t maximum) {
    return "an integer from " + std::to_string(minimum) + " to " + std::to_string(maximum);
}

std::string integer_words(std::int64_t minimum, std::int64_t maximum) {
    constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
    constexpr auto highest = std::numeric_limits<std::int64_t>::max();
    if (minimum == lowest && maximum == highest) return "an integer";
    if (maximum == highest) return "an integer of at least " + std::to_string(minimum);
    if (minimum == lowest) return "an integer of at most " + std::to_string(maximum);
    return range_words(minimum, maximum);
}

template <class Members>
auto find_member(Members& members, std::string_view key) noexcept {
    return std::find_if(members.begin(), members.end(), [key](const auto& member) { return member.first == key; });
}

}  // namespace

Object::Object() = default;
Object::Object(const Object&) = default;
Object::Object(Object&&) noexcept = default;
Object& Object::operator=(const Object&) = default;
Object& Object::operator=(Object&&) noexcept = default;
Object::~Object() = default;

Object::Object(std::initializer_list<Member> members) {
    members_.reserve(members.size());
    for (const Member& member : members) set(member.first, member.second);
}

void Object::set(std::string_view key, Value value) {
    if (Value* present = find(key))
        *present = std::move(value);
    else
        members_.emplace_back(std::string{key}, std::move(value));
}

void Object::append(std::string key, Value value) { members_.emplace_back(std::move(key), std::move(value)); }

void Object::merge(Object more) {
    reserve(size() + more.size());
    for (Member& member : more.members_) {
        if (Value* present = find(member.first))
            *present = std::move(member.second);
        else
            members_.push_back(std::move(member));
    }
}

void Object::reserve(std::size_t members) { members_.reserve(members); }

void Object::erase(std::string_view key) {
    const auto member = find_member(members_, key);
    if (member != members_.end()) members_.erase(member);
}

const Value* Object::find(std::string_view key) const noexcept {
    const auto member = find_member(members_, key);
    return member != members_.end() ? &member->second : nullptr;
}

Value* Object::find(std::string_view key) noexcept {
    const auto member = find_member(members_, key);
    return member != members_.end() ? &member->second : nullptr;
}

bool Object::empty() const noexcept { return members_.empty(); }
std::size_t Object::size() const noexcept { return members_.size(); }
std::vector<Object::Member>::const_iterator Object::begin() const noexcept { return members_.begin(); }
std::vector<Object::Member>::const_iterator Object::end() const noexcept { return members_.end(); }

bool operator==(const Object& a, const Object& b) {
    return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&b](const Object::Member& member) {
               const Value* other = b.find(member.first);
               return other != nullptr && *other == member.second;
           });
}

TypeError::TypeError(std::string expected, std::string found)
    : std::runtime_error{"expected " + expected + ", found " + found},
      expected_{std::move(expected)},
      found_{std::move(found)} {}

Value::Value() noexcept = default;
Value::Value(std::nullptr_t) noexcept {}
Value::Value(bool value) noexcept : data_{value} {}
Value::Value(double value) noexcept : data_{value} {}
Value::Value(const char* text) : data_{std::string{text}} {}
Value::Value(std::string text) : data_{std::move(text)} {}
Value::Value(std::string_view text) : data_{std::string{text}} {}
Value::Value(List items) : data_{std::move(items)} {}
Value::Value(Object members) : data_{std::move(members)} {}
Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;

void Value::set_signed(std::int64_t value) noexcept { data_ = value; }

void Value::set_unsigned(std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        data_ = WideInteger{std::to_string(value)};
    else
        data_ = static_cast<std::int64_t>(value);
}

Value Value::wide_integer(std::string_view digits) {
    Value value;
    value.data_ = WideInteger{std::string{digits}};
    return value;
}

std::string_view Value::type_name() const noexcept {
    if (is_null()) return "null";
    if (is_bool()) return "a boolean";
    if (is_integer()) return "an integer";
    if (is_number()) return "a number";
    if (is_string()) return "a string";
    if (is_list()) return "a list";
    return "an object";
}

const std::string& Value::as_string() const& {
    if (const auto* text = std::get_if<std::string>(&data_)) return *text;
    throw TypeError{"a string", std::string{type_name()}};
}

const Value::List& Value::as_list() const& {
    if (const auto* items = std::get_if<List>(&data_)) return *items;
    throw TypeError{"a list", std::string{type_name()}};
}

const Object& Value::as_object() const& {
    if (const auto* members = std::get_if<Object>(&data_)) return *members;
    throw TypeError{"an object", std::string{type_name()}};
}

// The alternative is there, or the view would throw.
std::string Value::as_string() && {
    (void)std::as_const(*this).as_string();
    return std::get<std::string>(std::move(data_));
}

Value::List Value::as_list() && {
    (void)std::as_const(*this).as_list();
    return std::get<List>(std::move(data_));
}

Object Value::as_object() && {
    (void)std::as_const(*this).as_object();
    return std::get<Object>(std::move(data_));
}

bool Value::as_bool() const {
    if (const auto* truth = std::get_if<bool>(&data_)) return *truth;
    throw TypeError{"a boolean", std::string{type_name()}};
}

double Value::as_number() const {
    if (const auto* real = std::get_if<double>(&data_)) return *real;
    if (const auto* whole = std::get_if<std::int64_t>(&data_)) return static_cast<double>(*whole);
    if (!is_wide_integer()) throw TypeError{"a number", std::string{type_name()}};
    const std::string& digits = wide_digits();
    double number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

const std::string& Value::wide_digits() const { return std::get<WideInteger>(data_).digits; }

std::int64_t Value::as_integer(std::int64_t minimum, std::int64_t maximum) const {
    const auto* whole = std::get_if<std::int64_t>(&data_);
    if (whole != nullptr && *whole >= minimum && *whole <= maximum) return *whole;
    // A number is shown by its value: that "a number" is not an integer explains little.
    throw TypeError{is_wide_integer() ? range_words(minimum, maximum) : integer_words(minimum, maximum),
                    is_number() ? to_json(*this) : std::string{type_name()}};
}

bool operator==(const Value& a, const Value& b) { return a.data_ == b.data_; }

}  // namespace servicekit
