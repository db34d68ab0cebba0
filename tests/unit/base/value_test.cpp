#include "servicekit/base/value.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace servicekit {
namespace {

std::vector<std::string> keys(const Object& object) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : object) keys.push_back(key);
    return keys;
}

template <class Call>
std::string type_error(Call call) {
    try {
        static_cast<void>(call());
    } catch (const TypeError& error) {
        EXPECT_EQ(std::string{error.what()}, "expected " + error.expected() + ", found " + error.found());
        return error.what();
    }
    return "no error";
}

TEST(ObjectTest, ReturnsAValueAsTheRequestedType) {
    const Object object{{"port", 8080}, {"name", "greeter"}};
    EXPECT_EQ(object.get<int>("port"), 8080);
    EXPECT_EQ(object.get<std::string>("name"), "greeter");
    EXPECT_THROW(static_cast<void>(object.get<int>("name")), TypeError);
    EXPECT_THROW(static_cast<void>(object.get<std::uint8_t>("port")), TypeError);
    EXPECT_THROW(static_cast<void>(object.get<int>("host")), std::out_of_range);
}

TEST(ObjectTest, ReturnsTheFallbackForAMissingKeyOrAnotherType) {
    const Object object{{"port", 8080}, {"name", "greeter"}};
    EXPECT_EQ(object.get<int>("port", 1), 8080);
    EXPECT_EQ(object.get<int>("name", 1), 1);
    EXPECT_EQ(object.get<std::string>("host", "::1"), "::1");
}

TEST(ValueTest, AnRvalueGivesAwayItsContent) {
    EXPECT_EQ(Value{"text"}.as_string(), "text");
    EXPECT_EQ(Value{Value::List{1}}.as_list(), Value::List{1});
    EXPECT_EQ((Value{Object{{"a", 1}}}.as_object()), (Object{{"a", 1}}));
    EXPECT_THROW((void)Value{1}.as_string(), TypeError);
    EXPECT_THROW((void)Value{1}.as_list(), TypeError);
    EXPECT_THROW((void)Value{1}.as_object(), TypeError);
}

TEST(ObjectTest, KeepsTheOrderOfMembers) {
    Object object{{"b", 1}, {"a", 2}};
    object.set("c", 3);
    object.set("b", 4);
    EXPECT_EQ(keys(object), (std::vector<std::string>{"b", "a", "c"}));
    EXPECT_EQ(object.find("b")->as_integer(), 4);
}

TEST(ObjectTest, ListsADuplicateKeyOnce) {
    const Object object{{"a", 1}, {"a", 2}};
    EXPECT_EQ(object.size(), 1U);
    EXPECT_EQ(object.find("a")->as_integer(), 2);
}

TEST(ObjectTest, TakesTheMembersOfAnother) {
    Object object{{"a", 1}, {"b", 2}};
    object.reserve(10);
    object.merge({{"c", 3}, {"b", "two"}});
    EXPECT_EQ(object, (Object{{"a", 1}, {"b", "two"}, {"c", 3}}));
    EXPECT_EQ(keys(object), (std::vector<std::string>{"a", "b", "c"}));
}

Object with_members(std::size_t count) {
    Object object;
    for (std::size_t i = 0; i < count; ++i) object.append("key-" + std::to_string(i), i);
    return object;
}

TEST(ObjectTest, FindsEachMemberAtEverySize) {
    for (std::size_t count = 0; count < 200; ++count) {
        const Object object = with_members(count);
        for (std::size_t i = 0; i < count; ++i)
            ASSERT_EQ(object.find("key-" + std::to_string(i))->as<std::size_t>(), i) << count;
        ASSERT_FALSE(object.contains("key-" + std::to_string(count)));
        ASSERT_FALSE(object.contains(""));
    }
}

TEST(ObjectTest, ALargeObjectKeepsTheOrderAndListsAKeyOnce) {
    Object object = with_members(1000);
    object.set("key-500", "set");
    object.merge({{"key-501", "merged"}, {"new", "merged"}});
    EXPECT_EQ(object.size(), 1001U);
    EXPECT_EQ(object.find("key-500")->as_string(), "set");
    EXPECT_EQ(object.find("key-501")->as_string(), "merged");
    std::vector<std::string> expected = keys(with_members(1000));
    expected.emplace_back("new");
    EXPECT_EQ(keys(object), expected);
}

