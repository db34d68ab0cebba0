#include "servicectl/web/form.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/parse_number.hpp"
#include "base/utf8.hpp"
#include "cli/typed_arguments.hpp"
#include "servicekit/core/event.hpp"

namespace servicekit::servicectl::web {
namespace {

constexpr std::size_t most_form_fields = 256;

bool is_text(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0 || text.front() == '\0') return false;
        text.remove_prefix(length);
    }
    return true;
}

std::optional<std::string> decoded(std::string text) {
    std::replace(text.begin(), text.end(), '+', ' ');
    auto plain = percent_decoded(text);
    return plain && is_text(*plain) ? std::move(plain) : std::nullopt;
}

/// Returns the declaration of a parameter; null if there is none.
const Object* declaration_of(const Value::List& parameters, std::string_view name) {
    for (const Value& parameter : parameters)
        if (parameter.is_object() && parameter.as_object().get<std::string>("name", {}) == name)
            return &parameter.as_object();
    return nullptr;
}

std::vector<std::string_view> values_of(const Form& form, std::string_view name) {
    std::vector<std::string_view> values;
    for (const auto& [key, value] : form)
        if (key == name) values.emplace_back(value);
    return values;
}

Error unusable(std::string name, std::string reason) {
    return {ExitCode::usage, "use the parameter", std::move(name), std::move(reason)};
}

/// Browsers send the ends of lines of a text area as CR LF.
std::string with_plain_newlines(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') plain += text[i];
    return plain;
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string plain;
    while (!text.empty()) {
        if (text.front() != '%') {
            plain += text.front();
            text.remove_prefix(1);
            continue;
        }
        constexpr std::size_t length = 3;
        constexpr int hexadecimal = 16;
        const auto code =
            text.size() < length ? std::nullopt : parse_number<unsigned char>(text.substr(1, 2), hexadecimal);
        if (!code) return std::nullopt;
        plain += static_cast<char>(*code);
        text.remove_prefix(length);
    }
    return plain;
}

std::optional<Form> parse_form(std::string_view text) {
    Form form;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('&'), text.size());
        const std::string_view pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (pair.empty()) continue;
        if (form.size() == most_form_fields) return std::nullopt;
        const std::size_t equals = std::min(pair.find('='), pair.size());
        auto name = decoded(std::string{pair.substr(0, equals)});
        auto value = decoded(std::string{pair.substr(std::min(equals + 1, pair.size()))});
        if (!name || !value) return std::nullopt;
        form.emplace_back(*std::move(name), *std::move(value));
    }
    return form;
}

std::string_view field(const Form& form, std::string_view name) noexcept {
    const auto found = std::find_if(form.begin(), form.end(), [name](const auto& row) { return row.first == name; });
    return found == form.end() ? std::string_view{} : std::string_view{found->second};
}

Result<Object> form_arguments(const Form& form, const Value::List& parameters, const os::Host& host) {
    cli::GivenArguments given;
    for (const auto& [key, first] : form)
        if (key.starts_with(parameter_prefix) &&
            declaration_of(parameters, key.substr(parameter_prefix.size())) == nullptr)
            return unusable(key.substr(parameter_prefix.size()), "the event does not have it");
    for (const Value& parameter : parameters) {
        if (!parameter.is_object()) continue;
        const Object& declaration = parameter.as_object();
        const std::string name = declaration.get<std::string>("name", {});
        const std::string type = declaration.get<std::string>("type", {});
        const auto values = values_of(form, std::string{parameter_prefix} + name);
        if (values.empty()) continue;
        // A form sends a checkbox after a hidden field, which has the value of one that is not checked.
        if (values.size() > 1 && type != to_string(ParameterType::boolean)) return unusable(name, "it is given twice");
        const std::string_view value = values.back();
        const bool is_text = type == to_string(ParameterType::string) || type == to_string(ParameterType::path);
        const bool has_meaning =
            is_text && (declaration.get<bool>("required", false) || declaration.contains("default"));
        if (value.empty() && !has_meaning) continue;
        if (type == to_string(ParameterType::path) && !value.starts_with('/'))
            return unusable(name, "expected an absolute path");
        given.named.push_back({.name = name, .value = with_plain_newlines(value), .in_words = name});
    }
    return cli::typed_arguments(given, &parameters, host);
}

}  // namespace servicekit::servicectl::web
