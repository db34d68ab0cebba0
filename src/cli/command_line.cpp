#include "cli/command_line.hpp"
#include "cli/log_view/log_tail.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "base/escaped_text.hpp"
#include "base/log_level_names.hpp"
#include "base/names.hpp"
#include "base/parse_number.hpp"
#include "cli/help.hpp"
#include "cli/program_verbs.hpp"
#include "cli/setting_options.hpp"
#include "cli/settings_layers.hpp"
#include "core/setting_kind.hpp"
#include "servicekit/base/log_level.hpp"

namespace servicekit::cli {
namespace {

using std::chrono::milliseconds;
using Arguments = std::vector<std::string>;

/// The options that some verb has beside the settings.
constexpr std::array<std::string_view, 20> verb_options{
    "--json",   "--template",      "--user-manager", "--no-wait", "--timeout", "--test",       "--live",
    "--ready",  "--max-busy",      "--follow",       "--lines",   "--since",   "--channel",    "--schema",
    "--socket", "--notify-reload", "--help",         "--version", "--package", "--json-errors"};
constexpr std::string_view short_options = "fhn";

std::string dashed(std::string_view setting) { return "--" + std::string{setting}; }

bool is_option(std::string_view argument) { return argument.size() > 1 && argument.front() == '-'; }

bool is_verb_option(std::string_view name) {
    return std::find(verb_options.begin(), verb_options.end(), name) != verb_options.end();
}

bool is_known_option(std::string_view argument, const ConfigSchema* own) {
    if (!argument.starts_with("--")) return short_options.find(argument[1]) != std::string_view::npos;
    const auto name = argument.substr(0, argument.find('='));
    if (is_verb_option(name)) return true;
    const auto settings = setting_options(own);
    return std::any_of(settings.begin(), settings.end(),
                       [&](const SettingOption& setting) { return name == dashed(setting.name); });
}

}  // namespace

bool takes_next(std::string_view option, std::string_view next, const ConfigSchema* own) {
    if (option == "--timeout" || option == "--max-busy" || option == "--lines" || option == "-n" ||
        option == "--since" || option == "--channel" || option == "--package")
        return true;
    // `status` has it as a flag, `call` with a value.
    if (option == "--json") return find_verb(next) == nullptr && !is_option(next);
    const auto settings = setting_options(own);
    return std::any_of(settings.begin(), settings.end(), [&](const SettingOption& setting) {
        return !setting.placeholder.empty() && option == dashed(setting.name);
    });
}

bool takes_positional_keys(Verb verb) {
    switch (verb) {
        case Verb::log_level:
        case Verb::call:
        case Verb::cancel:
        case Verb::eval:
        case Verb::completion:
        case Verb::crashes:
        case Verb::complete:
        case Verb::program:
            return false;
        default:
            return true;
    }
}

namespace {

/// What was given last for an option; nothing where it was not, or where the verb has no such option.
std::optional<std::string> given(const CLI::App& app, const std::string& option) {
    const CLI::Option* found = app.get_option_no_throw(option);
    if (found == nullptr || found->count() == 0) return std::nullopt;
    return found->results().back();
}

std::optional<milliseconds> parse_seconds(std::string_view text) {
    try {
        const Value seconds = checked(SettingKind::seconds, value_from_text(SettingKind::seconds, text));
        return milliseconds{static_cast<milliseconds::rep>(seconds.as_number() * 1000.0)};
    } catch (const TypeError&) {
        return std::nullopt;
    }
}

void add_value_option(CLI::App& app, const std::string& name, const std::string& placeholder,
                      const std::string& description, const std::string& group = "Options") {
    // The value is taken from the option itself afterwards.
    app.add_option_function<std::string>(
           name, [](const std::string&) {}, description)
        ->type_name(placeholder)
        ->take_last()
        ->group(group);
}

/// Whether a command line has the setting in it; one where help is asked for has all.
bool mentions(const Arguments& arguments, std::string_view setting) {
    return std::any_of(arguments.begin(), arguments.end(), [setting](std::string_view argument) {
        if (argument.size() < 2 || argument.front() != '-') return false;
        if (argument[1] != '-') return argument.find('h') != std::string_view::npos;
        argument.remove_prefix(2);
        return argument == "help" || argument.substr(0, argument.find('=')) == setting;
    });
}

// Not those that are not asked for: each is compared with all before it, which took half of the time of a verb.
void declare_settings(CLI::App& app, const Arguments* mentioned_in, const ConfigSchema* own) {
    for (const SettingOption& setting : setting_options(own)) {
        if (mentioned_in != nullptr && !mentions(*mentioned_in, setting.name)) continue;
        if (setting.placeholder.empty())
            app.add_flag(dashed(setting.name), setting.description)->group(setting.group);
        else
            add_value_option(app, dashed(setting.name), setting.placeholder, setting.description, setting.group);
    }
}

/// Whether the verb prints something of its own that a program may want to read. `call` prints JSON anyway, `repl` is for
/// people, and `run` becomes the service.
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

void declare_own_options(CLI::App& app, Invocation& into) {
    if (has_json(into.verb)) app.add_flag("--json", into.json, "print JSON, errors too");
    switch (into.verb) {
        case Verb::stop:
            app.add_flag("--no-wait", into.no_wait, "return at once, without waiting for the end");
            add_value_option(
                app, "--timeout", "SECONDS",
                "how long to wait; 2 s more than the service's stop-timeout unless given, and longer while its stop "
                "makes progress");
            break;
        case Verb::reload:
            add_value_option(app, "--timeout", "SECONDS", "how long to wait until it is done; 30 s unless given");
            break;
        case Verb::check:
            app.add_flag("--schema", into.schema, "print a JSON Schema of the config file, and check nothing");
            break;
        case Verb::health: {
            // Ready is what is asked for anyway; it can be said, to tell the two probes of a container apart.
            const std::string ready_text = "whether it takes work: not while it starts, reloads or stops";
            auto* const ready = app.add_flag("--ready", ready_text);
            app.add_flag("--live", into.live, "whether it answers at all")->excludes(ready);
            add_value_option(app, "--timeout", "SECONDS", "how long to wait for its answer; 5 s unless given");
            add_value_option(app, "--max-busy", "SECONDS", "an event that runs longer hangs; no limit unless given");
            break;
        }
        case Verb::log_level:
            app.add_option("LEVEL", into.level, std::string{log_level_list} + "; inherit, for a channel")
                ->type_name("");
            add_value_option(app, "--channel", "NAME", "the part of the program that it is about; else the whole");
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
            break;
        case Verb::cancel:
            app.add_option("ID", into.id, "as 'status' lists it under 'runs' and 'queue'")->type_name("");
            break;
        case Verb::eval:
            app.add_option("FORM", into.forms, "each a form of Lisp")->type_name("");
            [[fallthrough]];
        case Verb::repl:
            add_value_option(app, "--package", "NAME", "where forms are read; CL-USER unless given");
            add_value_option(app, "--timeout", "SECONDS", "how long a form may take; 10 s unless given");
            break;
        case Verb::wait:
            app.add_flag("--test", into.test, "only tell, by the exit code: 0 free, 1 held");
            break;
        case Verb::logs:
            app.add_flag("-f,--follow", into.follow, "go on with what is added, until interrupted");
            add_value_option(app, "-n,--lines", "N", "how many lines; 20 unless given");
            add_value_option(app, "--since", "TIME",
                             "all since then: 2026-11-22T06:10:00Z, 2026-11-22, 90s, 10m, 2h, 3d");
            break;
        case Verb::completion:
            app.add_option("SHELL", into.shell, "bash, zsh or fish: the script that it prints says how to load it")
                ->type_name("");
            break;
        case Verb::crashes:
            app.add_option("show", into.action, "show the report of one")->type_name("");
            app.add_option("N", into.number, "which one; 1, the latest, unless given")->type_name("");
            break;
        case Verb::unit:
            app.add_flag("--socket", into.socket, "print the unit of the control socket, which starts the service");
            app.add_flag("--notify-reload", into.notify_reload,
                         "Type=notify-reload, which systemd knows from 253 on, in place of a command for reloading");
            app.add_flag("--template", into.template_unit,
                         "print a template, NAME@.service: %i in an option is the instance, and NAME-%i the service");
            app.add_flag("--user-manager", into.user_manager, "print a unit for 'systemctl --user'");
            break;
        default:
            break;
    }
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
        const std::string name = placeholder_of(positional);
        const std::string text = text_of(positional);
        // The values are taken from the option itself afterwards.
        auto* const option = positional.type == ParameterType::list
                                 ? app.add_option_function<std::vector<std::string>>(
                                       name, [](const std::vector<std::string>&) {}, text)
                                 : app.add_option_function<std::string>(
                                       name, [](const std::string&) {}, text);
        option->type_name("")->required(!positional.default_value);
    }
    for (const Parameter& option : verb.options) {
        const std::string placeholder = value_placeholder_of(option);
        const std::string text = text_of(option);
        if (placeholder.empty()) {
            app.add_flag(dashed(option.name), text);
        } else {
            add_value_option(app, dashed(option.name), placeholder, text);
            app.get_option(dashed(option.name))->required(!option.default_value);
        }
    }
}

/// The options that a verb takes, as a command line of it is read by.
/// \param mentioned_in the command line; null: all settings are declared
void declare(CLI::App& app, Invocation& into, const ServiceOptions& about, const ConfigSchema* own,
             const Arguments* mentioned_in) {
    app.get_formatter()->column_width(34);
    app.set_help_flag("-h,--help", "print this");
    app.set_version_flag("--version", version_text(about), "print the version");
    declare_own_options(app, into);
    if (into.program_verb != nullptr) declare_program_verb(app, *into.program_verb);
    if (own != nullptr && takes_positional_keys(into.verb)) declare_positional_keys(app, *own);
    declare_settings(app, mentioned_in, own);
}

/// One reading of one command line.
class Reading {
public:
    Reading(const Arguments& arguments, const ServiceOptions& about, const Dialect& dialect)
        : arguments_{arguments}, about_{about}, dialect_{dialect}, command_{about.name} {}

