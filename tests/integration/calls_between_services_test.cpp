// Services whose handlers call services.
#include <chrono>
#include <filesystem>
#include <string>

#include "integration/support/service_test.hpp"
#include "servicekit/base/json.hpp"
#include "servicekit/client.hpp"

namespace servicekit::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class CallsBetweenServicesTest : public ServiceTest {
protected:
    ServiceProgram make(const std::string& name) const {
        const std::string own_directory = directory.file(name);
        std::filesystem::create_directory(own_directory);
        return {"calling-service", own_directory};
    }
    /// Returns the arguments of `relay` that make it call `event` of a service.
    static Object relay_to(const ServiceProgram& service, const std::string& event, const Object& arguments = {}) {
        return {{"to", service.control_socket()}, {"event", event}, {"arguments", arguments}};
    }

    ServiceProgram one = make("one");
    ServiceProgram two = make("two");
};

TEST_F(CallsBetweenServicesTest, AHandlerCallsAnotherService) {
    const RunningService first{one};
    const RunningService second{two};
    const Object reply = first.call("relay", relay_to(two, "status"));
    EXPECT_EQ(*reply.find("relayed")->as_object().find("pid"), Value{second.pid()});

    const Object error = first.call_in_vain("relay", relay_to(trial, "status"));
    EXPECT_THAT(error.get<std::string>("message"), HasSubstr("cannot connect to '" + trial.control_socket() + "'"));
}

TEST_F(CallsBetweenServicesTest, ACallToTheServiceItselfIsRefusedAtOnce) {
    const RunningService first{one};
    const Object error = first.call_in_vain("relay", relay_to(one, "status"));
    EXPECT_THAT(error.get<std::string>("message"), HasSubstr("a handler that calls its own service"));
    EXPECT_EQ(first.call("status").get<std::string>("state"), "running");
}

TEST_F(CallsBetweenServicesTest, ACircleOfCallsEndsAtTheFirstCallersTimeout) {
    const RunningService first{one};
    const RunningService second{two};

    const auto reply =
        servicekit::call(one.control_socket(), "relay",
                         relay_to(two, "relay", relay_to(one, "relay", relay_to(two, "status"))), {.timeout = 2s});

    ASSERT_FALSE(reply);
    // All timeouts expire at once: which error comes first is chance.
    EXPECT_THAT(reply.error().code(), testing::AnyOf("timeout", "event-error"));
    // Both services answer again once their handlers have returned.
    EXPECT_TRUE(first.call("relay", relay_to(two, "status")).contains("relayed"));
    EXPECT_TRUE(second.call("relay", relay_to(one, "status")).contains("relayed"));
}

}  // namespace
}  // namespace servicekit::test
