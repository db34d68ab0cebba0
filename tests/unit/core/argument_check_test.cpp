#include "core/argument_check.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <variant>

#include "servicekit/base/json.hpp"
#include "servicekit/core/event_table.hpp"

namespace servicekit {
namespace {

const EventDeclaration backup{
    .name = "backup",
    .parameters = {
        {.name = "directory", .type = ParameterType::path},
        {.name = "level", .type = ParameterType::integer, .default_value = 3, .minimum = 1, .maximum = 9},
        {.name = "password", .default_value = nullptr, .secret = true},
        {.name = "pin", .type = ParameterType::integer, .default_value = nullptr, .secret = true, .minimum = 0}}};

struct Refused {
    std::string argument;
    std::string expected;
    std::string message;
};

Refused refusal(const EventDeclaration& event, const Object& given) {
    try {
        static_cast<void>(check_arguments(event, given));
    } catch (const BadArgument& error) {
        return {error.argument(), error.expected(), error.what()};
    }
    return {"", "", "no error"};
}

bool accepted(const Parameter& parameter, const Value& value) {
    return refusal({.name = "event", .parameters = {parameter}}, {{parameter.name, value}}).message == "no error";
}

bool accepted(ParameterType type, const Value& value) { return accepted({.name = "x", .type = type}, value); }

TEST(CheckArgumentsTest, FillsInDefaults) {
    const Arguments arguments = check_arguments(backup, {{"directory", "/var/backups"}});
    EXPECT_EQ(arguments.get<std::string>("directory"), "/var/backups");
    EXPECT_EQ(arguments.get<int>("level"), 3);
    EXPECT_FALSE(arguments.has("password"));
}

TEST(CheckArgumentsTest, GivenValuesOverrideDefaults) {
    const Arguments arguments = check_arguments(backup, {{"level", 9}, {"password", "x"}, {"directory", "/"}});
    EXPECT_EQ(arguments.get<int>("level"), 9);
    EXPECT_TRUE(arguments.has("password"));
}

TEST(CheckArgumentsTest, NullIsAllowedIfItIsTheDefault) {
    EXPECT_FALSE(check_arguments(backup, {{"directory", "/"}, {"password", nullptr}}).has("password"));
    EXPECT_EQ(refusal(backup, {{"directory", "/"}, {"level", nullptr}}).message,
              "parameter 'level' of 'backup' is wrong: expected an integer from 1 to 9, found null");
    EXPECT_EQ(refusal(backup, {{"directory", nullptr}}).message,
              "parameter 'directory' of 'backup' is wrong: expected a path, found null");
}

TEST(CheckArgumentsTest, ShowsTheNumberThatWasSent) {
    const auto wide = std::get<Value>(parse_json("9223372036854775809"));
    EXPECT_EQ(
        refusal(backup, {{"directory", "/"}, {"level", wide}}).message,
        "parameter 'level' of 'backup' is wrong: expected an integer from 1 to 9, found 9223372036854775809, which "
        "64 bits can't hold");
    EXPECT_EQ(refusal(backup, {{"directory", "/"}, {"pin", wide}}).message,
              "parameter 'pin' of 'backup' is wrong: expected an integer of at least 0, found a number");
}

TEST(CheckArgumentsTest, ComparesIntegersThatADoubleCannotHold) {
    const Parameter limited{
        .name = "x", .type = ParameterType::integer, .minimum = -9007199254740992.0, .maximum = 9007199254740992.0};
    EXPECT_TRUE(accepted(limited, Value{9007199254740992}));
    EXPECT_FALSE(accepted(limited, Value{9007199254740993}));
    EXPECT_TRUE(accepted(limited, Value{-9007199254740992}));
    EXPECT_FALSE(accepted(limited, Value{-9007199254740993}));
    EXPECT_EQ(
        refusal({.name = "event", .parameters = {limited}}, {{"x", 9007199254740993}}).message,
        "parameter 'x' of 'event' is wrong: expected an integer from -9007199254740992 to 9007199254740992, found "
        "9007199254740993");
    const Parameter half{.name = "x", .type = ParameterType::integer, .minimum = 1.5, .maximum = 2.5};
    EXPECT_FALSE(accepted(half, Value{1}));
    EXPECT_TRUE(accepted(half, Value{2}));
    EXPECT_FALSE(accepted(half, Value{3}));
    const Parameter negative{.name = "x", .type = ParameterType::integer, .minimum = -2.5, .maximum = -1.5};
    EXPECT_FALSE(accepted(negative, Value{-3}));
    EXPECT_TRUE(accepted(negative, Value{-2}));
    EXPECT_FALSE(accepted(negative, Value{-1}));
    const Parameter beyond{.name = "x", .type = ParameterType::integer, .minimum = 9223372036854775808.0};
    EXPECT_FALSE(accepted(beyond, Value{std::numeric_limits<std::int64_t>::max()}));
    const Parameter below{.name = "x", .type = ParameterType::integer, .maximum = -9223372036854775808.0};
    EXPECT_TRUE(accepted(below, Value{std::numeric_limits<std::int64_t>::min()}));
    EXPECT_FALSE(accepted(below, Value{std::numeric_limits<std::int64_t>::min() + 1}));
    const Parameter wide{.name = "x", .type = ParameterType::integer, .minimum = -1e300, .maximum = 1e300};
    EXPECT_TRUE(accepted(wide, Value{std::numeric_limits<std::int64_t>::max()}));
    EXPECT_TRUE(accepted(wide, Value{std::numeric_limits<std::int64_t>::min()}));
}

TEST(CheckArgumentsTest, RefusesAMissingArgument) {
    const Refused missing = refusal(backup, {});
    EXPECT_EQ(missing.argument, "directory");
    EXPECT_EQ(missing.expected, "a path");
    EXPECT_EQ(missing.message, "parameter 'directory' of 'backup' is missing: expected a path");
}

TEST(CheckArgumentsTest, RefusesAnUnknownArgument) {
    const Refused near = refusal(backup, {{"directory", "/"}, {"levle", 3}});
    EXPECT_EQ(near.argument, "levle");
    EXPECT_EQ(near.expected, "one of directory, level, password, pin");
    EXPECT_EQ(near.message, "'backup' has no parameter 'levle'; did you mean 'level'?");
    EXPECT_EQ(refusal(backup, {{"colour", 3}}).message, "'backup' has no parameter 'colour'");

    const Refused none = refusal({.name = "stop"}, {{"now", true}});
    EXPECT_EQ(none.expected, "no parameters");
    EXPECT_EQ(none.message, "'stop' has no parameter 'now'");
}

TEST(CheckArgumentsTest, RefusesAnotherType) {
    const Refused wrong = refusal(backup, {{"directory", 7}});
    EXPECT_EQ(wrong.argument, "directory");
    EXPECT_EQ(wrong.message, "parameter 'directory' of 'backup' is wrong: expected a path, found 7");
    EXPECT_EQ(refusal(backup, {{"directory", ""}}).message,
              "parameter 'directory' of 'backup' is wrong: expected a path, found an empty string");
}

TEST(CheckArgumentsTest, RefusesAValueOutOfRange) {
    for (const int level : {0, 10, -1}) {
        const Refused wrong = refusal(backup, {{"directory", "/"}, {"level", level}});
        EXPECT_EQ(wrong.expected, "an integer from 1 to 9");
        EXPECT_EQ(wrong.message, "parameter 'level' of 'backup' is wrong: expected an integer from 1 to 9, found " +
                                     std::to_string(level));
    }
    EXPECT_EQ(check_arguments(backup, {{"directory", "/"}, {"level", 1}}).get<int>("level"), 1);
    EXPECT_EQ(check_arguments(backup, {{"directory", "/"}, {"level", 9}}).get<int>("level"), 9);
}

TEST(CheckArgumentsTest, NeverShowsASecret) {
    EXPECT_EQ(refusal(backup, {{"directory", "/"}, {"pin", -4711}}).message,
              "parameter 'pin' of 'backup' is wrong: expected an integer of at least 0, found an integer");
    EXPECT_EQ(refusal(backup, {{"directory", "/"}, {"password", 4711}}).message,
              "parameter 'password' of 'backup' is wrong: expected a string, found an integer");
}

TEST(CheckArgumentsTest, EachTypeAcceptsItsValues) {
    const std::vector<std::pair<ParameterType, Value>> own{
        {ParameterType::string, ""},      {ParameterType::integer, -7},           {ParameterType::number, 0.5},
        {ParameterType::boolean, false},  {ParameterType::path, "relative/path"}, {ParameterType::list, Value::List{}},
        {ParameterType::object, Object{}}};
    for (const auto& [type, value] : own) {
        EXPECT_TRUE(accepted(type, value)) << to_string(type);
        EXPECT_FALSE(accepted(type, nullptr)) << to_string(type);
        for (const auto& [other_type, other] : own) {
            const bool is_own = other.type_name() == value.type_name();
            const bool may_be_number = type == ParameterType::number && other.is_integer();
            EXPECT_TRUE(is_own || accepted(type, other) == may_be_number)
                << to_string(type) << " and " << to_string(other_type);
        }
    }
}

TEST(CheckArgumentsTest, AnIntegerIsANumberButNotViceVersa) {
    EXPECT_TRUE(accepted(ParameterType::number, 3));
    EXPECT_FALSE(accepted(ParameterType::integer, 3.0));
    EXPECT_EQ(
        refusal({.name = "e", .parameters = {{.name = "x", .type = ParameterType::integer}}}, {{"x", 3.0}}).message,
        "parameter 'x' of 'e' is wrong: expected an integer, found 3.0");
}

TEST(CheckArgumentsTest, ANumberIsFinite) {
    EXPECT_FALSE(accepted(ParameterType::number, std::nan("")));
    EXPECT_FALSE(accepted(ParameterType::number, HUGE_VAL));
}

TEST(CheckArgumentsTest, APathHasNoNul) {
    EXPECT_FALSE(accepted(ParameterType::path, std::string_view{"/etc\0/x", 7}));
    EXPECT_TRUE(accepted(ParameterType::string, std::string_view{"a\0b", 3}));
}

TEST(CheckArgumentsTest, RangesApplyToNumbersOnly) {
    EXPECT_TRUE(accepted({.name = "x", .type = ParameterType::number, .minimum = 0.5}, 0.5));
    EXPECT_FALSE(accepted({.name = "x", .type = ParameterType::number, .minimum = 0.5}, 0));
    EXPECT_FALSE(accepted({.name = "x", .type = ParameterType::number, .maximum = 0.5}, 1));
    EXPECT_TRUE(accepted({.name = "x", .type = ParameterType::string, .maximum = 0.5}, "9"));
}

TEST(CheckArgumentsTest, RangesAreDescribedInWords) {
    EXPECT_EQ(accepted_words({.name = "x", .type = ParameterType::number, .minimum = 0.5, .maximum = 10}),
              "a number from 0.5 to 10");
    EXPECT_EQ(accepted_words({.name = "x", .type = ParameterType::integer, .maximum = -1}), "an integer of at most -1");
    EXPECT_EQ(accepted_words({.name = "x", .type = ParameterType::number, .minimum = 1e300}),
              "a number of at least 1e+300");
}

TEST(DescribeArgumentsTest, MasksSecretAndUnknownArguments) {
    EXPECT_EQ(
        describe_arguments(backup, {{"directory", "/a\nb"}, {"password", "hush"}, {"pasword", "hush"}, {"pin", 1}}),
        R"({"directory":"/a\nb","password":"***","pasword":"***","pin":"***"})");
    EXPECT_EQ(describe_arguments(backup, {}), "{}");
}

}  // namespace
}  // namespace servicekit
