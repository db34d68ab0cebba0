#include "cli/completion/completion_words.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/escaped_text.hpp"
#include "base/log_level_names.hpp"
#include "cli/command_line.hpp"
#include "cli/program_verbs.hpp"
#include "cli/setting_options.hpp"
#include "cli/typed_arguments.hpp"
#include "cli/verb_options.hpp"
#include "cli/verbs.hpp"
#include "core/setting_table.hpp"

namespace servicekit::cli {
namespace {

using Words = std::vector<std::string>;

constexpr std::array<std::string_view, 2> truths{"true", "false"};

bool looks_like_option(std::string_view word) { return word.size() > 1 && word.front() == '-'; }

/// The part of the command line before the cursor, as far as it is understood.
struct Position {
    std::optional<Verb> verb = {};
    const ProgramVerb* program_verb = nullptr;  ///< the verb if `verb` is Verb::program
    Words positionals = {};                     ///< after the verb
    std::string pending = {};                   ///< the option whose value is the last word; empty: none
    GivenSettings settings = {};
};

/// Returns true if the verb has this option and the option takes a value.
bool takes_value(const ProgramVerb* verb, std::string_view option) {
    if (verb == nullptr) return false;
    return std::any_of(verb->options.begin(), verb->options.end(), [option](const Parameter& parameter) {
        return parameter.type != ParameterType::boolean && option == "--" + parameter.name;
    });
}

Position understand(const Words& words, const Dialect& dialect) {
    Position position;
    const std::size_t last = words.size() - 1;
    const KnownSettings known = dialect.settings();
    const auto settings = setting_options(known);
    const auto is_setting = [&settings](std::string_view name) {
        return std::any_of(settings.begin(), settings.end(),
                           [&](const SettingOption& setting) { return setting.name == name; });
    };
    for (std::size_t i = 0; i < last; ++i) {
        const std::string& word = words[i];
        if (!looks_like_option(word)) {
            if (position.verb) {
                position.positionals.push_back(word);
            } else if (const VerbDescription* verb = find_verb(word, dialect.scope)) {
                position.verb = verb->verb;
            } else if ((position.program_verb = find_program_verb(dialect.verbs, word)) != nullptr) {
                position.verb = Verb::program;
            }
            continue;
        }
        const auto equals = word.find('=');
        std::string name = word.substr(0, equals);
        std::optional<std::string> value;
        if (equals != std::string::npos) {
            value = word.substr(equals + 1);
        } else if (takes_value(position.program_verb, word) ||
                   (word == "--json" ? position.verb == Verb::call : takes_next(word, words[i + 1], known))) {
            if (++i == last) {
                position.pending = name;
                break;
            }
            value = words[i];
        }
        name.erase(0, 2);
        if (value && is_setting(name)) position.settings.emplace_back(std::move(name), *std::move(value));
    }
    return position;
}

class Completer {
public:
    Completer(const Words& words, const Dialect& dialect, const AskEvents& ask)
        : word_{words.back()}, position_{understand(words, dialect)}, dialect_{dialect}, ask_{ask} {}

    Completion complete() {
        const Verb verb = position_.verb.value_or(Verb::start);
        if (!position_.pending.empty()) {
            value_of_option(verb, position_.pending, "");
        } else if (const auto equals = word_.find('='); looks_like_option(word_) && equals != std::string::npos) {
            value_of_option(verb, word_.substr(0, equals), word_.substr(0, equals + 1));
        } else if (word_.starts_with('-')) {
            for (const OptionDescription& option : options_of(verb, dialect_.settings(), position_.program_verb))
                offer(option.name, option.description);
        } else if (!position_.verb) {
            if (dialect_.verbs != nullptr)
                for (const ProgramVerb& known : *dialect_.verbs) offer(known.name, known.description);
            for (const VerbDescription& known : dialect_.shown_verbs()) offer(known.name, known.text);
        } else {
            positional(*position_.verb);
        }
        return std::move(completion_);
    }

private:
    void offer(std::string_view word, std::string_view description = {}) {
        if (word.starts_with(word_)) completion_.offers.push_back({std::string{word}, std::string{description}});
    }

    template <std::size_t Count>
    void offer_all(const std::array<std::string_view, Count>& words, const std::string& prefix = {}) {
        for (const std::string_view word : words) offer(prefix + std::string{word});
    }

    void look_up(Lookup lookup, std::string prefix) {
        completion_.lookup = lookup;
        completion_.prefix = std::move(prefix);
    }

    void value_of_option(Verb verb, std::string_view name, const std::string& prefix) {
        const auto options = options_of(verb, dialect_.settings(), position_.program_verb);
        const auto option = std::find_if(options.begin(), options.end(),
                                         [&](const OptionDescription& known) { return known.name == name; });
        if (option == options.end()) return;
        const std::string& kind = option->placeholder;
        if (const ConfigKey* key = find_own_key(dialect_.own, name.substr(2)))
            for (const std::string& choice : key->options.choices) offer(prefix + choice);
        if (const SettingRow* setting = find_setting(name.substr(2), dialect_.scope))
            for (const std::string_view choice : choices_of(setting->kind)) offer(prefix + std::string{choice});
        if (kind == "FILE" || kind == "PATHS") look_up(Lookup::files, prefix);
        if (kind == "DIR") look_up(Lookup::directories, prefix);
        if (kind == "USER") look_up(Lookup::users, prefix);
        if (kind == "GROUP") look_up(Lookup::groups, prefix);
        if (kind == "LEVEL") offer_all(log_level_names, prefix);
        if (kind.empty() && !prefix.empty()) offer_all(truths, prefix);
    }

