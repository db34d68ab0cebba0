#include <string>
#include <vector>

#include "unit/policies/control/control_fixture.hpp"

namespace servicekit {
namespace {

using ::testing::ElementsAre;

/// The cost of a request from a client that has sent one before and keeps its connection. EpollSetTest checks the
/// loop's own part: one wait for each turn that finds nothing posted.
class RequestCostTest : public ControlFixture {
protected:
    /// \returns the system calls of a request
    [[nodiscard]] std::vector<std::string> cost_of_a_request(mocks::FakeClient& client) {
        EXPECT_EQ(client.ask("[\"a\"]\n"), "{\"did\":[\"a\"]}\n");
        host.faults.forget();
        client.send("[\"b\"]\n");
        for (turns = 0; host.reactor.step();) ++turns;
        EXPECT_EQ(client.receive(), "{\"did\":[\"b\"]}\n");
        std::vector<std::string> names;
        for (const auto& operation : host.faults.operations()) names.push_back(operation.name);
        return names;
    }

    unsigned turns = 0;  ///< number of calls from the loop
};

TEST_F(RequestCostTest, AnOperatorsRequestTakesOneCallFromTheLoop) {
    open();
    auto client = connect();
    EXPECT_THAT(cost_of_a_request(client), ElementsAre("sockets.receive", "sockets.send"));
    EXPECT_EQ(turns, 1U);
}

TEST_F(RequestCostTest, AStrangersRequestTakesOneMoreTurnAndNoSystemCall) {
    open({.permissions = 0666});
    auto client = connect_as(1000);
    EXPECT_THAT(cost_of_a_request(client), ElementsAre("sockets.receive", "sockets.send"));
    EXPECT_EQ(turns, 2U);
}

}  // namespace
}  // namespace servicekit
