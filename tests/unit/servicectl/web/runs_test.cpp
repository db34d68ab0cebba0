#include "servicectl/web/runs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "servicekit/mocks/fake_os.hpp"
#include "unit/client/scripted_service.hpp"
#include "unit/servicectl/web/fake_loop.hpp"

namespace servicekit::servicectl::web {
namespace {

using ::testing::ElementsAre, ::testing::HasSubstr, ::testing::SizeIs;
using State = RunView::State;

class RunsTest : public ::testing::Test {
protected:
    /// Adds a service that answers each request with these lines.
    void answer(std::vector<std::string> lines) {
        service = std::make_unique<ScriptedService>(host, "/run/web.control",
                                                    [lines](const std::string&) -> std::vector<ScriptedService::Piece> {
                                                        std::vector<ScriptedService::Piece> pieces;
                                                        for (const std::string& line : lines)
                                                            append(line + "\n", pieces);
                                                        return pieces;
                                                    });
    }
    /// Cuts the text, as a socket takes only what it has room for.
    static void append(const std::string& text, std::vector<ScriptedService::Piece>& pieces) {
        constexpr std::size_t longest = 50'000;
        for (std::size_t begin = 0; begin < text.size(); begin += longest)
            pieces.push_back({.text = text.substr(begin, longest), .after = std::chrono::milliseconds{1}});
    }
    std::string call(const Object& arguments = {}) {
        return runs.call("web", "/run/web.control", {0}, "work", arguments).value();
    }
    RunView run_to_the_end(const std::string& id) {
        for (int i = 0; i < 1000 && !ended; ++i) {
            host.reactor.advance(std::chrono::milliseconds{1});
            loop.turn();
            loop.fire();
        }
        return runs.find("web", id).value();
    }

