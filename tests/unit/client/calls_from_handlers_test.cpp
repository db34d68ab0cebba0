#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "servicekit/async_client.hpp"
#include "servicekit/base/json.hpp"
#include "servicekit/client.hpp"
#include "servicekit/mocks/fake_life.hpp"
#include "servicekit/service.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

/// A service whose event `relay` calls another service, and replies with the outcome.
class Relay final : public Service {
public:
    Relay(ServiceOptions options, const os::Host& host) : Service{std::move(options), {}, host} {
        events().add({.name = "relay",
                      .parameters = {{.name = "to", .type = ParameterType::string},
                                     {.name = "event", .type = ParameterType::string},
                                     {.name = "arguments", .type = ParameterType::object, .default_value = Object{}},
                                     {.name = "timeout", .type = ParameterType::integer, .default_value = 0}},
                      .handler = [this](const Arguments& arguments, Context&) { return relay(arguments); }});
        events().add({.name = "work",
                      .parameters = {{.name = "seconds", .type = ParameterType::integer}},
                      .handler = [](const Arguments& arguments, Context& context) {
                          const bool whole = context.wait_for(std::chrono::seconds{arguments.get<int>("seconds")});
                          return Reply{{"whole", whole}};
                      }});
    }

    std::string farewell_to = {};  ///< the socket that on_stop() calls

private:
    Reply relay(const Arguments& arguments) {
        CallOptions options;
        if (const auto seconds = arguments.get<int>("timeout"); seconds > 0)
            options.timeout = std::chrono::seconds{seconds};
        const auto begin = host().clock->steady_now();
        const auto reply = servicekit::call(arguments.get<std::string>("to"), arguments.get<std::string>("event"),
                                            arguments.get<Object>("arguments"), options, host());
        const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(host().clock->steady_now() - begin);
        Reply outcome{{"ms", took.count()}};
        if (reply) return outcome.set("reply", *reply);
        return outcome.set("code", reply.error().code())
            .set("errno", reply.error().error().errno_value)
            .set("what", reply.error().what());
    }
    void on_stop() override {
        if (farewell_to.empty()) return;
        const auto reply = servicekit::call(farewell_to, "status", {}, {}, host());
        log().info("farewell: " + std::string{reply ? "answered" : reply.error().what()});
    }
};

class CallsFromHandlersTest : public ::testing::Test {
protected:
    CallsFromHandlersTest() {
        EXPECT_TRUE(one.start());
        EXPECT_TRUE(two.start());
    }

    mocks::FakeLife::Maker maker(std::string name) {
        return [this, name = std::move(name)] {
            return std::make_unique<Relay>(
                ServiceOptions{.name = name, .log_file = "/var/log/" + name + ".log", .daemonize = false}, os.host());
        };
    }

    static constexpr auto socket_of_one = "/run/one.control";
    static constexpr auto socket_of_two = "/run/two.control";

    mocks::FakeOs os;
    mocks::FakeLife one{os, maker("one")};
    mocks::FakeLife two{os, maker("two")};
};

TEST_F(CallsFromHandlersTest, AHandlerMayCallAnotherService) {
    EXPECT_THAT(one.ask(R"(["relay", {"to": "/run/two.control", "event": "work", "arguments": {"seconds": 2}}])"),
                HasSubstr(R"({"ms":2000,"reply":{"whole":true}})"));
}

TEST_F(CallsFromHandlersTest, ACallToItselfIsRefusedAtOnce) {
    const std::string reply = one.ask(R"(["relay", {"to": "/run/one.control", "event": "status"}])");
    EXPECT_THAT(reply, HasSubstr(R"("ms":0,"code":"","errno":)" + std::to_string(EDEADLK)));
    EXPECT_THAT(reply, HasSubstr("cannot get a reply to 'status' from '/run/one.control': a handler that calls its own "
                                 "service would wait for itself; trigger() runs the event at once"));
}

TEST_F(CallsFromHandlersTest, OutsideHandlersAServiceMayCallItself) {
    std::optional<Result<Object, CallError>> reply;
    os.spawn([&] {
        reply = servicekit::call(socket_of_one, "status", {}, {}, os.host());
        return 0;
    });
    os.settle();
    ASSERT_TRUE(reply);
    EXPECT_TRUE(*reply) << reply->error().what();
}

TEST_F(CallsFromHandlersTest, TheDefaultTimeoutOfACallIs30Seconds) {
    EXPECT_THAT(one.ask(R"(["relay", {"to": "/run/two.control", "event": "work", "arguments": {"seconds": 60}}])"),
                HasSubstr(R"({"ms":30000,"code":"timeout",)"));
}

TEST_F(CallsFromHandlersTest, ACallMayHaveALongerTimeout) {
    EXPECT_THAT(one.ask(R"(["relay", {"to": "/run/two.control", "event": "work", "arguments": {"seconds": 60},
                                      "timeout": 90}])"),
                HasSubstr(R"({"ms":60000,"reply":{"whole":true}})"));
}

