#include "servicekit/mocks/fake_environment.hpp"

#include <gtest/gtest.h>

namespace servicekit::mocks {
namespace {

TEST(FakeEnvironmentTest, HasOnlyTheGivenVariables) {
    FakeEnvironment environment{{"HOME", "/root"}};
    EXPECT_EQ(environment.get("HOME"), "/root");
    EXPECT_EQ(environment.get("LANG"), std::nullopt);
}

TEST(FakeEnvironmentTest, VariablesCanBeSetAndUnset) {
    FakeEnvironment environment;
    environment.set("LANG", "C");
    environment.set("LANG", "de_CH.UTF-8");
    EXPECT_EQ(environment.get("LANG"), "de_CH.UTF-8");
    environment.unset("LANG");
    EXPECT_EQ(environment.get("LANG"), std::nullopt);
}

TEST(FakeEnvironmentTest, AnEmptyVariableCountsAsUnset) {
    const FakeEnvironment environment{{"TMPDIR", ""}, {"HOME", "/root"}};
    EXPECT_EQ(environment.get("TMPDIR"), std::nullopt);
    EXPECT_EQ(environment.names(), std::vector<std::string>{"HOME"});
}

}  // namespace
}  // namespace servicekit::mocks