    std::variant<Invocation, Answer> read();

private:
    /// The first argument that is no option and belongs to none.
    [[nodiscard]] std::optional<std::size_t> verb_position() const;
    [[nodiscard]] Answer answer_without_verb() const;
    std::optional<Answer> read_verb(std::string_view text, Arguments rest);
    std::optional<Answer> take_positional_keys(const CLI::App& app);
    void take_given(const CLI::App& app, const ProgramVerb& verb);
    /// Takes `--` and all behind it away: forms, however they begin.
    void take_forms_behind_dashes(Arguments& rest);
    std::optional<Answer> take_values(const CLI::App& app);

    [[nodiscard]] Answer refuse(const std::string& message) const;
    [[nodiscard]] Answer refuse_option(const std::string& option) const;

    const Arguments& arguments_;
    const ServiceOptions& about_;
    const Dialect& dialect_;
    std::string command_;  ///< the program, and its verb once that is known
    Invocation invocation_;
    Arguments behind_dashes_;
};

std::variant<Invocation, Answer> Reading::read() {
    if (!arguments_.empty() && arguments_.front() == inner_verb) {
        // What follows is the words of another command line: not one of them is an option of this one.
        invocation_.verb = Verb::complete;
        const auto words = arguments_.begin() + (arguments_.size() > 1 && arguments_[1] == "--" ? 2 : 1);
        invocation_.words.assign(words, arguments_.end());
        return std::move(invocation_);
    }
    const auto position = verb_position();
    if (!position) return answer_without_verb();
    const std::string& name = arguments_[*position];
    if (is_option(name)) return refuse_option(name);
    const VerbDescription* verb = find_verb(name);
    const ProgramVerb* const added = verb == nullptr ? find_program_verb(dialect_.verbs, name) : nullptr;
    if (verb == nullptr && added == nullptr) {
        std::vector<std::string_view> names;
        for (const VerbDescription& known : verbs(dialect_.lisp)) names.push_back(known.name);
        if (dialect_.verbs != nullptr)
            for (const ProgramVerb& known : *dialect_.verbs) names.push_back(known.name);
        return refuse("there is no verb '" + name + "'" + did_you_mean(name, names));
    }
    command_ += " " + name;
    invocation_.verb = added != nullptr ? Verb::program : verb->verb;
    invocation_.program_verb = added;
    invocation_.words_from_verb = arguments_.size() - *position;
    Arguments rest = arguments_;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(*position));
    if (invocation_.verb == Verb::eval) take_forms_behind_dashes(rest);
    if (auto answer = read_verb(added != nullptr ? added->description : verb->text, std::move(rest)))
        return std::move(*answer);
    return std::move(invocation_);
}

