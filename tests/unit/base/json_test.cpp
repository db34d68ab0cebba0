#include "servicekit/base/json.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <string>

namespace servicekit {
namespace {

using namespace std::string_view_literals;

Value parsed(std::string_view text) {
    auto result = parse_json(text);
    if (const auto* error = std::get_if<JsonError>(&result)) ADD_FAILURE() << text << ": " << error->reason;
    return std::holds_alternative<Value>(result) ? std::get<Value>(std::move(result)) : Value{};
}

JsonError refused(std::string_view text, std::size_t max_depth = 64) {
    auto result = parse_json(text, max_depth);
    if (const auto* value = std::get_if<Value>(&result)) ADD_FAILURE() << text << " was read as " << to_json(*value);
    return std::holds_alternative<JsonError>(result) ? std::get<JsonError>(std::move(result)) : JsonError{};
}

TEST(ParseJsonTest, ReadsEachType) {
    EXPECT_EQ(parsed("null"), Value{});
    EXPECT_EQ(parsed("true"), Value{true});
    EXPECT_EQ(parsed("false"), Value{false});
    EXPECT_EQ(parsed("-12"), Value{-12});
    EXPECT_EQ(parsed("0.5"), Value{0.5});
    EXPECT_EQ(parsed("\"text\""), Value{"text"});
    EXPECT_EQ(parsed("[]"), Value{Value::List{}});
    EXPECT_EQ(parsed("{}"), Value{Object{}});
    EXPECT_EQ(parsed(" [\t1 ,\r\n[ 2 ] , { \"a\" : { \"b\" : [ ] } } ] "),
              (Value{Value::List{1, Value::List{2}, Object{{"a", Object{{"b", Value::List{}}}}}}}));
}

TEST(ParseJsonTest, KeepsTheOrderOfMembers) {
    EXPECT_EQ(to_json(parsed(R"({"z":1,"a":2,"m":{"y":3,"b":4}})")), R"({"z":1,"a":2,"m":{"y":3,"b":4}})");
}

TEST(ParseJsonTest, IntegersBeyondSixtyFourBitsBecomeNumbers) {
    EXPECT_EQ(parsed("9223372036854775807"), Value{std::numeric_limits<std::int64_t>::max()});
    EXPECT_EQ(parsed("-9223372036854775808"), Value{std::numeric_limits<std::int64_t>::min()});
    EXPECT_EQ(parsed("9223372036854775808").as_number(), 9223372036854775808.0);
    EXPECT_EQ(parsed("-9223372036854775809").as_number(), -9223372036854775808.0);
    EXPECT_EQ(parsed("1" + std::string(300, '0')).as_number(), 1e300);
    EXPECT_TRUE(parsed("9223372036854775808").is_number());
    EXPECT_FALSE(parsed("9223372036854775808").is_integer());
}

TEST(ParseJsonTest, IntegersOfAnyLengthArePrintedAsRead) {
    for (const auto text : {"9007199254740993", "-9007199254740993", "9223372036854775808", "-9223372036854775809",
                            "18446744073709551615", "123456789012345678901234567890"})
        EXPECT_EQ(to_json(parsed(text)), text);
    EXPECT_EQ(to_json(Value{std::numeric_limits<std::uint64_t>::max()}), "18446744073709551615");
    EXPECT_EQ(parsed("18446744073709551615"), Value{std::numeric_limits<std::uint64_t>::max()});
    EXPECT_EQ(refused("1" + std::string(400, '0')).reason, "a number that is out of range");
}

TEST(ParseJsonTest, SkipsAByteOrderMark) {
    EXPECT_EQ(to_json(parsed("\xEF\xBB\xBF {\"a\":1}")), R"({"a":1})");
    const JsonError error = refused("\xEF\xBB\xBF[1");
    EXPECT_EQ(error.offset, 5U);
    EXPECT_EQ(error.column, 3U);
    EXPECT_EQ(refused("\xEF\xBB\xBF").reason, "there is no value");
    static_cast<void>(refused("[1]\xEF\xBB\xBF"));
}

TEST(ParseJsonTest, NamesTheEncodingIfItIsNotUtf8) {
    for (const std::string_view text : {"\xFF\xFE{\0}\0"sv, "\xFE\xFF\0{\0}"sv, "{\0}\0"sv, "\0{\0}"sv})
        EXPECT_EQ(refused(text).reason, "the text is UTF-16, expected UTF-8");
    for (const std::string_view text : {"\xFF\xFE\0\0{\0\0\0"sv, "\0\0\xFE\xFF\0\0\0{"sv, "{\0\0\0"sv, "\0\0\0{"sv})
        EXPECT_EQ(refused(text).reason, "the text is UTF-32, expected UTF-8");
}

TEST(ParseJsonTest, NumbersAreRoundedToTheNearest) {
    EXPECT_EQ(parsed("1.0"), Value{1.0});
    EXPECT_EQ(parsed("1e2"), Value{100.0});
    EXPECT_EQ(parsed("2.2250738585072011e-308"), Value{2.2250738585072011e-308});
    EXPECT_EQ(parsed("1.7976931348623157e308"), Value{std::numeric_limits<double>::max()});
    EXPECT_EQ(parsed("4.9e-324"), Value{std::numeric_limits<double>::denorm_min()});
    EXPECT_EQ(parsed("9007199254740993.0"), Value{9007199254740992.0});
    EXPECT_EQ(parsed("0." + std::string(100000, '3')), Value{1.0 / 3.0});
}

TEST(ParseJsonTest, NumbersBeyondTheRangeOfDoubleAreRefused) {
    for (const std::string& text : {std::string{"1e309"}, std::string{"-1e309"}, std::string{"1e99999999999999999999"},
                                    std::string{"10e308"}, std::string(100000, '9')}) {
        const JsonError error = refused("[" + text + "]");
        EXPECT_EQ(error.offset, 1U) << text.substr(0, 40);
        EXPECT_EQ(error.reason, "a number that is out of range");
    }
}

TEST(ParseJsonTest, DecodesEscapes) {
    EXPECT_EQ(parsed(R"("\"\\\/\b\f\n\r\t\u0041\u00e4\u20AC\ud83d\ude00")"),
              Value{"\"\\/\b\f\n\r\tA\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"});
    EXPECT_EQ(parsed(R"("a\u0000b")"), Value{"a\0b"sv});
    EXPECT_EQ(parsed(R"({"\u0061\"":1})"), (Value{Object{{"a\"", 1}}}));
}

