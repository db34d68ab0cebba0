#include "servicekit/mocks/fake_task.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace servicekit::mocks {
namespace {

using ::testing::ElementsAre;

TEST(FakeTaskTest, RunsOnlyWhileItsResumerWaits) {
    std::vector<std::string> notes;
    FakeTask task{[&] {
        notes.emplace_back("task begins");
        FakeTask::yield();
        notes.emplace_back("task goes on");
    }};
    EXPECT_TRUE(notes.empty());
    task.resume();
    notes.emplace_back("test");
    EXPECT_FALSE(task.has_ended());
    task.resume();
    EXPECT_THAT(notes, ElementsAre("task begins", "test", "task goes on"));
    EXPECT_TRUE(task.has_ended());
}

TEST(FakeTaskTest, KnowsTheCaller) {
    FakeTask::Id seen = 0;
    FakeTask task{[&] { seen = FakeTask::current(); }};
    task.resume();
    EXPECT_EQ(seen, task.id());
    EXPECT_EQ(FakeTask::current(), 0U);
}

TEST(FakeTaskTest, MayNeverStart) {
    bool began = false;
    {
        const FakeTask task{[&] { began = true; }};
    }
    EXPECT_FALSE(began);
}

}  // namespace
}  // namespace servicekit::mocks
