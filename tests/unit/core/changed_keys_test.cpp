#include "core/changed_keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace servicekit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ChangedKeysTest, AreAddedRemovedAndChangedKeys) {
    const Object before{{"same", 1}, {"gone", 2}, {"other", Object{{"a", 1}}}};
    const Object after{{"new", 3}, {"other", Object{{"a", 2}}}, {"same", 1}};
    EXPECT_THAT(changed_keys(before, after), ElementsAre("gone", "new", "other"));
    EXPECT_THAT(changed_keys(after, before), ElementsAre("gone", "new", "other"));
    EXPECT_THAT(changed_keys(before, before), IsEmpty());
}

TEST(ChangedKeysTest, WithoutAnObjectAreAllKeysOfTheOther) {
    EXPECT_THAT(changed_keys(nullptr, Object{{"b", 1}, {"a", 2}}), ElementsAre("a", "b"));
    EXPECT_THAT(changed_keys(Object{{"b", 1}}, "text"), ElementsAre("b"));
    EXPECT_THAT(changed_keys(nullptr, nullptr), IsEmpty());
}

}  // namespace
}  // namespace servicekit
