#include "cli/completion/completion_words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/verbs.hpp"
#include "core/setting_table.hpp"

namespace servicekit::cli {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::Pair;

using Words = std::vector<std::string>;

class CompletionWordsTest : public ::testing::Test {
protected:
    Completion complete(const Words& words) {
        return complete_words(words, {.lisp = lisp}, [this](const GivenSettings& settings) {
            ++questions;
            asked_with = settings;
            return reply;
        });
    }
    Words offered(const Words& words) {
        Words offers;
        for (const Offer& offer : complete(words).offers) offers.push_back(offer.word);
        return offers;
    }

    Object reply{
        {"events",
         Value::List{Object{{"name", "status"}, {"description", "tells how it is"}, {"parameters", Value::List{}}},
                     Object{{"name", "backup"},
                            {"description", "copies the data directory"},
                            {"parameters", Value::List{Object{{"name", "directory"}, {"type", "path"}},
                                                       Object{{"name", "deep"}, {"type", "boolean"}},
                                                       Object{{"name", "count"}, {"type", "integer"}}}}}}}};
    LispVerbs lisp = LispVerbs::shown;
    GivenSettings asked_with;
    int questions = 0;
};

TEST_F(CompletionWordsTest, OffersEveryVerbFirst) {
    const Words offers = offered({""});
    for (const VerbDescription& verb : verbs(LispVerbs::shown)) EXPECT_THAT(offers, Contains(std::string{verb.name}));
    EXPECT_THAT(offers, Not(Contains("complete")));
}

TEST_F(CompletionWordsTest, OffersLispVerbsOnlyWithLisp) {
    EXPECT_THAT(offered({""}), IsSupersetOf({"eval", "repl"}));
    lisp = LispVerbs::hidden;
    EXPECT_THAT(offered({""}), AllOf(Contains("call"), Not(Contains("eval")), Not(Contains("repl"))));
}

TEST_F(CompletionWordsTest, OffersWordsWithTheTypedPrefix) {
    EXPECT_THAT(offered({"sta"}), ElementsAre("start", "status"));
    EXPECT_THAT(offered({"x"}), IsEmpty());
}

TEST_F(CompletionWordsTest, OffersEverySettingOfEveryVerb) {
    for (const VerbDescription& verb : verbs(LispVerbs::shown)) {
        const Words offers = offered({std::string{verb.name}, "--"});
        for (const SettingRow& setting : setting_table(SettingScope::every_service))
            EXPECT_THAT(offers, Contains("--" + std::string{setting.name})) << verb.name;
    }
}

TEST_F(CompletionWordsTest, OffersTheOptionsOfTheVerb) {
    EXPECT_THAT(offered({"stop", "--"}), IsSupersetOf({"--no-wait", "--timeout", "--help"}));
    EXPECT_THAT(offered({"status", "--"}), AllOf(Contains("--json"), Not(Contains("--no-wait"))));
}

TEST_F(CompletionWordsTest, OffersLevelsAsValuesOfTheSetting) {
    EXPECT_THAT(offered({"run", "--log-level", "d"}), ElementsAre("debug"));
    EXPECT_THAT(offered({"run", "--log-level=d"}), ElementsAre("--log-level=debug"));
    EXPECT_THAT(offered({"log-level", "w"}), ElementsAre("warning"));
    EXPECT_THAT(offered({"log-level", "warning", ""}), IsEmpty());
}

TEST_F(CompletionWordsTest, LeavesFilesAndUsersToTheShell) {
    EXPECT_EQ(complete({"run", "--config", ""}).lookup, Lookup::files);
    EXPECT_EQ(complete({"run", "--run-directory", "/va"}).lookup, Lookup::directories);
    EXPECT_EQ(complete({"run", "--user", ""}).lookup, Lookup::users);
    EXPECT_EQ(complete({"run", "--control-group", ""}).lookup, Lookup::groups);
    const Completion glued = complete({"run", "--config=/etc/"});
    EXPECT_EQ(glued.lookup, Lookup::files);
    EXPECT_EQ(glued.prefix, "--config=");
    EXPECT_EQ(complete({"run", "--stop-timeout", ""}).lookup, Lookup::none);
}

TEST_F(CompletionWordsTest, OffersTheKnownShells) {
    EXPECT_THAT(offered({"completion", ""}), ElementsAre("bash", "zsh", "fish"));
}

TEST_F(CompletionWordsTest, OffersTheEventsOfTheRunningService) {
    EXPECT_THAT(offered({"call", ""}), ElementsAre("status", "backup"));
    EXPECT_THAT(offered({"call", "b"}), ElementsAre("backup"));
    EXPECT_EQ(complete({"call", "b"}).offers.front().description, "copies the data directory");
}

TEST_F(CompletionWordsTest, OffersTheRemainingParameters) {
    EXPECT_THAT(offered({"call", "backup", ""}), ElementsAre("directory=", "deep=", "count="));
    EXPECT_THAT(offered({"call", "backup", "deep=true", "d"}), ElementsAre("directory="));
    EXPECT_THAT(offered({"call", "nothing-such", ""}), IsEmpty());
}

TEST_F(CompletionWordsTest, OffersTheValuesOfAParametersType) {
    EXPECT_THAT(offered({"call", "backup", "deep=t"}), ElementsAre("deep=true"));
    const Completion path = complete({"call", "backup", "directory=/va"});
    EXPECT_EQ(path.lookup, Lookup::files);
    EXPECT_EQ(path.prefix, "directory=");
    EXPECT_THAT(offered({"call", "backup", "count="}), IsEmpty());
}

TEST_F(CompletionWordsTest, AsksTheServiceThatTheCommandLineSelects) {
    (void)offered({"--run-directory", "/x", "call", "--name=y", ""});
    EXPECT_THAT(asked_with, ElementsAre(Pair("run-directory", "/x"), Pair("name", "y")));
}

TEST_F(CompletionWordsTest, AsksNoServiceIfTheDeclarationsSuffice) {
    for (const Words& words : {Words{""}, Words{"stop", "--"}, Words{"run", "--log-level", ""}, Words{"call", "--"}})
        (void)complete(words);
    EXPECT_EQ(questions, 0);
}

TEST_F(CompletionWordsTest, OffersAFileOrStdinForASecret) {
    reply = Object{
        {"events", Value::List{Object{{"name", "login"},
                                      {"parameters", Value::List{Object{{"name", "user"}, {"type", "string"}},
                                                                 Object{{"name", "password"}, {"secret", true}}}}}}}};
    EXPECT_THAT(offered({"call", "login", ""}), ElementsAre("user=", "password:=@", "password:=-"));
    EXPECT_THAT(offered({"call", "login", "password:=-", ""}), ElementsAre("user="));
    const Completion file = complete({"call", "login", "password:=@/ru"});
    EXPECT_EQ(to_text(file), "\tfiles\tpassword:=@\n");
    EXPECT_EQ(to_text({.offers = {{"password:=@", "of the user"}}}), "password:=@\tof the user\n");
}

TEST_F(CompletionWordsTest, OffersNothingIfNoServiceAnswers) {
    reply = Object{};
    EXPECT_THAT(offered({"call", ""}), IsEmpty());
    EXPECT_THAT(offered({"call", "backup", ""}), IsEmpty());
    reply = Object{{"events", Value::List{1, Object{{"name", 7}}}}};
    EXPECT_EQ(to_text(complete({"call", ""})), "");
}

TEST_F(CompletionWordsTest, DoesNotMistakeAValueForTheVerb) {
    EXPECT_THAT(offered({"--name", "stop", "sta"}), ElementsAre("start", "status"));
}

TEST(CompletionTextTest, HasALineForEachCandidate) {
    EXPECT_EQ(to_text({.offers = {{"start", "starts it"}, {"stop", ""}}}), "start\tstarts it\nstop\t\n");
    EXPECT_EQ(to_text({.lookup = Lookup::files, .prefix = "directory="}), "\tfiles\tdirectory=\n");
    EXPECT_EQ(to_text({}), "");
}

TEST(CompletionTextTest, OmitsWordsThatAShellWouldInterpret) {
    for (const char* word : {"", "a b", "$(reboot)", "`x`", "a;b", "a'b", "a\nb", "\033[2J", "~root", "*"})
        EXPECT_EQ(to_text({.offers = {{word, ""}}}), "") << word;
    EXPECT_EQ(to_text({.offers = {{"a", "one\ntwo\t\033[2J"}}}), "a\tone\\ntwo\\t\\x1b[2J\n");
}

}  // namespace
}  // namespace servicekit::cli
