#include "servicekit/mocks/fake_environment.hpp"

#include <gtest/gtest.h>

namespace servicekit::mocks {
namespace {

TEST(FakeEnvironmentTest, HasWhatItWasGivenAndNothingElse) {
    FakeEnvironment environment{{"HOME", "/root"}};
    EXPECT_EQ(environment.get("HOME"), "/root");
    EXPECT_EQ(environment.get("LANG"), std::nullopt);
}

TEST(FakeEnvironmentTest, IsSetAndUnset) {
    FakeEnvironment environment;
    environment.set("NO_COLOR", "");
    environment.set("LANG", "C");
    environment.set("LANG", "de_CH.UTF-8");
    EXPECT_EQ(environment.get("NO_COLOR"), "");
    EXPECT_EQ(environment.get("LANG"), "de_CH.UTF-8");
    environment.unset("LANG");
    EXPECT_EQ(environment.get("LANG"), std::nullopt);
}

}  // namespace
}  // namespace servicekit::mocks
