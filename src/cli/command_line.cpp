#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/escaped_text.hpp"
#include "base/log_level_names.hpp"
#include "base/names.hpp"
#include "base/parse_number.hpp"
#include "cli/help.hpp"
#include "cli/log_view/log_tail.hpp"
#include "cli/program_verbs.hpp"
#include "cli/setting_options.hpp"
#include "cli/settings_layers.hpp"
#include "cli/verb_options.hpp"
#include "core/setting_kind.hpp"
#include "servicekit/base/log_level.hpp"

namespace servicekit::cli {
namespace {

using std::chrono::milliseconds;
using Arguments = std::vector<std::string>;

/// Returns the last value of an option; nothing if it was not given or the verb does not have it.
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

/// Parses one command line.
class Reading {
public:
    Reading(const Arguments& arguments, const ServiceOptions& about, const Dialect& dialect)
        : arguments_{arguments}, about_{about}, dialect_{dialect}, command_{about.name} {}

    std::variant<Invocation, Answer> read();

private:
    /// Returns the position of the first argument that is neither an option nor the value of one.
    [[nodiscard]] std::optional<std::size_t> verb_position() const;
    [[nodiscard]] Answer answer_without_verb() const;
    std::optional<Answer> read_verb(std::string_view text, Arguments rest);
    std::optional<Answer> take_positional_keys(const CLI::App& app);
    void take_given(const CLI::App& app, const ProgramVerb& verb);
    /// Removes `--` and everything after it, and keeps that as forms, whatever they begin with.
    void take_forms_behind_dashes(Arguments& rest);
    std::optional<Answer> take_values(const CLI::App& app);

    [[nodiscard]] Answer refuse(const std::string& message) const;
    [[nodiscard]] Answer refuse_option(const std::string& option) const;

    const Arguments& arguments_;
    const ServiceOptions& about_;
    const Dialect& dialect_;
    std::string command_;  ///< the program, followed by the verb when it is known
    Invocation invocation_;
    Arguments behind_dashes_;
};

std::variant<Invocation, Answer> Reading::read() {
    if (!arguments_.empty() && arguments_.front() == inner_verb) {
        // The rest is the words of another command line and contains no options of this one.
        invocation_.verb = Verb::complete;
        const auto words = arguments_.begin() + (arguments_.size() > 1 && arguments_[1] == "--" ? 2 : 1);
        invocation_.words.assign(words, arguments_.end());
        return std::move(invocation_);
    }
    const auto position = verb_position();
    if (!position) return answer_without_verb();
    const std::string& name = arguments_[*position];
    if (is_option(name)) return refuse_option(name);
    const VerbDescription* verb = find_verb(name, dialect_.scope);
    const ProgramVerb* const added = verb == nullptr ? find_program_verb(dialect_.verbs, name) : nullptr;
    if (verb == nullptr && added == nullptr && name == "help") return Answer{.text = help_text(about_, dialect_)};
    if (verb == nullptr && added == nullptr) {
        std::vector<std::string_view> names;
        for (const VerbDescription& known : dialect_.shown_verbs()) names.push_back(known.name);
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
        // It is unknown whether an unknown option takes the next argument, so the search ends here.
        if (!is_option(argument) || !is_known_option(argument, dialect_.settings())) return i;
        if (i + 1 < arguments_.size() && takes_next(argument, arguments_[i + 1], dialect_.settings())) ++i;
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
        if (next != rest.end() && is_option(*argument) && takes_next(*argument, *next, dialect_.settings()))
            argument = next;
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
    declare_options(app, invocation_, about_, dialect_.settings(), &rest);
    app.allow_extras();

    std::reverse(rest.begin(), rest.end());  // the order that CLI::App expects
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
        const CLI::Option& option = *app.get_option(verb_argument_name(positional));
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
    for (const CLI::Option* used : app.get_options([](const CLI::Option* option) { return option->count() > 0; }))
        if (const auto& names = used->get_lnames(); !names.empty())
            if (auto setting = find_setting_option(dialect_.settings(), names.front()))
                invocation_.settings.emplace_back(std::move(setting->name), used->results().back());
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
        if (invocation_.follow && (invocation_.json_arguments || !invocation_.arguments.empty()))
            return refuse("--follow starts no event, so it takes no arguments for one");
    }
    if (auto program = given(app, "--program")) {
        if (!program->starts_with('/')) return refuse("--program takes an absolute path, not '" + *program + "'");
        invocation_.program_path = *std::move(program);
    }
    if (auto package = given(app, "--package")) invocation_.package = std::move(*package);
    invocation_.forms.insert(invocation_.forms.end(), behind_dashes_.begin(), behind_dashes_.end());
    if (invocation_.verb == Verb::eval && invocation_.forms.empty()) return refuse("which form?");
    if (!invocation_.action.empty() && invocation_.action != "show")
        return refuse("'" + invocation_.action + "' can't be done with crashes: show");
    if (invocation_.verb == Verb::completion &&
        std::find(shells.begin(), shells.end(), invocation_.shell) == shells.end())
        return refuse(invocation_.shell.empty() ? "missing shell: bash, zsh or fish"
                                                : "'" + invocation_.shell + "' is not one of bash, zsh and fish");
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
    if (is_known_option(option, dialect_.settings())) return refuse("this verb has no option '" + name + "'");
    if (const ConfigKey* secret =
            find_own_key(dialect_.own, std::string_view{name}.substr(std::min<std::size_t>(name.size(), 2))))
        return refuse("'" + name +
                      "' is a secret, and every user of the machine sees a command line; set it in the "
                      "config file or as " +
                      environment_variable(about_.name, secret->variable()));
    std::vector<std::string> settings;
    for (const SettingOption& setting : setting_options(dialect_.settings())) settings.push_back(dashed(setting.name));
    std::vector<std::string_view> names{settings.begin(), settings.end()};
    const auto of_verbs = verb_option_names();
    names.insert(names.end(), of_verbs.begin(), of_verbs.end());
    return refuse("there is no option '" + name + "'" + did_you_mean(name, names));
}

}  // namespace

std::variant<Invocation, Answer> parse_command_line(const std::vector<std::string>& arguments,
                                                    const ServiceOptions& about, const Dialect& dialect) {
    return Reading{arguments, about, dialect}.read();
}

}  // namespace servicekit::cli
