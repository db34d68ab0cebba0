#include "servicekit/mocks/fake_life.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "servicekit/policies.hpp"
#include "servicekit/service.hpp"

namespace servicekit::mocks {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

/// A whole life of a service of each kind, with all its policies on the fakes.
class FakePoliciesTest : public ::testing::Test {
protected:
    template <class Kind>
    void live() {
        FakeLife life{os, [this] { return fake_service<Kind>(os, {.name = "trial"}); }};
        ASSERT_TRUE(life.start()) << os.streams.written(os::Stream::error);
        EXPECT_THAT(life.ask(R"(["status"])"), HasSubstr(R"("state":"running")"));
        EXPECT_EQ(life.stop(), 0);
        EXPECT_EQ(os.open_descriptors(), 0U);
    }

    FakeOs os;
};

TEST_F(FakePoliciesTest, MakeAServiceForAShell) {
    live<Service>();
    EXPECT_EQ(os.processes_ever().size(), 3U);
}

TEST_F(FakePoliciesTest, MakeAServiceForAContainer) {
    live<ContainerService>();
    EXPECT_EQ(os.processes_ever().size(), 1U);
    EXPECT_THAT(os.streams.written(os::Stream::out), HasSubstr(R"("message":"ready"})"));
}

TEST_F(FakePoliciesTest, MakeAServiceForSystemd) {
    os.service_manager.listen();
    live<SystemdService>();
    EXPECT_THAT(os.service_manager.messages(), Contains(HasSubstr("READY=1")));
    EXPECT_THAT(os.service_manager.messages(), Contains(HasSubstr("STOPPING=1")));
}

}  // namespace
}  // namespace servicekit::mocks
