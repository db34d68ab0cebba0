// Runs the code and the commands of README as printed there.
#include <fstream>
#include <sstream>
#include <string>

#include "integration/support/service_test.hpp"

namespace servicekit::test {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

class ReadmeTest : public ServiceTest {
protected:
    /// Returns the code block that contains the text. \throws std::runtime_error if there is none
    static std::string block_with(const std::string& text) {
        std::istringstream lines{read_file(SERVICEKIT_DOCS_DIR "/../README.md")};
        std::string block;
        bool within = false;
        for (std::string line; std::getline(lines, line);) {
            if (!line.starts_with("```")) {
                block += line + "\n";
            } else {
                if (within && block.find(text) != std::string::npos) return block;
                within = !within;
                block.clear();
            }
        }
        throw std::runtime_error("README has no block of code with '" + text + "'");
    }
};

TEST_F(ReadmeTest, TheWalkThroughWorksAsWritten) {
    std::string walk = block_with("just-another-server start --config");
    ASSERT_THAT(walk, StartsWith("cmake --preset dev"));
    walk.erase(0, walk.find("cat >"));  // it is already built, and in PATH

    const Outcome walked = shell("set -e; trap 'just-another-server stop --run-directory run' EXIT\n" + walk);

    EXPECT_EQ(walked.exit_code, 0) << walked;
    EXPECT_THAT(walked.out, HasSubstr("running"));
    EXPECT_THAT(walked.out, HasSubstr(R"({"files":1,"bytes":0})"));
}

// readme_greeter is compiled from the first code block of README.
TEST_F(ReadmeTest, TheGreeterWorksAsShown) {
    const Variables in_a_directory{{"GREETER_RUN_DIRECTORY", run}, {"LOG", directory.file("log")}};
    const std::string shown = block_with("&& echo it runs");

    const Outcome tried = shell(
        "alias greeter=readme-greeter\n"
        "greeter start --log-file $LOG && echo it runs\n"
        "greeter start; echo $?\n"
        "echo '[\"status\"]' | socat unix-connect:$RUN/greeter.control - | jq '.uptime, .greetings'\n"
        "greeter stop\n",
        in_a_directory);

    EXPECT_EQ(tried.exit_code, 0) << tried;
    EXPECT_THAT(tried.out, MatchesRegex("it runs\n69\n[0-9]+\n1\ngreeter: stopped .pid [0-9]+.\n"));
    EXPECT_THAT(shown, HasSubstr("$ greeter stop\ngreeter: stopped (pid 4711)\n"));
    EXPECT_THAT(shown, HasSubstr("greeter: cannot lock '/run/greeter.pid': already running (pid 4711)"));
    EXPECT_THAT(tried.err,
                MatchesRegex("greeter: cannot lock '" + run + "/greeter.pid': already running .pid [0-9]+.\n"));
    EXPECT_THAT(read_file(directory.file("log")), HasSubstr("hello"));
    EXPECT_THAT(read_file(directory.file("log")), HasSubstr("good bye"));
}

}  // namespace
}  // namespace servicekit::test
