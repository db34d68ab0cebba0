#include "servicectl/completion.hpp"

#include "unit/servicectl/servicectl_fixture.hpp"

namespace servicekit::servicectl {
namespace {

using ::testing::AllOf, ::testing::Contains, ::testing::ElementsAre, ::testing::HasSubstr, ::testing::IsEmpty;
using ::testing::Not;
using Words = std::vector<std::string>;

/// The pure part: which words are offered.
class ServicectlWordsTest : public ::testing::Test {
protected:
    Words offered(const Words& words) {
        completion = complete_command(words, {.names =
                                                  [this](WhichServices services) {
                                                      which = services;
                                                      return std::vector<cli::Offer>{{"db"}, {"web-1"}, {"web-2"}};
                                                  },
                                              .events =
                                                  [this](const std::string& target) {
                                                      asked.push_back(target);
                                                      return Object{{"events", Value::List{Object{{"name", "greet"}}}}};
                                                  }});
        Words offers;
        for (const cli::Offer& offer : completion.offers) offers.push_back(offer.word);
        return offers;
    }
    cli::Completion completion;
    std::optional<WhichServices> which;
    Words asked;
};

TEST_F(ServicectlWordsTest, OffersVerbsAndOptions) {
    EXPECT_THAT(offered({""}), AllOf(Contains("list"), Contains("stop"), Contains("man"), Not(Contains("start"))));
    EXPECT_THAT(offered({"--yes", "log-"}), ElementsAre("log-level", "log-reopen"));
    EXPECT_THAT(offered({"--a"}), ElementsAre("--all-users"));
    EXPECT_THAT(offered({"list", "--a"}), ElementsAre("--all", "--all-users"));
    EXPECT_THAT(offered({"stop", "--t"}), ElementsAre("--timeout"));
    EXPECT_THAT(offered({"stop", "--log"}), IsEmpty());
    EXPECT_THAT(offered({"start", ""}), IsEmpty());
}

TEST_F(ServicectlWordsTest, OffersTheServicesThatTheVerbCanUse) {
    EXPECT_THAT(offered({"stop", "we"}), ElementsAre("web-1", "web-2"));
    EXPECT_EQ(which, WhichServices::may_run);
    EXPECT_THAT(offered({"logs", ""}), ElementsAre("db", "web-1", "web-2"));
    EXPECT_EQ(which, WhichServices::all);
    EXPECT_THAT(offered({"list", "w"}), ElementsAre("web-1", "web-2"));
    EXPECT_THAT(offered({"stop", "web-1", "--timeout", "3", "we"}), ElementsAre("web-2"));
    EXPECT_THAT(offered({"stop", "--timeout", ""}), IsEmpty());
    EXPECT_THAT(asked, IsEmpty());
}

TEST_F(ServicectlWordsTest, APathIsCompletedByTheShell) {
    EXPECT_THAT(offered({"stop", "/run/we"}), IsEmpty());
    EXPECT_EQ(completion.lookup, cli::Lookup::files);
}

TEST_F(ServicectlWordsTest, WhatFollowsTheTargetIsCompletedAsByTheService) {
    EXPECT_THAT(offered({"call", "web-1", "gr"}), ElementsAre("greet"));
    EXPECT_THAT(asked, ElementsAre("web-1"));
    EXPECT_THAT(offered({"log-level", "db", "w"}), ElementsAre("warning"));
    EXPECT_THAT(offered({"crashes", "db", ""}), ElementsAre("show"));
    EXPECT_THAT(offered({"call", "web-1", "--json-"}), ElementsAre("--json-errors"));
}

TEST_F(ServicectlWordsTest, KnowsNoServicesOfAnotherHost) {
    EXPECT_THAT(offered({"-H", ""}), IsEmpty());
    EXPECT_EQ(completion.lookup, cli::Lookup::hosts);
    EXPECT_THAT(offered({"-H", "far", "st"}), ElementsAre("stop", "status"));
    EXPECT_THAT(offered({"-H", "far", "stop", ""}), IsEmpty());
    EXPECT_THAT(offered({"-Hfar", "call", "web-1", ""}), IsEmpty());
    EXPECT_THAT(asked, IsEmpty());
    EXPECT_FALSE(which);
}

TEST_F(ServicectlWordsTest, OffersTheWordsOfAVerbOnce) {
    EXPECT_THAT(offered({"completion", ""}), ElementsAre("bash", "zsh", "fish"));
    EXPECT_THAT(offered({"man", ""}), ElementsAre("servicekit"));
    EXPECT_THAT(offered({"man", "servicekit", ""}), IsEmpty());
}

/// The whole: servicectl on a machine in memory.
class ServicectlCompletionTest : public ServicectlFixture {
protected:
    std::string offered(Words words) {
        words.insert(words.begin(), {"complete", "--"});
        const std::size_t before = out().size();
        EXPECT_EQ(run(words), 0);
        EXPECT_THAT(error(), IsEmpty());
        return out().substr(before);
    }
    static constexpr const char* events =
        R"({"events":[{"name":"greet","description":"says hello","parameters":[{"name":"who","type":"string"}]}]})";
};

TEST_F(ServicectlCompletionTest, OffersTheServicesThatMayRunWithoutAConnection) {
    const ScriptedService& web = serve("/run", "web");
    add_record("/run/servicekit", "/srv", "ended");

    EXPECT_EQ(offered({"stop", ""}), "web\t/run/web.control\n");
    EXPECT_EQ(offered({"logs", ""}), "ended\t/srv/ended.control\nweb\t/run/web.control\n");
    EXPECT_EQ(web.connections, 0);
}

TEST_F(ServicectlCompletionTest, OffersTheEventsOfTheTargetAndTheirArguments) {
    serve("/run", "web", events);

    EXPECT_EQ(offered({"call", "web", ""}), "greet\tsays hello\n");
    EXPECT_EQ(offered({"call", "web", "greet", ""}), "who=\t\n");
    EXPECT_EQ(offered({"call", "/run/web.control", ""}), "greet\tsays hello\n");
    EXPECT_EQ(offered({"call", "nobody", ""}), "");
    EXPECT_EQ(offered({"call", "we*", ""}), "");
}

TEST_F(ServicectlCompletionTest, AServiceThatHangsIsGivenUpSoon) {
    serve("/run", "web", "");
    const auto begin = host.clock.steady_now();
    EXPECT_EQ(offered({"call", "web", ""}), "");
    EXPECT_LE(host.clock.steady_now() - begin, std::chrono::seconds{1});

    host.sockets.set_backlog(0);
    EXPECT_EQ(offered({"call", "web", ""}), "");
    EXPECT_LE(host.clock.steady_now() - begin, std::chrono::seconds{1});
}

TEST_F(ServicectlCompletionTest, OnlyRootIsOfferedServicesOfOtherUsers) {
    add_directory("/run/user/1000", alice);
    serve("/run/user/1000", "hers", events, alice);

    EXPECT_EQ(offered({"stop", ""}), "hers\t/run/user/1000/hers.control\n");
    act_as(bob);
    EXPECT_EQ(offered({"stop", ""}), "");
    EXPECT_EQ(offered({"call", "hers", ""}), "");
}

TEST_F(ServicectlCompletionTest, RootBecomesTheOwnerOfTheServiceBeforeItAsks) {
    add_directory("/run/user/1000", alice);
    serve("/run/user/1000", "hers", events, alice);

    EXPECT_EQ(offered({"call", "hers", ""}), "greet\tsays hello\n");
    EXPECT_EQ(host.process.effective_user(), alice);
}

TEST_F(ServicectlCompletionTest, ALinkOfAnotherUserIsNotFollowed) {
    add_directory("/run/user/1000", alice);
    serve("/run", "web", events);
    host.files.add_link("/run/user/1000/trap.control", "/run/web.control");
    host.files.set_owner("/run/user/1000/trap.control", alice, alice);

    EXPECT_THAT(offered({"stop", ""}), Not(HasSubstr("trap")));
    EXPECT_EQ(offered({"call", "trap", ""}), "");
}

TEST_F(ServicectlCompletionTest, AServiceThatWaitsForItsFirstClientIsNotStarted) {
    (void)host.sockets.listen_for_service("/run/web.control");

    EXPECT_EQ(offered({"call", "web", ""}), "");
    EXPECT_TRUE(host.sockets.is_left_to_manager("/run/web.control"));
    EXPECT_EQ(host.clock.steady_now(), std::chrono::steady_clock::time_point{std::chrono::hours{1}});
}

}  // namespace
}  // namespace servicekit::servicectl
