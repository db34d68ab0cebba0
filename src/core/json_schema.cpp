#include "core/json_schema.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "core/object_path.hpp"
#include "core/setting_table.hpp"
#include "servicekit/core/settings.hpp"

namespace servicekit {
namespace {

Object type_of(SettingKind kind) {
    const auto of = [](std::string_view type) { return Object{{"type", type}}; };
    const auto either = [](std::initializer_list<Value> types) { return Object{{"type", Value::List(types)}}; };
    switch (kind) {
        case SettingKind::seconds:
            return Object{{"type", "number"}, {"minimum", 0}};
        case SettingKind::interval:
            return Object{{"type", "number"}, {"minimum", 1}};
        case SettingKind::flag:
            return of("boolean");
        case SettingKind::descriptor:
        case SettingKind::count:
            return of("integer");
        case SettingKind::limit:
        case SettingKind::size:
        case SettingKind::period:
            return either({"integer", "string"});
        case SettingKind::paths:
        case SettingKind::peers:
        case SettingKind::words:
        case SettingKind::urls:
            return Object{{"type", "array"}, {"items", Object{{"type", "string"}}}};
        case SettingKind::stream:
            return either({"string", "object"});
        case SettingKind::log_level:
            return Object{{"enum", Value::List{"trace", "debug", "info", "warning", "error", "fatal"}}};
        case SettingKind::line_format:
        case SettingKind::readiness:
        case SettingKind::loss_action:
        case SettingKind::cluster_start: {
            const auto choices = choices_of(kind);
            return Object{{"enum", Value::List(choices.begin(), choices.end())}};
        }
        default:
            break;
    }
    return of("string");
}

Object closed_object() { return {{"type", "object"}, {"properties", Object{}}, {"additionalProperties", false}}; }

/// \param object the schema of the object that has the path
Object with_key(Object object, const ConfigKey& key, std::size_t depth = 0) {
    const std::string& step = key.path[depth];
    Value& properties = *object.find("properties");
    if (depth + 1 < key.path.size()) {
        const Value* inner = properties.as_object().find(step);
        Object section = with_key(inner != nullptr ? inner->as_object() : closed_object(), key, depth + 1);
        properties = with_value_at(properties, {&step, 1}, std::move(section));
    } else {
        Object schema = key.json_schema;
        if (!key.default_value.is_null()) schema.append("default", key.default_value);
        properties = with_value_at(properties, {&step, 1}, std::move(schema));
    }
    if (key.options.required) {
        Value::List required;
        if (const Value* known = object.find("required")) required = known->as_list();
        if (std::find(required.begin(), required.end(), Value{step}) == required.end()) required.emplace_back(step);
        object.set("required", std::move(required));
    }
    return object;
}

}  // namespace

Object json_schema(const ConfigSchema* own, SettingScope scope) {
    Object properties;
    for (const SettingRow& row : setting_table(scope)) {
        if (row.name == setting::config.name) continue;
        Object schema = type_of(row.kind);
        schema.append("description", row.description);
        if (!row.otherwise.value.empty())
            schema.append("default", checked(row.kind, value_from_text(row.kind, row.otherwise.value)));
        properties.append(std::string{row.name}, std::move(schema));
    }
    Object app{{"type", "object"}};
    if (own != nullptr) {
        app = closed_object();
        for (const ConfigKey& key : own->keys()) app = with_key(std::move(app), key);
    }
    properties.append("app", std::move(app));
    return {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
            {"type", "object"},
            {"properties", std::move(properties)},
            {"additionalProperties", false}};
}

}  // namespace servicekit