std::optional<std::size_t> Reading::verb_position() const {
    for (std::size_t i = 0; i < arguments_.size(); ++i) {
        const std::string& argument = arguments_[i];
        // Whether an unknown option takes the next argument nobody knows, so the search ends at it.
        if (!is_option(argument) || !is_known_option(argument, dialect_.own)) return i;
        if (i + 1 < arguments_.size() && takes_next(argument, arguments_[i + 1], dialect_.own)) ++i;
    }
    return std::nullopt;
}

void Reading::take_forms_behind_dashes(Arguments& rest) {
    for (auto argument = rest.begin(); argument != rest.end(); ++argument) {
        if (*argument == "--") {
            behind_dashes_.assign(argument + 1, rest.end());
            rest.erase(argument, rest.end());
            return;
        }
        const auto next = argument + 1;
        if (next != rest.end() && is_option(*argument) && takes_next(*argument, *next, dialect_.own)) argument = next;
    }
}

Answer Reading::answer_without_verb() const {
    const auto has = [this](std::string_view option) {
        return std::find(arguments_.begin(), arguments_.end(), option) != arguments_.end();
    };
    if (has("--help") || has("-h")) return {.text = help_text(about_, dialect_)};
    if (has("--version")) return {.text = version_text(about_)};
    return {ExitCode::usage, os::Stream::error, usage_text(about_, dialect_)};
}