TEST(ObjectTest, ALargeObjectFindsTheRestAfterAnErasure) {
    for (const std::size_t count : {16U, 17U, 18U, 100U}) {
        Object object = with_members(count);
        for (std::size_t erased = 0; erased < count; ++erased) {
            object.erase("key-" + std::to_string(erased));
            object.erase("never there");
            ASSERT_EQ(object.size(), count - erased - 1);
            ASSERT_FALSE(object.contains("key-" + std::to_string(erased)));
            for (std::size_t i = erased + 1; i < count; ++i)
                ASSERT_EQ(object.find("key-" + std::to_string(i))->as<std::size_t>(), i);
        }
    }
}

TEST(ObjectTest, ALargeObjectIsCopiedAndMovedWithItsMembers) {
    Object object = with_members(100);
    Object copy = object;
    copy.set("key-7", "other");
    copy.append("key-100", 100);
    EXPECT_EQ(object, with_members(100));
    EXPECT_FALSE(object.contains("key-100"));
    EXPECT_EQ(copy.find("key-100")->as_integer(), 100);

    const Object moved = std::move(object);
    EXPECT_EQ(moved, with_members(100));
    object = copy;
    EXPECT_EQ(object, copy);
    object = Object{};
    EXPECT_TRUE(object.empty());
    object.set("a", 1);
    EXPECT_EQ(object, (Object{{"a", 1}}));
}

TEST(ObjectTest, LargeObjectsAreEqualInAnyOrder) {
    Object backwards;
    for (std::size_t i = 100; i-- > 0;) backwards.append("key-" + std::to_string(i), i);
    EXPECT_EQ(with_members(100), backwards);
    backwards.set("key-50", "other");
    EXPECT_FALSE(with_members(100) == backwards);
    EXPECT_FALSE(with_members(100) == with_members(99));
}

TEST(ObjectTest, ErasesByKey) {
    Object object{{"a", 1}, {"b", 2}};
    object.erase("a");
    object.erase("none");
    EXPECT_EQ(keys(object), (std::vector<std::string>{"b"}));
    EXPECT_FALSE(object.contains("a"));
    EXPECT_EQ(object.find("a"), nullptr);
}

TEST(ObjectTest, ValuesCanBeChangedInPlace) {
    Object object;
    EXPECT_TRUE(object.empty());
    object.append("a", 1);
    *object.find("a") = "one";
    EXPECT_EQ(object.find("a")->as_string(), "one");
}

TEST(ObjectTest, IsEqualInAnyOrder) {
    EXPECT_EQ((Object{{"a", 1}, {"b", 2}}), (Object{{"b", 2}, {"a", 1}}));
    EXPECT_FALSE((Object{{"a", 1}, {"b", 2}}) == (Object{{"a", 1}}));
    EXPECT_FALSE((Object{{"a", 1}}) == (Object{{"a", 2}}));
    EXPECT_FALSE((Object{{"a", 1}}) == (Object{{"b", 1}}));
}

TEST(ValueTest, KnowsItsType) {
    EXPECT_TRUE(Value{}.is_null());
    EXPECT_TRUE(Value{nullptr}.is_null());
    EXPECT_TRUE(Value{true}.is_bool());
    EXPECT_TRUE(Value{1}.is_integer());
    EXPECT_TRUE(Value{1}.is_number());
    EXPECT_FALSE(Value{1.0}.is_integer());
    EXPECT_TRUE(Value{1.0}.is_number());
    EXPECT_TRUE(Value{"text"}.is_string());
    EXPECT_TRUE(Value{std::string_view{"text"}}.is_string());
    EXPECT_TRUE(Value{Value::List{}}.is_list());
    EXPECT_TRUE(Value{Object{}}.is_object());
}

TEST(ValueTest, NamesItsTypeInWords) {
    EXPECT_EQ(Value{}.type_name(), "null");
    EXPECT_EQ(Value{false}.type_name(), "a boolean");
    EXPECT_EQ(Value{1}.type_name(), "an integer");
    EXPECT_EQ(Value{1.5}.type_name(), "a number");
    EXPECT_EQ(Value{"text"}.type_name(), "a string");
    EXPECT_EQ(Value{Value::List{}}.type_name(), "a list");
    EXPECT_EQ(Value{Object{}}.type_name(), "an object");
}

