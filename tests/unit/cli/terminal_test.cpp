#include <string>
#include <string_view>
#include <vector>

#include "base/escaped_text.hpp"
#include "unit/cli/program_fixture.hpp"

namespace servicekit::cli {
namespace {

using ::testing::HasSubstr;

/// Sets the title of a terminal, clears its screen (ESC and C1 controls), starts a line, and reverses the direction.
constexpr std::string_view hostile_in_json = R"(\u001b]0;x\u0007\u001b[2J\n\r\u009b2J\u0085\u202e\u2028\ufeff)";
const std::string hostile =
    "\x1b]0;x\a\x1b[2J\n\r\xC2\x9B"
    "2J\xC2\x85\xE2\x80\xAE\xE2\x80\xA8\xEF\xBB\xBF\x9B"
    "2J\xFF";

/// Both streams are terminals. Only the verb itself may write control sequences to them.
class TerminalTest : public ProgramFixture {
protected:
    TerminalTest() {
        host.streams.set_terminal(os::Stream::out, true);
        host.streams.set_terminal(os::Stream::error, true);
        host.environment.set("TERM", "dumb");  // no bars: the verb writes their control sequences itself
        start_instance();
    }

    void expect_harmless() const {
        for (const std::string* text : {&out(), &error()}) EXPECT_EQ(escaped(*text, Breaks::allow), *text);
        EXPECT_THAT(out() + error(), ::testing::AnyOf(HasSubstr("\\x1b[2J"), HasSubstr("\\u001b[2J")));
    }
    [[nodiscard]] static std::string with_hostile(std::string json) {
        for (auto at = json.find('@'); at != std::string::npos; at = json.find('@', at + hostile_in_json.size()))
            json.replace(at, 1, hostile_in_json);
        return json;
    }
    void reply(const std::string& event, const std::string& json) { replies[event] = with_hostile(json); }
};

TEST_F(TerminalTest, AnErrorReplyCannotControlIt) {
    for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{{"status"},
                                                                                      {"health"},
                                                                                      {"events"},
                                                                                      {"log-level"},
                                                                                      {"log-reopen"},
                                                                                      {"reload"},
                                                                                      {"call", "x"},
                                                                                      {"eval", "x"}}) {
        const std::string& event = verb.size() > 1 ? (verb[0] == "eval" ? verb[0] : verb[1]) : verb[0];
        reply(event == "health" ? "status" : event,
              R"({"error":{"code":"event-error@","message":"@","type":"@","kind":"@","place":"@"}})");
        run(verb);
        EXPECT_THAT(error(), HasSubstr("\\x1b")) << verb[0];
        expect_harmless();
    }
}

TEST_F(TerminalTest, ARefusalCannotControlIt) {
    host.process.set_effective_user(1000);
    for (const char* verb : {"stop", "kill"}) {
        reply(verb, R"({"error":{"code":"not-allowed","message":"@"}})");
        EXPECT_EQ(run({verb}), 77);
    }
    expect_harmless();
}

TEST_F(TerminalTest, AReplyCannotControlIt) {
    reply("status", R"({"pid":7,"name":"@","version":"@","state":"@","own@":"@","list":["@"],"busy":{"event":"@"}})");
    reply("events", R"({"events":[{"name":"@","description":"@","parameters":[
        {"name":"@","type":"@","required":true,"description":"@","default":"@"}]}]})");
    std::erase(replies["events"], '\n');
    reply("log-level", R"({"level":"@","channels":{"@":"@"}})");
    reply("reload", R"({"applied":["@"],"needs-restart":["@"]})");
    reply("x", R"({"@":{"@":"@"}})");
    reply("eval", R"({"output":"@","values":[["@"]]})");
    for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{
             {"status"}, {"status", "--json"}, {"events"}, {"log-level"}, {"reload"}, {"call", "x"}, {"eval", "x"}})
        EXPECT_EQ(run(verb), 0) << verb[0];
    expect_harmless();
}

