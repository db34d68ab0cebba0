#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <servicekit/mocks/fake_life.hpp>
#include <servicekit/service.hpp>

TEST(ConsumerTest, RunsOnAMachineInMemory) {
    servicekit::mocks::FakeOs os;
    servicekit::mocks::FakeLife life{
        os, [&] { return servicekit::mocks::fake_service<servicekit::Service>(os, {.name = "consumer"}); }};
    ASSERT_TRUE(life.start());
    EXPECT_THAT(life.ask(R"(["status"])"), testing::HasSubstr("running"));
    EXPECT_EQ(life.stop(), 0);
}
