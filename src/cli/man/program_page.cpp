#include "cli/man/program_page.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "cli/man/page_parts.hpp"
#include "cli/man/reference_pages.hpp"
#include "cli/program_verbs.hpp"
#include "cli/setting_options.hpp"
#include "cli/verb_options.hpp"
#include "cli/verbs.hpp"
#include "core/environment_variables.hpp"

namespace servicekit::cli {
namespace {

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

/// Adds a text of the application: paragraphs have an empty line between them, and one with indented lines is kept as
/// it is.
void add_text(ManPage& page, std::string_view text) {
    std::vector<std::string> lines;
    const auto end_paragraph = [&] {
        const bool is_literal = std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
            return line.front() == ' ' || line.front() == '\t';
        });
        if (is_literal) {
            page.literal(lines);
        } else {
            std::string paragraph;
            for (const std::string& line : lines) paragraph += line + " ";
            page.paragraph(Roff::plain(paragraph));
        }
        lines.clear();
    };
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string line{text.substr(0, end)};
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.find_first_not_of(" \t\r") == std::string::npos)
            end_paragraph();
        else
            lines.push_back(std::move(line));
    }
    end_paragraph();
}

/// Writes the page of one program.
class ProgramPage {
public:
    ProgramPage(const ServiceOptions& about, const Dialect& dialect, const std::string& date)
        : about_{about},
          dialect_{dialect},
          page_{{.name = about.name,
                 .section = 1,
                 .date = date,
                 .source = about.version.empty() ? about.name : about.name + " " + about.version,
                 .manual = "Services"}} {}

    std::string write() {
        page_.section("NAME");
        const auto line = first_line(about_.description);
        page_.paragraph(Roff::plain(about_.name) + Roff::dash() +
                        Roff::plain(line.find_first_not_of(" \t\r") == std::string_view::npos ? "a service" : line));
        synopsis();
        page_.section("DESCRIPTION");
        add_text(page_, about_.description);
        page_.paragraph(Roff::bold(about_.name) +
                        Roff::plain(" is a service that uses servicekit. This page has its verbs and settings. ") +
                        reference("servicekit", 7) +
                        Roff::plain(" describes what all such services have in common: each verb with its options and "
                                    "exit codes, the config file, files, signals and states."));
        verbs_of_program();
        common_verbs();
        settings();
        environment();
        files();
        page_.section("EXIT STATUS");
        add_exit_codes(page_);
        signals();
        page_.section("SEE ALSO");
        page_.paragraph(reference("servicectl", 1) + Roff::plain(", ") + reference("servicekit", 7));
        return page_.text();
    }

private:
    void synopsis() {
        page_.section("SYNOPSIS");
        const Roff program = Roff::bold(about_.name);
        page_.paragraph(program + Roff::plain(" ") + Roff::italic("VERB") + Roff::plain(" [") +
                        Roff::italic("OPTIONS") + Roff::plain("]"));
        if (dialect_.verbs != nullptr)
            for (const ProgramVerb& verb : *dialect_.verbs)
                page_.line(program + Roff::plain(" ") + usage_of(verb) + Roff::plain(" [") + Roff::italic("OPTIONS") +
                           Roff::plain("]"));
        page_.line(program + Roff::plain(" [") + Roff::italic("VERB") + Roff::plain("] ") + Roff::bold("--help"));
        page_.line(program + Roff::plain(" ") + Roff::bold("--version"));
    }

    static Roff usage_of(const ProgramVerb& verb) {
        return Roff::bold(verb.name) + cli::usage_of(arguments_of(Verb::program, &verb));
    }

    void verbs_of_program() {
        page_.section("VERBS");
        if (dialect_.verbs == nullptr || dialect_.verbs->empty()) return;
        page_.subsection("Verbs of this service");
        for (const ProgramVerb& verb : *dialect_.verbs) {
            page_.item(usage_of(verb), Roff::plain(verb.description));
            const auto arguments = arguments_of(Verb::program, &verb);
            const auto options = options_only_of(Verb::program, &verb);
            if (arguments.empty() && options.empty()) continue;
            page_.begin_indent();
            add_arguments(page_, arguments);
            add_options(page_, options);
            page_.end_indent();
        }
        page_.subsection("Verbs of every service");
    }
    void common_verbs() {
        for (const VerbDescription& verb : dialect_.shown_verbs())
            page_.tight_item(Roff::bold(verb.name), Roff::plain(verb.text), width_of_verbs);
        page_.paragraph(Roff::plain("The options of a verb: ") + Roff::bold(about_.name + " ") + Roff::italic("VERB") +
                        Roff::bold(" --help"));
        add_positional_keys();
    }
    void add_positional_keys() {
        if (dialect_.own == nullptr) return;
        Roff keys;
        for (const ConfigKey& key : dialect_.own->keys())
            if (key.options.positional)
                keys += (keys.empty() ? Roff::plain("") : Roff::plain(", ")) + Roff::italic(key.placeholder()) +
                        Roff::plain(" (the setting ") + Roff::bold(key.option()) + Roff::plain(")");
        if (!keys.empty())
            page_.paragraph(Roff::plain("Verbs without arguments of their own, such as ") + Roff::bold("start") +
                            Roff::plain(", also take these arguments: ") + keys);
    }

