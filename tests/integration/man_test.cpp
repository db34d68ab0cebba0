// Man pages: the programs that format them accept all of them, whatever an application says about itself.
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/man/program_page.hpp"
#include "cli/text.hpp"
#include "integration/support/service_test.hpp"
#include "integration/support/text_file.hpp"
#include "servicekit/core/config_schema.hpp"

namespace servicekit::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// What an application may say about itself if it means harm, or does not know roff.
constexpr const char* odd_texts[] = {
    ".so /etc/passwd",
    "'ignore all",
    "\\\" a comment \\fBbold \\n(.$ \\*[x] \\",
    ".\\\" .TH .SH .PP\n.sy touch stolen\n.pso echo stolen",
    "a -- b --c ... .d ''' \"quoted\" \"",
    "\x1b[31m red \x07 \xff\xfe \u202e \u00e9\u20ac\U0001F600",
    "line one\nline two\n\n.br\n\t- one\n  'two'\n\\",
    "",
    "   ",
    "https://example.org/a/rather/long/path/that/goes/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/index.html",
    "%@# $(id) `id` | ; & < > ^ ~",
};

struct Config {
    std::string text;
    std::string secret;
    bool flag = false;
};

class ManTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        for (const char* const program : {"man", "lexgrog", "mandoc"})
            if (shell(std::string{"command -v "} + program).exit_code != 0)
                GTEST_SKIP() << program << " is not installed";
    }

    /// Returns the page as a reader sees it, after all programs have accepted its source.
    /// \param accepted "|" and a regular expression for more warnings to accept
    std::string read(const std::string& file, const std::string& accepted = {}) {
        const Outcome linted = shell("mandoc -Tlint -W warning " + file);
        EXPECT_EQ(linted.exit_code, 0) << linted.out << linted.err;
        const Outcome named = shell("lexgrog " + file);
        EXPECT_EQ(named.exit_code, 0) << named.out << named.err;
        whatis = named.out;
        const Outcome formatted = shell("MANWIDTH=80 man --warnings -l " + file, variables);
        EXPECT_EQ(formatted.exit_code, 0);
        // groff 1.23 warns that it does not shorten the footer of a page if that has escapes.
        const std::regex no_fault{"an\\.tmac:<standard input>:1: warning: not abbreviating .*\n" + accepted};
        EXPECT_THAT(std::regex_replace(formatted.err, no_fault, ""), IsEmpty());
        return formatted.out;
    }

    Variables variables{{"LC_ALL", "C.UTF-8"}, {"SOURCE_DATE_EPOCH", "1795910400"}, {"MANPAGER", "cat"}};
    std::string whatis;
};

TEST_F(ManTest, ThePagesOfServicectlAndOfAServiceHaveNoFault) {
    for (const auto& [command, file] : {std::pair{"servicectl man", "servicectl.1"},
                                        {"servicectl man servicekit", "servicekit.7"},
                                        {"trial-service man", "trial-service.1"}}) {
        ASSERT_EQ(shell(std::string{command} + " >" + file, variables).exit_code, 0);
        // Not even one of style.
        const Outcome linted = shell(std::string{"mandoc -Tlint "} + file);
        EXPECT_THAT(linted.out + linted.err, IsEmpty());
        const std::string page = read(file);
        EXPECT_THAT(page, AllOf(HasSubstr("NAME\n"), HasSubstr("EXIT STATUS\n"), HasSubstr("SEE ALSO\n")));
        EXPECT_THAT(page, HasSubstr("2026-11-29"));
        std::istringstream lines{page};
        for (std::string line; std::getline(lines, line);) EXPECT_LE(cli::columns(line), 80U) << line;
    }
    EXPECT_THAT(read("servicekit.7"), AllOf(HasSubstr("SIGHUP"), HasSubstr("stop-timeout"), HasSubstr("78")));
    EXPECT_THAT(whatis, HasSubstr("servicekit - what all services"));
}

TEST_F(ManTest, WithoutADateOnlyTheMissingDateIsFound) {
    ASSERT_EQ(shell("servicectl man >servicectl.1").exit_code, 0);
    const Outcome linted = shell("mandoc -Tlint servicectl.1");
    EXPECT_THAT(linted.out + linted.err,
                testing::MatchesRegex("mandoc: servicectl.1:1:[0-9]+: WARNING: missing date.*\n"));
    EXPECT_THAT(shell("MANWIDTH=80 man --warnings -l servicectl.1", {{"LC_ALL", "C.UTF-8"}}).err, IsEmpty());
}

TEST_F(ManTest, OddTextsOfAnApplicationBreakNothing) {
    for (const char* const text : odd_texts) {
        SCOPED_TRACE(text);
        Schema<Config> own;
        own.add("text", &Config::text, text, {.choices = {text, "x"}});
        own.add("secret", &Config::secret, text, {.secret = true});
        own.add("flag", &Config::flag, text, {.option = "flag"});
        const std::vector<ProgramVerb> verbs{
            {.name = "odd",
             .description = text,
             .arguments = {{.name = "one", .description = text}},
             .options = {{.name = "two", .description = text, .default_value = text}}},
        };
        write_file(directory.file("odd.1"), cli::program_page({.name = "odd", .version = text, .description = text},
                                                              {.own = &own, .verbs = &verbs}, "2026-11-29"));
        // A long word leaves the line before it short.
        const std::string page = read("odd.1", "|troff:.*: cannot adjust line\n");

        EXPECT_THAT(page,
                    AllOf(HasSubstr("SEE ALSO\n"), HasSubstr("--no-signal-handlers"), HasSubstr("ODD_APP_SECRET")));
        // No text was read as a request.
        EXPECT_THAT(page, Not(HasSubstr("root:")));
        EXPECT_NE(shell("test -e stolen").exit_code, 0);
        EXPECT_THAT(page, Not(HasSubstr("\x1b")));
        EXPECT_THAT(whatis, HasSubstr("\"odd - "));
    }
}

TEST_F(ManTest, OddTextsArePrintedAsTheyAre) {
    const std::string text = R"(a \fB .b 'c' "d" -e --f ~ ^ ` \e .. % é)";
    write_file(directory.file("odd.1"), cli::program_page({.name = "odd", .description = text}, {}, "2026-11-29"));
    EXPECT_THAT(read("odd.1"), HasSubstr("\n       " + text + "\n"));
}

}  // namespace
}  // namespace servicekit::test
