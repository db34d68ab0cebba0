// `servicectl top` on a terminal, with services in processes of their own.
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "integration/support/proc_path.hpp"
#include "integration/support/service_test.hpp"
#include "integration/support/tmux.hpp"

namespace servicekit::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* prompt = "next command:";

class ServicectlTopTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        if (run_command({.arguments = {"sh", "-c", "command -v tmux"}}).exit_code != 0) GTEST_SKIP() << "no tmux here";
        terminal.emplace(directory.path(), 110U, 60U, Variables{{"LC_ALL", "C.UTF-8"}, {"ENV", ""}});
        // The quotes keep the typed line from being taken for the prompt.
        terminal->enter("PS1='next ''command: '; clear");
        terminal->await_text(prompt);
        terminal->enter("stty -g >" + before);
        await_text_in(before, "\n");
    }
    void TearDown() override {
        terminal.reset();
        ServiceTest::TearDown();
    }

    /// Returns a greeter that only this test has.
    [[nodiscard]] ServiceProgram greeter(const std::string& name) const {
        fs::create_directory(directory.file(name));
        ServiceProgram program{"greeter", directory.file(name)};
        program.add_options(
            {"--name", name, "--pid-file", program.pid_file(), "--control-socket", program.control_socket()});
        return program;
    }
    /// Stops a service by a signal. Returns when none of its threads runs any more.
    static void hold(const RunningService& service) {
        service.signal(SIGSTOP);
        await_state("the service is stopped", [&service] {
            for (const auto& thread : fs::directory_iterator{proc(service.pid(), "task")})
                if (read_file(thread.path() / "stat").find(") T ") == std::string::npos) return false;
            return true;
        });
    }
    /// Runs `servicectl top` for the services of this test.
    void begin(const std::string& environment = {}) {
        terminal->enter(environment + " servicectl top 'top-*' --interval 0.2; echo \"code $?\"");
    }
    /// Waits for the shell, and checks that the terminal is as it was.
    void expect_restored() {
        const std::string after = directory.file("after");
        fs::remove(after);  // an earlier check in the same test wrote it
        terminal->enter("stty -g >" + after);
        await_text_in(after, "\n");
        EXPECT_EQ(read_file(after), read_file(before));
        EXPECT_FALSE(terminal->is_second_screen());
    }
    /// Returns the line of the list for a service; empty if there is none.
    static std::string line_of(const std::string& name, const std::string& shown) {
        const auto begin = ("\n" + shown).find("\n" + name + " ");
        return begin == std::string::npos ? "" : shown.substr(begin, shown.find('\n', begin) - begin);
    }

    std::string before = directory.file("before");
    std::optional<Tmux> terminal;
};

TEST_F(ServicectlTopTest, WatchesServices) {
    RunningService one{greeter("top-one")};
    RunningService two{greeter("top-two")};
    begin();
    EXPECT_THAT(terminal->await_text("2 services, 2 running"),
                AllOf(HasSubstr("NAME "), HasSubstr(std::to_string(one.pid())), HasSubstr(std::to_string(two.pid()))));
    EXPECT_TRUE(terminal->is_second_screen());
    terminal->await_text("0.0%");

    // Sorts.
    terminal->press({"r"});
    terminal->await_screen("top-two is the first", [](const std::string& shown) {
        return shown.find("top-two") < shown.find("top-one") && shown.find("top-one") != std::string::npos;
    });

    // Searches.
    terminal->press({"/", "o", "n", "e"});
    EXPECT_THAT(terminal->await_text("only names with 'one'"), AllOf(HasSubstr("top-one"), Not(HasSubstr("top-two"))));
    terminal->press({"Escape"});
    terminal->await_text("top-two");

    // Shows that a service hangs, and that it answers again.
    hold(two);
    EXPECT_THAT(line_of("top-two", terminal->await_text("1 hung")), HasSubstr(" hung "));
    two.signal(SIGCONT);
    terminal->await_text("0 hung");

    // Follows the size.
    terminal->resize(20, 5);
    terminal->await_screen("the small screen", [](const std::string& shown) {
        return shown.starts_with("2 services, 2 runni\n") || shown.starts_with("2 services, 2 runnin\n");
    });
    terminal->resize(110, 60);
    terminal->await_text("sorted by name, reversed");

    terminal->press({"q"});
    terminal->await_text("code 0");
    expect_restored();
}

