#include "servicekit/base/value.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <random>

#include "base/parse_number.hpp"
#include "base/sip_hash.hpp"
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

/// An object with up to this many members has no index and is searched one by one.
constexpr std::size_t few_members = 16;

/// The key is random for each process, so that a client cannot know which keys of an object collide.
const std::array<std::uint64_t, 2>& hash_key() noexcept {
    static const std::array<std::uint64_t, 2> key = [] {
        try {
            std::random_device source;
            const auto word = [&source] { return std::uint64_t{source()} << 32U | source(); };
            return std::array{word(), word()};
        } catch (const std::exception&) {
            // Without a source of random numbers, a value that a client can hardly guess must do.
            const auto now = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
            return std::array{now, static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&now))};
        }
    }();
    return key;
}

}  // namespace

/// Maps the hashes of keys to the positions of an object's members: an open hash table that is at most half full.
class Object::Index {
public:
    explicit Index(const std::vector<Member>& members) { make_room_for(members.size() + 1, members); }

    /// Call it before a member is added. If it throws, nothing has changed.
    void make_room_for(std::size_t count, const std::vector<Member>& members) {
        if (2 * count <= slots_.size()) return;
        std::vector<Slot> larger(std::bit_ceil(2 * count));
        slots_.swap(larger);
        for (std::size_t position = 0; position < members.size(); ++position) add(position, members);
    }
    /// \pre there is room for the member
    void add(std::size_t position, const std::vector<Member>& members) noexcept {
        std::size_t at = first_slot(members[position].first);
        while (slots_[at] != free_slot) at = next_slot(at);
        slots_[at] = static_cast<Slot>(position + 1);
    }
    [[nodiscard]] std::size_t find(std::string_view key, const std::vector<Member>& members) const noexcept {
        for (std::size_t at = first_slot(key); slots_[at] != free_slot; at = next_slot(at))
            if (const std::size_t position = slots_[at] - 1; members[position].first == key) return position;
        return members.size();
    }

private:
    using Slot = std::uint32_t;  ///< position of a member, plus one
    static constexpr Slot free_slot = 0;

    [[nodiscard]] std::size_t first_slot(std::string_view key) const noexcept {
        return sip_hash(key, hash_key()) & (slots_.size() - 1);
    }
    [[nodiscard]] std::size_t next_slot(std::size_t slot) const noexcept { return (slot + 1) & (slots_.size() - 1); }

    std::vector<Slot> slots_;  ///< the size is a power of two
};

[[gnu::hot]] Object::Object() = default;
Object::Object(const Object& other)
    : members_{other.members_}, index_{other.index_ ? std::make_unique<Index>(*other.index_) : nullptr} {}
[[gnu::hot]] Object::Object(Object&&) noexcept = default;
Object& Object::operator=(const Object& other) { return *this = Object{other}; }
[[gnu::hot]] Object& Object::operator=(Object&&) noexcept = default;
[[gnu::hot]] Object::~Object() = default;

[[gnu::hot]] Object::Object(std::initializer_list<Member> members) {
    members_.reserve(members.size());
    for (const Member& member : members) set(member.first, member.second);
}

[[gnu::hot]] void Object::set(std::string_view key, Value value) {
    if (Value* present = find(key))
        *present = std::move(value);
    else
        add(std::string{key}, std::move(value));
}

[[gnu::hot]] Value& Object::append(std::string key, Value value) { return add(std::move(key), std::move(value)); }

[[gnu::hot]] void Object::merge(Object more) {
    if (members_.empty()) {
        *this = std::move(more);
        return;
    }
    for (Member& member : more.members_) {
        if (Value* present = find(member.first))
            *present = std::move(member.second);
        else
            add(std::move(member.first), std::move(member.second));
    }
}

[[gnu::hot]] Value& Object::add(std::string&& key, Value&& value) {
    if (!index_ && members_.size() >= few_members) index_ = std::make_unique<Index>(members_);
    if (index_) index_->make_room_for(members_.size() + 1, members_);
    Member& added = members_.emplace_back(std::move(key), std::move(value));
    if (index_) index_->add(members_.size() - 1, members_);
    return added.second;
}

void Object::reserve(std::size_t members) { members_.reserve(members); }

void Object::erase(std::string_view key) {
    const std::size_t position = position_of(key);
    if (position == members_.size()) return;
    members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(position));
    // The positions of all later members have changed.
    index_.reset();
    if (members_.size() >= few_members) index_ = std::make_unique<Index>(members_);
}

[[gnu::hot]] std::size_t Object::position_of(std::string_view key) const noexcept {
    if (index_) return index_->find(key, members_);
    const auto found =
        std::find_if(members_.begin(), members_.end(), [key](const Member& member) { return member.first == key; });
    return static_cast<std::size_t>(found - members_.begin());
}

[[gnu::hot]] const Value* Object::find(std::string_view key) const noexcept {
    const std::size_t position = position_of(key);
    return position < members_.size() ? &members_[position].second : nullptr;
}

Value* Object::find(std::string_view key) noexcept { return const_cast<Value*>(std::as_const(*this).find(key)); }

[[gnu::hot]] bool Object::empty() const noexcept { return members_.empty(); }
[[gnu::hot]] std::size_t Object::size() const noexcept { return members_.size(); }
[[gnu::hot]] std::vector<Object::Member>::const_iterator Object::begin() const noexcept { return members_.begin(); }
[[gnu::hot]] std::vector<Object::Member>::const_iterator Object::end() const noexcept { return members_.end(); }

[[gnu::hot]] bool operator==(const Object& a, const Object& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.members_.size(); ++i) {
        const auto& [key, value] = a.members_[i];
        // Usually both objects have their members in the same order.
        const Value* other = b.members_[i].first == key ? &b.members_[i].second : b.find(key);
        if (other == nullptr || !(*other == value)) return false;
    }
    return true;
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
[[gnu::hot]] Value::Value(std::string text) : data_{std::move(text)} {}
Value::Value(std::string_view text) : data_{std::string{text}} {}
Value::Value(List items) : data_{std::move(items)} {}
Value::Value(Object members) : data_{std::move(members)} {}
[[gnu::hot]] Value::Value(const Value&) = default;
[[gnu::hot]] Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
[[gnu::hot]] Value::~Value() = default;

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

[[gnu::hot]] const std::string& Value::as_string() const& {
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

// The call of the const overload throws if this is not a string.
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
    return parse_number<double>(wide_digits()).value();
}

const std::string& Value::wide_digits() const { return std::get<WideInteger>(data_).digits; }

std::int64_t Value::as_integer(std::int64_t minimum, std::int64_t maximum) const {
    const auto* whole = std::get_if<std::int64_t>(&data_);
    if (whole != nullptr && *whole >= minimum && *whole <= maximum) return *whole;
    // The message shows the value of a number: "expected an integer, not a number" would not help.
    throw TypeError{is_wide_integer() ? range_words(minimum, maximum) : integer_words(minimum, maximum),
                    is_number() ? to_json(*this) : std::string{type_name()}};
}

[[gnu::hot]] bool operator==(const Value& a, const Value& b) { return a.data_ == b.data_; }

Value detail::plain_number(double number) {
    constexpr double beyond_integers = 9'223'372'036'854'775'808.0;  // 2 to the power of 63
    if (!(number >= -beyond_integers && number < beyond_integers)) return number;
    const auto whole = static_cast<std::int64_t>(number);
    return static_cast<double>(whole) == number ? Value{whole} : Value{number};
}

}  // namespace servicekit
