// A load event that runs in the process that becomes the service, and objects that are attached to a service.
#include "unit/core/service_fixture.hpp"

namespace servicekit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LateLoadTest : public testing::ServiceTest {};

TEST_F(LateLoadTest, ADeclaredLoadHandlerMayChangeSettings) {
    service().load_in_service();
    service().events().replace("load", [this](const Arguments&, Context&) -> Reply {
        core().configuration().in_making()->set(setting::name, "scripted");
        return {};
    });
    then([this] { service().request_stop(); });

    EXPECT_EQ(run(), 0);

    EXPECT_EQ(service().settings().get(setting::name), "scripted");
    EXPECT_EQ(core().configuration().in_making(), nullptr);
}

TEST_F(LateLoadTest, AnExceptionInTheLoadFailsTheStart) {
    service().load_in_service();
    service().events().replace(
        "load", [](const Arguments&, Context&) -> Reply { throw std::runtime_error("no such variable"); });

    EXPECT_EQ(run(), 78);

    EXPECT_THAT(errors(), HasSubstr("cannot load the configuration: no such variable"));
    expect_all_released();
}

TEST_F(LateLoadTest, AttachedObjectsEndAfterTheStopEventInReverseOrder) {
    std::vector<std::string> seen;
    hooks.on_stop = [&] { seen.emplace_back("stop"); };
    service().add_cleanup([&] { seen.emplace_back("first"); });
    service().add_cleanup([&] {
        seen.emplace_back("second");
        throw std::runtime_error("stuck");
    });
    then([this] { service().request_stop(); });

    EXPECT_EQ(run(), 0);

    EXPECT_THAT(seen, ElementsAre("stop", "second", "first"));
    EXPECT_THAT(log(), HasSubstr("a cleanup of the service failed: stuck"));
}

TEST_F(LateLoadTest, AttachedObjectsEndIfTheLoadFails) {
    int ended = 0;
    hooks.on_load = [](Settings&) { throw std::runtime_error("no such variable"); };
    service().load_in_service();
    service().add_cleanup([&] { ++ended; });

    EXPECT_EQ(run(), 78);

    EXPECT_EQ(ended, 1);
}

TEST_F(LateLoadTest, AttachedObjectsEndIfTheStartFailsEarly) {
    int ended = 0;
    service().add_cleanup([&] { ++ended; });
    host.sockets.failures().fail_next("listen", EACCES);

    EXPECT_EQ(run(), 77);

    EXPECT_EQ(ended, 1);
}

TEST_F(LateLoadTest, PostedWorkRunsInOrder) {
    std::vector<std::string> seen;
    EXPECT_THROW(service().post_work("early", [] {}), CallError);
    then([&] { service().post_work("work", [&] { seen.emplace_back("work"); }); });
    then([this] { service().request_stop(); });

    EXPECT_EQ(run(), 0);

    EXPECT_THAT(seen, ElementsAre("work"));
}

}  // namespace
}  // namespace servicekit
