// The verb `completion`: real shells load the scripts that it prints, and the test types keys in them.
#include <unistd.h>

#include <csignal>
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
    [[nodiscard]] Outcome typed_in_bash(const std::string& keys, const std::string& program = "trial-service") const {
        return typed("bash --norc --noprofile -i", "source <(" + program + " completion bash)\n" + keys);
    }
    [[nodiscard]] Outcome typed_in_zsh(const std::string& keys, const std::string& program = "trial-service") const {
        return typed("zsh -f -i",
                     "autoload -U compinit; compinit -u -D; source <(" + program + " completion zsh)\n" + keys);
    }
    [[nodiscard]] Outcome offered_in_fish(const std::string& line, const std::string& program = "trial-service") const {
        return shell("fish --no-config -c '" + program + " completion fish | source; complete -C \"" + line + "\"'",
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

TEST_F(CompletionTest, BashCompletesServicectl) {
    const RunningService service{trial};

    EXPECT_THAT(typed_in_bash("servicectl pi\ttria\t\n", "servicectl").out,
                HasSubstr("\n" + std::to_string(service.pid()) + "\r\n"));
    EXPECT_THAT(typed_in_bash("servicectl call tri\tech\tstr\tx boo\tt\t\n", "servicectl").out,
                AllOf(HasSubstr(R"("string": "x")"), HasSubstr(R"("boolean": true)")));
    EXPECT_THAT(typed_in_bash("servicectl log-level tri\twarn\t\n", "servicectl").out, HasSubstr("\nwarning\r\n"));
    EXPECT_THAT(typed_in_bash("servicectl pid run/trial-service.c\t\n", "servicectl").out,
                HasSubstr("\n" + std::to_string(service.pid()) + "\r\n"));
}

TEST_F(CompletionTest, ZshCompletesServicectl) {
    if (!is_installed("zsh")) GTEST_SKIP() << "zsh is not installed";
    const RunningService service{trial};

    EXPECT_THAT(typed_in_zsh("servicectl pi\ttria\t\n", "servicectl").out,
                HasSubstr("\n" + std::to_string(service.pid()) + "\r\n"));
    EXPECT_THAT(typed_in_zsh("servicectl call tri\tech\tstr\tx boo\tt\t\n", "servicectl").out,
                AllOf(HasSubstr(R"("string": "x")"), HasSubstr(R"("boolean": true)")));
    EXPECT_THAT(typed_in_zsh("servicectl pid run/trial-service.c\t\n", "servicectl").out,
                HasSubstr("\n" + std::to_string(service.pid()) + "\r\n"));
}

TEST_F(CompletionTest, ZshCompletesWithAScriptThatIsInstalled) {
    if (!is_installed("zsh")) GTEST_SKIP() << "zsh is not installed";
    const RunningService service{trial};

    // zsh runs the file as a function, the second time in another way than the first time.
    EXPECT_THAT(typed("zsh -f -i",
                      "mkdir site; servicectl completion zsh >site/_servicectl\nfpath=($PWD/site $fpath); "
                      "autoload -U compinit; compinit -u -D\nservicectl pi\ttria\t\nservicectl pi\ttria\t\n")
                    .out,
                testing::ContainsRegex("\n" + std::to_string(service.pid()) + "\r\n(.|\n)*\n" +
                                       std::to_string(service.pid()) + "\r\n"));
}

TEST_F(CompletionTest, FishOffersWhatServicectlHas) {
    if (!is_installed("fish")) GTEST_SKIP() << "fish is not installed";
    const RunningService service{trial};

    EXPECT_THAT(offered_in_fish("servicectl lis", "servicectl").out, HasSubstr("list\tshows all services"));
    EXPECT_EQ(offered_in_fish("servicectl stop tri", "servicectl").out,
              "trial-service\t" + trial.control_socket() + "\n");
    EXPECT_THAT(offered_in_fish("servicectl call trial-service ech", "servicectl").out, HasSubstr("echo\t"));
    EXPECT_THAT(offered_in_fish("servicectl call trial-service echo path=So", "servicectl").out,
                HasSubstr("path=Some File"));
    EXPECT_THAT(offered_in_fish("servicectl pid run/trial-service.c", "servicectl").out,
                HasSubstr("run/trial-service.control"));
}

TEST_F(CompletionTest, AServiceThatHangsDoesNotHangTheShell) {
    RunningService service{trial};
    service.signal(SIGSTOP);
    // Its queue of clients is full, too.
    const Outcome offered = shell(
        R"(i=0; while [ $i -lt 200 ]; do socat -u /dev/null unix-connect:$RUN/trial-service.control,connect-timeout=1 & i=$((i + 1)); done
        begin=$(date +%s%N)
        servicectl complete -- call trial-service ''; trial-service complete -- call ''; servicectl complete -- stop tr
        echo $((($(date +%s%N) - begin) / 1000000))
        kill $(jobs -p) 2>/dev/null; wait 2>/dev/null)",
        variables);
    service.signal(SIGCONT);
    const std::string expected = "trial-service\t" + trial.control_socket() + "\n";
    ASSERT_THAT(offered.out, testing::StartsWith(expected));
    // Connecting would wait 5 s for each.
    EXPECT_LT(std::stoi(offered.out.substr(expected.size())), 4000);
}

}  // namespace
}  // namespace servicekit::test
