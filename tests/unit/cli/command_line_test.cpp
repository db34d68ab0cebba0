#include "cli/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/verb_options.hpp"
#include "cli/verbs.hpp"
#include "core/setting_table.hpp"
#include "servicekit/core/settings.hpp"

namespace servicekit::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;

const ServiceOptions about{.name = "just-another-server", .version = "1.0", .description = "serves just another thing"};

Invocation parsed(const std::vector<std::string>& arguments) {
    auto result = parse_command_line(arguments, about, {});
    if (const auto* answer = std::get_if<Answer>(&result)) {
        ADD_FAILURE() << answer->text;
        return {};
    }
    return std::get<Invocation>(result);
}

Answer answered(const std::vector<std::string>& arguments) {
    auto result = parse_command_line(arguments, about, {});
    if (std::holds_alternative<Invocation>(result)) {
        ADD_FAILURE() << "was taken";
        return {};
    }
    return std::get<Answer>(result);
}

TEST(CommandLineTest, CancelNamesAnIdThatIsNotANumber) {
    const Answer answer = answered({"cancel", "abc"});
    EXPECT_EQ(answer.code, ExitCode::usage);
    EXPECT_THAT(answer.text, HasSubstr("ID: expected a number, not 'abc'"));
}

TEST(CommandLineTest, KnowsEveryVerb) {
    for (const VerbDescription& verb : verbs(LispVerbs::shown)) {
        std::vector<std::string> arguments{std::string{verb.name}};
        if (verb.verb == Verb::call || verb.verb == Verb::eval) arguments.emplace_back("status");
        if (verb.verb == Verb::cancel) arguments.emplace_back("7");
        if (verb.verb == Verb::completion) arguments.emplace_back("bash");
        EXPECT_EQ(parsed(arguments).verb, verb.verb) << verb.name;
    }
}

TEST(CommandLineTest, HasAnOptionForEverySetting) {
    for (const SettingRow& setting : setting_table(SettingScope::every_service)) {
        const std::string option = "--" + std::string{setting.name};
        const auto options = options_of(Verb::start);
        EXPECT_TRUE(std::any_of(options.begin(), options.end(), [&](const OptionDescription& known) {
            return known.name == option;
        })) << option;
    }
}

TEST(CommandLineTest, AcceptsSettingsBeforeAndAfterTheVerb) {
    const std::vector<std::string> orders[]{{"--run-directory", "/x", "stop", "--log-level", "debug"},
                                            {"stop", "--run-directory=/x", "--log-level=debug"},
                                            {"--run-directory=/x", "--log-level", "debug", "stop"}};
    for (const auto& arguments : orders) {
        const Invocation invocation = parsed(arguments);
        EXPECT_EQ(invocation.verb, Verb::stop);
        EXPECT_THAT(invocation.settings, ElementsAre(Pair("run-directory", "/x"), Pair("log-level", "debug")));
    }
}

TEST(CommandLineTest, UsesTheLastOfRepeatedSettings) {
    EXPECT_THAT(parsed({"run", "--name", "a", "--name", "b"}).settings, ElementsAre(Pair("name", "b")));
}

TEST(CommandLineTest, AcceptsFlagsAsSettings) {
    EXPECT_THAT(parsed({"run", "--no-control-server"}).settings, ElementsAre(Pair("no-control-server", "true")));
    EXPECT_THAT(parsed({"run", "--no-control-server=false"}).settings, ElementsAre(Pair("no-control-server", "false")));
}

TEST(CommandLineTest, DoesNotMistakeAnOptionsValueForTheVerb) {
    const Invocation invocation = parsed({"--name", "stop", "status"});
    EXPECT_EQ(invocation.verb, Verb::status);
    EXPECT_THAT(invocation.settings, ElementsAre(Pair("name", "stop")));
}

TEST(CommandLineTest, AcceptsTheOptionsOfAVerbBeforeIt) {
    EXPECT_TRUE(parsed({"--json", "status"}).json);
    EXPECT_EQ(parsed({"--timeout", "3", "stop"}).timeout, 3s);
    EXPECT_EQ(parsed({"-n", "5", "logs"}).lines, 5U);
    EXPECT_EQ(parsed({"--json", "{}", "call", "backup"}).json_arguments, "{}");
}

TEST(CommandLineTest, AcceptsTheOptionsOfStop) {
    const Invocation invocation = parsed({"stop", "--no-wait", "--timeout", "1.5"});
    EXPECT_TRUE(invocation.no_wait);
    EXPECT_EQ(invocation.timeout, 1500ms);
    EXPECT_FALSE(parsed({"stop"}).timeout);
}

TEST(CommandLineTest, AcceptsTheOptionsOfCall) {
    const Invocation invocation =
        parsed({"call", "backup", "directory=/x", "text=--no-wait", "--json", R"({"a":1})", "--timeout", "2"});
    EXPECT_EQ(invocation.event, "backup");
    EXPECT_THAT(invocation.arguments, ElementsAre("directory=/x", "text=--no-wait"));
    EXPECT_EQ(invocation.json_arguments, R"({"a":1})");
    EXPECT_EQ(invocation.timeout, 2s);
}

TEST(CommandLineTest, AcceptsAnEventNamedLikeAVerb) {
    const Invocation invocation = parsed({"call", "stop"});
    EXPECT_EQ(invocation.verb, Verb::call);
    EXPECT_EQ(invocation.event, "stop");
}