TEST(ParseJsonTest, SixtyFourLevelsAreTheMaximum) {
    const std::string good = std::string(64, '[') + std::string(64, ']');
    EXPECT_EQ(to_json(parsed(good)), good);

    const JsonError error = refused("[" + good + "]");
    EXPECT_EQ(error.reason, "nested deeper than 64");
    EXPECT_EQ(error.offset, 64U);
    EXPECT_TRUE(error.repeated_key.empty());
}

TEST(ParseJsonTest, TheCallerSetsTheDepthLimit) {
    EXPECT_EQ(refused(R"({"a":[]})", 1).reason, "nested deeper than 1");
    EXPECT_EQ(refused(R"({"a":[]})", 1).offset, 5U);
    EXPECT_EQ(refused("[]", 0).reason, "nested deeper than 0");
    EXPECT_TRUE(std::holds_alternative<Value>(parse_json("7", 0)));
    EXPECT_TRUE(std::holds_alternative<Value>(parse_json(R"({"a":[],"b":[],"c":{}})", 2)));
}

TEST(ParseJsonTest, NoNestingOverflowsTheStack) {
    EXPECT_EQ(refused(std::string(200000, '[')).offset, 64U);
    std::string objects;
    for (int i = 0; i < 200000; ++i) objects += "{\"a\":";
    EXPECT_EQ(refused(objects).reason, "nested deeper than 64");
    // The same holds if only the parser limits the depth.
    EXPECT_EQ(refused(std::string(5000, '['), 100000).offset, 5000U);
}

TEST(ParseJsonTest, ADuplicateKeyIsReportedAsAPointer) {
    const JsonError error = refused(R"(["backup", {"directory": "/a", "level": 1, "directory": "/b"}])");
    EXPECT_EQ(error.repeated_key, "/1/directory");
    EXPECT_EQ(error.offset, 43U);
    EXPECT_EQ(error.reason, "the key '/1/directory' is given twice");
}

TEST(ParseJsonTest, ADuplicateKeyIsNamedByItsPlaceAmongNestedArraysAndObjects) {
    const JsonError error = refused(R"({"first": {}, "a": [1, [], {"b": [{"c": 1}, {"d": 1, "e": [2], "d": 3}]}]})");
    EXPECT_EQ(error.repeated_key, "/a/2/b/1/d");
}

TEST(ParseJsonTest, PointersEscapeTheirSpecialCharacters) {
    EXPECT_EQ(refused(R"({"a/b~":[0,{"":1,"":2}]})").repeated_key, "/a~1b~0/1/");
    EXPECT_EQ(refused(R"({"~\"/":1, "~\"/":2})").repeated_key, "/~0\"~1");
    EXPECT_EQ(refused(R"({"~\"/":1, "~\"/":2})").offset, 11U);
    EXPECT_EQ(refused(R"({"a":1,"\u0061":2})").repeated_key, "/a");
}

