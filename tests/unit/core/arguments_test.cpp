#include "servicekit/core/arguments.hpp"

#include <gtest/gtest.h>

#include <string>

namespace servicekit {
namespace {

TEST(ArgumentsTest, ReturnsAnArgumentAsTheRequestedType) {
    const Arguments arguments{Object{{"directory", "/var"}, {"level", 3}, {"names", Value::List{"a", "b"}}}};
    EXPECT_EQ(arguments.get<std::string>("directory"), "/var");
    EXPECT_EQ(arguments.get<unsigned>("level"), 3U);
    EXPECT_EQ(arguments.get<double>("level"), 3.0);
    EXPECT_EQ(arguments.get<std::vector<std::string>>("names"), (std::vector<std::string>{"a", "b"}));
}

TEST(ArgumentsTest, HasGivenArgumentsThatAreNotNull) {
    const Arguments arguments{Object{{"a", false}, {"b", nullptr}}};
    EXPECT_TRUE(arguments.has("a"));
    EXPECT_FALSE(arguments.has("b"));
    EXPECT_FALSE(arguments.has("c"));
    EXPECT_FALSE(Arguments{}.has("a"));
}

TEST(ArgumentsTest, RefusesAMissingArgument) {
    try {
        static_cast<void>(Arguments{}.get<int>("level"));
        FAIL() << "a missing argument was found";
    } catch (const BadArgument& error) {
        EXPECT_EQ(error.argument(), "level");
        EXPECT_EQ(error.expected(), "a value");
        EXPECT_STREQ(error.what(), "argument 'level' is missing");
    }
}

TEST(ArgumentsTest, RefusesAnotherType) {
    try {
        static_cast<void>(Arguments{Object{{"level", 300}}}.get<std::uint8_t>("level"));
        FAIL() << "an argument out of range was accepted";
    } catch (const BadArgument& error) {
        EXPECT_EQ(error.argument(), "level");
        EXPECT_EQ(error.expected(), "an integer from 0 to 255");
        EXPECT_STREQ(error.what(), "argument 'level': expected an integer from 0 to 255, found 300");
    }
}

}  // namespace
}  // namespace servicekit