TEST(CommandLineTest, AcceptsTheOptionsOfLogs) {
    const Invocation invocation = parsed({"logs", "-f", "-n", "3"});
    EXPECT_TRUE(invocation.follow);
    EXPECT_EQ(invocation.lines, 3U);
    EXPECT_EQ(parsed({"logs"}).lines, 20U);
    EXPECT_EQ(parsed({"logs", "-n7"}).lines, 7U);
}

TEST(CommandLineTest, AcceptsTheOptionsOfTheOtherVerbs) {
    EXPECT_TRUE(parsed({"wait", "--test"}).test);
    EXPECT_TRUE(parsed({"status", "--json"}).json);
    EXPECT_EQ(parsed({"log-level", "debug"}).level, "debug");
    EXPECT_THAT(parsed({"log-level"}).level, IsEmpty());
}

TEST(CommandLineTest, ShowsUsageOnStderrWithoutAVerb) {
    for (const auto& arguments : std::vector<std::vector<std::string>>{{}, {"--name", "x"}, {"--no-control-server"}}) {
        const Answer answer = answered(arguments);
        EXPECT_EQ(answer.code, ExitCode::usage);
        EXPECT_EQ(answer.stream, os::Stream::error);
        EXPECT_THAT(answer.text, StartsWith("Usage: just-another-server VERB [OPTIONS]\n"));
    }
}

TEST(CommandLineTest, PrintsHelpOnStdout) {
    const Answer answer = answered({"--help"});
    EXPECT_EQ(answer.code, ExitCode::ok);
    EXPECT_EQ(answer.stream, os::Stream::out);
    EXPECT_THAT(answer.text,
                AllOf(StartsWith("serves just another thing\n"), HasSubstr("JUST_ANOTHER_SERVER_LOG_LEVEL=debug")));
    for (const VerbDescription& verb : verbs(LispVerbs::hidden))
        EXPECT_THAT(answer.text, HasSubstr("\n  " + std::string{verb.name}));
    for (const SettingRow& option : setting_table(SettingScope::every_service))
        EXPECT_THAT(answer.text, HasSubstr("\n  --" + std::string{option.name}));
}

TEST(CommandLineTest, PrintsHelpForEachVerb) {
    for (const auto& arguments : std::vector<std::vector<std::string>>{{"stop", "--help"}, {"-h", "stop"}}) {
        const Answer answer = answered(arguments);
        EXPECT_EQ(answer.code, ExitCode::ok);
        EXPECT_THAT(answer.text, AllOf(HasSubstr("just-another-server stop"), HasSubstr("--no-wait"),
                                       HasSubstr("--run-directory"), Not(HasSubstr("--follow"))));
    }
}

TEST(CommandLineTest, PrintsTheVersions) {
    for (const auto& arguments : std::vector<std::vector<std::string>>{{"--version"}, {"stop", "--version"}}) {
        const Answer answer = answered(arguments);
        EXPECT_EQ(answer.code, ExitCode::ok);
        EXPECT_THAT(answer.text, ::testing::MatchesRegex("just-another-server 1\\.0 \\(servicekit [0-9.]+\\)\n"));
    }
}

struct Refused {
    std::vector<std::string> arguments;
    std::string message;
};

class CommandLineRefusalTest : public ::testing::TestWithParam<Refused> {};

TEST_P(CommandLineRefusalTest, ReportsTheError) {
    const Answer answer = answered(GetParam().arguments);
    EXPECT_EQ(answer.code, ExitCode::usage);
    EXPECT_EQ(answer.stream, os::Stream::error);
    EXPECT_THAT(answer.text, StartsWith("just-another-server: " + GetParam().message));
    EXPECT_THAT(answer.text, HasSubstr("--help'\n"));
}

INSTANTIATE_TEST_SUITE_P(
    Table, CommandLineRefusalTest,
    ::testing::Values(Refused{{"stat"}, "there is no verb 'stat'; did you mean 'start'?\n"},
                      Refused{{"xyzzy"}, "there is no verb 'xyzzy'\n"},
                      Refused{{"stop", "--no-wiat"}, "there is no option '--no-wiat'; did you mean '--no-wait'?\n"},
                      Refused{{"--run-dir", "/x", "stop"}, "there is no option '--run-dir'"},
                      Refused{{"--logfile=x", "stop"}, "there is no option '--logfile'; did you mean '--log-file'?\n"},
                      Refused{{"-x", "stop"}, "there is no option '-x'"},
                      Refused{{"status", "--follow"}, "this verb has no option '--follow'\n"},
                      Refused{{"status", "now"}, "unexpected argument 'now'\n"},
                      Refused{{"log-level", "loud"}, "'loud' is not one of the levels trace, debug"},
                      Refused{{"call"}, "missing event name\n"},
                      Refused{{"stop", "--timeout", "soon"}, "--timeout takes a number of seconds, not 'soon'\n"},
                      Refused{{"stop", "--timeout=-1"}, "--timeout takes a number of seconds, not '-1'\n"},
                      Refused{{"stop", "--timeout=nan"}, "--timeout takes a number of seconds, not 'nan'\n"},
                      Refused{{"stop", "--timeout="}, "--timeout"}, Refused{{"logs", "-n", "-3"}, "--lines"},
                      Refused{{"logs", "-n", "many"}, "--lines takes a number, not 'many'\n"},
                      Refused{{"stop", "--name"}, "--name"}));

}  // namespace
}  // namespace servicekit::cli
