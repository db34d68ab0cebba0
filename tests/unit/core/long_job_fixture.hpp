#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "servicekit/base/json.hpp"
#include "servicekit/mocks/fake_life.hpp"
#include "servicekit/service.hpp"

namespace servicekit::testing {

/// A service in its own process on a fake machine, with events that take long.
class LongJobTest : public ::testing::Test {
protected:
    /// Adds an event of the application. Call it before start().
    void add(EventDeclaration event) { declarations_.push_back(std::move(event)); }
    void add(const std::string& name, std::function<Reply(Context&)> handler) {
        add({.name = name, .handler = [handler = std::move(handler)](const Arguments&, Context& context) {
                 return handler(context);
             }});
    }
    void add_concurrent(const std::string& name, std::function<Reply(Context&)> handler) {
        EventDeclaration event{
            .name = name,
            .handler = [handler = std::move(handler)](const Arguments&, Context& context) { return handler(context); }};
        event.concurrent = true;
        add(std::move(event));
    }
    /// Lets all users connect.
    void let_everybody_connect() {
        os.files.add_file("/etc/trial.json", R"({"control-mode": "666"})");
        options.config = "/etc/trial.json";
    }
    void start() { ASSERT_TRUE(life.start()) << os.streams.written(os::Stream::error); }
    [[nodiscard]] ServiceBase& service() { return *life.service(); }

    /// Sends a request. next() returns the reply, which comes later.
    mocks::FakeClient begin(std::string_view request, const Peer& peer = {.pid = 60, .uid = 0, .gid = 0}) {
        mocks::FakeClient client = life.connect(peer);
        client.send(request);
        os.settle();
        return client;
    }
    /// Returns the next line as an object. Waits up to an hour.
    Object next(mocks::FakeClient& client) {
        std::string line;
        const bool came = os.wait_until([&] {
            line += client.receive();
            return line.ends_with('\n') || client.is_at_end() || client.was_reset();
        });
        EXPECT_TRUE(came);
        return parse(line);
    }
    Object ask(std::string_view request, const Peer& peer = {.pid = 50, .uid = 0, .gid = 0}) {
        return parse(life.ask(request, peer));
    }
    /// Returns the code of an error reply; empty for any other reply.
    static std::string code_of(const Object& reply) {
        const Value* error = reply.find("error");
        return error == nullptr ? std::string{} : error->as_object().get<std::string>("code");
    }
    /// Returns the `event` of each row of a list in the status.
    std::vector<std::string> names_in_status(const char* list) {
        std::vector<std::string> names;
        const Object status = ask(R"(["status"])");
        if (const Value* rows = status.find(list))
            for (const Value& row : rows->as_list()) names.push_back(row.as_object().get<std::string>("event"));
        return names;
    }
    [[nodiscard]] std::string log() { return os.files.content("/var/log/trial.log"); }

    static Object parse(std::string_view line) {
        auto parsed = parse_json(line);
        const auto* value = std::get_if<Value>(&parsed);
        return value != nullptr && value->is_object() ? value->as_object() : Object{{"not-json", line}};
    }

    mocks::FakeOs os;
    ServiceOptions options{.name = "trial", .log_file = "/var/log/trial.log", .daemonize = false};
    EventHooks hooks;
    ServiceBase* current = nullptr;  ///< the one that was made last
    mocks::FakeLife life{os, [this] {
                             auto made = mocks::fake_service<Service>(os, options, hooks);
                             current = made.get();
                             for (const EventDeclaration& event : declarations_) made->events().add(event);
                             return made;
                         }};

private:
    std::vector<EventDeclaration> declarations_;
};

}  // namespace servicekit::testing
