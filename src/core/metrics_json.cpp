#include "core/metrics_json.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/parse_number.hpp"
#include "core/metric_names.hpp"

namespace servicekit {
namespace {

using Kind = MetricFamily::Kind;
using Series = MetricFamily::Series;
using Distribution = MetricFamily::Distribution;

constexpr std::array kinds{std::pair{Kind::counter, std::string_view{"counter"}},
                           std::pair{Kind::gauge, std::string_view{"gauge"}},
                           std::pair{Kind::histogram, std::string_view{"histogram"}}};

std::string_view name_of(Kind kind) {
    return std::find_if(kinds.begin(), kinds.end(), [kind](const auto& row) { return row.first == kind; })->second;
}

constexpr const char* infinite = "+Inf";
constexpr const char* negative_infinite = "-Inf";

/// JSON has no number for what is not finite.
Value json_number(double number) {
    if (std::isinf(number)) return Value{number > 0 ? infinite : negative_infinite};
    return std::isnan(number) ? Value{} : Value{number};
}

void append_number(Object& fields, const Series& series) {
    if (const auto* const distribution = std::get_if<Distribution>(&series.number)) {
        Value::List buckets;
        for (const auto& [bound, at_most] : distribution->buckets)
            buckets.emplace_back(Value::List{json_number(bound), Value{at_most}});
        fields.append("buckets", std::move(buckets));
        fields.append("sum", json_number(distribution->sum));
        return;
    }
    std::visit(
        [&fields]<class Number>(const Number& number) {
            if constexpr (std::is_same_v<Number, double>)
                fields.append("value", json_number(number));
            else if constexpr (!std::is_same_v<Number, Distribution>)
                fields.append("value", number);
        },
        series.number);
}

/// Thrown for a reply that is not understood.
struct NotMetrics {};

const Value& need(const Object& fields, std::string_view key) {
    const Value* const value = fields.find(key);
    if (value == nullptr) throw NotMetrics{};
    return *value;
}
std::string text_in(const Object& fields, std::string_view key) {
    const Value& value = need(fields, key);
    if (!value.is_string()) throw NotMetrics{};
    return value.as_string();
}
/// Other texts could look like more lines of the text formats.
std::string name_in(const Object& fields, std::string_view key) {
    std::string name = text_in(fields, key);
    if (!is_metric_name(name)) throw NotMetrics{};
    return name;
}
const Value::List& list_in(const Object& fields, std::string_view key) {
    const Value& value = need(fields, key);
    if (!value.is_list()) throw NotMetrics{};
    return value.as_list();
}
const Object& object_in(const Value& value) {
    if (!value.is_object()) throw NotMetrics{};
    return value.as_object();
}
double real_in(const Value& value, double if_null) {
    if (value.is_null()) return if_null;
    if (value == Value{infinite}) return HUGE_VAL;
    if (value == Value{negative_infinite}) return -HUGE_VAL;
    if (!value.is_number()) throw NotMetrics{};
    return value.as_number();
}

std::uint64_t count_in(const Value& value) {
    if (value.is_integer() && value.as_integer() >= 0) return static_cast<std::uint64_t>(value.as_integer());
    const auto wide = value.is_wide_integer() ? parse_number<std::uint64_t>(value.wide_digits()) : std::nullopt;
    if (!wide) throw NotMetrics{};
    return *wide;
}

decltype(Series::number) number_in(const Object& fields, Kind kind) {
    if (kind == Kind::histogram) {
        Distribution distribution{.buckets = {}, .sum = real_in(need(fields, "sum"), std::nan(""))};
        for (const Value& bucket : list_in(fields, "buckets")) {
            if (!bucket.is_list() || bucket.as_list().size() != 2) throw NotMetrics{};
            distribution.buckets.emplace_back(real_in(bucket.as_list()[0], HUGE_VAL), count_in(bucket.as_list()[1]));
        }
        return distribution;
    }
    const Value& value = need(fields, "value");
    const bool is_real = value.is_number() && !value.is_integer() && !value.is_wide_integer();
    if (kind == Kind::counter && (!is_real || value.as_number() < 0)) return count_in(value);
    if (value.is_integer()) return value.as_integer();
    return real_in(value, std::nan(""));
}

MetricFamily family_in(const Object& fields) {
    const std::string type = text_in(fields, "type");
    const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const auto& row) { return row.second == type; });
    if (kind == kinds.end()) throw NotMetrics{};
    MetricFamily family{.name = name_in(fields, "name"), .help = text_in(fields, "help"), .kind = kind->first};
    if (fields.contains("unit")) family.unit = name_in(fields, "unit");
    for (const Value& one : list_in(fields, "series")) {
        const Object& series = object_in(one);
        Series read{.number = number_in(series, family.kind)};
        std::vector<std::string> names;
        if (const Value* const labels = series.find("labels")) {
            for (const auto& [name, value] : object_in(*labels)) {
                if (!value.is_string() || !is_metric_name(name)) throw NotMetrics{};
                names.push_back(name);
                read.label_values.push_back(value.as_string());
            }
        }
        if (family.series.empty()) family.labels = names;
        if (family.labels != names) throw NotMetrics{};
        family.series.push_back(std::move(read));
    }
    return family;
}

}  // namespace

Object metrics_to_json(const std::vector<MetricFamily>& families) {
    Value::List metrics;
    metrics.reserve(families.size());
    for (const MetricFamily& family : families) {
        Object fields{{"name", family.name}, {"type", name_of(family.kind)}, {"help", family.help}};
        if (!family.unit.empty()) fields.append("unit", family.unit);
        Value::List all;
        for (const Series& series : family.series) {
            Object one;
            if (!family.labels.empty()) {
                Object labels;
                for (std::size_t i = 0; i < family.labels.size(); ++i)
                    labels.append(family.labels[i], series.label_values[i]);
                one.append("labels", std::move(labels));
            }
            append_number(one, series);
            all.emplace_back(std::move(one));
        }
        fields.append("series", std::move(all));
        metrics.emplace_back(std::move(fields));
    }
    return {{"metrics", std::move(metrics)}};
}

Result<std::vector<MetricFamily>> metrics_from_json(const Object& reply) {
    try {
        std::vector<MetricFamily> families;
        for (const Value& family : list_in(reply, "metrics")) families.push_back(family_in(object_in(family)));
        return families;
    } catch (const NotMetrics&) {
        return Error{ExitCode::internal, "read the metrics", "", "the reply is not one of the event 'metrics'"};
    }
}

}  // namespace servicekit
