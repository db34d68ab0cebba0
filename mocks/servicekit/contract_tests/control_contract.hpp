#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "servicekit/contract_tests/reserved_fields.hpp"
#include "servicekit/policy/control_policy.hpp"

/// Tests what core relies on in every control policy. To run the tests on your own control policy, describe how it is
/// set up and reached, and instantiate the suite:
/// \code
/// struct MyControlRig {
///     using Policy = MyControl;
///     /// False for a policy that makes the service unreachable.
///     static constexpr bool is_reachable = true;
///     MyControl make_policy();
///     servicekit::Deployment deployment();
///     /// The loop for the policy's open(); turn() makes it do everything that is due.
///     servicekit::os::EventLoop& loop();
///     void turn();
///     /// A client of the open policy, run by the service's user. It has `void send(std::string_view)`, and
///     /// `std::string receive()`, which returns what has arrived since the last call.
///     auto connect();
/// };
/// namespace servicekit::contract_tests {
/// INSTANTIATE_TYPED_TEST_SUITE_P(MyControl, ControlContract, MyControlRig);
/// }
/// \endcode
namespace servicekit::contract_tests {

/// Keeps the requests for the test to answer.
class KeptRequests final : public Requests {
public:
    void request(std::string_view text, const Peer& peer, std::shared_ptr<Responder> responder) override {
        texts.emplace_back(text);
        peers.push_back(peer);
        responders.push_back(std::move(responder));
    }
    [[nodiscard]] std::string refuse(const Refusal& refusal) override {
        refusals.push_back(refusal);
        return "{\"error\":{}}\n";
    }

    std::vector<std::string> texts;
    std::vector<Peer> peers;
    std::vector<std::shared_ptr<Responder>> responders;
    std::vector<Refusal> refusals;
};

template <class Rig>
class ControlContract : public ::testing::Test {
protected:
    using Policy = typename Rig::Policy;
    static_assert(std::is_base_of_v<ControlPolicy, Policy>, "a control policy derives from servicekit::ControlPolicy");

    std::unique_ptr<Policy> make_control() {
        auto control = std::make_unique<Policy>(rig.make_policy());
        control->configure(rig.deployment());
        return control;
    }
    std::unique_ptr<Policy> make_open_control() {
        auto control = make_control();
        expect_success(control->open(requests, rig.loop()));
        return control;
    }
    static void expect_success(const Result<void>& result) { EXPECT_TRUE(result) << result.error().message(); }