std::optional<Answer> Reading::read_verb(std::string_view text, Arguments rest) {
    CLI::App app{std::string{text}, command_};
    declare(app, invocation_, about_, dialect_.own, &rest);
    app.allow_extras();

    std::reverse(rest.begin(), rest.end());  // as CLI::App takes them
    try {
        app.parse(std::move(rest));
    } catch (const CLI::CallForHelp&) {
        return Answer{.text = app.help()};
    } catch (const CLI::CallForVersion&) {
        return Answer{.text = version_text(about_)};
    } catch (const CLI::ParseError& error) {
        return refuse(error.what());
    }

    const Arguments leftovers = app.remaining();
    const auto option = std::find_if(leftovers.begin(), leftovers.end(), is_option);
    if (option != leftovers.end()) return refuse_option(*option);
    if (!leftovers.empty()) return refuse("unexpected argument '" + leftovers.front() + "'");
    return take_values(app);
}

void Reading::take_given(const CLI::App& app, const ProgramVerb& verb) {
    for (const Parameter& positional : verb.arguments) {
        const CLI::Option& option = *app.get_option(placeholder_of(positional));
        if (option.count() == 0) continue;
        if (positional.type == ParameterType::list)
            invocation_.given_lists.emplace_back(positional.name, option.results());
        else
            invocation_.given.emplace_back(positional.name, option.results().back());
    }
    for (const Parameter& parameter : verb.options) {
        const CLI::Option& option = *app.get_option(dashed(parameter.name));
        const bool is_flag = parameter.type == ParameterType::boolean;
        if (option.count() > 0)
            invocation_.given.emplace_back(parameter.name, is_flag ? "true" : option.results().back());
        else if (is_flag && !parameter.default_value)
            invocation_.given.emplace_back(parameter.name, "false");
    }
}

std::optional<Answer> Reading::take_positional_keys(const CLI::App& app) {
    if (dialect_.own == nullptr || !takes_positional_keys(invocation_.verb)) return std::nullopt;
    for (const ConfigKey& key : dialect_.own->keys()) {
        if (!key.options.positional) continue;
        auto value = given(app, key.placeholder());
        if (!value) continue;
        if (given(app, dashed(key.option())))
            return refuse(key.placeholder() + " is given twice, as '" + *value + "' and with --" + key.option());
        invocation_.settings.emplace_back(key.option(), std::move(*value));
    }
    return std::nullopt;
}

