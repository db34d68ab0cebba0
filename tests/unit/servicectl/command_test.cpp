#include "servicectl/command.hpp"

#include "cli/verbs.hpp"
#include "servicectl/own_verbs.hpp"
#include "servicectl/remote.hpp"
#include "servicectl/targets.hpp"
#include "unit/servicectl/servicectl_fixture.hpp"

namespace servicekit::servicectl {
namespace {

using ::testing::AllOf, ::testing::AnyOf, ::testing::ElementsAre, ::testing::HasSubstr, ::testing::IsEmpty,
    ::testing::Not;
using Words = std::vector<std::string>;

Command parsed(const Words& words) {
    auto parsed = parse_command(words);
    if (const auto* answer = std::get_if<cli::Answer>(&parsed)) {
        ADD_FAILURE() << answer->text;
        return {};
    }
    return std::get<Command>(std::move(parsed));
}
std::string refusal(const Words& words) {
    const auto parsed = parse_command(words);
    const auto* const answer = std::get_if<cli::Answer>(&parsed);
    return answer != nullptr && answer->code == ExitCode::usage ? answer->text : "accepted";
}

TEST(ServicectlCommandTest, TakesSeveralTargetsOfAVerb) {
    const Command command = parsed({"stop", "web-1", "--timeout", "5", "web-2", "--json"});

    EXPECT_THAT(command.targets, ElementsAre("web-1", "web-2"));
    EXPECT_EQ(command.invocation.timeout, std::chrono::seconds{5});
    EXPECT_TRUE(command.json);
}

TEST(ServicectlCommandTest, WhatFollowsTheTargetOfACallBelongsToTheEvent) {
    const Command command = parsed({"--yes", "call", "--timeout", "3", "web", "greet", "name=you"});

    EXPECT_TRUE(command.yes);
    EXPECT_THAT(command.targets, ElementsAre("web"));
    EXPECT_EQ(command.invocation.event, "greet");
    EXPECT_THAT(command.invocation.arguments, ElementsAre("name=you"));
}

// Those of a service program need the program; the others have a row in its table of verbs.
TEST(ServicectlCommandTest, HasAllVerbsThatNeedNoProgram) {
    for (const cli::VerbDescription& verb : cli::verbs(cli::LispVerbs::shown)) {
        const bool needs_program = verb.verb == cli::Verb::start || verb.verb == cli::Verb::run ||
                                   verb.verb == cli::Verb::restart || verb.verb == cli::Verb::check ||
                                   verb.verb == cli::Verb::where || verb.verb == cli::Verb::unit;
        const bool is_own = find_own_verb(verb.name) != nullptr;
        EXPECT_EQ(has_verb(verb.verb) || is_own, !needs_program) << verb.name;
    }
}

TEST(ServicectlCommandTest, OptionsOfAllVerbsMayBeAnywhereBeforeTheArguments) {
    EXPECT_EQ(parsed({"list", "--version"}).kind, Command::Kind::version);
    EXPECT_EQ(parsed({"log-level", "web", "--help"}).kind, Command::Kind::help);
    const Command call = parsed({"--json", "call", "web", "greet", "name=you"});
    EXPECT_TRUE(call.json);
    EXPECT_EQ(call.invocation.event, "greet");
    EXPECT_THAT(refusal({"-H", "a", "-H", "b", "list"}), HasSubstr("-H is given twice"));
}

TEST(ServicectlCommandTest, TheHelpHasTheArgumentsAndTheOptionsOfTheVerb) {
    EXPECT_THAT(help_text("log-level"),
                AllOf(HasSubstr("servicectl log-level TARGET [LEVEL] [OPTIONS]"), HasSubstr("--channel NAME")));
    EXPECT_THAT(help_text("cancel"), HasSubstr("servicectl cancel TARGET ID [OPTIONS]"));
    EXPECT_THAT(help_text("top"), Not(AnyOf(HasSubstr("--json"), HasSubstr("--yes"))));
    EXPECT_THAT(help_text("call"), Not(HasSubstr("print JSON, errors too")));
    EXPECT_THAT(help_text("call"), HasSubstr("--json OBJECT"));
}

TEST(ServicectlCommandTest, TheWordHelpIsTheOption) {
    EXPECT_EQ(parsed({"help"}).kind, Command::Kind::help);
    EXPECT_EQ(parsed({"help", "stop"}).verb, "stop");
}

TEST(ServicectlCommandTest, RefusesWhatItDoesNotHave) {
    EXPECT_THAT(refusal({}), HasSubstr("Usage: servicectl"));
    EXPECT_THAT(refusal({"sotp", "web"}), HasSubstr("did you mean 'stop'?"));
    EXPECT_THAT(refusal({"start", "web"}), HasSubstr("needs the program of the service"));
    EXPECT_THAT(refusal({"stop"}), HasSubstr("which service?"));
    EXPECT_THAT(refusal({"stop", "web", "--run-directory", "/x"}), HasSubstr("is a setting of a service"));
    EXPECT_THAT(refusal({"list", "--follow"}), HasSubstr("no option '--follow'"));
    EXPECT_THAT(refusal({"-x", "list"}), HasSubstr("no option '-x'"));
}

TEST(ServicectlCommandTest, TopTakesPatternsAndTimes) {
    const Command command = parsed({"top", "web-*", "--interval", "0.5", "--all", "--timeout", "3"});

    EXPECT_EQ(command.verb, "top");
    EXPECT_EQ(command.kind, Command::Kind::own_verb);
    EXPECT_THAT(command.targets, ElementsAre("web-*"));
    EXPECT_EQ(command.interval, std::chrono::milliseconds{500});
    EXPECT_EQ(command.timeout, std::chrono::seconds{3});
    EXPECT_TRUE(command.all);
    for (const char* const interval : {"0", "0.01", "61", "-1", "soon", "nan"})
        EXPECT_THAT(refusal({"top", "--interval", interval}), HasSubstr("--interval takes a number of seconds"));
    EXPECT_THAT(refusal({"top", "--interval"}), HasSubstr("--interval takes a value: SECONDS"));
    EXPECT_THAT(refusal({"list", "--interval", "2"}), HasSubstr("'list' has no option '--interval'"));
    EXPECT_THAT(refusal({"top", "--follow"}), HasSubstr("'top' has no option '--follow'"));
    EXPECT_THAT(help_text("top"), AllOf(HasSubstr("--interval SECONDS"), HasSubstr("--all")));
    EXPECT_EQ(parsed({"top", "--help"}).kind, Command::Kind::help);
}

TEST(ServicectlCommandTest, RefusesAHostThatSshWouldTakeForAnOption) {
    for (const Words& words :
         {Words{"-H", "-oProxyCommand=x", "list"}, Words{"-H-oProxyCommand=x", "list"}, Words{"-H", "", "list"}})
        EXPECT_THAT(refusal(words), HasSubstr("is not the name of a host"));
    EXPECT_THAT(refusal({"list", "-H"}), HasSubstr("-H takes the name of a host"));
}

TEST(ServicectlCommandTest, QuotesEachArgumentForTheRemoteShell) {
    EXPECT_EQ(quoted_for_shell("it's $(rm)"), R"('it'\''s $(rm)')");
    EXPECT_THAT(remote_command("example.org", {"stop", "web-*", ""}, false),
                ElementsAre("ssh", "--", "example.org", "servicectl 'stop' 'web-*' ''"));
}

TEST(ServicectlCommandTest, HelpHasTheOptionsOfTheVerbAndNoSettings) {
    EXPECT_THAT(help_text(), AllOf(HasSubstr("list"), HasSubstr("log-reopen"), Not(HasSubstr("restart  "))));
    EXPECT_THAT(help_text("stop"), AllOf(HasSubstr("TARGET..."), HasSubstr("--timeout"), Not(HasSubstr("--log-file"))));
    EXPECT_EQ(parsed({"stop", "--help"}).kind, Command::Kind::help);
}

TEST(ServicectlCommandTest, OptionsOfItsOwnVerbsMayBeAnywhereAndHaveTheirValues) {
    const Command command = parsed({"list", "--timeout=2", "web-*", "--all", "--timeout", "3"});

    ASSERT_NE(command.own_verb, nullptr);
    EXPECT_EQ(command.own_verb->name, "list");
    EXPECT_THAT(command.targets, ElementsAre("web-*"));
    EXPECT_EQ(command.timeout, std::chrono::seconds{3});
    EXPECT_TRUE(command.all);
    EXPECT_THAT(refusal({"list", "--timeout"}), HasSubstr("--timeout takes a value: SECONDS"));
    EXPECT_THAT(refusal({"list", "--all=yes"}), HasSubstr("--all takes no value"));
}

TEST(ServicectlCommandTest, HelpOfItsOwnVerbsComesFromTheirTable) {
    for (const OwnVerb& verb : own_verbs()) {
        EXPECT_THAT(help_text(), HasSubstr(std::string{verb.text}));
        for (const OptionRow& option : verb.options)
            EXPECT_THAT(help_text(verb.name), HasSubstr(std::string{option.text}));
    }
}

TEST(ServicectlTargetsTest, PatternsMatchWholeNames) {
    for (const char* const pattern : {"*", "web-*", "*-1", "w?b-1", "web-1", "*e*1", "**"})
        EXPECT_TRUE(matches(pattern, "web-1")) << pattern;
    for (const char* const pattern : {"web", "?", "eb-1", "web-1?", "*2", ""})
        EXPECT_FALSE(matches(pattern, "web-1")) << pattern;
}

}  // namespace
}  // namespace servicekit::servicectl