TEST_F(CallsFromHandlersTest, NoCallOutlastsTheTimeoutOfTheHandlersCaller) {
    auto client = one.connect();
    client.send(R"(["relay", {"to": "/run/two.control", "event": "work", "arguments": {"seconds": 60}, "timeout": 90},
                    {"timeout": 5}])");
    os.advance(4s);
    EXPECT_THAT(one.ask(R"(["status"])"), HasSubstr(R"("busy":{"event":"relay")"));
    os.advance(2s);
    EXPECT_THAT(one.ask(R"(["status"])"), Not(HasSubstr("busy")));
}

TEST_F(CallsFromHandlersTest, CircularCallsDoNotWaitForEver) {
    const auto begin = os.clock.steady_now();
    const std::string reply = one.ask(R"(["relay", {"to": "/run/two.control", "event": "relay", "arguments":
        {"to": "/run/one.control", "event": "relay", "arguments": {"to": "/run/two.control", "event": "work",
         "arguments": {"seconds": 1}}}}])");
    EXPECT_THAT(reply, HasSubstr("timeout"));
    EXPECT_LE(os.clock.steady_now() - begin, 31s);
    EXPECT_THAT(one.ask(R"(["status"])"), Not(HasSubstr("busy")));
    EXPECT_THAT(two.ask(R"(["status"])"), Not(HasSubstr("busy")));
    EXPECT_THAT(two.ask(R"(["work", {"seconds": 1}])"), HasSubstr("true"));
}

TEST_F(CallsFromHandlersTest, AStopDoesNotWaitForACall) {
    auto client = one.connect();
    client.send(R"(["relay", {"to": "/run/two.control", "event": "work", "arguments": {"seconds": 20}}])");
    os.advance(1s);
    const auto begin = os.clock.steady_now();
    EXPECT_EQ(one.stop(), 0);
    EXPECT_LE(os.clock.steady_now() - begin, 1s);
    EXPECT_THAT(client.receive(), HasSubstr("the handler that called was asked to end"));
}

TEST_F(CallsFromHandlersTest, ACancelDoesNotWaitForACall) {
    auto client = one.connect();
    client.send(R"(["relay", {"to": "/run/two.control", "event": "work", "arguments": {"seconds": 20}}])");
    os.advance(1s);
    const auto status = parse_json(one.ask(R"(["status"])"));
    const auto& runs = std::get<Value>(status).as_object().find("runs")->as_list();
    ASSERT_EQ(runs.size(), 1U);
    EXPECT_THAT(one.ask("[\"cancel\", {\"id\": " + to_json(*runs[0].as_object().find("id")) + "}]"),
                Not(HasSubstr("error")));
    os.advance(1s);
    EXPECT_THAT(one.ask(R"(["status"])"), Not(HasSubstr("busy")));
}

TEST_F(CallsFromHandlersTest, ConcurrentEventsHaveTheSameLimits) {
    one.service()->events().add({.name = "beside",
                                 .parameters = {{.name = "to"}},
                                 .handler =
                                     [this](const Arguments& arguments, Context&) {
                                         const auto reply = servicekit::call(arguments.get<std::string>("to"), "status",
                                                                             {}, {}, os.host());
                                         return Reply{{"errno", reply ? 0 : reply.error().error().errno_value}};
                                     },
                                 .concurrent = true});
    EXPECT_EQ(one.ask(R"(["beside", {"to": "/run/one.control"}])"), R"({"errno":)" + std::to_string(EDEADLK) + "}");
    EXPECT_EQ(one.ask(R"(["beside", {"to": "/run/two.control"}])"), R"({"errno":0})");
}

TEST_F(CallsFromHandlersTest, OnStopMayCallAnotherService) {
    dynamic_cast<Relay&>(*one.service()).farewell_to = socket_of_two;
    EXPECT_EQ(one.stop(), 0);
    EXPECT_THAT(os.files.content("/var/log/one.log"), HasSubstr("farewell: answered"));
}

TEST_F(CallsFromHandlersTest, CallsOfAnEventLoopHaveTheSameLimits) {
    std::string outcome;
    one.service()->events().add({.name = "loop", .handler = [&](const Arguments&, Context&) {
                                     AsyncClient itself{socket_of_one, os.host()};
                                     itself.call("status", {}, {}, [&](const auto& reply) {
                                         outcome = reply ? "answered" : reply.error().what();
                                     });
                                     EXPECT_EQ(itself.poll_timeout(), 0);
                                     itself.proceed();
                                     AsyncClient other{socket_of_two, os.host()};
                                     other.call("work", {{"seconds", 60}}, {}, {});
                                     other.proceed();
                                     EXPECT_EQ(other.poll_timeout(), 30'500);
                                     return Reply{};
                                 }});
    EXPECT_EQ(one.ask(R"(["loop"])"), "{}");
    EXPECT_THAT(outcome, HasSubstr("a handler that calls its own service would wait for itself"));
}

}  // namespace
}  // namespace servicekit
