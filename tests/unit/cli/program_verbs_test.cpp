#include "cli/program_verbs.hpp"

#include <stdexcept>

#include "servicekit/client.hpp"
#include "unit/cli/program_fixture.hpp"

namespace servicekit::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ProgramVerbsTest : public ProgramFixture {
protected:
    ProgramVerbsTest() {
        verbs.push_back(
            {.name = "shrink",
             .description = "makes one image smaller",
             .arguments = {{.name = "image", .type = ParameterType::path, .description = "the image"},
                           {.name = "more", .type = ParameterType::list, .default_value = Value::List{}}},
             .options = {{.name = "width",
                          .type = ParameterType::integer,
                          .description = "in pixels",
                          .default_value = 64,
                          .minimum = 1},
                         {.name = "force", .type = ParameterType::boolean, .description = "also a small one"}},
             .run = [this](VerbRun& run) {
                 given = run.arguments().values();
                 run.print("shrunk\n");
                 return 3;
             }});
        host.process.set_directory("/home/me");
    }
    Object given;
};

TEST_F(ProgramVerbsTest, GetsTypedArguments) {
    EXPECT_EQ(run({"shrink", "one.ppm", "--width", "32", "--force"}), 3);
    EXPECT_EQ(given, (Object{{"image", "/home/me/one.ppm"}, {"more", Value::List{}}, {"width", 32}, {"force", true}}));
    EXPECT_EQ(out(), "shrunk\n");
}

TEST_F(ProgramVerbsTest, HasDefaultsAndAListForTheRest) {
    EXPECT_EQ(run({"shrink", "/one", "two", "three"}), 3);
    EXPECT_EQ(given,
              (Object{{"image", "/one"}, {"more", Value::List{"two", "three"}}, {"width", 64}, {"force", false}}));
}

TEST_F(ProgramVerbsTest, AcceptsSettings) {
    EXPECT_EQ(run({"--log-level", "debug", "shrink", "/one", "--pid-file", "/run/x.pid"}), 3);
    EXPECT_EQ(run({"shrink", "/one", "--nonsense"}), 64);
    EXPECT_THAT(error(), HasSubstr("there is no option '--nonsense'"));
}

TEST_F(ProgramVerbsTest, ReportsMissingAndWrongArguments) {
    EXPECT_EQ(run({"shrink"}), 64);
    EXPECT_EQ(run({"shrink", "/one", "--width", "wide"}), 64);
    EXPECT_EQ(run({"shrink", "/one", "--width", "0"}), 64);
    EXPECT_EQ(error(),
              "just-another-server: IMAGE is required\n"
              "see 'just-another-server shrink --help'\n"
              "just-another-server: cannot use the argument 'width=wide': expected an integer\n"
              "just-another-server: cannot use 'width': expected an integer of at least 1\n");
}