std::optional<Answer> Reading::take_values(const CLI::App& app) {
    for (const SettingOption& setting : setting_options(dialect_.own))
        if (auto value = given(app, dashed(setting.name)))
            invocation_.settings.emplace_back(setting.name, std::move(*value));
    if (invocation_.program_verb != nullptr) {
        take_given(app, *invocation_.program_verb);
        return std::nullopt;
    }
    if (auto answer = take_positional_keys(app)) return answer;
    for (const auto& [option, into] :
         {std::pair{"--timeout", &invocation_.timeout}, {"--max-busy", &invocation_.max_busy}}) {
        const auto text = given(app, option);
        if (!text) continue;
        *into = parse_seconds(*text);
        if (!*into) return refuse(std::string{option} + " takes a number of seconds, not '" + *text + "'");
    }
    if (const auto lines = given(app, "--lines")) {
        const auto count = parse_number<std::size_t>(*lines);
        if (!count) return refuse("--lines takes a number, not '" + *lines + "'");
        invocation_.lines = *count;
    }
    if (const auto since = given(app, "--since")) {
        if (!log_since(*since, {}))
            return refuse("--since takes a time as 2026-11-22T06:10:00Z, or how long ago, as 10m; not '" + *since +
                          "'");
        invocation_.since = *since;
    }
    if (invocation_.verb == Verb::cancel && !invocation_.id)
        return refuse("missing id; 'status' lists ids under 'runs' and 'queue'");
    if (invocation_.verb == Verb::call) {
        if (invocation_.event.empty()) return refuse("missing event name");
        invocation_.json_arguments = given(app, "--json");
    }
    if (auto package = given(app, "--package")) invocation_.package = std::move(*package);
    invocation_.forms.insert(invocation_.forms.end(), behind_dashes_.begin(), behind_dashes_.end());
    if (invocation_.verb == Verb::eval && invocation_.forms.empty()) return refuse("which form?");
    if (!invocation_.action.empty() && invocation_.action != "show")
        return refuse("'" + invocation_.action + "' can't be done with crashes: show");
    if (invocation_.verb == Verb::completion &&
        std::find(shells.begin(), shells.end(), invocation_.shell) == shells.end())
        return refuse(invocation_.shell.empty() ? "for which shell? bash, zsh or fish"
                                                : "'" + invocation_.shell + "' is no shell of bash, zsh and fish");
    if (const auto channel = given(app, "--channel")) invocation_.channel = *channel;
    const bool inherits = invocation_.level == "inherit" && !invocation_.channel.empty();
    if (!invocation_.level.empty() && !inherits && !log_level_from(invocation_.level))
        return refuse("'" + invocation_.level + "' is not one of the levels " + std::string{log_level_list});
    return std::nullopt;
}

Answer Reading::refuse(const std::string& message) const {
    return {ExitCode::usage, os::Stream::error,
            escaped(about_.name + ": " + message) + "\nsee '" + command_ + " --help'\n"};
}

Answer Reading::refuse_option(const std::string& option) const {
    const std::string name = option.substr(0, option.find('='));
    if (is_known_option(option, dialect_.own)) return refuse("this verb has no option '" + name + "'");
    if (const ConfigKey* secret =
            find_own_key(dialect_.own, std::string_view{name}.substr(std::min<std::size_t>(name.size(), 2))))
        return refuse("'" + name +
                      "' is a secret, and every user of the machine sees a command line; set it in the "
                      "config file or as " +
                      environment_variable(about_.name, secret->variable()));
    std::vector<std::string> settings;
    for (const SettingOption& setting : setting_options(dialect_.own)) settings.push_back(dashed(setting.name));
    std::vector<std::string_view> names{settings.begin(), settings.end()};
    names.insert(names.end(), verb_options.begin(), verb_options.end());
    return refuse("there is no option '" + name + "'" + did_you_mean(name, names));
}

}  // namespace

std::vector<OptionDescription> options_of(Verb verb, const ConfigSchema* own, const ProgramVerb* program_verb) {
    CLI::App app;
    Invocation into{.verb = verb};
    into.program_verb = program_verb;
    declare(app, into, {}, own, nullptr);
    std::vector<OptionDescription> options;
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_positional()) continue;
        // A flag has a type name, too.
        const std::string placeholder = option->get_items_expected_max() > 0 ? option->get_type_name() : std::string{};
        for (const std::string& name : option->get_lnames())
            options.push_back({"--" + name, placeholder, option->get_description()});
        for (const std::string& name : option->get_snames())
            options.push_back({"-" + name, placeholder, option->get_description()});
    }
    return options;
}

std::variant<Invocation, Answer> parse_command_line(const std::vector<std::string>& arguments,
                                                    const ServiceOptions& about, const Dialect& dialect) {
    return Reading{arguments, about, dialect}.read();
}

std::optional<Error> check_own_options(const ConfigSchema* own) {
    if (own == nullptr) return std::nullopt;
    for (const ConfigKey& key : own->keys())
        if (is_verb_option(dashed(key.option())))
            return Error{ExitCode::internal, "give the option --" + key.option() + " to", key.pointer(),
                         "it is an option of a verb"};
    return std::nullopt;
}

}  // namespace servicekit::cli
