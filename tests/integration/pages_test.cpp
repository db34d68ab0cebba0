// What the pages show is done here: programs are compiled (see tests/pages.cmake), sessions are typed.
#include <algorithm>
#include <filesystem>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "integration/support/service_test.hpp"

namespace servicekit::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// A block of code in a page.
struct Block {
    std::string mark;      ///< the line above it, if it is `<!-- ... -->`: what is between
    std::string language;  ///< "console"
    Strings lines = {};
};

Strings lines_of(const std::string& text) {
    Strings lines;
    std::istringstream stream{text};
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

/// \param page its path from the root of the tree
std::vector<Block> blocks_of(const std::string& page) {
    std::vector<Block> blocks;
    std::string above;
    bool is_within = false;
    for (const std::string& line : lines_of(read_file(SERVICEKIT_DOCS_DIR "/../" + page))) {
        if (line.starts_with("```")) {
            is_within = !is_within;
            const bool is_marked = above.starts_with("<!-- ") && above.ends_with(" -->");
            if (is_within) blocks.push_back({is_marked ? above.substr(5, above.size() - 9) : "", line.substr(3)});
        } else if (is_within) {
            blocks.back().lines.push_back(line);
        }
        above = line;
    }
    return blocks;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
        text.replace(at, what.size(), by);
    return text;
}

/// One command of a session, and what the page says that it prints.
struct Typed {
    std::string command;
    Strings expected = {};
};

/// The commands of a block: lines that begin with `$ `, and those that go on after a backslash.
std::vector<Typed> commands_of(const Block& block) {
    std::vector<Typed> commands;
    bool goes_on = false;
    for (const std::string& line : block.lines) {
        if (goes_on)
            commands.back().command += "\n" + line;
        else if (line.starts_with("$ "))
            commands.push_back({.command = line.substr(2)});
        else if (commands.empty())
            throw std::runtime_error{"a session begins with '" + line + "'"};
        else
            commands.back().expected.push_back(line);
        goes_on = (goes_on || line.starts_with("$ ")) && line.ends_with("\\");
    }
    return commands;
}

/// Returns true if a line is as the page shows it. The pid 4711, a time, seconds and a number alone in its line stand
/// for any, and `...` for any text.
bool is_like(const std::string& shown, const std::string& printed) {
    static const std::regex special{R"([.^$|()\[\]{}*+?\\])"};
    static const std::regex time{R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\\\.\d{6}Z)"};
    static const std::regex seconds{R"(\d+ seconds)"};
    if (shown == printed) return true;
    if (!shown.empty() && std::all_of(shown.begin(), shown.end(), [](char c) { return c >= '0' && c <= '9'; }))
        return std::regex_match(printed, std::regex{"[0-9]+"});
    std::string pattern = std::regex_replace(shown, special, R"(\$&)");
    pattern = std::regex_replace(pattern, time, R"([0-9T:.Z-]+)");
    pattern = std::regex_replace(pattern, seconds, "[0-9]+ seconds?");
    pattern = replaced(pattern, "4711", "[0-9]+");
    pattern = replaced(pattern, R"(\.\.\.)", ".*");
    return std::regex_match(printed, std::regex{pattern});
}

/// Whether the lines are as the page shows them. A line `...` stands for any number of lines.
bool are_like(const Strings& shown, std::size_t from_shown, const Strings& printed, std::size_t from_printed) {
    if (from_shown == shown.size()) return from_printed == printed.size();
    if (shown[from_shown] == "...") {
        for (std::size_t next = from_printed; next <= printed.size(); ++next)
            if (are_like(shown, from_shown + 1, printed, next)) return true;
        return false;
    }
    return from_printed < printed.size() && is_like(shown[from_shown], printed[from_printed]) &&
           are_like(shown, from_shown + 1, printed, from_printed + 1);
}

std::string in_lines(const Strings& lines) {
    std::string text;
    for (const std::string& line : lines) text += "  " + line + "\n";
    return text;
}

class PagesTest : public ServiceTest {
protected:
    using Replacements = std::vector<std::pair<std::string, std::string>>;

    /// Types all sessions of a page in one shell, in the test's directory, and compares the output. The marker of a
    /// session names the commands of the page and the program of each: `run: mailbox=first`.
    /// \param places paths that the page shows, and those that they are here
    void type_sessions(const std::string& page, const Replacements& places, const Variables& variables = {}) {
        const std::string programs = directory.file("programs");
        std::filesystem::create_directory(programs);
        std::string script = "exec 2>&1\nPATH=" + programs + ":$PATH\n";
        std::vector<Typed> typed;
        std::string first_name;
        for (const Block& block : blocks_of(page)) {
            if (!block.mark.starts_with("run: ")) continue;
            ASSERT_EQ(block.language, "console") << block.mark;
            std::istringstream names{block.mark.substr(5)};
            for (std::string name; names >> name;) {
                const std::size_t equals = name.find('=');
                ASSERT_NE(equals, std::string::npos) << block.mark;
                const std::string file = "'" + programs + "/" + name.substr(0, equals) + "'";
                script += R"(printf '#!/bin/sh\nPAGE_PROGRAM=)" + name.substr(equals + 1) +
                          R"( exec page-programs "$@"\n' >)" + file + "; chmod +x " + file + "\n";
                if (first_name.empty()) first_name = name.substr(0, equals);
            }
            for (Typed& next : commands_of(block)) {
                for (const auto& [shown, here] : places) {
                    next.command = replaced(next.command, shown, here);
                    for (std::string& line : next.expected) line = replaced(line, shown, here);
                }
                script += "printf '\\n" + separator + "\\n'\n" + next.command + "\n";
                typed.push_back(std::move(next));
            }
        }
        ASSERT_FALSE(typed.empty()) << page << " has no session";

        const Outcome outcome = shell("trap '" + first_name + " kill >kill.out 2>&1' EXIT\n" + script, variables);

        std::vector<Strings> printed;
        for (const std::string& line : lines_of(outcome.out)) {
            if (line == separator) {
                printed.emplace_back();
            } else if (!printed.empty()) {
                printed.back().push_back(line);
            }
        }
        ASSERT_EQ(printed.size(), typed.size()) << outcome;
        for (std::size_t number = 0; number < typed.size(); ++number) {
            // The line end before the next separator.
            if (number + 1 < typed.size() && !printed[number].empty() && printed[number].back().empty())
                printed[number].pop_back();
            EXPECT_TRUE(are_like(typed[number].expected, 0, printed[number], 0))
                << page << ": $ " << typed[number].command << "\nshown:\n"
                << in_lines(typed[number].expected) << "printed:\n"
                << in_lines(printed[number]);
        }
    }

    const std::string separator = "--- the next command ---";
};

TEST_F(PagesTest, TheSessionOfReadmeGoesAsItIsWritten) {
    for (const char* place : {"/run", "/var/log"}) std::filesystem::create_directories(directory.path() + place);
    type_sessions("README.md", {{"/run/", run + "/"}, {"/var/log/", directory.path() + "/var/log/"}},
                  {{"GREETER_RUN_DIRECTORY", run}});
    const std::string log = read_file(directory.file("var/log/greeter.log"));
    EXPECT_THAT(log, HasSubstr("hello"));
    EXPECT_THAT(log, HasSubstr("good bye"));
}

TEST_F(PagesTest, TheGuideGoesAsItIsWritten) {
    type_sessions("docs/guide.md", {{"/home/me/mailbox", directory.path()}});
}

TEST_F(PagesTest, TheHealthOfAServiceIsAsItIsWritten) {
    for (const char* place : {"/var/spool", "/var/log"}) std::filesystem::create_directories(directory.path() + place);
    type_sessions("docs/health.md", {{"/var/", directory.path() + "/var/"}}, {{"MAILER_RUN_DIRECTORY", run}});
}

TEST_F(PagesTest, TheWalkThroughGoesAsItIsWritten) {
    const std::vector<Block> blocks = blocks_of("docs/line-server.md");
    const auto block = std::find_if(blocks.begin(), blocks.end(), [](const Block& b) { return b.mark == "walk"; });
    ASSERT_NE(block, blocks.end());
    std::string walk;
    for (const std::string& line : block->lines) walk += line + "\n";
    ASSERT_THAT(walk, StartsWith("cmake --preset dev"));
    walk.erase(0, walk.find("cat >"));  // it is built, and in PATH

    const Outcome walked = shell("set -e; trap 'just-another-server stop --run-directory run' EXIT\n" + walk);

    EXPECT_EQ(walked.exit_code, 0) << walked;
    EXPECT_THAT(walked.out, HasSubstr("running"));
    EXPECT_THAT(walked.out, HasSubstr(R"({"files":1,"bytes":0})"));
}

// The packages that README and the guide name for a build are those that scripts/setup installs.
TEST_F(PagesTest, ThePackagesForABuildAreThoseOfTheSetup) {
    const std::string setup = replaced(read_file(SERVICEKIT_DOCS_DIR "/../scripts/setup"), "${boost}", "");
    const auto installs = [&setup](const std::string& package) {
        const Strings forms{" " + package + "\n", " \"" + package + "\"\n"};
        return std::any_of(forms.begin(), forms.end(),
                           [&](const auto& form) { return setup.find(form) != setup.npos; });
    };
    for (const char* page : {"README.md", "docs/guide.md"}) {
        int named = 0;
        for (const Block& block : blocks_of(page)) {
            for (const std::string& line : block.lines) {
                constexpr std::string_view command = "apt-get install ";
                if (!line.starts_with(command)) continue;
                std::istringstream words{line.substr(command.size(), line.find('#') - command.size())};
                for (std::string package; words >> package; ++named)
                    EXPECT_TRUE(installs(package)) << page << " names " << package;
            }
        }
        EXPECT_GT(named, 0) << page;
    }
}

}  // namespace
}  // namespace servicekit::test