TEST_F(TerminalTest, ProgressCannotControlIt) {
    host.environment.set("TERM", "xterm");
    host.environment.set("NO_COLOR", "1");
    reply("x", R"({"progress":{"done":1,"total":2,"message":"@"}})"
               "\n{}");
    EXPECT_EQ(run({"call", "x"}), 0);
    EXPECT_THAT(error(), HasSubstr("50%  \\x1b]0;x\\x07"));
    EXPECT_THAT(error(), Not(HasSubstr("\x1b]")));
}

TEST_F(TerminalTest, ALogFileCannotControlIt) {
    options.log_file = "/var/log/x.log";
    host.files.add_file("/var/log/x.log", "a\tb\n" + hostile + "\n");
    EXPECT_EQ(run({"logs"}), 0);
    EXPECT_THAT(out(),
                HasSubstr("a\tb\n\\x1b]0;x\\x07\\x1b[2J\n\\r\\u009b2J\\u0085\\u202e\\u2028\\ufeff\\x9b2J\\xff\n"));
    expect_harmless();
}

TEST_F(TerminalTest, ACharacterReadInTwoPiecesIsShown) {
    options.log_file = "/var/log/x.log";
    std::string text = "x";  // makes a piece of 64 KiB end within a character
    for (int i = 0; i < 60'000; ++i) text += "\xE2\x82\xAC";
    host.files.add_file("/var/log/x.log", text + "\n");
    EXPECT_EQ(run({"logs"}), 0);
    EXPECT_EQ(out(), text + "\n");
}

TEST_F(TerminalTest, AnIncompleteCharacterAtTheEndIsShownAsBytes) {
    options.log_file = "/var/log/x.log";
    host.files.add_file("/var/log/x.log", "a\xE2\x82");
    EXPECT_EQ(run({"logs"}), 0);
    EXPECT_EQ(out(), "a\\xe2\\x82\n");
}

TEST_F(TerminalTest, ACrashReportCannotControlIt) {
    host.files.add_file("/run/just-another-server.crash",
                        "crash report of servicekit, format 1\ntime: " + hostile + "\nsignal: " + hostile +
                            "\nevent: " + hostile + "\n\nbacktrace of thread 7 (x), which crashed:\n  #00 0x1 " +
                            hostile + "\n");
    for (const std::vector<std::string>& verb :
         std::vector<std::vector<std::string>>{{"crashes"}, {"crashes", "--json"}, {"crashes", "show"}})
        EXPECT_EQ(run(verb), 0);
    expect_harmless();
}

TEST_F(TerminalTest, ACommandLineCannotControlIt) {
    EXPECT_EQ(run({hostile}), 64);
    EXPECT_EQ(run({"status", "--" + hostile}), 64);
    EXPECT_EQ(run({"status", hostile}), 64);
    EXPECT_EQ(run({"stop", "--timeout", hostile}), 64);
    EXPECT_EQ(run({"call", "x", hostile}), 64);
    EXPECT_EQ(run({"call", "x", "--json", hostile}), 64);
    expect_harmless();
}

TEST_F(TerminalTest, AFileNameOrTheEnvironmentCannotControlIt) {
    host.environment.set("JUST_ANOTHER_SERVER_LOG_LEVEL", hostile);
    EXPECT_NE(run({"where", "--run-directory", "/run/" + hostile}), 0);
    run({"status", "--pid-file", "/run/" + hostile});
    EXPECT_NE(run({"check", "--config", "/etc/" + hostile}), 0);
    expect_harmless();
}

TEST_F(TerminalTest, APipeGetsTheBytesOfAFileUnchanged) {
    host.streams.set_terminal(os::Stream::out, false);
    options.log_file = "/var/log/x.log";
    host.files.add_file("/var/log/x.log", hostile + "\n");
    EXPECT_EQ(run({"logs"}), 0);
    EXPECT_EQ(out(), hostile + "\n");
}

TEST_F(TerminalTest, AnErrorReplyIsOneLineInAPipe) {
    host.streams.set_terminal(os::Stream::error, false);
    reply("x", R"({"error":{"code":"event-error","message":"a\njust-another-server: forged"}})");
    EXPECT_EQ(run({"call", "x"}), 1);
    EXPECT_EQ(error(), "just-another-server: cannot run 'x': a\\njust-another-server: forged (event-error)\n");
}

}  // namespace
}  // namespace servicekit::cli
