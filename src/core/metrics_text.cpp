#include "core/metrics_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <variant>

#include "base/escaped_text.hpp"
#include "base/utf8.hpp"

namespace servicekit {
namespace {

using Kind = MetricFamily::Kind;

std::string text_of(std::uint64_t number) { return std::to_string(number); }
std::string text_of(std::int64_t number) { return std::to_string(number); }
std::string text_of(double number) {
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number > 0 ? "+Inf" : "-Inf";
    std::array<char, 32> digits{};
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    std::string text{digits.data(), written.ptr};
    // The bound of a bucket is a floating point number in OpenMetrics.
    if (text.find_first_of(".e") == std::string::npos) text += ".0";
    return text;
}

/// Escapes a text for one line, and replaces what is not UTF-8 or could control a terminal.
std::string in_quotes(std::string_view text, bool is_value) {
    std::string escaped;
    while (!text.empty()) {
        const std::size_t length = text.front() == '\n' ? 1 : plain_character(text);
        if (length == 0) {
            escaped += "\xEF\xBF\xBD";
            text.remove_prefix(std::max<std::size_t>(utf8_length(text), 1));
            continue;
        }
        const std::string_view character = text.substr(0, length);
        text.remove_prefix(length);
        if (character == "\\")
            escaped += "\\\\";
        else if (character == "\n")
            escaped += "\\n";
        else if (character == "\"" && is_value)
            escaped += "\\\"";
        else
            escaped += character;
    }
    return escaped;
}

const char* type_of(Kind kind) {
    switch (kind) {
        case Kind::counter:
            return "counter";
        case Kind::gauge:
            return "gauge";
        case Kind::histogram:
            break;
    }
    return "histogram";
}

/// Writes one family.
class Writing {
public:
    Writing(const MetricFamily& family, MetricsFormat format, std::string& page)
        : family_{family}, format_{format}, page_{page} {}

    /// \param has_head false if the family before it has the same name
    void write(bool has_head) {
        if (has_head) write_head();
        for (const MetricFamily::Series& series : family_.series) write(series);
    }

private:
    void write_head() {
        const bool is_open = format_ == MetricsFormat::openmetrics;
        // Only Prometheus' own format has the suffix in the head.
        const std::string name = family_.name + (family_.kind == Kind::counter && !is_open ? "_total" : "");
        page_ += "# HELP " + name + " " + in_quotes(family_.help, is_open) + "\n";
        page_ += "# TYPE " + name + " " + type_of(family_.kind) + "\n";
        if (is_open && !family_.unit.empty()) page_ += "# UNIT " + name + " " + family_.unit + "\n";
    }

    void write(const MetricFamily::Series& series) {
        const auto* const distribution = std::get_if<MetricFamily::Distribution>(&series.number);
        if (distribution == nullptr) {
            const std::string number = std::visit(
                []<class Number>(const Number& value) {
                    if constexpr (std::is_same_v<Number, MetricFamily::Distribution>)
                        return std::string{};
                    else
                        return text_of(value);
                },
                series.number);
            return write_line(family_.kind == Kind::counter ? "_total" : "", series, {}, number);
        }
        std::uint64_t count = 0;
        for (const auto& [bound, at_most] : distribution->buckets) {
            write_line("_bucket", series, text_of(bound), text_of(at_most));
            count = at_most;
        }
        write_line("_sum", series, {}, text_of(distribution->sum));
        write_line("_count", series, {}, text_of(count));
    }

    /// \param bound of a bucket; empty for no bucket
    void write_line(std::string_view suffix, const MetricFamily::Series& series, const std::string& bound,
                    const std::string& number) {
        page_ += family_.name;
        page_ += suffix;
        std::string labels;
        for (std::size_t i = 0; i < family_.labels.size() && i < series.label_values.size(); ++i)
            add_label(labels, family_.labels[i], series.label_values[i]);
        if (!bound.empty()) add_label(labels, "le", bound);
        if (!labels.empty()) page_ += "{" + labels + "}";
        page_ += " " + number + "\n";
    }
    static void add_label(std::string& labels, const std::string& name, const std::string& value) {
        labels += (labels.empty() ? "" : ",") + name + "=\"" + in_quotes(value, true) + "\"";
    }

    const MetricFamily& family_;
    MetricsFormat format_;
    std::string& page_;
};

}  // namespace

std::string metrics_text(const std::vector<MetricFamily>& families, MetricsFormat format) {
    std::string page;
    std::string_view last;
    for (const MetricFamily& family : families) {
        Writing{family, format, page}.write(family.name != last);
        last = family.name;
    }
    if (format == MetricsFormat::openmetrics) page += "# EOF\n";
    return page;
}

}  // namespace servicekit
