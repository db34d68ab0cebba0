#include "servicectl/web/pages/event_form.hpp"

#include <algorithm>

#include "servicectl/web/pages/limits.hpp"
#include "servicectl/web/pages/page.hpp"
#include "servicectl/web/pages/words.hpp"

namespace servicekit::servicectl::web {
namespace {

/// What an input has in common with the others of its form.
struct Input {
    const ParameterField& parameter;
    std::string id;

    [[nodiscard]] std::string name() const { return "p." + parameter.name; }
    [[nodiscard]] std::string hint_id() const { return id + "-hint"; }

    /// Returns the attributes that each kind of input has.
    [[nodiscard]] Attributes attributes() const {
        return Attributes{{"id", id}, {"name", name()}, {"aria-describedby", hint_id()}};
    }
    [[nodiscard]] Attributes required_attributes() const {
        return attributes().add({"required", parameter.is_required});
    }
};

bool is_of_type(const ParameterField& parameter, std::string_view type) { return parameter.type == type; }

Html option(const std::string& value, const std::string& text, bool is_selected) {
    return element("option", {{"value", value}, {"selected", is_selected}}, shortened(text, limits::word));
}

/// Returns a choice of values, and of none if the parameter may be left out.
Html select_of(const Input& input, const std::vector<std::string>& choices) {
    const ParameterField& parameter = input.parameter;
    Html options;
    if (!parameter.is_required && !parameter.default_value) options += option("", "(not given)", true);
    const std::size_t shown = std::min(choices.size(), limits::choices);
    for (std::size_t i = 0; i < shown; ++i)
        options += option(choices[i], choices[i], choices[i] == parameter.default_value);
    return element("select", input.required_attributes(), options);
}

/// Returns a box to tick. A browser sends nothing for an empty box, so the value false goes ahead of it.
Html checkbox_of(const Input& input) {
    return element("input", {{"type", "hidden"}, {"name", input.name()}, {"value", "false"}}) +
           element("input", input.attributes()
                                .add({"type", "checkbox"})
                                .add({"value", "true"})
                                .add({"checked", input.parameter.default_value == "true"}));
}

Html number_of(const Input& input) {
    const ParameterField& parameter = input.parameter;
    Attributes attributes = input.required_attributes();
    attributes.add({"type", "number"}).add({"step", is_of_type(parameter, "integer") ? "1" : "any"});
    if (parameter.minimum) attributes.add({"min", *parameter.minimum});
    if (parameter.maximum) attributes.add({"max", *parameter.maximum});
    return element("input", attributes.add({"value", parameter.default_value.value_or("")}));
}

/// Returns an input of several lines.
Html lines_of(const Input& input, const char* placeholder) {
    return element(
        "textarea",
        input.required_attributes().add({"rows", "3"}).add({"spellcheck", "false"}).add({"placeholder", placeholder}),
        text_of_lines(input.parameter.default_value.value_or("")));
}

Html secret_of(const Input& input) {
    return element("input",
                   input.required_attributes().add({"type", "password"}).add({"autocomplete", "new-password"}));
}

Html text_of(const Input& input) {
    const std::string default_value = input.parameter.default_value.value_or("");
    if (default_value.find('\n') != std::string::npos) return lines_of(input, "");
    Attributes attributes = input.required_attributes();
    attributes.add({"type", "text"}).add({"autocomplete", "off"}).add({"spellcheck", "false"});
    if (is_of_type(input.parameter, "path"))
        attributes.add({"pattern", "/.*"}).add({"placeholder", "/an/absolute/path"}).add({"title", "an absolute path"});
    return element("input", attributes.add({"value", default_value}));
}

bool has_checkbox(const ParameterField& parameter) {
    return is_of_type(parameter, "boolean") && parameter.choices.empty() && !parameter.is_secret &&
           (parameter.default_value || parameter.is_required);
}

Html control_of(const Input& input) {
    const ParameterField& parameter = input.parameter;
    if (parameter.is_secret) return secret_of(input);
    if (!parameter.choices.empty()) return select_of(input, parameter.choices);
    if (has_checkbox(parameter)) return checkbox_of(input);
    if (is_of_type(parameter, "boolean")) return select_of(input, {"true", "false"});
    if (is_of_type(parameter, "integer") || is_of_type(parameter, "number")) return number_of(input);
    if (is_of_type(parameter, "list")) return lines_of(input, R"(["a", "b"])");
    if (is_of_type(parameter, "object")) return lines_of(input, R"({"key": 1})");
    return text_of(input);
}

/// Returns for example "integer, 1 to 8848, default 100".
std::string kind_in_words(const ParameterField& parameter) {
    std::string words = parameter.is_secret ? "secret " + parameter.type : parameter.type;
    if (parameter.minimum && parameter.maximum)
        words += ", " + *parameter.minimum + " to " + *parameter.maximum;
    else if (parameter.minimum)
        words += ", at least " + *parameter.minimum;
    else if (parameter.maximum)
        words += ", at most " + *parameter.maximum;
    if (parameter.default_value && !parameter.is_secret) words += ", default " + *parameter.default_value;
    if (parameter.is_required) words += ", required";
    return shortened(words, limits::sentence);
}

Html hint_of(const ParameterField& parameter) {
    Html hint;
    if (!parameter.help.empty()) hint += element("span", {}, shortened(parameter.help, limits::sentence));
    return hint + element("span", {{"class", "kind"}}, kind_in_words(parameter));
}

Html field_of(const ParameterField& parameter, const std::string& id) {
    const Input input{parameter, id};
    return element(
        "div", {{"class", "field"}},
        element(
            "label", {{"for", id}}, shortened(parameter.name, limits::word),
            parameter.is_required ? element("span", {{"class", "required"}, {"aria-hidden", "true"}}, " *") : Html{}),
        control_of(input), element("p", {{"class", "hint"}, {"id", input.hint_id()}}, hint_of(parameter)));
}

/// Returns what a session that may not request the event sees.
Html description_of(const EventForm& event) {
    if (event.parameters.empty()) return {};
    const std::size_t shown = std::min(event.parameters.size(), limits::parameters);
    Html list;
    for (std::size_t i = 0; i < shown; ++i)
        list += element("dt", {}, shortened(event.parameters[i].name, limits::word)) +
                element("dd", {}, hint_of(event.parameters[i]));
    return element("dl", {{"class", "parameters"}}, list);
}

/// Returns why the form is left out; empty if it is not.
std::string why_no_form(const Frame& frame, const EventForm& event) {
    if (!frame.may_act) return frame.why_not.empty() ? "This page is read-only." : frame.why_not;
    if (!event.why_not.empty()) return event.why_not;
    if (event.parameters.size() > limits::parameters) return "It has too many parameters for a form.";
    return {};
}

Html form_of(const Frame& frame, const std::string& service_id, const EventForm& event, const std::string& id) {
    Html fields;
    for (std::size_t i = 0; i < event.parameters.size(); ++i)
        fields += field_of(event.parameters[i], id + "-" + std::to_string(i));
    return post_form(frame, {"services", service_id, "events", event.name}, "event-form", fields,
                     element("button", {{"type", "submit"}}, "Run ", shortened(event.name, limits::word)));
}

}  // namespace

Html event_form(const Frame& frame, const std::string& service_id, const EventForm& event, std::size_t number) {
    const std::string id = "event-" + std::to_string(number);
    const std::string why_not = why_no_form(frame, event);
    const Html role = event.role.empty() ? Html{}
                                         : element("span", {{"class", "role"}, {"title", "role that it needs"}},
                                                   shortened(event.role, limits::word));
    return element(
        "details", {{"class", "event"}, {"id", id}},
        element("summary", {}, element("span", {{"class", "name"}}, shortened(event.name, limits::word)),
                element("span", {{"class", "help"}}, shortened(event.help, limits::sentence)), role),
        element("div", {{"class", "body"}},
                why_not.empty() ? form_of(frame, service_id, event, id)
                                : element("p", {{"class", "missing"}}, shortened(why_not, limits::sentence)) +
                                      description_of(event)));
}

}  // namespace servicekit::servicectl::web
