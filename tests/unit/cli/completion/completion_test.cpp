#include <stdexcept>

#include "unit/cli/program_fixture.hpp"

namespace servicekit::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CompletionTest : public ProgramFixture {};

TEST_F(CompletionTest, PrintsAScriptForEachShellThatNamesTheProgram) {
    for (const char* shell : {"bash", "zsh", "fish"}) {
        EXPECT_EQ(run({"completion", shell}), 0);
        EXPECT_THAT(out(), AllOf(HasSubstr("just-another-server completion " + std::string{shell}),
                                 HasSubstr("just_another_server_complete")));
        EXPECT_THAT(error(), IsEmpty());
    }
}

TEST_F(CompletionTest, NeedsAKnownShell) {
    EXPECT_EQ(run({"completion"}), 64);
    EXPECT_THAT(error(), HasSubstr("bash, zsh or fish"));
    EXPECT_EQ(run({"completion", "tcsh"}), 64);
    EXPECT_THAT(out(), IsEmpty());
}

TEST_F(CompletionTest, OffersVerbsWithoutLoadingAnything) {
    hooks.on_load = [](Settings&) { throw std::runtime_error{"was loaded"}; };
    EXPECT_EQ(run({"complete", "--", "relo"}), 0);
    EXPECT_EQ(out(), "reload\tmakes the service load its configuration again\n");
    EXPECT_THAT(error(), IsEmpty());
}

TEST_F(CompletionTest, AsksTheRunningServiceForItsEvents) {
    start_instance();
    replies["events"] = R"({"events":[{"name":"backup","description":"copies","parameters":[]}]})";
    EXPECT_EQ(run({"complete", "--", "call", ""}), 0);
    EXPECT_EQ(out(), "backup\tcopies\n");
}

TEST_F(CompletionTest, IsSilentIfNoServiceRuns) {
    EXPECT_EQ(run({"complete", "--", "call", ""}), 0);
    EXPECT_THAT(out() + error(), IsEmpty());
}

TEST_F(CompletionTest, IsSilentIfTheServiceRefuses) {
    start_instance();
    replies["events"] = R"({"error":{"code":"not-allowed","message":"no","event":"events","needs":"read"}})";
    EXPECT_EQ(run({"complete", "--", "call", ""}), 0);
    EXPECT_THAT(out() + error(), IsEmpty());
}

TEST_F(CompletionTest, IsSilentIfTheServiceDoesNotAnswer) {
    start_instance();
    EXPECT_EQ(run({"complete", "--", "call", ""}), 0);
    EXPECT_THAT(out() + error(), IsEmpty());
}

TEST_F(CompletionTest, IsSilentAboutABrokenConfiguration) {
    hooks.on_load = [](Settings&) { throw std::runtime_error{"no good"}; };
    EXPECT_EQ(run({"complete", "--", "call", ""}), 0);
    EXPECT_EQ(run({"complete", "--", "--stop-timeout", "soon", "call", ""}), 0);
    EXPECT_THAT(out() + error(), IsEmpty());
}

TEST_F(CompletionTest, DoesNotTreatTheWordsAsItsOwnOptions) {
    EXPECT_EQ(run({"complete", "--", "--help", "--version", "stat"}), 0);
    EXPECT_EQ(out(), "status\tshows the service's status\n");
}

}  // namespace
}  // namespace servicekit::cli
