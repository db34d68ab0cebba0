#include "servicectl/man.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "cli/man/markdown.hpp"
#include "cli/man/page_parts.hpp"
#include "cli/man/reference_pages.hpp"
#include "cli/verbs.hpp"
#include "servicectl/own_verbs.hpp"
#include "servicectl/reference_pages.hpp"
#include "servicekit/base/version.hpp"

namespace servicekit::servicectl {
namespace {

using cli::ManPage;
using cli::MarkdownBlock;
using cli::reference;
using cli::Roff;
using cli::roff_of;
using Blocks = std::vector<MarkdownBlock>;

/// A page of the reference, and the section of servicekit(7) that has its text.
struct Part {
    std::string_view page;
    std::string_view section;
};
constexpr std::array parts{
    Part{"verbs.md", "VERBS"},     Part{"settings.md", "SETTINGS"},      Part{"states.md", "STATES"},
    Part{"signals.md", "SIGNALS"}, Part{"exit-codes.md", "EXIT STATUS"}, Part{"environment.md", "ENVIRONMENT"},
    Part{"files.md", "FILES"}};

/// Returns the section for a link in servicekit(7), or the path of the page in the documentation.
std::string name_of_page(std::string_view target) {
    target = target.substr(0, target.find('#'));
    for (const Part& part : parts)
        if (target == part.page) return std::string{part.section};
    while (target.starts_with("../")) target.remove_prefix(3);
    // The numbers of decisions are unique.
    if (target.starts_with("decisions/")) target = target.substr(0, target.find('-'));
    return "docs/" + std::string{target};
}
/// Returns the same for a link in docs/servicectl.md.
std::string name_of_page_above(std::string_view target) {
    return target.starts_with("reference/") ? "servicekit(7)" : name_of_page(target);
}

ManPage::Title title(std::string name, int section, const std::string& date) {
    return {.name = std::move(name),
            .section = section,
            .date = date,
            .source = "servicekit " + std::string{library_version},
            .manual = "servicekit"};
}

Roff code(std::string_view words) { return Roff::bold(words); }
Roff text(std::string_view words) { return Roff::plain(words); }

/// Returns the arguments of a usage with their fonts: "[", "]" and "..." are not part of a name.
Roff arguments_in_fonts(std::string_view usage) {
    Roff out;
    std::string name;
    const auto end_name = [&] {
        if (!name.empty()) out += Roff::italic(name);
        name.clear();
    };
    for (const char letter : usage) {
        if (letter >= 'A' && letter <= 'Z') {
            name += letter;
            continue;
        }
        end_name();
        out += text(std::string(1, letter));
    }
    end_name();
    return out;
}

Roff usage_of(const OwnVerb& verb) {
    Roff usage = code(verb.name);
    if (!verb.arguments.empty()) usage += text(" ") + arguments_in_fonts(verb.arguments);
    return usage;
}

/// Returns the row of a table that is only about this verb; null if there is none.
const std::vector<std::string>* row_of_verb(const cli::MarkdownTable& table, std::string_view verb) {
    const std::string cell = "`" + std::string{verb} + "`";
    const auto found =
        std::find_if(table.rows.begin(), table.rows.end(), [&cell](const auto& row) { return row.front() == cell; });
    return found != table.rows.end() ? &*found : nullptr;
}

Blocks without_tables(Blocks blocks) {
    std::erase_if(blocks, [](const MarkdownBlock& block) { return block.kind == MarkdownBlock::Kind::table; });
    return blocks;
}

std::vector<cli::OptionDescription> descriptions_of(std::span<const OptionRow> rows) {
    std::vector<cli::OptionDescription> options;
    for (const OptionRow& row : rows)
        options.push_back(
            {std::string{row.name}, std::string{row.placeholder}, std::string{row.text}, std::string{row.letter}});
    return options;
}

/// Adds arguments and options below the item of their verb.
void add_below(ManPage& page, const std::vector<cli::ArgumentDescription>& arguments,
               const std::vector<cli::OptionDescription>& options) {
    if (arguments.empty() && options.empty()) return;
    page.begin_indent();
    cli::add_arguments(page, arguments);
    cli::add_options(page, options);
    page.end_indent();
}

bool is_json(const cli::OptionDescription& option) { return option.name == "--json" && option.placeholder.empty(); }

/// Adds the verbs of services to servicekit(7).
void add_verbs(ManPage& page) {
    const Blocks blocks = cli::parse_markdown(reference_page::verbs);
    const auto needs = cli::find_table(blocks, "verb", "loads the service");
    Roff without_json;
    for (const cli::VerbDescription& verb : cli::verbs(cli::LispVerbs::shown, SettingScope::with_standby)) {
        const auto arguments = cli::arguments_of(verb.verb);
        auto options = cli::options_only_of(verb.verb);
        // Most verbs have it, so it is described once.
        if (std::erase_if(options, is_json) == 0)
            without_json += (without_json.empty() ? Roff{} : text(", ")) + code(verb.name);
        page.item(code(verb.name) + cli::usage_of(arguments), text(verb.text));
        if (const auto* const row = row_of_verb(needs, verb.name)) {
            Roff line = text("Loads the service: ") + roff_of(row->at(1), name_of_page) + text(".");
            if (!row->at(2).empty() && row->at(2) != "no")
                line += text(" Role: ") + roff_of(row->at(2), name_of_page) + text(".");
            page.line(line);
            page.line(text("Exit codes: ") + roff_of(row->at(3), name_of_page));
        }
        add_below(page, arguments, options);
    }
    page.paragraph(text("All verbs but these have the option ") + code("--json") +
                   text(", which prints JSON, errors too: ") + without_json + text("."));
    page.paragraph(text("In this list:"));
    cli::add_blocks(page, without_tables(cli::blocks_below(blocks, "What a verb needs, and how it ends")),
                    name_of_page);
    page.subsection("How stop and kill make sure");
    cli::add_blocks(page, cli::blocks_below(blocks, "How `stop` and `kill` make sure"), name_of_page);
}

void add_page(ManPage& page, std::string_view section, std::string_view markdown) {
    page.section(section);
    cli::add_blocks(page, cli::parse_markdown(markdown), name_of_page);
}

/// Adds the verbs to servicectl(1). docs/servicectl.md has more to say about some.
void add_servicectl_verbs(ManPage& page, const Blocks& blocks) {
    const auto rows = cli::find_table(blocks, "verb", "does");
    const auto text_of = [&rows](std::string_view verb, std::string_view otherwise) {
        const auto* const row = row_of_verb(rows, verb);
        return row != nullptr ? roff_of(row->at(1), name_of_page_above) : text(otherwise);
    };
    for (const OwnVerb& verb : own_verbs()) {
        page.item(usage_of(verb), text_of(verb.name, verb.text));
        add_below(page, {}, descriptions_of(verb.options));
    }
    for (const cli::VerbDescription& verb : cli::verbs(cli::LispVerbs::shown, SettingScope::with_standby)) {
        if (!has_verb(verb.verb)) continue;
        const Roff target = has_arguments(verb.verb) ? Roff::italic("TARGET") : Roff::italic("TARGET") + text("...");
        const auto arguments = cli::arguments_of(verb.verb);
        page.item(code(verb.name) + text(" ") + target + cli::usage_of(arguments), text_of(verb.name, verb.text));
        add_below(page, arguments, options_of_verb(verb.verb));
    }
}

std::string in_capitals(std::string words) {
    std::erase(words, '`');
    std::transform(words.begin(), words.end(), words.begin(), [](char letter) {
        return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    });
    return words;
}

/// Returns the titles of the parts of a page.
std::vector<std::string> titles_of(const Blocks& blocks) {
    std::vector<std::string> titles;
    for (const MarkdownBlock& block : blocks)
        if (block.kind == MarkdownBlock::Kind::heading && block.level == 2) titles.push_back(block.text);
    return titles;
}

}  // namespace

std::string servicectl_page(const std::string& date) {
    ManPage page{title("servicectl", 1, date)};
    const Blocks blocks = cli::parse_markdown(reference_page::servicectl);
    const Roff program = code("servicectl");
    const Roff options = text(" [") + Roff::italic("OPTIONS") + text("]");

    page.section("NAME");
    page.paragraph(text("servicectl") + Roff::dash() + text(summary()));
    page.section("SYNOPSIS");
    page.paragraph(program + text(" ") + Roff::italic("VERB") + text(" ") + Roff::italic("TARGET") + text("...") +
                   options);
    for (const OwnVerb& verb : own_verbs()) page.line(program + text(" ") + usage_of(verb) + options);
    page.section("DESCRIPTION");
    page.paragraph(program +
                   text(" is one program for all services that use servicekit, whatever their programs are. ") +
                   reference("servicekit", 7) + text(" describes what they have in common."));
    page.section("OPTIONS");
    cli::add_options(page, descriptions_of(common_options()));
    page.paragraph(text("These options may be before or after the verb."));
    page.section("VERBS");
    add_servicectl_verbs(page, blocks);
    cli::add_blocks(page, without_tables(cli::blocks_below(blocks, "Verbs")), name_of_page_above);
    for (const std::string& heading : titles_of(blocks)) {
        if (heading == "Verbs") continue;
        page.section(in_capitals(heading));
        cli::add_blocks(page, cli::blocks_below(blocks, heading), name_of_page_above);
    }
    page.section("EXIT STATUS");
    cli::add_exit_codes(page, name_of_page);
    page.section("ENVIRONMENT");
    for (const auto& row :
         cli::find_table(cli::parse_markdown(reference_page::environment), "variable", "read by").rows)
        if (row.at(1).find("verbs") != std::string::npos)
            page.item(roff_of(row.front()), roff_of(row.at(2), [](auto) { return "servicekit(7)"; }));
    page.section("EXAMPLES");
    std::vector<std::string> lines;
    for (const std::string_view example : examples()) lines.push_back("servicectl " + std::string{example});
    page.literal(lines);
    page.section("SEE ALSO");
    page.paragraph(reference("servicekit", 7) + text(", ") + reference("ssh", 1));
    return page.text();
}

std::string servicekit_page(const std::string& date) {
    ManPage page{title("servicekit", 7, date)};
    page.section("NAME");
    page.paragraph(text("servicekit") + Roff::dash() + text("what all services that use servicekit have in common"));
    page.section("DESCRIPTION");
    page.paragraph(text("A service that uses servicekit is one program. Its command line, ") + Roff::italic("PROGRAM") +
                   text(" ") + Roff::italic("VERB") +
                   text(", starts it in the background, stops it, and asks it for its status. The program prints a man "
                        "page of its own with the verb ") +
                   code("man") + text(". ") + reference("servicectl", 1) +
                   text(" has most of these verbs for all services of a machine."));
    page.paragraph(
        text("A running service has three files: a pidfile, which is also its lock, a control socket that "
             "takes the requests of the verbs, and usually a log."));
    page.section("VERBS");
    page.paragraph(text("Each verb takes all settings as options, too, before or after it. The options ") +
                   code("--help") + text(" and ") + code("--version") + text(" work with and without a verb."));
    add_verbs(page);
    add_page(page, "SETTINGS", reference_page::settings);
    page.section("CONFIG FILE");
    page.paragraph(text("The setting ") + code("config") +
                   text(" names a file with one JSON object. Its keys are settings. The object ") + code("app") +
                   text(" has the settings that only this service has, which its own man page describes:"));
    page.literal({R"({)", R"(    "log-file": "/var/log/greeter.log",)", R"(    "log-level": "debug",)",
                  R"(    "app": {"greeting": "hello"})", R"(})"});
    page.paragraph(text("The verb ") + code("check") + text(" checks the file, ") + code("check --schema") +
                   text(" prints a JSON Schema of it, and ") + code("where") +
                   text(" prints where each value comes from."));
    add_page(page, "STATES", reference_page::states);
    add_page(page, "SIGNALS", cli::reference_page::signals);
    page.section("EXIT STATUS");
    const Blocks exit_codes = cli::parse_markdown(cli::reference_page::exit_codes);
    page.paragraph(roff_of(exit_codes.at(1).text));
    cli::add_exit_codes(page, name_of_page);
    add_page(page, "ENVIRONMENT", reference_page::environment);
    add_page(page, "FILES", cli::reference_page::files);
    page.section("SEE ALSO");
    page.paragraph(reference("servicectl", 1) + text(", ") + reference("sysexits", 3) + text(", ") +
                   reference("systemd.service", 5));
    page.paragraph(text("Pages such as ") + code("docs/call.md") +
                   text(" are in the documentation of servicekit, in share/doc/servicekit of its installation."));
    return page.text();
}

std::optional<std::string> check_man(Command& command) {
    if (command.targets.empty() || (command.targets.size() == 1 && command.targets.front() == "servicekit"))
        return std::nullopt;
    return "it has the pages servicectl, without an argument, and servicekit, not '" + command.targets.back() + "'";
}

int man(const Command& command, cli::Console& console, const Tools& tools) {
    const std::string date = cli::date_of_page(*tools.host.environment);
    const std::string page = command.targets.empty() ? servicectl_page(date) : servicekit_page(date);
    console.tell(page, {{"page", page}});
    return 0;
}

}  // namespace servicekit::servicectl