TEST_F(ProgramVerbsTest, IsInTheHelpAndHasItsOwnHelp) {
    EXPECT_EQ(run({"--help"}), 0);
    EXPECT_THAT(out(), HasSubstr("Verbs of this service:\n  shrink        makes one image smaller\n"));
    EXPECT_EQ(run({"shrink", "--help"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr("IMAGE"), HasSubstr("the image"), HasSubstr("--width N"),
                             HasSubstr("in pixels; at least 1; 64 unless given"), HasSubstr("--force")));
    EXPECT_EQ(run({"shrnik"}), 64);
    EXPECT_THAT(error(), HasSubstr("there is no verb 'shrnik'; did you mean 'shrink'?"));
}

TEST_F(ProgramVerbsTest, IsCompleted) {
    EXPECT_EQ(run({"complete", "--", "shr"}), 0);
    EXPECT_EQ(out(), "shrink\tmakes one image smaller\n");
    EXPECT_EQ(run({"complete", "--", "shrink", "--wi"}), 0);
    EXPECT_THAT(out(), HasSubstr("--width\tin pixels; at least 1; 64 unless given\n"));
    EXPECT_EQ(run({"complete", "--", "shrink", "--width", "5", ""}), 0);
    EXPECT_THAT(out(), ::testing::EndsWith("\tfiles\t\n"));
}

TEST_F(ProgramVerbsTest, CanCallTheRunningService) {
    verbs.push_back({.name = "count", .needs = ProgramVerb::Needs::running_service, .run = [](VerbRun& run) {
                         const auto reply = run.client().call("stats");
                         run.print(std::to_string(reply->get<int>("images")) + "\n");
                         return 0;
                     }});
    EXPECT_EQ(run({"count"}), 7);
    start_instance();
    replies["stats"] = R"({"images":5})";
    EXPECT_EQ(run({"count"}), 0);
    EXPECT_EQ(out(), "5\n");
}

TEST_F(ProgramVerbsTest, CanReadTheLoadedService) {
    host.files.add_file("/etc/mine.json", R"({"app": {"width": 12}})");
    verbs.push_back({.name = "width", .needs = ProgramVerb::Needs::loaded_service, .run = [](VerbRun& run) {
                         run.print(std::to_string(run.service().settings().app().get<int>("width")) + "\n");
                         return 0;
                     }});
    EXPECT_EQ(run({"width", "--config", "/etc/mine.json"}), 0);
    EXPECT_EQ(out(), "12\n");
    EXPECT_EQ(run({"width", "--config", "/etc/none.json"}), 78);
    EXPECT_THAT(error(), HasSubstr("/etc/none.json"));
}

TEST_F(ProgramVerbsTest, ItsExceptionIsPrinted) {
    verbs.push_back({.name = "fail", .run = [](VerbRun&) -> int { throw std::runtime_error("no paper"); }});
    EXPECT_EQ(run({"fail"}), 70);
    EXPECT_EQ(error(), "just-another-server: no paper\n");
}

TEST_F(ProgramVerbsTest, MistakesInADeclarationAreReported) {
    const auto fault_of = [&](ProgramVerb verb) {
        verbs = {std::move(verb)};
        if (!verbs.front().run && verbs.front().name != "no-run") verbs.front().run = [](VerbRun&) { return 0; };
        const auto fault = check_program_verbs(&verbs, {});
        return fault ? fault->reason : std::string{"none"};
    };
    EXPECT_THAT(fault_of({.name = "stop"}), HasSubstr("every service program has a verb of this name"));
    EXPECT_THAT(fault_of({.name = "complete"}), HasSubstr("every service program has a verb of this name"));
    EXPECT_THAT(fault_of({.name = "no-run"}), HasSubstr("no function"));
    EXPECT_THAT(fault_of({.name = "a b"}), HasSubstr("expected "));
    EXPECT_THAT(fault_of({.name = "x", .options = {{.name = "config"}}}), HasSubstr("an option of every verb"));
    EXPECT_THAT(fault_of({.name = "x", .options = {{.name = "help"}}}), HasSubstr("an option of every verb"));
    EXPECT_THAT(fault_of({.name = "x", .arguments = {{.name = "a"}}, .options = {{.name = "a"}}}), HasSubstr("twice"));
    EXPECT_THAT(fault_of({.name = "x", .options = {{.name = "a", .secret = true}}}), HasSubstr("secret"));
    EXPECT_THAT(fault_of({.name = "x", .arguments = {{.name = "a", .type = ParameterType::list}, {.name = "b"}}}),
                HasSubstr("only come last"));
    EXPECT_THAT(fault_of({.name = "x", .arguments = {{.name = "a", .default_value = ""}, {.name = "b"}}}),
                HasSubstr("behind one that may be left out"));
    EXPECT_EQ(fault_of({.name = "x"}), "none");
    verbs = {{.name = "x", .run = [](VerbRun&) { return 0; }}, {.name = "x", .run = [](VerbRun&) { return 0; }}};
    EXPECT_EQ(run({"status"}), 70);
    EXPECT_EQ(error(), "just-another-server: cannot add the verb 'x': there is one of this name already\n");
}

}  // namespace
}  // namespace servicekit::cli
