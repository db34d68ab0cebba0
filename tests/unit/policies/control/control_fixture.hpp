#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_event_loop.hpp"
#include "servicekit/mocks/fake_os.hpp"
#include "servicekit/policies/control/unix_socket_control.hpp"

namespace servicekit {

/// Answers `["x"]` with `{"did":["x"]}`, at once or, for a text with "slow" in it, when the test decides. A text with
/// "bad" in it is not a request. For a text with "hungry" in it there is no memory.
class RecordedRequests final : public Requests {
public:
    struct Asked {
        std::string text;
        Peer peer;
        std::shared_ptr<Responder> responder;
    };

    void request(std::string_view text, const Peer& peer, std::shared_ptr<Responder> responder) override {
        asked.push_back({std::string{text}, peer, responder});
        if (when_asked) when_asked(text);
        if (text.find("hungry") != std::string_view::npos) throw std::bad_alloc{};
        if (text.find("slow") != std::string_view::npos) return;
        if (text.find("bad") != std::string_view::npos)
            responder->reply_and_close(answer(text));
        else
            responder->reply(answer(text));
    }
    [[nodiscard]] std::string refuse(const Refusal& refusal) override {
        refusals.push_back(refusal);
        return "{\"error\":" + std::to_string(refusals.size()) + "}\n";
    }
    void note(const Error& error) override {
        if (when_noted) when_noted();
        notes.push_back(error.message());
    }

    [[nodiscard]] static std::string answer(std::string_view text) { return "{\"did\":" + std::string{text} + "}\n"; }
    /// Answers the latest request.
    void answer_last() { asked.back().responder->reply(answer(asked.back().text)); }
    [[nodiscard]] std::vector<std::string> texts() const {
        std::vector<std::string> texts;
        for (const Asked& one : asked) texts.push_back(one.text);
        return texts;
    }

    /// Called for each request before it is answered.
    std::function<void(std::string_view text)> when_asked;
    /// Called for each error before it is kept.
    std::function<void()> when_noted;
    std::vector<Asked> asked;
    std::vector<Refusal> refusals;
    std::vector<std::string> notes;
};

/// A control socket on a machine in memory, and its clients.
class ControlFixture : public ::testing::Test {
protected:
    using Reason = Refusal::Reason;

    static constexpr std::string_view path = "/run/just-another-server.control";

    ControlFixture() {
        host.files.set_owner("/run", 500, 500);
        host.act_as({.pid = 4711, .uid = 500, .gid = 500});
        host.users.add_user({.name = "just", .uid = 500, .gid = 500});
        host.users.add_user({.name = "alice", .uid = 1000, .gid = 1000});
        host.users.add_group("operators", 70);
    }

    [[nodiscard]] static Deployment deployment() {
        Deployment deployment;
        deployment.control_socket = path;
        return deployment;
    }
    [[nodiscard]] std::unique_ptr<UnixSocketControl> control_with(UnixSocketControl::Options options) {
        auto made = std::make_unique<UnixSocketControl>(std::move(options), host.host());
        made->configure(deployment());
        return made;
    }
    void open(UnixSocketControl::Options options = {}) {
        control = control_with(std::move(options));
        ASSERT_TRUE(control->open(requests, loop));
    }

    /// Connects a client of the service's own user.
    [[nodiscard]] mocks::FakeClient connect() { return connect_as(500); }
    [[nodiscard]] mocks::FakeClient connect_as(uid_t uid) {
        return host.sockets.connect(std::string{path}, {.pid = 9000, .uid = uid, .gid = uid, .groups = {uid, 70}});
    }
    void advance(std::chrono::milliseconds time) { loop.advance(time); }

    mocks::FakeOs host;
    mocks::FakeEventLoop loop{host.reactor};
    RecordedRequests requests;
    std::unique_ptr<UnixSocketControl> control;
};

}  // namespace servicekit
