#include "servicectl/web/charts.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "cli/text.hpp"

namespace servicekit::servicectl::web {
namespace {

using Kind = MetricFamily::Kind;

double seconds_between(std::chrono::steady_clock::time_point begin, std::chrono::steady_clock::time_point end) {
    return std::chrono::duration<double>(end - begin).count();
}

double number_of(const MetricFamily::Series& series) {
    return std::visit(
        []<class Number>(const Number& number) {
            if constexpr (std::is_same_v<Number, MetricFamily::Distribution>)
                return number.sum;
            else
                return static_cast<double>(number);
        },
        series.number);
}

std::string name_of(const MetricFamily& family, const MetricFamily::Series& series, std::string_view suffix) {
    constexpr std::size_t longest = 400;
    std::string name = family.name + std::string{suffix};
    std::string labels;
    for (std::size_t i = 0; i < family.labels.size() && i < series.label_values.size(); ++i)
        labels += (labels.empty() ? "" : ",") + family.labels[i] + "=\"" + series.label_values[i] + "\"";
    if (!labels.empty()) name += "{" + labels + "}";
    // Names that differ must not become the same text.
    return name.size() <= longest ? name : std::string{};
}

}  // namespace

void Charts::take(const std::vector<MetricFamily>& families, std::chrono::steady_clock::time_point now) {
    const double seconds = round_ == 0 ? 0 : seconds_between(last_, now);
    ++round_;
    in_round_ = 0;
    left_out_ = 0;
    last_ = now;
    for (const MetricFamily& family : families) {
        for (const MetricFamily::Series& series : family.series) {
            const auto* const distribution = std::get_if<MetricFamily::Distribution>(&series.number);
            if (distribution != nullptr) {
                const double count =
                    distribution->buckets.empty() ? 0 : static_cast<double>(distribution->buckets.back().second);
                add_count(name_of(family, series, "_count"), family, count, seconds);
                add_mean(name_of(family, series, " (mean)"), family, distribution->sum, count);
            } else if (family.kind == Kind::counter) {
                add_count(name_of(family, series, "_total"), family, number_of(series), seconds);
            } else if (Chart* const one = chart(name_of(family, series, ""), family)) {
                one->shown.unit = family.unit;
                add_value(*one, number_of(series));
            }
        }
    }
    std::erase_if(charts_, [this](const auto& row) { return row.second.round != round_; });
}

Charts::Chart* Charts::chart(const std::string& name, const MetricFamily& family) {
    if (name.empty() || in_round_ >= most_charts) {
        ++left_out_;
        return nullptr;
    }
    Chart& chart = charts_[name];
    if (chart.round == round_) return nullptr;  // it is there twice
    chart.round = round_;
    chart.number = in_round_++;
    chart.shown.name = name;
    constexpr std::size_t longest_help = 400;
    chart.shown.help = cli::cut(family.help, longest_help);
    return &chart;
}

void Charts::add_value(Chart& chart, double value) {
    chart.shown.last = value;
    if (std::isfinite(value)) chart.history.push_back(value);
    if (chart.history.size() > most_values) chart.history.pop_front();
}

void Charts::add_count(const std::string& name, const MetricFamily& family, double value, double seconds) {
    Chart* const found = chart(name, family);
    if (found == nullptr) return;
    Chart& counter = *found;
    counter.shown.is_rate = true;
    counter.shown.unit = family.kind == Kind::counter ? family.unit : std::string{};
    // A service that was started again counts from zero.
    if (counter.has_before && seconds > 0 && value >= counter.before)
        add_value(counter, (value - counter.before) / seconds);
    counter.shown.last = value;
    counter.before = value;
    counter.has_before = true;
}

void Charts::add_mean(const std::string& name, const MetricFamily& family, double sum, double count) {
    Chart* const found = chart(name, family);
    if (found == nullptr) return;
    Chart& mean = *found;
    mean.shown.unit = family.unit;
    if (mean.has_before && count > mean.count_before)
        add_value(mean, (sum - mean.before) / (count - mean.count_before));
    else if (!mean.has_before && count > 0)
        mean.shown.last = sum / count;
    mean.before = sum;
    mean.count_before = count;
    mean.has_before = true;
}

std::vector<MetricChart> Charts::charts() const {
    std::vector<const Chart*> order(in_round_, nullptr);
    for (const auto& [name, chart] : charts_) order.at(chart.number) = &chart;
    std::vector<MetricChart> shown;
    for (const Chart* const chart : order) {
        if (chart == nullptr) continue;
        shown.push_back(chart->shown);
        shown.back().history.assign(chart->history.begin(), chart->history.end());
    }
    return shown;
}

void RequestRate::take(double count, double own, std::chrono::steady_clock::time_point now) {
    const double seconds = seconds_between(last_, now);
    if (has_count_ && seconds > 0 && count >= count_) {
        history_.push_back(std::max(0.0, count - count_ - own) / seconds);
        if (history_.size() > most_values) history_.pop_front();
    }
    count_ = count;
    has_count_ = true;
    last_ = now;
}

}  // namespace servicekit::servicectl::web
