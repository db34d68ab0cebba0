#include "servicectl/command.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/escaped_text.hpp"
#include "base/names.hpp"
#include "cli/verb_options.hpp"
#include "cli/verbs.hpp"
#include "servicectl/own_verbs.hpp"
#include "servicekit/base/version.hpp"

namespace servicekit::servicectl {
namespace {

using cli::Answer;
using cli::Verb;
using Words = std::vector<std::string>;

Answer refuse(const std::string& message, std::string_view verb = {}) {
    const std::string command = verb.empty() ? "servicectl" : "servicectl " + std::string{verb};
    return {ExitCode::usage, os::Stream::error, escaped("servicectl: " + message) + "\nsee '" + command + " --help'\n"};
}

std::vector<std::string_view> verb_names() {
    std::vector<std::string_view> names;
    for (const OwnVerb& verb : own_verbs()) names.push_back(verb.name);
    for (const cli::VerbDescription& verb : cli::verbs(cli::LispVerbs::shown, SettingScope::with_standby))
        if (has_verb(verb.verb)) names.push_back(verb.name);
    return names;
}

/// Takes a command line apart. The options of servicectl may be anywhere before the arguments of an event.
class Taking {
public:
    explicit Taking(const Words& words) : words_{words} {}

    std::variant<Command, Answer> run() {
        for (at_ = 0; at_ < words_.size() && !ends_; ++at_)
            if (auto answer = take(words_[at_])) return *std::move(answer);
        command_.arguments.insert(command_.arguments.end(), words_.begin() + static_cast<std::ptrdiff_t>(at_),
                                  words_.end());
        if (wants_help_) {
            command_.kind = Command::Kind::help;
            return std::move(command_);
        }
        if (command_.kind == Command::Kind::version) return std::move(command_);
        if (command_.verb.empty()) return Answer{ExitCode::usage, os::Stream::error, help_text()};
        if (auto answer = check_host()) return *std::move(answer);
        return command_.own_verb != nullptr ? own_verb() : verb();
    }

private:
    std::optional<Answer> take(const std::string& word) {
        if (cli::is_option(word)) return take_option(word);
        if (!command_.verb.empty()) {
            command_.targets.push_back(word);
            // What follows belongs to the verb, whatever it looks like.
            ends_ = described_ != nullptr && has_arguments(described_->verb);
            return std::nullopt;
        }
        if (word == "help") {
            wants_help_ = true;
            return std::nullopt;
        }
        command_.own_verb = find_own_verb(word);
        described_ = command_.own_verb != nullptr ? nullptr : cli::find_verb(word);
        if (command_.own_verb == nullptr && (described_ == nullptr || !has_verb(described_->verb))) {
            if (described_ != nullptr)
                return refuse("'" + word + "' needs the program of the service: run PROGRAM " + word);
            return refuse("there is no verb '" + word + "'" + did_you_mean(word, verb_names()));
        }
        command_.verb = word;
        command_.arguments.push_back(word);
        return std::nullopt;
    }

    std::optional<Answer> take_option(const std::string& word) {
        if (word == "--help" || word == "-h") {
            wants_help_ = true;
        } else if (word == "--version") {
            command_.kind = Command::Kind::version;
        } else if (word == "--yes" || word == "-y") {
            command_.yes = true;
        } else if (word == "--all-users") {
            command_.all_users = true;
        } else if (word.starts_with("-H")) {
            return take_host(word.substr(2));
        } else if (word == "--json" && (described_ == nullptr || described_->verb != Verb::call)) {
            command_.json = true;
        } else if (command_.verb.empty()) {
            return refuse("there is no option '" + word + "' before the verb");
        } else if (command_.own_verb != nullptr) {
            return take_own_option(word);
        } else {
            take_option_of_verb(word);
        }
        return std::nullopt;
    }
    std::optional<Answer> take_own_option(const std::string& word) {
        const auto equals = word.find('=');
        const std::string name = word.substr(0, equals);
        const auto& options = command_.own_verb->options;
        const auto option = std::find_if(options.begin(), options.end(), [&name](const OptionRow& row) {
            return name == row.name || (!row.letter.empty() && name == row.letter);
        });
        if (option == options.end())
            return refuse("'" + command_.verb + "' has no option '" + name + "'", command_.verb);
        std::string value;
        const bool is_flag = option->placeholder.empty();
        if (equals != std::string::npos) {
            if (is_flag) return refuse(name + " takes no value", command_.verb);
            value = word.substr(equals + 1);
        } else if (!is_flag) {
            if (at_ + 1 == words_.size())
                return refuse(name + " takes a value: " + std::string{option->placeholder}, command_.verb);
            value = words_[++at_];
        }
        command_.own_options.emplace_back(option->name, std::move(value));
        return std::nullopt;
    }
    void take_option_of_verb(const std::string& word) {
        const bool is_test = word == "-t" && described_->verb == Verb::wait;
        command_.arguments.push_back(is_test ? "--test" : word);
        const bool is_followed = word.find('=') == std::string::npos && at_ + 1 < words_.size();
        if (is_followed && cli::takes_next(word, words_[at_ + 1])) command_.arguments.push_back(words_[++at_]);
    }
    std::optional<Answer> take_host(std::string host) {
        if (has_host_) return refuse("-H is given twice");
        if (host.empty()) {
            if (at_ + 1 == words_.size()) return refuse("-H takes the name of a host");
            host = words_[++at_];
        }
        command_.host = std::move(host);
        has_host_ = true;
        return std::nullopt;
    }
    [[nodiscard]] std::optional<Answer> check_host() const {
        if (!has_host_) return std::nullopt;
        // ssh would take it for an option, such as one that runs a program here.
        if (command_.host.empty() || command_.host.front() == '-')
            return refuse("'" + command_.host + "' is not the name of a host");
        return std::nullopt;
    }

