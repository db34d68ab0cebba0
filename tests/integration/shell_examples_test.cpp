// The commands of an operator in a shell, exactly as typed.
#include <sys/stat.h>

#include <cctype>
#include <csignal>
#include <filesystem>
#include <string>

#include "integration/support/service_test.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::StartsWith;

class ShellExamplesTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        greet_with("hello");
    }

    void greet_with(const std::string& greeting) {
        server.configure_app({{"data-directory", data}, {"greeting", greeting}});
    }

    /// Returns what the server sends to a client that connects.
    std::string greeting_of(const RunningService& service) {
        const Object status = service.call("status");
        return shell("socat - tcp:127.0.0.1:" + to_json(*status.find("port")) + " </dev/null").out;
    }

    /// Sends a request as the examples do. \returns the reply
    Object ask(const std::string& request) {
        const Outcome asked =
            shell("echo '" + request + "' | socat unix-connect:$RUN/just-another-server.control - | jq -c .");
        EXPECT_EQ(asked.exit_code, 0) << asked;
        const auto reply = parse_json(asked.out);
        return std::holds_alternative<Value>(reply) ? std::get<Value>(reply).as_object() : Object{};
    }

    std::string data = directory.file("data");
    ServiceProgram server{"just-another-server", directory.path()};
};

