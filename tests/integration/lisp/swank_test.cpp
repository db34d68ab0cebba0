// Swank, and a real Emacs with SLIME in batch, against a daemon.
#include <pwd.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>

#include "integration/lisp/lisp_fixture.hpp"
#include "integration/support/await.hpp"
#include "sanitized.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::MatchesRegex;
using Clock = std::chrono::steady_clock;

class LispSwankTest : public LispTest {
protected:
    void SetUp() override {
        LispTest::SetUp();
        if (read_file("/usr/share/common-lisp/source/slime/swank-loader.lisp").empty())
            GTEST_SKIP() << "needs cl-swank";
    }
    static std::string port_of(const Object& reply) { return std::to_string(reply.find("port")->as_integer()); }
    /// Sets the secret that a client of the port must send.
    void set_secret() {
        write_file(directory.file(".slime-secret"), "open sesame\n");
        lisp.add_variable("HOME", directory.path());
    }
    /// Connects to the port, and sends nothing.
    [[nodiscard]] static Command silent_editor(const std::string& port) {
        return {.arguments = {"sh", "-c", "tail -f /dev/null | socat - tcp:127.0.0.1:" + port}};
    }
    /// Returns the number of Lisp threads.
    static int count_threads(const RunningService& service) {
        return std::stoi(value_of(service, "(length (mp:all-processes))"));
    }
    /// Returns the listening sockets of the process, as ss(8) prints them.
    [[nodiscard]] std::string listening(pid_t pid) const {
        return shell("ss -ltnpH | grep 'pid=" + std::to_string(pid) + ",'").out;
    }
    static constexpr const char* tsan_reason =
        "it puts off what the collector sends to threads that read, until that gives up";
};

/// Uses a real Emacs.
class LispSlimeTest : public LispSwankTest {
protected:
    void SetUp() override {
        LispSwankTest::SetUp();
        if (run_command({.arguments = {"sh", "-c", "command -v emacs"}}).exit_code != 0) GTEST_SKIP() << "needs emacs";
        if (under_tsan) GTEST_SKIP() << tsan_reason;
        lisp.add_variable("HOME", directory.path());
    }
    [[nodiscard]] Command emacs(const std::string& port, const std::string& stay = "") const {
        Command command{.arguments = {"emacs", "-Q", "--batch", "-l",
                                      std::string{SERVICEKIT_LISP_TESTS_DIR} + "/slime_session.el", port},
                        .variables = {{"HOME", directory.path()}}};
        if (!stay.empty()) command.arguments.push_back(stay);
        return command;
    }
};

TEST_F(LispSwankTest, ListensOnTheLoopbackOnly) {
    const RunningService service{lisp};

    const std::string port = port_of(service.call("create-swank-server"));

    EXPECT_THAT(listening(service.pid()), HasSubstr("127.0.0.1:" + port));
    const Object error = service.call_in_vain("create-swank-server", {{"port", std::stoi(port)}});
    EXPECT_THAT(error.find("message")->as_string(), HasSubstr("listens on port " + port + " already"));
    EXPECT_EQ(to_json(service.call("stop-swank-server", {{"port", std::stoi(port)}})), "{\"ports\":[" + port + "]}");
    EXPECT_EQ(listening(service.pid()), "");
    EXPECT_EQ(port_of(service.call("create-swank-server", {{"port", std::stoi(port)}})), port);
}

TEST_F(LispSwankTest, WorksWithoutHome) {
    lisp.add_variable("HOME", "/nonexistent");
    const RunningService service{lisp};

    EXPECT_NE(port_of(service.call("create-swank-server")), "0");
}

TEST_F(LispSwankTest, ReportsThatSwankIsMissing) {
    lisp.add_variable("LISP_TRIAL_SWANK", directory.path());
    const RunningService service{lisp};

    EXPECT_EQ(*service.call_in_vain("create-swank-server").find("code"), Value{"swank-package-not-found"});
}

TEST_F(LispSwankTest, ChildrenDoNotInheritTheSocket) {
    const RunningService service{lisp};
    service.call("create-swank-server");

    EXPECT_EQ(value_of(service, first_line_of("/bin/sh", R"("-c" "ls -l /proc/self/fd | grep -c socket")")), "\"0\"");
}

TEST_F(LispSwankTest, OnlyAClientWithTheSecretGetsIn) {
    set_secret();
    const RunningService service{lisp};
    const std::string port = port_of(service.call("create-swank-server"));

    const std::string request = "000013wrong password!!";
    EXPECT_EQ(shell("printf '" + request + "' | socat -t 2 - tcp:127.0.0.1:" + port).out, "");
    service.await_log("an editor was not let in");
    EXPECT_THAT(listening(service.pid()), HasSubstr(port));
    service.await_log("clients need the secret in '" + directory.file(".slime-secret") + "'");

    EXPECT_EQ(shell("printf '00000bopen sesame' | socat -t 2 - tcp:127.0.0.1:" + port).exit_code, 0);
    service.await_log("an editor has connected to Swank");
}

TEST_F(LispSwankTest, AnUnreadableSecretPreventsTheServerAndAllConnections) {
    lisp.add_variable("HOME", directory.path());
    std::filesystem::create_directory(directory.file(".slime-secret"));
    const RunningService service{lisp};

    const Object error = service.call_in_vain("create-swank-server");

    EXPECT_THAT(error.find("message")->as_string(),
                HasSubstr("The secret in " + directory.file(".slime-secret") + " can't be read: Is a directory"));

    std::filesystem::remove(directory.file(".slime-secret"));
    const std::string port = port_of(service.call("create-swank-server"));
    std::filesystem::create_directory(directory.file(".slime-secret"));
    EXPECT_EQ(shell("printf '000004open' | socat -t 2 - tcp:127.0.0.1:" + port).out, "");
    service.await_log("an editor was not let in");
}

