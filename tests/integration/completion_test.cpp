// The verb `completion`: real shells load the scripts that it prints, and the test types keys in them.
#include <unistd.h>

#include <string>

#include "integration/support/service_test.hpp"
#include "integration/support/text_file.hpp"

namespace servicekit::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class CompletionTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        write_file(directory.file("Some File"), "");
    }

    [[nodiscard]] bool is_installed(const std::string& shell_name) const {
        return shell("command -v " + shell_name).exit_code == 0;
    }

    /// Returns what a shell on a terminal prints when these keys are typed after it has loaded the script.
    [[nodiscard]] Outcome typed(const std::string& interactive_shell, const std::string& keys) const {
        write_file(directory.file("keys"), keys + "\nexit\n");
        return shell("script -qec '" + interactive_shell + "' /dev/null <keys", variables);
    }
    [[nodiscard]] Outcome typed_in_bash(const std::string& keys) const {
        return typed("bash --norc --noprofile -i", "source <(trial-service completion bash)\n" + keys);
    }
    [[nodiscard]] Outcome typed_in_zsh(const std::string& keys) const {
        return typed("zsh -f -i",
                     "autoload -U compinit; compinit -u -D; source <(trial-service completion zsh)\n" + keys);
    }
    [[nodiscard]] Outcome offered_in_fish(const std::string& line) const {
        return shell("fish --no-config -c 'trial-service completion fish | source; complete -C \"" + line + "\"'",
                     variables);
    }

    /// They direct the verbs to the service of the test.
    Variables variables{{"TERM", "dumb"},
                        {"HOME", directory.path()},
                        {"TRIAL_SERVICE_RUN_DIRECTORY", run},
                        {"TRIAL_SERVICE_LOG_FILE", trial.log_file()}};
};

TEST_F(CompletionTest, BashCompletesAVerb) {
    EXPECT_THAT(typed_in_bash("trial-service wher\t\n").out, HasSubstr("follows from the others"));
}

TEST_F(CompletionTest, BashCompletesTheValueOfASetting) {
    EXPECT_THAT(typed_in_bash("trial-service where --log-level=warn\t\n").out,
                testing::ContainsRegex("log-level +warning +command-line"));
    EXPECT_THAT(typed_in_bash("trial-service where --log-level warn\t\n").out,
                testing::ContainsRegex("log-level +warning +command-line"));
}

TEST_F(CompletionTest, BashCompletesAFileName) {
    EXPECT_THAT(typed_in_bash("trial-service where --log-file=So\t\n").out,
                testing::ContainsRegex("log-file +[^\n]*/Some File +command-line"));
    EXPECT_THAT(typed_in_bash("trial-service where --log-file So\t\n").out,
                testing::ContainsRegex("log-file +[^\n]*/Some File +command-line"));
}

TEST_F(CompletionTest, BashCompletesTheEventsOfTheRunningServiceAndTheirParameters) {
    const RunningService service{trial};

    EXPECT_THAT(typed_in_bash("trial-service call ech\tstr\tx boo\tt\t\n").out,
                AllOf(HasSubstr(R"("string": "x")"), HasSubstr(R"("boolean": true)")));
    EXPECT_THAT(typed_in_bash("trial-service call ech\tpat\tSo\t\n").out,
                HasSubstr(R"("path": ")" + directory.file("Some File") + "\""));
}

TEST_F(CompletionTest, BashCompletesInTheMiddleOfALine) {
    EXPECT_THAT(typed_in_bash("true; trial-service --log-level debug wher\t; true\n").out,
                testing::ContainsRegex("log-level +debug +command-line"));
}

TEST_F(CompletionTest, ZshCompletesVerbsSettingsAndFiles) {
    if (!is_installed("zsh")) GTEST_SKIP() << "zsh is not installed";
    EXPECT_THAT(typed_in_zsh("trial-service wher\t --log-level=warn\t\n").out,
                testing::ContainsRegex("log-level +warning +command-line"));
    EXPECT_THAT(typed_in_zsh("trial-service where --log-file=So\t\n").out,
                testing::ContainsRegex("log-file +[^\n]*/Some File +command-line"));
}

TEST_F(CompletionTest, ZshCompletesTheEventsOfTheRunningServiceAndTheirParameters) {
    if (!is_installed("zsh")) GTEST_SKIP() << "zsh is not installed";
    const RunningService service{trial};

    EXPECT_THAT(typed_in_zsh("trial-service call ech\tstr\tx boo\tt\t\n").out,
                AllOf(HasSubstr(R"("string": "x")"), HasSubstr(R"("boolean": true)")));
    EXPECT_THAT(typed_in_zsh("trial-service call ech\tpat\tSo\t\n").out,
                HasSubstr(R"("path": ")" + directory.file("Some File") + "\""));
}

TEST_F(CompletionTest, FishOffersVerbsSettingsAndFiles) {
    if (!is_installed("fish")) GTEST_SKIP() << "fish is not installed";
    EXPECT_EQ(offered_in_fish("trial-service wher").out,
              "where\tprints every setting with its origin, and what the running service has instead\n");
    EXPECT_THAT(offered_in_fish("trial-service where --log-level=warn").out, HasSubstr("--log-level=warning"));
    EXPECT_THAT(offered_in_fish("trial-service where --log-file=So").out, HasSubstr("--log-file=Some File"));
    EXPECT_THAT(offered_in_fish("trial-service where --log-file So").out, HasSubstr("Some File"));
}

TEST_F(CompletionTest, FishOffersTheEventsOfTheRunningServiceAndTheirParameters) {
    if (!is_installed("fish")) GTEST_SKIP() << "fish is not installed";
    const RunningService service{trial};

    EXPECT_THAT(offered_in_fish("trial-service call ech").out, HasSubstr("echo\t"));
    EXPECT_THAT(offered_in_fish("trial-service call echo str").out, HasSubstr("string="));
    EXPECT_THAT(offered_in_fish("trial-service call echo path=So").out, HasSubstr("path=Some File"));
}

TEST_F(CompletionTest, IsImmediateAndSilentIfNoServiceRuns) {
    const Outcome offered = shell("trial-service complete -- call ''", variables);
    EXPECT_EQ(offered.exit_code, 0);
    EXPECT_THAT(offered.out + offered.err, IsEmpty());
}

TEST_F(CompletionTest, AUserWithoutAccessIsOfferedNothing) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
    trial.add_options({"--control-mode", "666"});
    const RunningService service{trial};

    const Outcome offered =
        shell("chmod 755 . $RUN; setpriv --reuid 65534 --regid 65534 --clear-groups trial-service complete -- call ''",
              variables);
    EXPECT_EQ(offered.exit_code, 0) << offered;
    EXPECT_THAT(offered.out + offered.err, IsEmpty());
    EXPECT_THAT(shell("trial-service complete -- call ec", variables).out, HasSubstr("echo"));
}

}  // namespace
}  // namespace servicekit::test
