#include "cli/program_verbs.hpp"

#include <algorithm>
#include <set>

#include "base/names.hpp"
#include "cli/command_line.hpp"
#include "cli/reply_text.hpp"
#include "cli/verbs.hpp"
#include "core/argument_check.hpp"
#include "core/parameter_description.hpp"

namespace servicekit::cli {
namespace {

std::optional<std::string> fault_of(const Parameter& parameter, const KnownSettings& known, bool is_option) {
    const std::string quoted = "'" + parameter.name + "'";
    if (!is_valid_name(parameter.name)) return quoted + " must have " + std::string{name_rule()};
    if (parameter.default_value && !parameter.default_value->is_null() && !accepts(parameter, *parameter.default_value))
        return "the default of " + quoted + " must be " + accepted_words(parameter);
    if (parameter.secret) return quoted + " is a secret, and every user of the machine sees a command line";
    if (!is_option) return std::nullopt;
    const bool is_setting = find_setting_option(known, parameter.name).has_value();
    if (is_setting || parameter.name == "help" || parameter.name == "version")
        return "--" + parameter.name + " is an option of every verb";
    return std::nullopt;
}

std::optional<std::string> fault_of(const ProgramVerb& verb, const KnownSettings& known) {
    if (!is_valid_name(verb.name)) return "expected " + std::string{name_rule()};
    if (find_verb(verb.name, known.scope) != nullptr || verb.name == inner_verb)
        return "every service program has a verb of this name";
    if (!verb.run) return "it has no function to run";
    std::set<std::string_view> names;
    bool may_be_left_out = false;
    for (const Parameter& positional : verb.arguments) {
        if (auto fault = fault_of(positional, known, false)) return fault;
        if (!names.insert(positional.name).second) return "'" + positional.name + "' is declared twice";
        if (positional.type == ParameterType::list && &positional != &verb.arguments.back())
            return "'" + positional.name + "' is a list, which can only come last";
        if (may_be_left_out && !positional.default_value)
            return "'" + positional.name + "' must be given, and comes behind one that may be left out";
        may_be_left_out = positional.default_value.has_value();
    }
    for (const Parameter& option : verb.options) {
        if (auto fault = fault_of(option, known, true)) return fault;
        if (!names.insert(option.name).second) return "'" + option.name + "' is declared twice";
    }
    return std::nullopt;
}

}  // namespace

const ProgramVerb* find_program_verb(const std::vector<ProgramVerb>* verbs, std::string_view name) noexcept {
    if (verbs == nullptr) return nullptr;
    const auto found =
        std::find_if(verbs->begin(), verbs->end(), [name](const ProgramVerb& verb) { return verb.name == name; });
    return found != verbs->end() ? &*found : nullptr;
}

std::optional<Error> check_program_verbs(const std::vector<ProgramVerb>* verbs, const KnownSettings& known) {
    if (verbs == nullptr) return std::nullopt;
    std::set<std::string_view> names;
    for (const ProgramVerb& verb : *verbs) {
        auto fault = fault_of(verb, known);
        if (!fault && !names.insert(verb.name).second) fault = "there is one of this name already";
        if (fault) return Error{ExitCode::internal, "add the verb", verb.name, *fault};
    }
    return std::nullopt;
}

std::string verb_argument_name(const Parameter& positional) {
    std::string text = positional.name;
    std::transform(text.begin(), text.end(), text.begin(), [](char letter) {
        return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    });
    return text;
}

std::string verb_value_name(const Parameter& option) {
    switch (option.type) {
        case ParameterType::boolean:
            return {};
        case ParameterType::integer:
        case ParameterType::number:
            return "N";
        case ParameterType::path:
            return "FILE";
        case ParameterType::list:
            return "LIST";
        case ParameterType::object:
            return "OBJECT";
        case ParameterType::string:
            break;
    }
    return "TEXT";
}

std::string verb_parameter_text(const Parameter& parameter) {
    return parameter.type == ParameterType::boolean ? parameter.description : parameter_text(describe(parameter));
}

}  // namespace servicekit::cli