TEST_F(ServicectlTopTest, ShowsTheDetailsOfAService) {
    const ServiceProgram program = greeter("top-one");
    RunningService one{program};
    begin();
    terminal->await_text("top-one");
    terminal->press({"Enter"});
    terminal->await_text("greetings  0");
    terminal->await_text("top-one[" + std::to_string(one.pid()) + "]: ready");
    terminal->await_text("returns the status of the service");  // only then there is an end to go to
    terminal->press({"End"});
    EXPECT_THAT(terminal->await_text("greets somebody"),
                AllOf(HasSubstr("greet name=STRING"), HasSubstr("whom to greet")));

    // Its log is live, and what is in it cannot control the terminal.
    ASSERT_EQ(program.verb({"log-level", "debug"}).exit_code, 0);
    ASSERT_EQ(program.verb({"call", "greet", "name=you"}).exit_code, 0);
    terminal->await_text("event 'greet'");
    write_file(program.log_file(), read_file(program.log_file()) + "\x1b[2J\x9b 日本\n");
    terminal->await_text("\\x1b[2J\\x9b 日本");
    terminal->press({"Home"});
    terminal->await_text("greetings  1");

    // The details say that it does not answer any more.
    one.signal(SIGKILL);
    static_cast<void>(one.exit_code());
    EXPECT_THAT(terminal->await_text("top-one  dead"), HasSubstr("日本"));

    terminal->press({"Escape"});
    terminal->await_text("1 dead");
    terminal->press({"q"});
    terminal->await_text("code 0");
    expect_restored();
}

TEST_F(ServicectlTopTest, KeysWorkWhileServicesHang) {
    RunningService one{greeter("top-one")};
    hold(one);
    terminal->enter("servicectl top 'top-*' --timeout 60; echo \"code $?\"");
    terminal->await_text("asking the services");
    terminal->press({"?"});
    terminal->await_text("Keys of the list");
    terminal->press({"Escape"});
    terminal->await_text("asking the services");
    terminal->press({"q"});
    terminal->await_text("code 0");
    one.signal(SIGCONT);
    expect_restored();
}

TEST_F(ServicectlTopTest, CtrlZGivesTheTerminalToTheShell) {
    RunningService one{greeter("top-one")};
    begin();
    terminal->await_text("top-one");
    terminal->press({"C-z"});
    terminal->await_text("Stopped");
    expect_restored();

    terminal->enter("fg");
    terminal->await_text("1 service, 1 running");
    EXPECT_TRUE(terminal->is_second_screen());
    terminal->press({"C-c"});
    terminal->await_screen("the prompt",
                           [](const std::string& shown) { return shown.find("HEALTH") == std::string::npos; });
    expect_restored();
}

TEST_F(ServicectlTopTest, SignalsLeaveTheTerminalAsItWas) {
    RunningService one{greeter("top-one")};
    for (const auto& [number, code] : {std::pair{SIGTERM, 143}, std::pair{SIGHUP, 129}, std::pair{SIGINT, 0}}) {
        begin();
        terminal->await_text("1 service, 1 running");
        ASSERT_EQ(::kill(terminal->child_of_shell(), number), 0);
        terminal->await_text("code " + std::to_string(code));
        expect_restored();
        terminal->enter("clear");
        terminal->await_screen("an empty screen", [](const std::string& shown) { return shown.starts_with(prompt); });
    }
}

TEST_F(ServicectlTopTest, RunsOnAnotherHostWithATerminal) {
    RunningService one{greeter("top-one")};
    const std::string bin = directory.file("bin");
    fs::create_directory(bin);
    // ssh without -t gives the remote command no terminal.
    write_file(bin + "/ssh",
               "#!/bin/sh\n[ \"$1 $2 $3\" = '-t -- db.example.org' ] || exit 3\nshift 3\nexec sh -c \"$*\"\n");
    fs::permissions(bin + "/ssh", fs::perms::owner_all);

    terminal->enter("PATH=" + bin + ":$PATH; servicectl -H db.example.org top 'top-*'; echo \"code $?\"");
    terminal->await_text("1 service, 1 running");
    terminal->press({"q"});
    terminal->await_text("code 0");
    expect_restored();
}

TEST_F(ServicectlTopTest, TerminalsThatCannotPlaceTextAreRefused) {
    for (const auto& [variable, message] : {std::pair{"TERM=dumb", "'dumb': it cannot place text"},
                                            std::pair{"TERM=odd-one", "'odd-one': its type is not known"},
                                            std::pair{"TERM=", "TERM does not name the terminal"}}) {
        begin(variable);
        terminal->await_text(message);
        terminal->await_text("code 64");
        expect_restored();
        terminal->enter("clear");
        terminal->await_screen("an empty screen", [](const std::string& shown) { return shown.starts_with(prompt); });
    }
}

}  // namespace
}  // namespace servicekit::test