    void positional(Verb verb) {
        if (verb == Verb::program) return argument_of(*position_.program_verb);
        if (verb == Verb::call) return position_.positionals.empty() ? event_names() : event_arguments();
        if (has_positional_path()) look_up(Lookup::files, "");
        if (!position_.positionals.empty()) return;
        if (verb == Verb::log_level) offer_all(log_level_names);
        if (verb == Verb::completion) offer_all(shells);
        if (verb == Verb::crashes) offer("show", "shows the report of one");
    }

    /// Returns true if the word may be a positional key of the application, and the key is a path.
    [[nodiscard]] bool has_positional_path() const {
        if (dialect_.own == nullptr || !takes_positional_keys(*position_.verb)) return false;
        std::size_t left = position_.positionals.size();
        for (const ConfigKey& key : dialect_.own->keys())
            if (key.options.positional && left-- == 0) return key.expected == "a path";
        return false;
    }

    void argument_of(const ProgramVerb& verb) {
        if (verb.arguments.empty()) return;
        const std::size_t index = std::min(position_.positionals.size(), verb.arguments.size() - 1);
        const Parameter& parameter = verb.arguments[index];
        const bool takes_more = parameter.type == ParameterType::list || index == position_.positionals.size();
        if (!takes_more) return;
        if (parameter.type == ParameterType::boolean) return offer_all(truths);
        // Most lists on a command line are lists of files.
        if (parameter.type == ParameterType::path || parameter.type == ParameterType::list) look_up(Lookup::files, "");
    }

    void event_names() {
        const Object reply = ask_(position_.settings);
        const Value* events = reply.find("events");
        if (events == nullptr || !events->is_list()) return;
        for (const Value& event : events->as_list())
            if (event.is_object())
                offer(event.as_object().get<std::string>("name", {}),
                      event.as_object().get<std::string>("description", {}));
    }

    void event_arguments() {
        const Object reply = ask_(position_.settings);
        const Value::List* parameters = declared_parameters(reply, position_.positionals.front());
        if (parameters == nullptr) return;
        const auto equals = word_.find('=');
        for (const Value& value : *parameters) {
            if (!value.is_object()) continue;
            const Object& parameter = value.as_object();
            const std::string name = parameter.get<std::string>("name", {});
            if (equals == std::string::npos) {
                offer_argument(parameter, name);
            } else if (word_.starts_with(name + ":=@")) {
                look_up(Lookup::files, name + ":=@");
            } else if (word_.substr(0, equals) == name) {
                const std::string type = parameter.get<std::string>("type", {});
                if (type == "path") look_up(Lookup::files, name + "=");
                if (type == "boolean") offer_all(truths, name + "=");
            }
        }
    }

    /// Offers the argument of an event. For a secret, offers the forms that keep its value off the command line.
    void offer_argument(const Object& parameter, const std::string& name) {
        if (is_given(name)) return;
        const std::string description = parameter.get<std::string>("description", {});
        const Value* secret = parameter.find("secret");
        if (secret == nullptr || *secret != Value{true}) return offer(name + "=", description);
        for (const std::string_view source : {":=@", ":=-"}) offer(name + std::string{source}, description);
    }

    [[nodiscard]] bool is_given(const std::string& name) const {
        return std::any_of(position_.positionals.begin() + 1, position_.positionals.end(),
                           [&](const std::string& argument) {
                               return argument.starts_with(name + "=") || argument.starts_with(name + ":=");
                           });
    }

    std::string word_;
    Position position_;
    const Dialect& dialect_;
    const AskEvents& ask_;
    Completion completion_;
};

/// Returns true if every shell takes the word literally without quotes.
bool is_plain(std::string_view word) {
    constexpr std::string_view marks = "-_.=/+,@%:";
    return !word.empty() && std::all_of(word.begin(), word.end(), [&](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || marks.find(letter) != std::string_view::npos;
    });
}

std::string_view name_of(Lookup lookup) {
    switch (lookup) {
        case Lookup::files:
            return "files";
        case Lookup::directories:
            return "directories";
        case Lookup::users:
            return "users";
        case Lookup::groups:
            return "groups";
        case Lookup::hosts:
            return "hosts";
        case Lookup::none:
            break;
    }
    return "none";
}

}  // namespace

Completion complete_words(const Words& words, const Dialect& dialect, const AskEvents& ask) {
    if (words.empty()) return {};
    return Completer{words, dialect, ask}.complete();
}

std::string to_text(const Completion& completion) {
    std::string text;
    for (const Offer& offer : completion.offers)
        if (is_plain(offer.word)) text += offer.word + "\t" + escaped(offer.description) + "\n";
    if (completion.lookup != Lookup::none && (completion.prefix.empty() || is_plain(completion.prefix)))
        text += "\t" + std::string{name_of(completion.lookup)} + "\t" + completion.prefix + "\n";
    return text;
}

}  // namespace servicekit::cli