    mocks::FakeOs host;
    FakeLoop loop;
    std::unique_ptr<ScriptedService> service;
    bool ended = false;
    Runs runs{loop, host.host(), [this](const std::string&, bool has_ended) { ended = ended || has_ended; }};
};

TEST_F(RunsTest, AnEventWithProgressAndItemsEndsWithItsReply) {
    answer({R"({"progress":{"state":"running","id":7}})", R"({"progress":{"done":1,"total":4,"message":"copying"}})",
            R"({"progress":{"item":{"a":1}}})", R"({"text":"done"})"});
    const RunView run = run_to_the_end(call());
    EXPECT_EQ(run.state, State::done);
    EXPECT_EQ(run.percent, 25);
    EXPECT_EQ(run.progress, "copying");
    EXPECT_THAT(run.items, ElementsAre(R"({"a":1})"));
    EXPECT_THAT(run.outcome, HasSubstr(R"("text": "done")"));
}

TEST_F(RunsTest, AnErrorIsAFailure) {
    answer({R"({"error":{"code":"event-error","message":"the disk is full"}})"});
    const RunView run = run_to_the_end(call());
    EXPECT_EQ(run.state, State::failed);
    EXPECT_THAT(run.outcome, HasSubstr("the disk is full"));
}

TEST_F(RunsTest, WithoutAServiceItFails) {
    const RunView run = run_to_the_end(call());
    EXPECT_EQ(run.state, State::failed);
    EXPECT_THAT(run.outcome, HasSubstr("/run/web.control"));
}

TEST_F(RunsTest, WhatAServiceSendsIsBounded) {
    std::vector<std::string> lines;
    for (int i = 0; i < 500; ++i) lines.push_back(R"({"progress":{"item":{"n":)" + std::to_string(i) + "}}}");
    lines.push_back(R"({"text":")" + std::string(200'000, 'x') + "\"}");
    answer(lines);
    const RunView run = run_to_the_end(call());
    EXPECT_THAT(run.items, SizeIs(Runs::most_items));
    EXPECT_EQ(run.items.back(), R"({"n":499})");
    EXPECT_LT(run.outcome.size(), 70'000U);
}

TEST_F(RunsTest, AReplyThatIsTooLongIsAFailure) {
    answer({R"({"text":")" + std::string(2'000'000, 'x') + "\"}"});
    const RunView run = run_to_the_end(call());
    EXPECT_EQ(run.state, State::failed);
    EXPECT_LT(run.outcome.size(), 1000U);
    EXPECT_THAT(run.outcome, HasSubstr("longer than 1048576 bytes"));
}

TEST_F(RunsTest, ALongReplyIsNotIndented) {
    constexpr std::size_t depth = 50;
    std::string list;
    for (int i = 0; i < 100'000; ++i) list += i == 0 ? "1" : ",1";
    answer({R"({"a":)" + std::string(depth, '[') + list + std::string(depth, ']') + "}"});
    const RunView run = run_to_the_end(call());
    EXPECT_EQ(run.state, State::done);
    EXPECT_THAT(run.outcome, HasSubstr("[[[["));
    EXPECT_LT(run.outcome.size(), 70'000U);
}

TEST_F(RunsTest, ItemsHaveABoundInBytes) {
    std::vector<std::string> lines;
    for (int i = 0; i < 100; ++i)
        lines.push_back(R"({"progress":{"item":{"n":)" + std::to_string(i) + R"(,"x":")" + std::string(3000, 'x') +
                        "\"}}}");
    lines.emplace_back("{}");
    answer(lines);
    const RunView run = run_to_the_end(call());
    std::size_t bytes = 0;
    for (const std::string& item : run.items) bytes += item.size();
    EXPECT_LE(bytes, Runs::most_bytes_of_items);
    EXPECT_THAT(run.items.back(), HasSubstr("\"n\":99"));
}

TEST_F(RunsTest, ALinkAtTheSocketIsNotFollowed) {
    answer({"{}"});
    host.files.add_link("/run/link.control", "/run/web.control");
    const std::string id = runs.call("web", "/run/link.control", {0}, "work", {}).value();
    const RunView run = run_to_the_end(id);
    EXPECT_EQ(run.state, State::failed);
    EXPECT_EQ(service->connections, 0);
}

TEST_F(RunsTest, AProgramEndsWithItsOutputAndItsCode) {
    const std::string id = runs.execute("web", "stop", {"servicectl", "stop", "/run/web.control"}).value();
    EXPECT_THAT(loop.commands, ElementsAre(ElementsAre("servicectl", "stop", "/run/web.control")));
    EXPECT_EQ(runs.find("web", id).value().state, State::running);
    loop.endings.front()({.exit_code = 70, .output = "stopped, but not cleanly\n"});
    const RunView run = runs.find("web", id).value();
    EXPECT_EQ(run.state, State::failed);
    EXPECT_EQ(run.outcome, "stopped, but not cleanly\nexit code 70");
    EXPECT_TRUE(ended);
}

TEST_F(RunsTest, TooManyProgramsForAServiceAreRefused) {
    for (std::size_t i = 0; i < Runs::most_programs_of_service; ++i)
        ASSERT_TRUE(runs.execute("web", "stop", {"servicectl"}));
    EXPECT_FALSE(runs.execute("web", "stop", {"servicectl"}));
    EXPECT_TRUE(runs.execute("other", "stop", {"servicectl"}));
    loop.endings.front()({});
    EXPECT_TRUE(runs.execute("web", "stop", {"servicectl"}));
}

TEST_F(RunsTest, SlowEventsOfAServiceKeepNeitherOthersNorAStopOut) {
    const auto slow = [this](const std::string& name) { return runs.call(name, "/run/web.control", {0}, "work", {}); };
    answer({});
    for (std::size_t i = 0; i < Runs::most_events_of_service; ++i) ASSERT_TRUE(slow("web"));
    const auto refused = slow("web");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), HasSubstr("8 requests of this service run"));
    EXPECT_TRUE(runs.execute("web", "stop", {"servicectl"}));
    std::size_t running = Runs::most_events_of_service;
    for (int i = 0; running < Runs::most_events; ++running)
        ASSERT_TRUE(slow("other-" + std::to_string(i++ / static_cast<int>(Runs::most_events_of_service))));
    EXPECT_FALSE(slow("last"));
    EXPECT_TRUE(runs.execute("last", "stop", {"servicectl"}));
}

TEST_F(RunsTest, OldOnesAreForgotten) {
    for (std::size_t i = 0; i < 3 * Runs::most_of_service; ++i) {
        static_cast<void>(runs.execute("web", "stop", {"servicectl"}).value());
        loop.endings.back()({});
    }
    EXPECT_THAT(runs.of("web"), SizeIs(Runs::most_of_service));
    EXPECT_THAT(runs.of("other"), SizeIs(0));
    EXPECT_FALSE(runs.find("other", runs.of("web").front().id));
}

TEST_F(RunsTest, AChangeIsSeenOnce) {
    static_cast<void>(runs.execute("web", "stop", {"servicectl"}).value());
    const auto change = runs.changes();
    EXPECT_THAT(runs.changed_after("web", 0), SizeIs(1));
    EXPECT_THAT(runs.changed_after("web", change), SizeIs(0));
}

}  // namespace
}  // namespace servicekit::servicectl::web