TEST_F(LispSwankTest, AMissingSecretIsLogged) {
    lisp.add_variable("HOME", directory.path());
    const RunningService service{lisp};

    service.call("create-swank-server");

    service.await_log("there is no secret in '" + directory.file(".slime-secret") +
                      "', so every local user has access");
}

TEST_F(LispSwankTest, WithoutHomeTheSecretIsReadFromTheUsersHome) {
    Command start = lisp.command({"start"});
    start.arguments.insert(start.arguments.begin(), {"env", "-u", "HOME"});
    ASSERT_EQ(run_command(start).exit_code, 0);

    const Outcome created = lisp.verb({"call", "create-swank-server"});

    EXPECT_EQ(created.exit_code, 0) << created;
    const passwd* user = ::getpwuid(::geteuid());
    EXPECT_THAT(lisp.log(), HasSubstr(user != nullptr ? "'" + std::string{user->pw_dir} + "/.slime-secret'"
                                                      : "this user has no home directory for a secret"));
    EXPECT_EQ(lisp.verb({"stop"}).exit_code, 0);
}

TEST_F(LispSwankTest, SilentClientsAreLimitedAndDisconnected) {
    if (under_tsan) GTEST_SKIP() << tsan_reason;
    set_secret();
    const RunningService service{lisp};
    const std::string port = port_of(service.call("create-swank-server"));
    const int before = count_threads(service);

    const RunningCommand silent{
        {.arguments = {"sh", "-c",
                       "for i in $(seq 20); do tail -f /dev/null | socat - tcp:127.0.0.1:" + port + " & done; wait"}}};
    service.await_log("an editor was not let in: 8 others have yet to tell the secret");
    EXPECT_LE(count_threads(service), before + 8);
    // The other connections end by themselves, but later.
    value_of(service, "(setf service-eval::*secret-limit* 50)");
    const RunningCommand late{silent_editor(port)};
    await_state("the silent ones have gone", [&] { return count_threads(service) <= before; });
}

TEST_F(LispSwankTest, StoppingTheServerEndsSilentConnections) {
    set_secret();
    const RunningService service{lisp};
    const std::string port = port_of(service.call("create-swank-server"));
    const int before = count_threads(service);
    value_of(service, "(setf service-eval::*secret-limit* 3600000)");
    const RunningCommand silent{silent_editor(port)};
    await_state("somebody is there", [&] { return count_threads(service) > before; });

    service.call("stop-swank-server");

    await_state("nobody is there", [&] { return count_threads(service) < before; });
}

TEST_F(LispSlimeTest, ADeveloperWorksWithEmacs) {
    const RunningService service{lisp};

    const Outcome outcome = run_command(emacs(port_of(service.call("create-swank-server"))));

    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    for (const char* seen : {"sum: (\"\" \"3\")", "value: \"4711\"", "twice: \"42\"", "complete: \"service:set-value\"",
                             "debugger: (\"looked for\"", "\"ABORT\"", "returned: :abort", "interrupted: (",
                             "quit: (\"A form would end", "alive: \"42\""})
        EXPECT_THAT(outcome.err, HasSubstr(seen));
    EXPECT_EQ(*service.call("status").find("value"), Value{4711});
}

TEST_F(LispSlimeTest, AConnectedEditorDoesNotDelayTheStop) {
    std::string port = "0";
    for (const bool by_verb : {true, false}) {
        RunningService service{lisp};
        port = port_of(service.call("create-swank-server", {{"port", std::stoi(port)}}));
        RunningCommand editor{emacs(port, "stay")};
        editor.await_output("waiting");

        const auto begin = Clock::now();
        if (by_verb)
            EXPECT_EQ(lisp.verb({"stop"}).exit_code, 0);
        else
            service.signal(SIGTERM);

        EXPECT_EQ(service.exit_code(), 0);
        // If the editor delayed the stop, it would take the full 8 s.
        EXPECT_LT(Clock::now() - begin, 4s);
    }
}

TEST_F(LispSlimeTest, StoppingTheServerEndsItsConnectionsAndTheirForms) {
    const RunningService service{lisp};
    const std::string port = port_of(service.call("create-swank-server"));
    const int before = count_threads(service);
    RunningCommand editor{emacs(port, "stay")};
    editor.await_output("waiting");

    const auto begin = Clock::now();
    service.call("stop-swank-server");

    EXPECT_LT(Clock::now() - begin, 1s);
    EXPECT_EQ(port_of(service.call("create-swank-server", {{"port", std::stoi(port)}})), port);
    // The sentinel thread may remain.
    await_state("what the editor left has ended", [&] { return count_threads(service) <= before + 1; });
}

TEST_F(LispSlimeTest, AFormOfALostConnectionIsEnded) {
    const RunningService service{lisp};
    const std::string port = port_of(service.call("create-swank-server"));
    const int before = count_threads(service);
    {
        RunningCommand editor{emacs(port, "stay")};
        editor.await_output("waiting");
        EXPECT_GT(count_threads(service), before + 1);
    }
    await_state("what the editor left has ended", [&] { return count_threads(service) <= before + 1; });
}

}  // namespace
}  // namespace servicekit::test