TEST(ParseJsonTest, TheSameKeyMayBeInOtherObjects) {
    EXPECT_EQ(to_json(parsed(R"({"a":{"a":[{"a":1},{"a":1}]}})")), R"({"a":{"a":[{"a":1},{"a":1}]}})");
}

TEST(ParseJsonTest, FindsDuplicatesAmongManyKeys) {
    for (const int count : {2, 15, 16, 17, 18, 2000}) {
        std::string members;
        for (int i = 0; i < count; ++i) members += "\"k" + std::to_string(i) + "\":0,";
        EXPECT_EQ(parsed("{" + members + "\"last\":0}").as_object().size(), static_cast<std::size_t>(count) + 1);
        for (const int repeated : {0, count / 2, count - 1}) {
            const std::string key = "k" + std::to_string(repeated);
            EXPECT_EQ(refused("{" + members + "\"" + key + "\":0}").repeated_key, "/" + key) << count;
        }
    }
}

struct ParseFault {
    std::string_view text;
    std::size_t offset;
    std::size_t line;
    std::size_t column;
    std::string_view reason;
};

class JsonFaultTest : public testing::TestWithParam<ParseFault> {};

TEST_P(JsonFaultTest, IsReportedWithItsPosition) {
    const JsonError error = refused(GetParam().text);
    EXPECT_EQ(error.offset, GetParam().offset);
    EXPECT_EQ(error.line, GetParam().line);
    EXPECT_EQ(error.column, GetParam().column);
    EXPECT_EQ(error.reason, GetParam().reason);
    EXPECT_TRUE(error.repeated_key.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Each, JsonFaultTest,
    testing::Values(ParseFault{"", 0, 1, 1, "there is no value"},  //
                    ParseFault{" \n ", 3, 2, 2, "there is no value"},
                    ParseFault{"[1] 2", 4, 1, 5, "something follows the value"},
                    ParseFault{"[1]\0"sv, 3, 1, 4, "something follows the value"},
                    ParseFault{"[1]\n\0 "sv, 4, 2, 1, "something follows the value"},
                    ParseFault{"[1,\n 2\n 3]", 8, 3, 2, "missing a comma or ] after an array element"},
                    ParseFault{"[1", 2, 1, 3, "missing a comma or ] after an array element"},
                    ParseFault{"[1}", 2, 1, 3, "missing a comma or ] after an array element"},
                    ParseFault{"{\"a\":1 \"b\"", 7, 1, 8, "missing a comma or } after an object member"},
                    ParseFault{"{\"a\":1]", 6, 1, 7, "missing a comma or } after an object member"},
                    ParseFault{"{\n\"a\" 1}", 6, 2, 5, "missing a colon after a key"},
                    ParseFault{"{1:2}", 1, 1, 2, "missing a key in quotes"},
                    ParseFault{"{\"a\":1,}", 7, 1, 8, "missing a key in quotes"},
                    ParseFault{"{a:1}", 1, 1, 2, "missing a key in quotes"},
                    ParseFault{"[1,]", 3, 1, 4, "invalid value"}, ParseFault{"[stop]", 1, 1, 2, "invalid value"},
                    ParseFault{"[tru]", 4, 1, 5, "invalid value"}, ParseFault{"['a']", 1, 1, 2, "invalid value"},
                    ParseFault{"[\0]"sv, 1, 1, 2, "invalid value"}, ParseFault{"[+1]", 1, 1, 2, "invalid value"},
                    ParseFault{"[NaN]", 1, 1, 2, "invalid value"},
                    ParseFault{"[01]", 2, 1, 3, "missing a comma or ] after an array element"},
                    ParseFault{"[1.]", 3, 1, 4, "missing digits after the point of a number"},
                    ParseFault{"[1e+]", 4, 1, 5, "missing digits in the exponent of a number"},
                    ParseFault{"[\"stop]", 7, 1, 8, "missing the closing quote of a string"},
                    ParseFault{"[\"a\0\"]"sv, 3, 1, 4, "missing the closing quote of a string"},
                    ParseFault{"[\"a\n\"]", 3, 1, 4, "a control character that is not escaped in a string"},
                    ParseFault{"[\"a\\x\"]", 3, 1, 4, "an unknown escape in a string"},
                    ParseFault{"[\"a\\u12g4\"]", 3, 1, 4, "a \\u escape without four hexadecimal digits"},
                    ParseFault{"[\"a\\ud800b\"]", 3, 1, 4, "half of a surrogate pair in a \\u escape"},
                    ParseFault{"[\"a\\udc00b\"]", 1, 1, 2, "half of a surrogate pair in a \\u escape"},
                    ParseFault{"{\"\\\"\\udc00\":1}", 1, 1, 2, "half of a surrogate pair in a \\u escape"},
                    ParseFault{"[\"a\xFF\"]", 3, 1, 4, "invalid UTF-8 in a string"},
                    ParseFault{"[\"\xC3\"]", 2, 1, 3, "invalid UTF-8 in a string"},
                    ParseFault{"[\"\xC0\x80\"]", 2, 1, 3, "invalid UTF-8 in a string"},
                    ParseFault{"[\"\xED\xA0\x80\"]", 2, 1, 3, "invalid UTF-8 in a string"},
                    ParseFault{"[\"\xF4\x90\x80\x80\"]", 2, 1, 3, "invalid UTF-8 in a string"},
                    ParseFault{"{\"\xE2\x82\":1}", 2, 1, 3, "invalid UTF-8 in a string"},
                    ParseFault{"[\xC3\xA4]", 1, 1, 2, "invalid value"}));

/// Makes values of every type, nested to the given depth.
class RandomValues {
public:
    Value value(int depth) {
        switch (below(depth > 0 ? 8 : 6)) {
            case 0:
                return nullptr;
            case 1:
                return below(2) == 0;
            case 2:
                return static_cast<std::int64_t>(random_()) >> below(64);
            case 3:
                return std::ldexp(static_cast<double>(random_()), static_cast<int>(below(1900)) - 1000);
            case 4:
            case 5:
                return text();
            case 6:
                return list(depth);
            default:
                return object(depth);
        }
    }
    std::string bytes(std::string_view alphabet, std::size_t length) {
        std::string bytes;
        while (bytes.size() < length) bytes += alphabet[below(alphabet.size())];
        return bytes;
    }
    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }

private:
    std::string text() {
        constexpr std::array<std::string_view, 10> parts{
            "a", "\"", "\\", "\n", "\x1F", "\xC3\xA4", "\xF0\x9F\x98\x80", "\0"sv, "/", "\x7F"};
        std::string text;
        for (std::size_t i = below(6); i > 0; --i) text += parts[below(parts.size())];
        return text;
    }
    Value list(int depth) {
        Value::List items;
        for (std::size_t i = below(6); i > 0; --i) items.push_back(value(depth - 1));
        return items;
    }
    Value object(int depth) {
        Object members;
        for (std::size_t i = below(30); i > 0; --i) members.set(text(), value(depth - 1));
        return members;
    }

    std::mt19937_64 random_{4711};
};

