// Events that are added and removed while the service runs.
#include <string>

#include "integration/support/service_test.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::test {
namespace {

using testing::HasSubstr;

class OwnEventsTest : public ServiceTest {};

TEST_F(OwnEventsTest, AnAddedEventIsServedAndListed) {
    const RunningService service{trial};

    service.call("add-event", {{"name", "fresh"}});

    EXPECT_EQ(to_json(service.call("fresh")), R"({"added":"fresh"})");
    EXPECT_THAT(trial.verb({"events"}).out, HasSubstr("\nfresh\n"));
}

TEST_F(OwnEventsTest, AnEventIsNotAddedTwice) {
    const RunningService service{trial};

    const Object error = service.call_in_vain("add-event", {{"name", "echo"}});

    EXPECT_EQ(*error.find("code"), Value{"event-error"});
    EXPECT_EQ(to_json(service.call("echo", {{"integer", 7}})), R"({"integer":7})");
}

TEST_F(OwnEventsTest, AReplacedStatusKeepsTheFieldsOfTheProtocol) {
    const RunningService service{trial};

    service.call("replace-status");

    const Object status = service.call("status");
    EXPECT_EQ(*status.find("replaced"), Value{true});
    EXPECT_EQ(*status.find("pid"), Value{service.pid()});
    EXPECT_EQ(*status.find("control-socket"), Value{trial.control_socket()});
    EXPECT_TRUE(status.contains("uptime"));
    EXPECT_FALSE(status.contains("greeting"));
}

}  // namespace
}  // namespace servicekit::test