TEST_F(ShellExamplesTest, ThePidfileHoldsThePidAndANewline) {
    const RunningService service{server};

    EXPECT_EQ(read_file(server.pid_file()), std::to_string(service.pid()) + "\n");
    struct stat status {};
    ASSERT_EQ(::stat(server.pid_file().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0644U);  // readable for monitors of other users
}

TEST_F(ShellExamplesTest, KillTermStopsIt) {
    RunningService service{server};

    const Outcome killed = shell("kill -TERM $(cat $RUN/just-another-server.pid)");

    EXPECT_EQ(killed.exit_code, 0) << killed;
    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(server.log(), HasSubstr("stopping: SIGTERM from uid "));
    EXPECT_THAT(read_file(server.pid_file()), IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(server.control_socket()));
}

TEST_F(ShellExamplesTest, KillAbrtStopsItWithoutACore) {
    RunningService service{server};

    const Outcome killed = shell("kill -ABRT `cat $RUN/just-another-server.pid`");

    EXPECT_EQ(killed.exit_code, 0) << killed;
    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(server.log(), HasSubstr("stopping: SIGABRT from uid "));
}

TEST_F(ShellExamplesTest, KillIntKillsIt) {
    RunningService service{server};

    const Outcome killed = shell("kill -INT $(cat $RUN/just-another-server.pid)");

    EXPECT_EQ(killed.exit_code, 0) << killed;
    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(server.log(), HasSubstr("killed: SIGINT from uid "));
    EXPECT_THAT(read_file(server.pid_file()), IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(server.control_socket()));
}

TEST_F(ShellExamplesTest, KillHupReloadsIt) {
    const RunningService service{server};
    ASSERT_EQ(greeting_of(service), "hello\n");
    greet_with("good day");

    const Outcome killed = shell("kill -HUP $(cat $RUN/just-another-server.pid)");

    EXPECT_EQ(killed.exit_code, 0) << killed;
    await_state("the greeting is new", [&] { return greeting_of(service) == "good day\n"; });
    EXPECT_FALSE(service.has_ended());
}

TEST_F(ShellExamplesTest, EchoStopStopsIt) {
    RunningService service{server};

    const Outcome asked = shell(R"(echo '["stop"]' | socat unix-connect:$RUN/just-another-server.control -)");

    EXPECT_EQ(asked.exit_code, 0) << asked;
    EXPECT_EQ(asked.out, "{\"result\":\"stop-initiated\"}\n");
    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(ShellExamplesTest, AStopThatWaitsReportsTheOutcome) {
    RunningService service{server};

    const Outcome asked =
        shell(R"(echo '["stop", {}, {"wait": true}]' | socat -t 20 unix-connect:$RUN/just-another-server.control -)");

    EXPECT_EQ(asked.exit_code, 0) << asked;
    EXPECT_EQ(asked.out, "{\"result\":\"stopped\"}\n");
    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(ShellExamplesTest, ARequestNeedsNoNewline) {
    RunningService service{server};

    const Outcome asked = shell(R"(printf '["stop"]' | socat unix-connect:$RUN/just-another-server.control -)");

    EXPECT_EQ(asked.exit_code, 0) << asked;
    EXPECT_EQ(asked.out, "{\"result\":\"stop-initiated\"}\n");
    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(ShellExamplesTest, EchoKillKillsIt) {
    RunningService service{server};

    // The reply may or may not arrive.
    const Outcome asked = shell(R"(echo '["kill"]' | socat unix-connect:$RUN/just-another-server.control -)");

    EXPECT_THAT(asked.out, MatchesRegex("(.\"result\":\"kill-initiated\".\n)?"));
    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(ShellExamplesTest, JqReadsTheUptimeFromTheStatus) {
    const RunningService service{server};

    const Outcome asked =
        shell(R"(echo '["status"]' | socat unix-connect:$RUN/just-another-server.control - | jq .uptime)");

    EXPECT_EQ(asked.exit_code, 0) << asked;
    EXPECT_THAT(asked.out, MatchesRegex("[0-9]+\n"));
}

TEST_F(ShellExamplesTest, TheStatusShowsPidAndSocket) {
    const RunningService service{server};

    const Object status = ask(R"(["status"])");

    EXPECT_EQ(*status.find("pid"), Value{service.pid()});
    EXPECT_EQ(*status.find("control-socket"), Value{server.control_socket()});
}

TEST_F(ShellExamplesTest, BackupCopiesTheDataDirectory) {
    const RunningService service{server};
    std::filesystem::create_directory(data + "/older");
    write_file(data + "/older/journal.1", "first\nsecond\n");

    const Object reply = ask(R"(["backup",{"directory":")" + directory.file("some/where/") + R"("}])");

    EXPECT_EQ(*reply.find("files"), Value{2});
    EXPECT_EQ(*reply.find("bytes"), Value{13});
    const Outcome compared = shell("diff -r data some/where");
    EXPECT_EQ(compared.exit_code, 0) << compared;
}

TEST_F(ShellExamplesTest, BackupTakesTheDateFromTheShell) {
    const RunningService service{server};
    const std::string request =
        "echo \"[\\\"backup\\\", { \\\"directory\\\": \\\"" + directory.path() +
        "/`date -Iseconds`/\\\" }]\" \\\n  | socat unix-connect:$RUN/just-another-server.control -";

    const Outcome asked = shell(request);

    EXPECT_EQ(asked.out, "{\"files\":1,\"bytes\":0}\n") << asked;
    const Outcome compared = shell("diff -r data 2*:*");
    EXPECT_EQ(compared.exit_code, 0) << compared;
}

TEST_F(ShellExamplesTest, ABackupIntoAnImpossibleDirectoryReportsWhy) {
    const RunningService service{server};
    write_file(directory.file("file"), "no directory");

    const Object reply = ask(R"(["backup",{"directory":")" + directory.file("file/below") + R"("}])");

    ASSERT_TRUE(reply.contains("error")) << to_json(reply);
    const Object& error = reply.find("error")->as_object();
    EXPECT_EQ(*error.find("code"), Value{"event-error"});
    EXPECT_THAT(error.find("message")->as_string(), HasSubstr(directory.file("file/below")));
    EXPECT_THAT(error.find("message")->as_string(), HasSubstr("Not a directory"));
    EXPECT_FALSE(service.has_ended());
}

TEST_F(ShellExamplesTest, AFailedBackupKeepsThePreviousOne) {
    const RunningService service{server};
    write_file(data + "/journal.1", "first\n");
    const std::string request = R"(["backup",{"directory":")" + directory.file("copy") + R"("}])";
    ASSERT_FALSE(ask(request).contains("error"));
    std::filesystem::create_directory(data + "/new");
    write_file(data + "/new/journal.2", "second\n");
    write_file(directory.file("copy/new"), "in the way");

    EXPECT_TRUE(ask(request).contains("error"));

    EXPECT_EQ(read_file(directory.file("copy/journal.1")), "first\n");
    EXPECT_EQ(read_file(directory.file("copy/new")), "in the way");
    const Outcome unfinished = shell("find copy -name '*.new'");
    EXPECT_THAT(unfinished.out, IsEmpty());
}

// socat exits half a second after the end of its input unless it receives something.
TEST_F(ShellExamplesTest, SocatPrintsTheReplyOfASlowEvent) {
    const RunningService service{trial};

    const Outcome asked =
        shell(R"(echo '["sleep",{"seconds":2}]' | socat unix-connect:$RUN/trial-service.control - | jq -c .)");

    EXPECT_EQ(asked.out, "{\"interrupted\":false}\n") << asked;
}

TEST_F(ShellExamplesTest, ASecondStartNamesTheLockOwner) {
    const RunningService service{server};

    const Outcome second =
        shell("just-another-server start --run-directory $RUN --log-file log --config config.json; echo $?");

    EXPECT_EQ(second.out, "69\n");
    EXPECT_EQ(second.err, "just-another-server: cannot lock '" + server.pid_file() + "': already running (pid " +
                              std::to_string(service.pid()) + ")\n");
    EXPECT_EQ(greeting_of(service), "hello\n");
}

TEST_F(ShellExamplesTest, NameAndRunDirectoryComeFromTheConfigFile) {
    server.configure({{"name", "other"}, {"run-directory", run}, {"app", Object{{"data-directory", data}}}});

    const Outcome started = shell(
        "just-another-server start --config config.json && kill -0 $(cat $RUN/other.pid) && "
        "echo '[\"status\"]' | socat unix-connect:$RUN/other.control - | jq -r .name; "
        "just-another-server stop --config config.json");

    EXPECT_EQ(started.exit_code, 0) << started;
    EXPECT_THAT(started.out, StartsWith("other\nother: stopped (pid "));
}

TEST_F(ShellExamplesTest, NameAndRunDirectoryComeFromTheEnvironment) {
    const Outcome started = shell(
        "export JUST_ANOTHER_SERVER_NAME=other JUST_ANOTHER_SERVER_RUN_DIRECTORY=$RUN "
        "JUST_ANOTHER_SERVER_CONFIG=config.json; "
        "just-another-server start && kill -0 $(cat $RUN/other.pid) && "
        "echo '[\"status\"]' | socat unix-connect:$RUN/other.control - | jq -r .name; "
        "just-another-server stop");

    EXPECT_EQ(started.exit_code, 0) << started;
    EXPECT_THAT(started.out, StartsWith("other\nother: stopped (pid "));
}

TEST_F(ShellExamplesTest, NameAndRunDirectoryComeFromTheCommandLine) {
    const Outcome started = shell(
        "just-another-server start --config config.json --name other --run-directory $RUN && "
        "kill -0 $(cat $RUN/other.pid) && "
        "echo '[\"status\"]' | socat unix-connect:$RUN/other.control - | jq -r .name; "
        "just-another-server stop --name other --run-directory $RUN");

    EXPECT_EQ(started.exit_code, 0) << started;
    EXPECT_THAT(started.out, StartsWith("other\nother: stopped (pid "));
}

TEST_F(ShellExamplesTest, ThePidComesFromTheLockAndNotFromTheFile) {
    RunningService service{server};

    const Outcome asked = shell(
        "echo rubbish > $RUN/just-another-server.pid; "
        "just-another-server pid --run-directory $RUN; "
        "just-another-server status --run-directory $RUN --json | jq .pid; "
        "just-another-server stop --run-directory $RUN");

    const std::string pid = std::to_string(service.pid());
    EXPECT_EQ(asked.out, pid + "\n" + pid + "\njust-another-server: stopped (pid " + pid + ")\n") << asked;
    EXPECT_EQ(service.exit_code(), 0);
}

}  // namespace
}  // namespace servicekit::test