TEST(ValueTest, ReadsAsItsOwnType) {
    EXPECT_TRUE(Value{true}.as<bool>());
    EXPECT_EQ(Value{-7}.as<int>(), -7);
    EXPECT_EQ(Value{65535}.as<std::uint16_t>(), 65535);
    EXPECT_EQ(Value{7}.as<double>(), 7.0);
    EXPECT_EQ(Value{0.5}.as<float>(), 0.5F);
    EXPECT_EQ(Value{"text"}.as<std::string>(), "text");
    EXPECT_EQ((Value{Value::List{1, 2}}.as<std::vector<int>>()), (std::vector<int>{1, 2}));
    EXPECT_EQ((Value{Value::List{"a"}}.as<std::vector<std::string>>()), (std::vector<std::string>{"a"}));
    EXPECT_EQ((Value{Object{{"a", 1}}}.as<Object>()), (Object{{"a", 1}}));
}

TEST(ValueTest, RefusesAnotherType) {
    EXPECT_EQ(type_error([] { return Value{1}.as<bool>(); }), "expected a boolean, found an integer");
    EXPECT_EQ(type_error([] { return Value{"7"}.as<int>(); }),
              "expected an integer from -2147483648 to 2147483647, found a string");
    EXPECT_EQ(type_error([] { return Value{true}.as<double>(); }), "expected a number, found a boolean");
    EXPECT_EQ(type_error([] { return Value{}.as<std::string>(); }), "expected a string, found null");
    EXPECT_EQ(type_error([] { return Value{1}.as<Value::List>(); }), "expected a list, found an integer");
    EXPECT_EQ(type_error([] { return Value{1}.as<Object>(); }), "expected an object, found an integer");
    EXPECT_EQ(type_error([] {
                  return Value{Value::List{1, "b"}}.as<std::vector<bool>>();
              }),
              "expected a boolean, found an integer");
}

TEST(ValueTest, RefusesAnIntegerThatIsOutOfRange) {
    EXPECT_EQ(type_error([] { return Value{70000}.as<std::uint16_t>(); }),
              "expected an integer from 0 to 65535, found 70000");
    EXPECT_EQ(type_error([] { return Value{-1}.as<std::uint64_t>(); }), "expected an integer of at least 0, found -1");
    EXPECT_EQ(type_error([] { return Value{-129}.as<std::int8_t>(); }),
              "expected an integer from -128 to 127, found -129");
    EXPECT_EQ(type_error([] { return Value{6}.as_integer(std::numeric_limits<std::int64_t>::min(), 5); }),
              "expected an integer of at most 5, found 6");
}

TEST(ValueTest, ANumberWithAPointIsNotAnInteger) {
    EXPECT_EQ(type_error([] { return Value{3.0}.as_integer(); }), "expected an integer, found 3.0");
    EXPECT_EQ(type_error([] { return Value{3.5}.as_integer(); }), "expected an integer, found 3.5");
}

TEST(ValueTest, KeepsEveryInteger) {
    constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
    constexpr auto highest = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(Value{lowest}.as<std::int64_t>(), lowest);
    EXPECT_EQ(Value{highest}.as<std::int64_t>(), highest);
    EXPECT_EQ(Value{static_cast<std::uint64_t>(highest)}.as<std::uint64_t>(), static_cast<std::uint64_t>(highest));
    EXPECT_FALSE(Value{std::numeric_limits<std::uint64_t>::max()}.is_integer());
    EXPECT_EQ(Value{std::numeric_limits<std::uint64_t>::max()}.as_number(), std::ldexp(1.0, 64));
}

TEST(ValueTest, IsEqualOnlyToTheSameType) {
    EXPECT_EQ((Value{Value::List{1, "b", Object{{"c", nullptr}}}}),
              (Value{Value::List{1, "b", Object{{"c", nullptr}}}}));
    EXPECT_FALSE(Value{1} == Value{1.0});
    EXPECT_FALSE(Value{"1"} == Value{1});
}

}  // namespace
}  // namespace servicekit