TEST(JsonTest, PrintedValuesReadBackUnchanged) {
    RandomValues random;
    for (int i = 0; i < 500; ++i) {
        const Value value = random.value(3);
        ASSERT_EQ(parsed(to_json(value)), value) << to_json(value);
        ASSERT_EQ(parsed(to_pretty_json(value)), value) << to_pretty_json(value);
    }
}

TEST(JsonTest, RandomBytesAreRefusedOrReadBack) {
    RandomValues random;
    int good = 0;
    for (int i = 0; i < 20000; ++i) {
        const std::string text = random.bytes("[[]]{}\":,,0123-.eEtrue\\u \n\xC3\xA4\xED\x00"sv, random.below(12));
        const auto result = parse_json(text);
        if (const auto* value = std::get_if<Value>(&result)) {
            ++good;
            ASSERT_EQ(parsed(to_json(*value)), *value) << text;
        } else {
            const auto& error = std::get<JsonError>(result);
            ASSERT_LE(error.offset, text.size());
            ASSERT_FALSE(error.reason.empty());
        }
    }
    EXPECT_GT(good, 100);
}

TEST(JsonTest, DamagedTextsAreRefusedOrReadBack) {
    RandomValues random;
    for (int i = 0; i < 1000; ++i) {
        std::string text = to_json(random.value(3));
        for (int faults = 0; faults < 2; ++faults)
            text[random.below(text.size())] = static_cast<char>(random.below(256));
        const auto result = parse_json(text);
        if (const auto* value = std::get_if<Value>(&result)) {
            ASSERT_EQ(parsed(to_json(*value)), *value);
        } else {
            ASSERT_LE(std::get<JsonError>(result).offset, text.size());
        }
    }
}

}  // namespace
}  // namespace servicekit
