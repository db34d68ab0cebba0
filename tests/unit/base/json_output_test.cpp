#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "servicekit/base/json.hpp"

namespace servicekit {
namespace {

using namespace std::string_view_literals;

std::string printed(std::string_view text) { return to_json(Value{text}); }

TEST(JsonOutputTest, IsOneLineWithoutSpaces) {
    const Object object{{"a", Value::List{1, true, nullptr, "b c"}}, {"d", Object{}}, {"e", Value::List{}}};
    EXPECT_EQ(to_json(object), R"({"a":[1,true,null,"b c"],"d":{},"e":[]})");
    EXPECT_EQ(to_json(Value{object}), to_json(object));
}

TEST(JsonOutputTest, AByteIsPrintedTheSameAtEveryPosition) {
    for (int byte = 0; byte < 0x80; ++byte) {
        const std::string alone = printed(std::string(1, static_cast<char>(byte)));
        const std::string escaped = alone.substr(1, alone.size() - 2);
        // One that is read in parts of sixteen bytes, and one that is too short for that.
        for (const std::size_t size : {11U, 37U}) {
            for (std::size_t at = 0; at < size; ++at) {
                std::string text(size, 'x');
                text[at] = static_cast<char>(byte);
                EXPECT_EQ(printed(text), '"' + std::string(at, 'x') + escaped + std::string(size - 1 - at, 'x') + '"');
            }
        }
    }
    EXPECT_EQ(printed("12345678\xC3\xA4\xFF"sv), "\"12345678\xC3\xA4\xEF\xBF\xBD\"");
    EXPECT_EQ(printed("1234567890123456\xC3\xA4\xFF"sv), "\"1234567890123456\xC3\xA4\xEF\xBF\xBD\"");
}

TEST(JsonOutputTest, IsAppendedToExistingText) {
    std::string line = "> ";
    append_json(line, {{"pid", 4711}});
    EXPECT_EQ(line, R"(> {"pid":4711})");
}

TEST(JsonOutputTest, IsIndentedForPeople) {
    const Value value{Object{{"a", Value::List{1, Object{{"b", 2}}}}, {"c", Object{}}, {"d", Value::List{}}}};
    EXPECT_EQ(to_pretty_json(value), R"({
  "a": [
    1,
    {
      "b": 2
    }
  ],
  "c": {},
  "d": []
})");
}

TEST(JsonOutputTest, IntegersAreExact) {
    EXPECT_EQ(to_json(Value{std::numeric_limits<std::int64_t>::min()}), "-9223372036854775808");
    EXPECT_EQ(to_json(Value{std::numeric_limits<std::int64_t>::max()}), "9223372036854775807");
}

TEST(JsonOutputTest, NumbersAreShortAndStayNumbers) {
    EXPECT_EQ(to_json(Value{0.1}), "0.1");
    EXPECT_EQ(to_json(Value{3.0}), "3.0");
    EXPECT_EQ(to_json(Value{-0.0}), "-0.0");
    EXPECT_EQ(to_json(Value{1e300}), "1e+300");
    EXPECT_EQ(to_json(Value{std::numeric_limits<double>::max()}), "1.7976931348623157e+308");
}

TEST(JsonOutputTest, NumbersThatJsonLacksAreNull) {
    EXPECT_EQ(to_json(Value{std::nan("")}), "null");
    EXPECT_EQ(to_json(Value{HUGE_VAL}), "null");
    EXPECT_EQ(to_json(Value{-HUGE_VAL}), "null");
}

TEST(NotJsonTest, IsTheFirstPartThatJsonCannotExpress) {
    EXPECT_FALSE(find_not_json({}));
    EXPECT_FALSE(
        find_not_json({{"a", 1}, {"b", Value::List{1.5, "x \" \\ \xC3\xA4", nullptr, true}}, {"c", Object{}}}));
    const auto pointer_in = [](const Object& object) { return find_not_json(object).value().pointer; };
    EXPECT_EQ(pointer_in({{"a", 1}, {"b", HUGE_VAL}}), "/b");
    EXPECT_EQ(pointer_in({{"a", Value::List{1, Object{{"b/c", std::nan("")}}}}}), "/a/1/b~1c");
    EXPECT_EQ(pointer_in({{"a", "a text of more than eight letters\x80"}}), "/a");
    EXPECT_EQ(pointer_in({{"\xC3", 1}}), "/\\xc3");
    EXPECT_EQ(find_not_json({{"\xC3", 1}})->reason, "its name is not UTF-8");
}

TEST(JsonOutputTest, ControlCharactersAreEscaped) {
    EXPECT_EQ(printed("\"\\/\b\f\n\r\t\x01\x1F\x7F\0"sv), "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\\u0000\"");
    EXPECT_EQ(to_json(Object{{"a\nb", 1}}), R"({"a\nb":1})");
}

TEST(JsonOutputTest, ValidUtf8IsUnchanged) {
    for (const std::string_view text : {"\xC2\xA0", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                                        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
        EXPECT_EQ(printed(text), "\"" + std::string{text} + "\"");
}

TEST(JsonOutputTest, TerminalControlsAreEscapedAndReadBack) {
    const std::string text = "\xC2\x80\xC2\x9B\xD8\x9C\xE2\x80\x8E\xE2\x80\xA8\xE2\x80\xAE\xE2\x81\xA6\xEF\xBB\xBF";
    const std::string json = printed(text);
    EXPECT_EQ(json, R"("\u0080\u009b\u061c\u200e\u2028\u202e\u2066\ufeff")");
    EXPECT_EQ(std::get<Value>(parse_json(json)), Value{text});
}

TEST(JsonOutputTest, InvalidUtf8IsReplaced) {
    const std::string mark = "\xEF\xBF\xBD";
    EXPECT_EQ(printed("a\xFFz"), "\"a" + mark + "z\"");
    EXPECT_EQ(printed("\xC3"), "\"" + mark + "\"");
    EXPECT_EQ(printed("\xC3\xC3\xA4"), "\"" + mark + "\xC3\xA4\"");
    EXPECT_EQ(printed("\xE2\x82"), "\"" + mark + mark + "\"");
    EXPECT_EQ(to_json(Object{{"\x80", 1}}), "{\"" + mark + "\":1}");
}

TEST(JsonOutputTest, EveryStringGivesValidJson) {
    constexpr std::array<unsigned, 16> first_bytes{0x00, 0x1F, 0x7F, 0x80, 0xC1, 0xC2, 0xDF, 0xE0,
                                                   0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF};
    for (const unsigned first : first_bytes)
        for (unsigned second = 0; second < 256; ++second)
            for (const std::string_view rest : {"", "\x80", "\x80\x80"}) {
                const std::string bytes{static_cast<char>(first), static_cast<char>(second)};
                const std::string text = to_json(Value{bytes + std::string{rest}});
                ASSERT_TRUE(std::holds_alternative<Value>(parse_json(text))) << first << ' ' << second;
                ASSERT_EQ(text.find('\n'), std::string::npos);
            }
}

}  // namespace
}  // namespace servicekit
