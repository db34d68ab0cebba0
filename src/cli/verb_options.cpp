#include "cli/verb_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/log_level_names.hpp"
#include "base/parse_number.hpp"
#include "cli/help.hpp"
#include "cli/program_verbs.hpp"
#include "cli/verbs.hpp"
#include "core/setting_table.hpp"

namespace servicekit::cli {
namespace {

using Arguments = std::vector<std::string>;

/// The options that some verb has in addition to the settings.
constexpr std::array<std::string_view, 23> verb_options{
    "--json",    "--template",    "--user-manager", "--no-wait",       "--timeout", "--test",
    "--live",    "--ready",       "--max-busy",     "--follow",        "--lines",   "--since",
    "--channel", "--schema",      "--socket",       "--notify-reload", "--help",    "--version",
    "--package", "--json-errors", "--openmetrics",  "--program",       "--force"};
constexpr std::string_view short_options = "fhn";

bool is_verb_option(std::string_view name) {
    return std::find(verb_options.begin(), verb_options.end(), name) != verb_options.end();
}

/// \param option with its dashes \returns nothing if it is not a setting
std::optional<SettingOption> setting_of(std::string_view option, const KnownSettings& known) {
    return option.starts_with("--") ? find_setting_option(known, option.substr(2)) : std::nullopt;
}

void add_value_option(CLI::App& app, const std::string& name, const std::string& placeholder,
                      const std::string& description, const std::string& group = "Options") {
    // The value is read from the option afterwards.
    app.add_option_function<std::string>(
           name, [](const std::string&) {}, description)
        ->type_name(placeholder)
        ->take_last()
        ->group(group);
}

bool asks_for_help(const Arguments& arguments) {
    return std::any_of(arguments.begin(), arguments.end(), [](std::string_view argument) {
        if (argument.size() < 2 || argument.front() != '-') return false;
        return argument[1] != '-' ? argument.find('h') != std::string_view::npos : argument == "--help";
    });
}

void declare_setting(CLI::App& app, const SettingOption& setting) {
    if (setting.placeholder.empty())
        app.add_flag(dashed(setting.name), setting.description)->group(setting.group);
    else
        add_value_option(app, dashed(setting.name), setting.placeholder, setting.description, setting.group);
}

// Declares only settings that are used: each is compared with all before it, which took half of the time of a verb.
void declare_settings(CLI::App& app, const Arguments* mentioned_in, const KnownSettings& known) {
    if (mentioned_in == nullptr || asks_for_help(*mentioned_in)) {
        for (const SettingOption& setting : setting_options(known)) declare_setting(app, setting);
        return;
    }
    for (const std::string& argument : *mentioned_in) {
        const std::string option = argument.substr(0, argument.find('='));
        const auto setting = setting_of(option, known);
        if (setting && app.get_option_no_throw(option) == nullptr) declare_setting(app, *setting);
    }
}

/// Returns true if the output of the verb is of use to a program. `call` prints JSON anyway, `repl` is for people, and
/// `run` becomes the service.
bool has_json(Verb verb) {
    switch (verb) {
        case Verb::run:
        case Verb::call:
        case Verb::repl:
        case Verb::complete:
        case Verb::program:
            return false;
        default:
            return true;
    }
}

void declare_own_options(CLI::App& app, Invocation& into, SettingScope scope) {
    if (has_json(into.verb)) app.add_flag("--json", into.json, "print JSON, errors too");
    switch (into.verb) {
        case Verb::stop:
            app.add_flag("--no-wait", into.no_wait, "return at once, without waiting for the end");
            add_value_option(
                app, "--timeout", "SECONDS",
                "how long to wait; 2 s more than the service's stop-timeout unless given, and longer while its stop "
                "makes progress");
            break;
        case Verb::restart:
            if (scope == SettingScope::with_standby)
                add_value_option(app, "--timeout", "SECONDS",
                                 "how long to wait until another instance stands by; 30 s unless given");
            break;
        case Verb::resign:
            app.add_flag("--force", into.force, "even if no other instance stands by");
            add_value_option(app, "--timeout", "SECONDS",
                             "how long to wait; 10 s more than the service's extended-timeout unless given");
            break;
        case Verb::reload:
            add_value_option(app, "--timeout", "SECONDS", "how long to wait until it is done; 30 s unless given");
            break;
        case Verb::check:
            app.add_flag("--schema", into.schema, "print a JSON Schema of the config file, and check nothing");
            break;
        case Verb::health: {
            // Ready is the default. The option exists to distinguish the two probes of a container.
            const std::string ready_text =
                "check that it takes requests, which it does not while it starts, stands by, reloads or stops, and "
                "that its "
                "critical health checks are ok";
            auto* const ready = app.add_flag("--ready", ready_text);
            app.add_flag("--live", into.live, "check that it responds at all")->excludes(ready);
            add_value_option(app, "--timeout", "SECONDS", "how long to wait for its answer; 5 s unless given");
            add_value_option(app, "--max-busy", "SECONDS", "an event that runs longer hangs; no limit unless given");
            break;
        }
        case Verb::log_level:
            app.add_option("LEVEL", into.level, std::string{log_level_list} + "; inherit, for a channel")
                ->type_name("");
            add_value_option(app, "--channel", "NAME", "a part of the program; the whole program unless given");
            break;
        case Verb::call:
            app.add_option("EVENT", into.event, "its name")->type_name("");
            app.add_option("ARGUMENT", into.arguments,
                           "name=value, typed as the event declares it; name:=@FILE or name:=- takes the value from a "
                           "file or from stdin, where nobody else sees it")
                ->type_name("");
            add_value_option(app, "--json", "OBJECT", "arguments as one JSON object; - reads it from stdin");
            app.add_flag("--json-errors", into.json, "print why there is no reply as JSON, too");
            add_value_option(app, "--timeout", "SECONDS", "how long to wait for the reply");
            app.add_flag("--follow", into.follow,
                         "do not start the event: wait for the one that waits or runs; EVENT may be its id");
            break;
        case Verb::cancel:
            app.add_option("ID", into.id, "as 'status' lists it under 'runs' and 'queue'")
                ->type_name("")
                ->check([](const std::string& id) {
                    return parse_number<std::uint64_t>(id) ? std::string{} : "expected a number, not '" + id + "'";
                });
            break;
        case Verb::eval:
            app.add_option("FORM", into.forms, "each a form of Lisp")->type_name("");
            [[fallthrough]];
        case Verb::repl:
            add_value_option(app, "--package", "NAME", "where forms are read; CL-USER unless given");
            add_value_option(app, "--timeout", "SECONDS", "how long a form may take; 10 s unless given");
            break;
        case Verb::wait:
            app.add_flag("--test", into.test, "do not wait; the exit code is 0 if free, 1 if held");
            break;
        case Verb::logs:
            app.add_flag("-f,--follow", into.follow, "go on with what is added, until interrupted");
            add_value_option(app, "-n,--lines", "N", "number of lines; 20 unless given");
            add_value_option(app, "--since", "TIME",
                             "all since then: 2026-11-22T06:10:00Z, 2026-11-22, 90s, 10m, 2h, 3d");
            break;
        case Verb::completion:
            app.add_option("SHELL", into.shell, "bash, zsh or fish: the script itself explains how to load it")
                ->type_name("");
            break;
        case Verb::crashes:
            app.add_option("show", into.action, "show the report of one")->type_name("");
            app.add_option("N", into.number, "which one; 1, the latest, unless given")->type_name("");
            break;
        case Verb::metrics:
            app.add_flag("--openmetrics", into.openmetrics, "print OpenMetrics 1.0.0, not the format of Prometheus");
            break;
        case Verb::unit:
            app.add_flag("--socket", into.socket, "print the unit of the control socket, which starts the service");
            app.add_flag("--notify-reload", into.notify_reload,
                         "Type=notify-reload, which systemd knows from 253 on, in place of a command for reloading");
            app.add_flag("--template", into.template_unit,
                         "print a template, NAME@.service: %i in an option is the instance, and NAME-%i the service");
            app.add_flag("--user-manager", into.user_manager, "print a unit for 'systemctl --user'");
            add_value_option(app, "--program", "FILE",
                             "where the program will be installed; where it is now unless given");
            break;
        default:
            break;
    }
}

/// Returns true if the verb needs its first argument. Its command line is checked after CLI::App has parsed it, for a
/// message that names what to use.
bool needs_argument(Verb verb) {
    return verb == Verb::call || verb == Verb::cancel || verb == Verb::eval || verb == Verb::completion;
}

void declare_positional_keys(CLI::App& app, const ConfigSchema& own) {
    for (const ConfigKey& key : own.keys())
        if (key.options.positional)
            app.add_option_function<std::string>(
                   key.placeholder(), [](const std::string&) {}, key.description)
                ->type_name("");
}

void declare_program_verb(CLI::App& app, const ProgramVerb& verb) {
    for (const Parameter& positional : verb.arguments) {
        const std::string name = verb_argument_name(positional);
        const std::string text = verb_parameter_text(positional);
        // The values are read from the option afterwards.
        auto* const option = positional.type == ParameterType::list
                                 ? app.add_option_function<std::vector<std::string>>(
                                       name, [](const std::vector<std::string>&) {}, text)
                                 : app.add_option_function<std::string>(
                                       name, [](const std::string&) {}, text);
        option->type_name("")->required(!positional.default_value);
    }
    for (const Parameter& option : verb.options) {
        const std::string placeholder = verb_value_name(option);
        const std::string text = verb_parameter_text(option);
        if (placeholder.empty()) {
            app.add_flag(dashed(option.name), text);
        } else {
            add_value_option(app, dashed(option.name), placeholder, text);
            app.get_option(dashed(option.name))->required(!option.default_value);
        }
    }
}

}  // namespace

void declare_options(CLI::App& app, Invocation& into, const ServiceOptions& about, const KnownSettings& known,
                     const Arguments* mentioned_in) {
    app.get_formatter()->column_width(34);
    app.set_help_flag("-h,--help", "print this");
    app.set_version_flag("--version", version_text(about), "print the version");
    declare_own_options(app, into, known.scope);
    if (into.program_verb != nullptr) declare_program_verb(app, *into.program_verb);
    if (known.own != nullptr && takes_positional_keys(into.verb)) declare_positional_keys(app, *known.own);
    declare_settings(app, mentioned_in, known);
}

bool is_option(std::string_view argument) { return argument.size() > 1 && argument.front() == '-'; }

std::string dashed(std::string_view setting) { return "--" + std::string{setting}; }

std::vector<std::string_view> verb_option_names() { return {verb_options.begin(), verb_options.end()}; }

bool is_known_option(std::string_view argument, const KnownSettings& known) {
    if (!argument.starts_with("--")) return short_options.find(argument[1]) != std::string_view::npos;
    const auto name = argument.substr(0, argument.find('='));
    return is_verb_option(name) || setting_of(name, known).has_value();
}

bool takes_next(std::string_view option, std::string_view next, const KnownSettings& known) {
    if (option == "--timeout" || option == "--max-busy" || option == "--lines" || option == "-n" ||
        option == "--since" || option == "--channel" || option == "--package" || option == "--program")
        return true;
    // It is a flag of `status`, but takes a value for `call`.
    if (option == "--json") return find_verb(next) == nullptr && !is_option(next);
    const auto setting = setting_of(option, known);
    return setting && !setting->placeholder.empty();
}

bool takes_positional_keys(Verb verb) {
    switch (verb) {
        case Verb::log_level:
        case Verb::call:
        case Verb::cancel:
        case Verb::eval:
        case Verb::completion:
        case Verb::crashes:
        case Verb::man:
        case Verb::complete:
        case Verb::program:
            return false;
        default:
            return true;
    }
}

std::string in_words(const OptionDescription& option) {
    return (option.letter.empty() ? "" : option.letter + ", ") + option.name +
           (option.placeholder.empty() ? "" : " " + option.placeholder);
}

std::vector<OptionDescription> options_of(Verb verb, const KnownSettings& known, const ProgramVerb* program_verb) {
    CLI::App app;
    Invocation into{.verb = verb};
    into.program_verb = program_verb;
    declare_options(app, into, {}, known, nullptr);
    std::vector<OptionDescription> options;
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_positional()) continue;
        // A flag has a type name, too.
        const std::string placeholder = option->get_items_expected_max() > 0 ? option->get_type_name() : std::string{};
        OptionDescription description{"", placeholder, option->get_description()};
        if (!option->get_lnames().empty()) description.name = "--" + option->get_lnames().front();
        if (!option->get_snames().empty()) description.letter = "-" + option->get_snames().front();
        options.push_back(std::move(description));
    }
    return options;
}