    std::variant<Command, Answer> own_verb() {
        command_.kind = Command::Kind::own_verb;
        const OwnVerb& own = *command_.own_verb;
        if (own.arguments.empty() && !command_.targets.empty())
            return refuse("'" + command_.verb + "' takes no argument '" + command_.targets.front() + "'",
                          command_.verb);
        if (own.check != nullptr)
            if (const auto fault = own.check(command_)) return refuse(*fault, command_.verb);
        return std::move(command_);
    }
    std::variant<Command, Answer> verb() {
        command_.kind = Command::Kind::verb;
        // `call` has its own --json, for the arguments of the event.
        if (command_.json && described_->verb != Verb::repl)
            command_.arguments.insert(command_.arguments.begin() + 1,
                                      described_->verb == Verb::call ? "--json-errors" : "--json");
        auto parsed = cli::parse_command_line(command_.arguments, {.name = "servicectl"},
                                              {.lisp = cli::LispVerbs::shown, .scope = SettingScope::with_standby});
        if (auto* answer = std::get_if<Answer>(&parsed)) {
            if (answer->code != ExitCode::ok) return std::move(*answer);
            command_.kind = Command::Kind::help;  // asked for after the target
            return std::move(command_);
        }
        command_.invocation = std::get<cli::Invocation>(std::move(parsed));
        command_.json = command_.invocation.json;
        if (!command_.invocation.settings.empty())
            return refuse("--" + command_.invocation.settings.front().first + " is a setting of a service, not of '" +
                              command_.verb + "'",
                          command_.verb);
        if (command_.targets.empty()) return refuse("which service? 'servicectl list' shows all", command_.verb);
        return std::move(command_);
    }