    KeptRequests requests;
    Rig rig;
};

TYPED_TEST_SUITE_P(ControlContract);

TYPED_TEST_P(ControlContract, SaysWhereItCanBeReached) {
    const auto control = this->make_open_control();
    EXPECT_EQ(control->endpoint().empty(), !TypeParam::is_reachable);
    control->close();
}

TYPED_TEST_P(ControlContract, ARequestArrivesAsItsTextAndItsPeer) {
    if constexpr (TypeParam::is_reachable) {
        const auto control = this->make_open_control();
        auto client = this->rig.connect();
        client.send(R"(["backup", {"directory": "/b"}])");
        this->rig.turn();
        ASSERT_EQ(this->requests.texts, std::vector<std::string>{R"(["backup", {"directory": "/b"}])"});
        EXPECT_GT(this->requests.peers.front().pid, 0);
        // A policy that assigns no role would give no client access.
        EXPECT_GE(this->requests.peers.front().role, ControlRole::admin);
        control->close();
    }
}

TYPED_TEST_P(ControlContract, AReplyGoesBackAsItIs) {
    if constexpr (TypeParam::is_reachable) {
        const auto control = this->make_open_control();
        auto client = this->rig.connect();
        client.send(R"(["status"])");
        this->rig.turn();
        ASSERT_EQ(this->requests.responders.size(), 1U);
        EXPECT_EQ(client.receive(), "");
        this->requests.responders.front()->reply("{\"uptime\":1}\n");
        this->rig.turn();
        EXPECT_EQ(client.receive(), "{\"uptime\":1}\n");
        control->close();
    }
}

TYPED_TEST_P(ControlContract, ProgressGoesBeforeTheReply) {
    if constexpr (TypeParam::is_reachable) {
        const auto control = this->make_open_control();
        auto client = this->rig.connect();
        client.send(R"(["backup"])");
        this->rig.turn();
        ASSERT_EQ(this->requests.responders.size(), 1U);
        EXPECT_TRUE(this->requests.responders.front()->progress("{\"progress\":{}}\n"));
        this->requests.responders.front()->reply("{}\n");
        this->rig.turn();
        EXPECT_EQ(client.receive(), "{\"progress\":{}}\n{}\n");
        control->close();
    }
}

TYPED_TEST_P(ControlContract, RequestsOfOneConnectionAreAnsweredInTheirOrder) {
    if constexpr (TypeParam::is_reachable) {
        const auto control = this->make_open_control();
        auto client = this->rig.connect();
        client.send(R"(["one"]["two"] ["three"])");
        this->rig.turn();
        // A policy may pass them on one by one, each after the reply to the previous one.
        std::string received;
        for (std::size_t number = 0; number < 3; ++number) {
            ASSERT_GT(this->requests.responders.size(), number);
            this->requests.responders[number]->reply("{\"n\":" + std::to_string(number) + "}\n");
            this->rig.turn();
            received += client.receive();
        }
        EXPECT_EQ(this->requests.texts, (std::vector<std::string>{R"(["one"])", R"(["two"])", R"(["three"])"}));
        EXPECT_EQ(received, "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n");
        control->close();
    }
}

TYPED_TEST_P(ControlContract, AClientThatWaitsKeepsNoOtherWaiting) {
    if constexpr (TypeParam::is_reachable) {
        const auto control = this->make_open_control();
        auto slow = this->rig.connect();
        slow.send(R"(["slow"])");
        this->rig.turn();
        auto quick = this->rig.connect();
        quick.send(R"(["quick"])");
        this->rig.turn();
        ASSERT_EQ(this->requests.responders.size(), 2U);
        this->requests.responders.back()->reply("{}\n");
        this->rig.turn();
        EXPECT_EQ(quick.receive(), "{}\n");
        EXPECT_EQ(slow.receive(), "");
        control->close();
    }
}

TYPED_TEST_P(ControlContract, CloseLetsOutWhatWasRepliedBefore) {
    if constexpr (TypeParam::is_reachable) {
        const auto control = this->make_open_control();
        auto client = this->rig.connect();
        client.send(R"(["stop"])");
        this->rig.turn();
        ASSERT_EQ(this->requests.responders.size(), 1U);
        this->requests.responders.front()->reply("{\"result\":\"stop-initiated\"}\n");
        control->close();
        this->rig.turn();
        EXPECT_EQ(client.receive(), "{\"result\":\"stop-initiated\"}\n");
    }
}

TYPED_TEST_P(ControlContract, AReplyAfterItsEndIsSwallowed) {
    if constexpr (TypeParam::is_reachable) {
        auto control = this->make_open_control();
        auto client = this->rig.connect();
        client.send(R"(["backup"])");
        this->rig.turn();
        ASSERT_EQ(this->requests.responders.size(), 1U);
        control->close();
        this->rig.turn();
        control.reset();
        EXPECT_NO_THROW({
            this->requests.responders.front()->progress("{\"progress\":{}}\n");
            this->requests.responders.front()->reply("{}\n");
        });
        this->rig.turn();
    }
}

TYPED_TEST_P(ControlContract, IsClosedAnyNumberOfTimes) {
    const auto unopened = this->make_control();
    unopened->close();
    const auto control = this->make_open_control();
    control->close();
    control->close();
}

TYPED_TEST_P(ControlContract, AnotherOpensInItsPlaceOnceItIsClosed) {
    const auto first = this->make_open_control();
    first->close();
    this->rig.turn();
    const auto second = this->make_open_control();
    EXPECT_EQ(second->endpoint(), first->endpoint());
    second->close();
}

TYPED_TEST_P(ControlContract, ItsStatusFieldsLeaveThoseOfTheServiceAlone) {
    const auto control = this->make_open_control();
    for (const auto& [name, value] : control->status_fields()) EXPECT_FALSE(is_reserved_field(name)) << name;
    control->close();
}

TYPED_TEST_P(ControlContract, MayBeMovedBeforeItIsOpened) {
    const auto source = this->make_control();
    typename TestFixture::Policy control{std::move(*source)};
    this->expect_success(control.open(this->requests, this->rig.loop()));
    control.close();
}

REGISTER_TYPED_TEST_SUITE_P(ControlContract, SaysWhereItCanBeReached, ARequestArrivesAsItsTextAndItsPeer,
                            AReplyGoesBackAsItIs, ProgressGoesBeforeTheReply,
                            RequestsOfOneConnectionAreAnsweredInTheirOrder, AClientThatWaitsKeepsNoOtherWaiting,
                            CloseLetsOutWhatWasRepliedBefore, AReplyAfterItsEndIsSwallowed, IsClosedAnyNumberOfTimes,
                            AnotherOpensInItsPlaceOnceItIsClosed, ItsStatusFieldsLeaveThoseOfTheServiceAlone,
                            MayBeMovedBeforeItIsOpened);

}  // namespace servicekit::contract_tests
