#include "prometheus/monitoring_files.hpp"

#include <variant>

#include "integration/support/text_file.hpp"
#include "prometheus/replaced.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::test {

Outcome promtool(const Strings& arguments) {
    Command command{.arguments = {"promtool"}, .directory = monitoring_files};
    command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
    return run_command(command);
}

Object dashboard() {
    const auto parsed = parse_json(read_file(monitoring_files + "/grafana-dashboard.json"));
    const auto* const value = std::get_if<Value>(&parsed);
    return value != nullptr && value->is_object() ? value->as_object() : Object{};
}

void for_each_text(const Value& value, std::string_view key, const std::function<void(const std::string& text)>& see) {
    if (value.is_list()) {
        for (const Value& element : value.as_list()) for_each_text(element, key, see);
    } else if (value.is_object()) {
        for (const auto& [name, member] : value.as_object()) {
            if (name == key && member.is_string())
                see(member.as_string());
            else
                for_each_text(member, key, see);
        }
    }
}

Strings dashboard_expressions() {
    Strings found;
    for_each_text(Value{dashboard()}, "expr", [&](const std::string& text) {
        found.push_back(replaced(replaced(text, "$__rate_interval", "5m"), "$service", ".+"));
    });
    return found;
}

Strings alert_expressions(const PrometheusServer& prometheus) {
    Strings found;
    for_each_text(prometheus.ask("rules"), "query", [&](const std::string& text) { found.push_back(text); });
    return found;
}

}  // namespace servicekit::test