    const Words& words_;
    std::size_t at_ = 0;
    bool ends_ = false;
    bool wants_help_ = false;
    bool has_host_ = false;
    Command command_;
    const cli::VerbDescription* described_ = nullptr;
};

std::string row(std::string left, std::string_view right) {
    constexpr std::size_t width = 22;
    left.resize(std::max(left.size(), width), ' ');
    return "  " + left + "  " + std::string{right} + "\n";
}

/// \param has returns true for an option that the verb has
template <class Has>
std::string common_rows(const Has& has) {
    std::string text = "\nOptions, before or after the verb:\n";
    for (const OptionRow& option : common_options())
        if (has(option.name))
            text += row(std::string(option.letter.empty() ? 4 : 0, ' ') + in_words(option), option.text);
    return text;
}

/// Returns for example " [LEVEL]".
std::string usage_of(const std::vector<cli::ArgumentDescription>& arguments) {
    std::string usage;
    for (const cli::ArgumentDescription& argument : arguments) {
        const std::string name = argument.name + (argument.is_repeated ? "..." : "");
        usage += argument.is_required ? " " + name : " [" + name + "]";
    }
    return usage;
}

std::string help_of(const OwnVerb& verb) {
    std::string text = std::string{verb.text} + "\n\nUsage: servicectl " + std::string{verb.name};
    if (!verb.arguments.empty()) text += " " + std::string{verb.arguments};
    text += " [OPTIONS]\n";
    if (!verb.options.empty()) text += "\n";
    for (const OptionRow& option : verb.options) text += row(in_words(option), option.text);
    if (!verb.note.empty()) text += "\n" + std::string{verb.note} + "\n";
    text += common_rows([&verb](std::string_view option) {
        if (option == "--json") return verb.has_json;
        if (option == "--all-users") return verb.argument_kind == ArgumentKind::services;
        return option != "--yes";
    });
    if (!verb.examples.empty()) text += "\nExamples:\n";
    for (const std::string_view example : verb.examples) text += "  servicectl " + std::string{example} + "\n";
    return text;
}

}  // namespace

bool has_verb(Verb verb) noexcept {
    switch (verb) {
        case Verb::stop:
        case Verb::kill:
        case Verb::reload:
        case Verb::resign:
        case Verb::status:
        case Verb::health:
        case Verb::events:
        case Verb::log_level:
        case Verb::log_reopen:
        case Verb::call:
        case Verb::cancel:
        case Verb::eval:
        case Verb::repl:
        case Verb::wait:
        case Verb::pid:
        case Verb::logs:
        case Verb::crashes:
        case Verb::metrics:
            return true;
        default:
            return false;
    }
}

bool has_arguments(Verb verb) noexcept {
    return verb == Verb::call || verb == Verb::log_level || verb == Verb::cancel || verb == Verb::eval ||
           verb == Verb::crashes;
}

std::vector<cli::OptionDescription> options_of_verb(Verb verb) {
    std::vector<cli::OptionDescription> options = cli::options_only_of(verb);
    // servicectl has it for all verbs.
    if (verb != Verb::call) std::erase_if(options, [](const auto& option) { return option.name == "--json"; });
    for (cli::OptionDescription& option : options)
        if (option.name == "--test") option.letter = "-t";
    return options;
}

bool changes_service(const cli::Invocation& invocation) noexcept {
    switch (invocation.verb) {
        case Verb::status:
        case Verb::health:
        case Verb::events:
        case Verb::wait:
        case Verb::pid:
        case Verb::logs:
        case Verb::crashes:
        case Verb::metrics:
            return false;
        case Verb::log_level:
            return !invocation.level.empty();
        default:
            return true;
    }
}

std::variant<Command, Answer> parse_command(const std::vector<std::string>& arguments) {
    return Taking{arguments}.run();
}

std::string_view summary() noexcept { return "shows and controls the services of this machine that use servicekit"; }

std::span<const std::string_view> examples() noexcept {
    static constexpr std::array<std::string_view, 6> lines{"list",
                                                           "status web-1",
                                                           "stop 'web-*' --yes",
                                                           "call web-1 greet name=you",
                                                           "wait /run/web-1.pid -t",
                                                           "-H db.example.org logs db --follow"};
    return lines;
}

std::string help_text() {
    std::string text = "servicectl " + std::string{summary()} + "\n\nUsage: servicectl VERB TARGET... [OPTIONS]\n";
    for (const OwnVerb& verb : own_verbs())
        text += "       servicectl " + std::string{verb.name} + (verb.arguments.empty() ? "" : " ") +
                std::string{verb.arguments} + "\n";
    text += "\nA TARGET is a name, a pattern ('web-*'), or the path of a pidfile or control socket.\n\nVerbs:\n";
    for (const OwnVerb& verb : own_verbs()) text += row(std::string{verb.name}, verb.text);
    for (const cli::VerbDescription& verb : cli::verbs(cli::LispVerbs::shown, SettingScope::with_standby))
        if (has_verb(verb.verb)) text += row(std::string{verb.name}, verb.text);
    text += common_rows([](std::string_view) { return true; }) + "\nExamples:\n";
    for (const std::string_view example : examples()) text += "  servicectl " + std::string{example} + "\n";
    return text;
}

std::string help_text(std::string_view verb) {
    if (const OwnVerb* const own = find_own_verb(verb)) return help_of(*own);
    const cli::VerbDescription& described = *cli::find_verb(verb);
    std::string text = std::string{described.text} + "\n\nUsage: servicectl " + std::string{verb};
    const auto arguments = cli::arguments_of(described.verb);
    text += (has_arguments(described.verb) ? " TARGET" + usage_of(arguments) : " TARGET...") + " [OPTIONS]\n";
    std::string rows;
    for (const cli::ArgumentDescription& argument : arguments) rows += row(argument.name, argument.description);
    for (const cli::OptionDescription& option : options_of_verb(described.verb))
        rows += row(cli::in_words(option), option.description);
    if (!rows.empty()) text += "\n" + rows;
    return text + common_rows([&described](std::string_view option) {
               // `call` has its own.
               return option != "--json" || described.verb != Verb::call;
           });
}

}  // namespace servicekit::servicectl
