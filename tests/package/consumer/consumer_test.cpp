#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <servicekit/mocks/fake_life.hpp>
#include <servicekit/service.hpp>

#include <memory>

namespace {

std::unique_ptr<servicekit::Service> make(servicekit::mocks::FakeOs& os) {
    auto service = servicekit::mocks::fake_service<servicekit::Service>(os, {.name = "consumer"});
    service->events().add(
        {.name = "brew", .handler = [](const servicekit::Arguments&, servicekit::Context&) -> servicekit::Reply {
             throw servicekit::ErrorReply{"there is no tea", {}, "no-tea"};
         }});
    return service;
}

}  // namespace

TEST(ConsumerTest, RunsOnAMachineInMemory) {
    servicekit::mocks::FakeOs os;
    servicekit::mocks::FakeLife life{os, [&] { return make(os); }};
    ASSERT_TRUE(life.start());
    EXPECT_THAT(life.ask(R"(["status"])"), testing::HasSubstr("running"));
    EXPECT_EQ(life.stop(), 0);
}

// Types must be the same on both sides, also if the library is a shared one that hides most of its symbols.
TEST(ConsumerTest, ExceptionsAndCastsCrossTheBorderOfTheLibrary) {
    servicekit::mocks::FakeOs os;
    servicekit::mocks::FakeLife life{os, [&] { return make(os); }};
    ASSERT_TRUE(life.start());
    EXPECT_THAT(life.ask(R"(["brew"])"), testing::HasSubstr("no-tea"));
    EXPECT_NE(dynamic_cast<servicekit::Service*>(life.service()), nullptr);
    EXPECT_THROW(static_cast<void>(servicekit::Value{"text"}.as<bool>()), servicekit::TypeError);
    EXPECT_EQ(life.stop(), 0);
}
