// Events that send objects ahead of their reply.
#include <cmath>
#include <cstdint>
#include <sstream>
#include <stdexcept>

#include "core/collected_items.hpp"
#include "unit/core/long_job_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class ItemStreamTest : public testing::LongJobTest {
protected:
    ItemStreamTest() {
        add_concurrent("list", [this](Context& context) {
            for (sent = 0; sent < to_send; ++sent) {
                goes_on = context.send({{"n", sent}, {"text", text}});
                if (!goes_on) break;
            }
            is_over = true;
            return Reply{{"sent", sent}};
        });
        add("quick", [](Context&) { return Reply{{"quick", true}}; });
    }

    /// Returns the lines until no more arrive.
    std::vector<std::string> lines(mocks::FakeClient& client) {
        std::istringstream all{client.receive_all()};
        std::vector<std::string> found;
        for (std::string line; std::getline(all, line);) found.push_back(line);
        return found;
    }
    /// Starts the service with an event that is answered later.
    void start_later() {
        add("later", [this](Context& context) {
            owed = context.reply_later();
            return Reply{};
        });
        start();
    }
    /// Makes the event send more than the service buffers for a client that does not read.
    void send_much() {
        to_send = 1000;
        text.assign(1000, 'x');
    }

    std::int64_t to_send = 3;
    std::string text;
    std::int64_t sent = 0;
    bool goes_on = true;
    bool is_over = false;
    std::optional<PendingReply> owed;
};

TEST_F(ItemStreamTest, ItemsArriveInOrderAndThenTheReply) {
    start();
    auto client = begin(R"(["list", {}, {"stream": true}])");
    EXPECT_THAT(lines(client),
                ElementsAre(R"({"progress":{"item":{"n":0,"text":""}}})", R"({"progress":{"item":{"n":1,"text":""}}})",
                            R"({"progress":{"item":{"n":2,"text":""}}})", R"({"sent":3})"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ItemStreamTest, WithoutAStreamTheItemsAreInTheReply) {
    start();
    EXPECT_EQ(to_json(ask(R"(["list"])")),
              R"({"sent":3,"items":[{"n":0,"text":""},{"n":1,"text":""},{"n":2,"text":""}]})");
    to_send = 0;
    EXPECT_EQ(ask(R"(["list"])"), (Object{{"sent", 0}}));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ItemStreamTest, TooManyItemsForAReplyAreAnErrorThatNamesTheStream) {
    start();
    to_send = 2000;
    text.assign(1000, 'x');
    const Object reply = ask(R"(["list"])");
    EXPECT_EQ(code_of(reply), "event-error");
    EXPECT_THAT(to_json(reply), HasSubstr("ask for them by the option 'stream'"));
    EXPECT_EQ(reply.find("error")->as_object().get<std::int64_t>("limit"), std::int64_t{CollectedItems::limit});
    EXPECT_LT(sent, 2000);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ItemStreamTest, AClientThatDoesNotReadDelaysOnlyItsEvent) {
    start();
    send_much();
    auto client = begin(R"(["list", {}, {"stream": true}])");
    EXPECT_LT(sent, 1000);
    EXPECT_FALSE(is_over);
    EXPECT_EQ(ask(R"(["quick"])"), (Object{{"quick", true}}));
    EXPECT_THAT(names_in_status("runs"), ElementsAre("list"));
    EXPECT_THAT(lines(client), SizeIs(1001));
    EXPECT_TRUE(goes_on);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ItemStreamTest, AClientThatGoesAwayEndsTheStream) {
    start();
    send_much();
    auto client = begin(R"(["list", {}, {"stream": true}])");
    client.close();
    os.settle();
    EXPECT_TRUE(is_over);
    EXPECT_FALSE(goes_on);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ItemStreamTest, AClientThatReadsNothingForLongIsDisconnected) {
    start();
    send_much();
    auto client = begin(R"(["list", {}, {"stream": true}])");
    EXPECT_TRUE(os.wait_until([&] { return is_over; }));
    EXPECT_FALSE(goes_on);
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ItemStreamTest, ACancelEndsTheWaitForTheClient) {
    start();
    send_much();
    auto client = begin(R"(["list", {}, {"stream": true}])");
    const Object status = ask(R"(["status"])");
    const auto id = status.find("runs")->as_list().at(0).as_object().get<std::int64_t>("id");
    EXPECT_EQ(code_of(ask(R"(["cancel", {"id": )" + std::to_string(id) + "}]")), "");
    os.settle();
    EXPECT_TRUE(is_over);
    EXPECT_FALSE(goes_on);
    EXPECT_THAT(lines(client).back(), HasSubstr(R"("code":"cancelled")"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ItemStreamTest, TheCallersTimeoutEndsTheWaitForTheClient) {
    start();
    send_much();
    auto client = begin(R"(["list", {}, {"stream": true, "timeout": 2}])");
    os.advance(1s);
    EXPECT_FALSE(is_over);
    os.advance(1s);
    EXPECT_TRUE(is_over);
    EXPECT_FALSE(goes_on);
    EXPECT_THAT(lines(client).back(), HasSubstr(R"("code":"timeout")"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ItemStreamTest, AStopEndsTheWaitForTheClient) {
    start();
    send_much();
    auto client = begin(R"(["list", {}, {"stream": true}])");
    EXPECT_EQ(life.stop(), 0);
    EXPECT_TRUE(is_over);
    EXPECT_FALSE(goes_on);
}

TEST_F(ItemStreamTest, AnItemThatJsonCanNotExpressIsAnError) {
    add_concurrent("odd", [](Context& context) {
        context.send({{"load", std::nan("")}});
        return Reply{};
    });
    start();
    for (const char* request : {R"(["odd"])", R"(["odd", {}, {"stream": true}])"})
        EXPECT_EQ(code_of(ask(request)), "event-error") << request;
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ItemStreamTest, OnlyAConcurrentEventMaySendItems) {
    add("usual", [](Context& context) {
        context.send({{"n", 1}});
        return Reply{};
    });
    start();
    EXPECT_THAT(to_json(ask(R"(["usual", {}, {"stream": true}])")), HasSubstr("is declared concurrent"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ItemStreamTest, ALaterReplyMayHaveItems) {
    start_later();
    auto client = begin(R"(["later", {}, {"stream": true}])");
    EXPECT_TRUE(owed->send({{"n", 1}}));
    owed->succeed({{"result", "done"}});
    EXPECT_FALSE(owed->send({{"n", 2}}));
    EXPECT_THAT(lines(client), ElementsAre(R"({"progress":{"item":{"n":1}}})", R"({"result":"done"})"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ItemStreamTest, ALaterReplyHasItsItemsIfTheClientReadsNoStream) {
    start_later();
    auto client = begin(R"(["later"])");
    EXPECT_TRUE(owed->send({{"n", 1}}));
    owed->succeed({{"result", "done"}});
    EXPECT_THAT(lines(client), ElementsAre(R"({"result":"done","items":[{"n":1}]})"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ItemStreamTest, ANestedEventReturnsItsItemsInItsReply) {
    Object reply;
    add("outer", [&](Context&) {
        reply = service().trigger("list").fields();
        return Reply{};
    });
    start();
    EXPECT_EQ(code_of(ask(R"(["outer", {}, {"stream": true}])")), "");
    EXPECT_THAT(reply.find("items")->as_list(), SizeIs(3));
    EXPECT_EQ(life.stop(), 0);
}

}  // namespace
}  // namespace servicekit