    void settings() {
        page_.section("SETTINGS");
        page_.paragraph(Roff::plain("Each verb takes these options, before or after it. A setting can also be set in "
                                    "the environment (") +
                        Roff::bold(environment_variable(about_.name, "log-level") + "=debug") +
                        Roff::plain(") and, except for ") + Roff::bold("config") +
                        Roff::plain(", in the config file (") + Roff::bold(R"({"log-level": "debug"})") +
                        Roff::plain("). The command line overrides the environment, which overrides the config file."));
        own_settings();
        std::string group;
        for (const SettingOption& setting : setting_options({nullptr, dialect_.scope})) {
            if (group != setting.group) {
                group = setting.group;
                page_.subsection(group);
            }
            page_.tight_item(term_of({dashed(setting.name), setting.placeholder, ""}),
                             Roff::plain(setting.description));
        }
    }
    void own_settings() {
        if (dialect_.own == nullptr || dialect_.own->keys().empty()) return;
        page_.subsection("Settings of this service");
        const auto options = setting_options(dialect_.settings());
        for (const ConfigKey& key : dialect_.own->keys()) {
            const auto option = std::find_if(options.begin(), options.end(),
                                             [&key](const auto& known) { return known.name == key.option(); });
            const bool is_secret = option == options.end();
            const std::string variable = environment_variable(about_.name, key.variable());
            std::vector<Roff> lines;
            const std::string& description = is_secret ? key.description : option->description;
            if (!description.empty()) lines.push_back(Roff::plain(description));
            if (is_secret)
                lines.push_back(
                    Roff::plain("A secret: it has no option, because every user of the machine sees a command line."));
            else
                lines.push_back(Roff::plain("Environment: ") + Roff::bold(variable));
            lines.push_back(Roff::plain("Config file: ") + Roff::bold(key.pointer()) +
                            Roff::plain(key.expected.empty() ? "" : ", " + key.expected) +
                            Roff::plain(key.options.needs_restart ? "; a change needs a restart" : ""));
            page_.item(is_secret ? Roff::bold(variable) : term_of({dashed(option->name), option->placeholder, ""}),
                       lines.front());
            for (std::size_t i = 1; i < lines.size(); ++i) page_.line(lines[i]);
        }
    }
    void environment() {
        page_.section("ENVIRONMENT");
        page_.item(Roff::bold(environment_variable(about_.name, "")) + Roff::italic("SETTING"),
                   Roff::plain("the setting, in capitals with _ for - and ., as in ") +
                       Roff::bold(environment_variable(about_.name, "log-level")));
        if (dialect_.own != nullptr && !dialect_.own->keys().empty())
            page_.item(Roff::bold(environment_variable(about_.name, "app-")) + Roff::italic("KEY"),
                       Roff::plain("a setting of this service; SETTINGS has the name of each variable"));
        page_.paragraph(reference("servicekit", 7) + Roff::plain(" lists those that all services read."));
    }

    void files() {
        page_.section("FILES");
        page_.paragraph(Roff::plain("RUN is the run directory: /run for root, $XDG_RUNTIME_DIR for other users, or the "
                                    "setting ") +
                        Roff::bold("run-directory") + Roff::plain("."));
        for (const auto& row : find_table(parse_markdown(reference_page::files), "file", "mode").rows) {
            // The others depend on settings.
            if (row[0].find("NAME") == std::string::npos) continue;
            page_.item(roff_of(with_name(row[0])), Roff::plain("Mode ") + roff_of(with_name(row[1])) +
                                                       Roff::plain(". Made by ") + roff_of(with_name(row[3])) +
                                                       Roff::plain("."));
        }
        page_.paragraph(reference("servicekit", 7) + Roff::plain(" describes these and all others."));
    }

    [[nodiscard]] std::string with_name(std::string text) const {
        constexpr std::string_view variable = "NAME";
        for (auto at = text.find(variable); at != std::string::npos; at = text.find(variable, at + about_.name.size()))
            text.replace(at, variable.size(), about_.name);
        return text;
    }

    void signals() {
        page_.section("SIGNALS");
        for (const auto& row :
             find_table(parse_markdown(reference_page::signals), "signal", "to a service that runs").rows)
            page_.item(roff_of(row[0]), roff_of(row[1]));
    }

    const ServiceOptions& about_;
    const Dialect& dialect_;
    ManPage page_;
    static constexpr unsigned width_of_verbs = 13;
};

}  // namespace

std::string program_page(const ServiceOptions& about, const Dialect& dialect, const std::string& date) {
    return ProgramPage{about, dialect, date}.write();
}

}  // namespace servicekit::cli
