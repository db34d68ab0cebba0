#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "unit/policies/control/control_fixture.hpp"

namespace servicekit {
namespace {

using ::testing::ElementsAre;

/// The cost of a request. EpollSetTest checks the loop's own part: one wait for each turn that finds nothing posted.
class RequestCostTest : public ControlFixture {
protected:
    /// \returns the system calls of a request from a client that has sent one before and keeps its connection
    [[nodiscard]] std::vector<std::string> cost_of_a_request(mocks::FakeClient& client) {
        EXPECT_EQ(client.ask("[\"a\"]\n"), "{\"did\":[\"a\"]}\n");
        host.faults.forget();
        client.send("[\"b\"]\n");
        for (turns = 0; host.reactor.step();) ++turns;
        EXPECT_EQ(client.receive(), "{\"did\":[\"b\"]}\n");
        return calls();
    }
    /// \returns the system calls since the last host.faults.forget()
    [[nodiscard]] std::vector<std::string> calls() {
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

TEST_F(RequestCostTest, AStrangerThatClosesAfterItsReplyIsNotWatched) {
    open({.permissions = 0666});
    host.reactor.loop_failures.fail_always("watch", ENOSPC);
    auto client = connect_as(1000);
    client.send("[\"a\"]\n");
    requests.when_asked = [&](std::string_view) { client.close(); };
    loop.run_ready();
    EXPECT_EQ(requests.texts(), std::vector<std::string>{"[\"a\"]"});
    EXPECT_EQ(control->counts()->open, 0U);
    EXPECT_TRUE(requests.notes.empty());
}

TEST_F(RequestCostTest, AStrangerThatStaysAfterItsReplyIsWatched) {
    open({.permissions = 0666});
    auto client = connect_as(1000);
    EXPECT_EQ(client.ask("[\"a\"]\n"), "{\"did\":[\"a\"]}\n");
    EXPECT_EQ(client.ask("[\"b\"]\n"), "{\"did\":[\"b\"]}\n");
    client.close();
    loop.run_ready();
    EXPECT_EQ(control->counts()->open, 0U);
}

}  // namespace
}  // namespace servicekit
