// The output for programs: always one JSON document on stdout, and the usual exit codes.
#include <csignal>

#include "servicekit/base/json.hpp"
#include "unit/cli/program_fixture.hpp"

namespace servicekit::cli {
namespace {

using ::testing::HasSubstr;

class VerbsAsJsonTest : public ProgramFixture {
protected:
    /// Returns the output of the verb, which must be one line of JSON. \param code the expected exit code
    std::string printed(std::vector<std::string> words, int code) {
        const std::size_t before = out().size();
        EXPECT_EQ(run(std::move(words)), code) << error();
        std::string text = out().substr(before);
        EXPECT_TRUE(text.ends_with('\n')) << text;
        if (!text.empty()) text.pop_back();
        EXPECT_TRUE(std::holds_alternative<Value>(parse_json(text))) << text;
        return text;
    }
};

TEST_F(VerbsAsJsonTest, VerbsThatCallTheServicePrintItsReply) {
    start_instance();
    replies["events"] = R"({"events":[]})";
    replies["log-level"] = R"({"level":"info"})";
    replies["log-reopen"] = "{}";
    replies["reload"] = R"({"applied":["/app/x"],"needs-restart":[]})";
    EXPECT_EQ(printed({"events", "--json"}, 0), R"({"events":[]})");
    EXPECT_EQ(printed({"log-level", "--json"}, 0), R"({"level":"info"})");
    EXPECT_EQ(printed({"log-reopen", "--json"}, 0), "{}");
    EXPECT_EQ(printed({"reload", "--json"}, 0), R"({"applied":["/app/x"],"needs-restart":[]})");
}

TEST_F(VerbsAsJsonTest, VerbsThatPrintAWordPrintAnObject) {
    EXPECT_EQ(printed({"check", "--json"}, 0), R"({"result":"ok"})");
    EXPECT_EQ(printed({"stop", "--json"}, 0), R"({"result":"not-running"})");
    EXPECT_EQ(printed({"wait", "--json"}, 0), R"({"is-running":false})");
    EXPECT_EQ(printed({"crashes", "--json"}, 0), R"({"crashes":[]})");
    start_instance();
    replies["status"] = R"({"state":"running"})";
    EXPECT_EQ(printed({"pid", "--json"}, 0), R"({"pid":)" + std::to_string(running_pid) + "}");
    EXPECT_EQ(printed({"health", "--json"}, 0), R"({"healthy":true,"verdict":"ready"})");
    EXPECT_EQ(printed({"wait", "--test", "--json"}, 1),
              R"({"is-running":true,"pid":)" + std::to_string(running_pid) + "}");
    replies["status"] = R"({"state":"stopping"})";
    EXPECT_EQ(printed({"health", "--json"}, 1), R"({"healthy":false,"verdict":"not ready: stopping"})");
}

TEST_F(VerbsAsJsonTest, AStoppedServiceIsAnErrorObject) {
    for (const char* verb : {"reload", "events", "log-level", "log-reopen"})
        EXPECT_THAT(printed({verb, "--json"}, 7),
                    HasSubstr(R"({"error":{"code":"not-running","message":"not running;)"));
    EXPECT_THAT(printed({"cancel", "1", "--json"}, 7), HasSubstr(R"("exit-code":7}})"));
    EXPECT_THAT(printed({"status", "--json"}, 3), HasSubstr(R"("exit-code":3}})"));
    EXPECT_THAT(printed({"pid", "--json"}, 3), HasSubstr(R"({"error":{"code":"not-running")"));
}

TEST_F(VerbsAsJsonTest, AnErrorReplyKeepsItsCodeAndFields) {
    start_instance();
    replies["backup"] = R"({"error":{"code":"event-error","message":"disk full","event":"backup","disk":"sda"}})";
    replies["cancel"] = R"({"error":{"code":"bad-argument","message":"no such id","event":"cancel","argument":"id"}})";
    EXPECT_EQ(printed({"call", "backup", "--json-errors"}, 1),
              R"({"error":{"code":"event-error","message":"disk full","event":"backup","disk":"sda","exit-code":1}})");
    EXPECT_EQ(
        printed({"cancel", "9", "--json"}, 1),
        R"({"error":{"code":"bad-argument","message":"no such id","event":"cancel","argument":"id","exit-code":1}})");
    EXPECT_THAT(error(), HasSubstr("cannot run 'backup': disk full"));
}

TEST_F(VerbsAsJsonTest, WrongConfigurationsAndCommandLinesAreErrorObjects) {
    host.files.add_file("/etc/x.json", "{");
    EXPECT_THAT(printed({"check", "--json", "--config", "/etc/x.json"}, 78),
                HasSubstr(R"({"error":{"code":"configuration")"));
    EXPECT_THAT(
        printed({"events", "--json", "--nonsense"}, 64),
        HasSubstr(R"({"error":{"code":"usage","message":"just-another-server: there is no option '--nonsense')"));
}

TEST_F(VerbsAsJsonTest, AStartThatFailsIsAnErrorObject) {
    start_instance();
    EXPECT_THAT(printed({"start", "--json"}, 69), HasSubstr(R"({"error":{"code":"already-running","message":")"));
    EXPECT_THAT(error(), HasSubstr("already running"));
}

TEST_F(VerbsAsJsonTest, AServiceInTheBackgroundLeavesItsFailureToItsStarter) {
    lock.is_taken_meanwhile = true;
    EXPECT_EQ(run({"start", "--json"}), 69);
    EXPECT_EQ(out(), "");
}

TEST_F(VerbsAsJsonTest, TextForOtherProgramsIsAString) {
    EXPECT_THAT(printed({"unit", "--json"}, 0), HasSubstr(R"({"unit":"[Unit]\n)"));
    EXPECT_THAT(printed({"completion", "bash", "--json"}, 0), HasSubstr(R"({"script":")"));
}

TEST_F(VerbsAsJsonTest, ALogIsOneJsonLineForEachLine) {
    host.files.add_file("/var/log/x.log", "one\n\"two\"\nunfinished");
    EXPECT_EQ(run({"logs", "--json", "--log-file", "/var/log/x.log"}), 0) << error();
    EXPECT_EQ(out(), "{\"line\":\"one\"}\n{\"line\":\"\\\"two\\\"\"}\n{\"line\":\"unfinished\"}\n");
}

}  // namespace
}  // namespace servicekit::cli