std::vector<OptionDescription> options_only_of(Verb verb, const ProgramVerb* program_verb) {
    // Some verbs have an option only if the lock has a second level.
    const KnownSettings all{.scope = SettingScope::with_standby};
    std::vector<OptionDescription> options = options_of(verb, all, program_verb);
    std::vector<std::string> others{"--help", "--version"};
    for (const SettingOption& setting : setting_options(all)) others.push_back(dashed(setting.name));
    std::erase_if(options, [&others](const OptionDescription& option) {
        return std::find(others.begin(), others.end(), option.name) != others.end();
    });
    return options;
}

std::vector<ArgumentDescription> arguments_of(Verb verb, const ProgramVerb* program_verb) {
    CLI::App app;
    Invocation into{.verb = verb};
    declare_own_options(app, into, SettingScope::every_service);
    if (program_verb != nullptr) declare_program_verb(app, *program_verb);
    std::vector<ArgumentDescription> arguments;
    for (const CLI::Option* option : app.get_options())
        if (option->get_positional())
            arguments.push_back({option->get_name(true), option->get_description(),
                                 option->get_required() || (arguments.empty() && needs_argument(verb)),
                                 option->get_items_expected_max() > 1});
    return arguments;
}

std::optional<Error> check_own_options(const KnownSettings& known) {
    if (known.own == nullptr) return std::nullopt;
    for (const ConfigKey& key : known.own->keys()) {
        const bool is_hidden = key.option() == "force" && known.scope == SettingScope::every_service;
        const bool is_of_verb = !is_hidden && is_verb_option(dashed(key.option()));
        if (!is_of_verb && find_setting(key.option(), known.scope) == nullptr) continue;
        return Error{ExitCode::internal, "give the option --" + key.option() + " to", key.pointer(),
                     is_of_verb ? "it is an option of a verb" : "it is an option of the service's lock"};
    }
    return std::nullopt;
}

}  // namespace servicekit::cli
