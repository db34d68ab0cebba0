#include "servicekit/core/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/names.hpp"
#include "core/metric_entry.hpp"
#include "core/metric_names.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit {
namespace {

static_assert(Text::longest == TextCell::longest);

/// Returns the start of the text that fits, without a part of a character at its end.
std::string_view fitting(std::string_view text) noexcept {
    if (text.size() <= Text::longest) return text;
    const auto continues = [text](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U; };
    constexpr std::size_t longest_character = 4;
    for (std::size_t end = Text::longest; end > Text::longest - longest_character; --end)
        if (!continues(end)) return text.substr(0, end);
    return text.substr(0, Text::longest);  // the text is not UTF-8
}

Value shown(const std::atomic<std::uint64_t>& cell) { return cell.load(std::memory_order_relaxed); }
Value shown(const std::atomic<std::int64_t>& cell) { return cell.load(std::memory_order_relaxed); }
Value shown(const std::atomic<double>& cell) { return cell.load(std::memory_order_relaxed); }
Value shown(const HistogramCell& cell) { return Object{{"count", cell.count()}, {"sum", cell.sum()}}; }
Value shown(const TextCell& cell) { return cell.get(); }

Value shown(const MetricSeries& series) {
    return std::visit([](const auto& cell) { return shown(cell); }, series.cell);
}

using Number = decltype(MetricFamily::Series::number);
Number number_in(const std::atomic<std::uint64_t>& cell) { return cell.load(std::memory_order_relaxed); }
Number number_in(const std::atomic<std::int64_t>& cell) { return cell.load(std::memory_order_relaxed); }
Number number_in(const std::atomic<double>& cell) { return cell.load(std::memory_order_relaxed); }
Number number_in(const HistogramCell& cell) { return cell.read(); }
Number number_in(const TextCell& /*cell*/) { return std::uint64_t{0}; }

// The cell and the kind of each handle.
template <class Handle>
struct Of;
template <>
struct Of<Counter> {
    using Cell = std::atomic<std::uint64_t>;
    static constexpr MetricEntry::Kind kind = MetricFamily::Kind::counter;
};
template <>
struct Of<Gauge> {
    using Cell = std::atomic<std::int64_t>;
    static constexpr MetricEntry::Kind kind = MetricFamily::Kind::gauge;
};
template <>
struct Of<RealGauge> {
    using Cell = std::atomic<double>;
    static constexpr MetricEntry::Kind kind = MetricFamily::Kind::gauge;
};
template <>
struct Of<Histogram> {
    using Cell = HistogramCell;
    static constexpr MetricEntry::Kind kind = MetricFamily::Kind::histogram;
};
template <>
struct Of<Text> {
    using Cell = TextCell;
    static constexpr MetricEntry::Kind kind = std::nullopt;
};

template <class Handle>
std::unique_ptr<MetricSeries> make_series(const MetricEntry& entry) {
    using Cell = typename Of<Handle>::Cell;
    if constexpr (std::is_same_v<Cell, HistogramCell>)
        return std::make_unique<MetricSeries>(std::in_place_type<Cell>, entry.bounds);
    else
        return std::make_unique<MetricSeries>(std::in_place_type<Cell>);
}

/// Returns the name for the text formats; empty if nothing is left of it.
std::string exported_name(std::string_view name, std::string_view unit, MetricEntry::Kind kind) {
    constexpr std::string_view total = "_total";
    std::string exported = name.front() >= '0' && name.front() <= '9' ? "_" : "";
    for (const char c : name) exported += c == '.' || c == '-' ? '_' : c;
    if (kind == MetricFamily::Kind::counter && exported.ends_with(total))
        exported.resize(exported.size() - total.size());
    if (!exported.empty() && !unit.empty() && !exported.ends_with("_" + std::string{unit}))
        exported += "_" + std::string{unit};
    return exported;
}

bool is_of_library(std::string_view exported) {
    return exported.starts_with("servicekit_") || exported.starts_with("process_");
}

/// Returns true if the text formats would have a line of one in the family of the other.
bool collide(std::string_view one, std::string_view other) {
    if (one.size() > other.size()) std::swap(one, other);
    if (!other.starts_with(one)) return false;
    other.remove_prefix(one.size());
    return other.empty() || other == "_count" || other == "_sum" || other == "_bucket" || other == "_total" ||
           other == "_created" || other == "_info";
}

std::optional<std::string> fault_of_labels(const std::vector<std::string>& labels) {
    for (const std::string& label : labels) {
        if (!is_metric_name(label) || label.starts_with("__") || label == "le" || label == "service")
            return "it cannot have the label '" + label + "'";
        if (std::count(labels.begin(), labels.end(), label) > 1) return "it has the label '" + label + "' twice";
    }
    return std::nullopt;
}

std::optional<std::string> fault_of_buckets(const std::vector<double>& bounds) {
    if (std::any_of(bounds.begin(), bounds.end(), [](double bound) { return !std::isfinite(bound); }))
        return "a bucket is not finite";
    if (std::adjacent_find(bounds.begin(), bounds.end(), std::greater_equal<>{}) != bounds.end())
        return "its buckets are not ascending";
    return std::nullopt;
}

}  // namespace

void Text::set(std::string_view text) const noexcept {
    if (cell_ != nullptr) cell_->set(fitting(text));
}

std::string Text::value() const { return cell_ != nullptr ? cell_->get() : std::string{}; }

[[gnu::hot]] void Histogram::observe(double number) const noexcept {
    if (cell_ != nullptr) cell_->observe(number);
}

std::uint64_t Histogram::count() const noexcept { return cell_ != nullptr ? cell_->count() : 0; }

/// Metrics are added but never removed, so readers need no lock.
struct Metrics::List {
    ~List() {
        for (const MetricEntry* entry = first.load(); entry != nullptr;) {
            const MetricEntry* const next = entry->next.load();
            delete entry;  // NOLINT(cppcoreguidelines-owning-memory)
            entry = next;
        }
    }
    template <class See>
    void for_each(const See& see) const {
        for (const MetricEntry* entry = first.load(std::memory_order_acquire); entry != nullptr;
             entry = entry->next.load(std::memory_order_acquire))
            see(*entry);
    }

    std::function<bool(std::string_view name)> is_built_in;
    Owner owner;
    std::mutex declaring{};
    std::atomic<MetricEntry*> first{nullptr};
    std::atomic<MetricEntry*>* end = &first;  ///< guarded by the mutex: where the next entry is linked
};

/// What a declaration gives.
struct Metrics::Declared {
    std::string_view name;
    std::string_view help;
    std::string_view unit = {};
    std::vector<std::string> labels = {};
    std::vector<double> bounds = {};
};

Metrics::Metrics(std::function<bool(std::string_view name)> is_built_in, Owner owner)
    : list_{new List{.is_built_in = std::move(is_built_in), .owner = owner}} {}

Metrics::~Metrics() = default;

template <class Handle>
MetricEntry& Metrics::declare(Declared&& declared) {
    const auto refuse = [name = std::string{declared.name}](const std::string& reason) {
        throw std::invalid_argument{"cannot declare the metric '" + name + "': " + reason};
    };
    if (!is_valid_name(declared.name)) refuse("expected " + std::string{name_rule()});
    if (list_->is_built_in(declared.name)) refuse("status has a built-in field of this name");
    if (!declared.unit.empty() && !is_metric_name(declared.unit)) refuse("its unit is not a word");
    if (const auto fault = fault_of_labels(declared.labels)) refuse(*fault);
    if (const auto fault = fault_of_buckets(declared.bounds)) refuse(*fault);
    auto entry = std::make_unique<MetricEntry>(Of<Handle>::kind, &make_series<Handle>);
    entry->name = declared.name;
    entry->json_key = ",\"" + entry->name + "\":";  // a valid name needs no escape
    entry->help = declared.help;
    entry->unit = declared.unit;
    entry->labels = std::move(declared.labels);
    entry->bounds = std::move(declared.bounds);
    entry->exported = exported_name(declared.name, declared.unit, Of<Handle>::kind);
    if (entry->exported.empty()) refuse("only the ending of a counter is left of it");
    if (entry->labels.empty()) entry->add({});
    if (list_->owner == Owner::application && is_of_library(entry->exported))
        refuse("its prefix is that of the library");

    const std::lock_guard guard{list_->declaring};
    if (contains(declared.name)) refuse("it is declared already");
    list_->for_each([&](const MetricEntry& known) {
        if (entry->kind && known.kind && collide(entry->exported, known.exported))
            refuse("'" + known.name + "' has lines of the same name");
    });
    MetricEntry& added = *entry;
    list_->end->store(entry.release(), std::memory_order_release);
    list_->end = &added.next;
    return added;
}

template <class Handle>
Handle Metrics::declare_one(Declared&& declared) {
    return handle_of<Handle>(*declare<Handle>(std::move(declared)).first.load());
}

template <class Handle>
Labelled<Handle> Metrics::declare_labelled(Declared&& declared) {
    if (declared.labels.empty())
        throw std::invalid_argument{"cannot declare the metric '" + std::string{declared.name} + "': it has no label"};
    return Labelled<Handle>{declare<Handle>(std::move(declared))};
}

template <class Handle>
Handle Metrics::handle_of(MetricSeries& series) {
    return Handle{std::get<typename Of<Handle>::Cell>(series.cell)};
}

template <class Handle>
Handle Labelled<Handle>::with(std::initializer_list<std::string_view> values) const {
    if (entry_ == nullptr) return {};
    if (values.size() != entry_->labels.size())
        throw std::invalid_argument{"the metric '" + entry_->name + "' has " + std::to_string(entry_->labels.size()) +
                                    " labels, not " + std::to_string(values.size())};
    const std::lock_guard guard{entry_->making};
    MetricSeries* series = entry_->find(values);
    if (series == nullptr && entry_->made < MetricEntry::most_series)
        series = &entry_->add({values.begin(), values.end()});
    if (series == nullptr) {
        if (entry_->rest == nullptr) entry_->rest = &entry_->rest_of(values.size());
        series = entry_->rest;
    }
    return Metrics::handle_of<Handle>(*series);
}

template class Labelled<Counter>;
template class Labelled<Gauge>;
template class Labelled<RealGauge>;
template class Labelled<Histogram>;

Counter Metrics::counter(std::string_view name, std::string_view help, std::string_view unit) {
    return declare_one<Counter>({name, help, unit});
}

Gauge Metrics::gauge(std::string_view name, std::string_view help, std::string_view unit) {
    return declare_one<Gauge>({name, help, unit});
}

RealGauge Metrics::real_gauge(std::string_view name, std::string_view help, std::string_view unit) {
    return declare_one<RealGauge>({name, help, unit});
}

Histogram Metrics::histogram(std::string_view name, std::string_view help, std::vector<double> buckets,
                             std::string_view unit) {
    return declare_one<Histogram>({name, help, unit, {}, std::move(buckets)});
}

Text Metrics::text(std::string_view name, std::string_view help) { return declare_one<Text>({name, help}); }

Labelled<Counter> Metrics::labelled_counter(std::string_view name, std::string_view help,
                                            std::vector<std::string> labels, std::string_view unit) {
    return declare_labelled<Counter>({name, help, unit, std::move(labels)});
}

Labelled<Gauge> Metrics::labelled_gauge(std::string_view name, std::string_view help, std::vector<std::string> labels,
                                        std::string_view unit) {
    return declare_labelled<Gauge>({name, help, unit, std::move(labels)});
}

Labelled<RealGauge> Metrics::labelled_real_gauge(std::string_view name, std::string_view help,
                                                 std::vector<std::string> labels, std::string_view unit) {
    return declare_labelled<RealGauge>({name, help, unit, std::move(labels)});
}

Labelled<Histogram> Metrics::labelled_histogram(std::string_view name, std::string_view help,
                                                std::vector<std::string> labels, std::vector<double> buckets,
                                                std::string_view unit) {
    return declare_labelled<Histogram>({name, help, unit, std::move(labels), std::move(buckets)});
}

[[gnu::hot]] bool Metrics::empty() const noexcept { return list_->first.load(std::memory_order_acquire) == nullptr; }

bool Metrics::contains(std::string_view name) const noexcept {
    bool is_found = false;
    list_->for_each([&](const MetricEntry& entry) { is_found = is_found || entry.name == name; });
    return is_found;
}

Object Metrics::read() const {
    Object values;
    list_->for_each([&](const MetricEntry& entry) {
        if (entry.labels.empty()) values.append(entry.name, shown(*entry.first.load(std::memory_order_acquire)));
    });
    return values;
}

[[gnu::hot]] void Metrics::append_members(std::string& out) const {
    list_->for_each([&](const MetricEntry& entry) {
        if (!entry.labels.empty()) return;
        out += entry.json_key;
        append_json_value(out, shown(*entry.first.load(std::memory_order_acquire)));
    });
}

std::vector<MetricFamily> Metrics::collect() const {
    std::vector<MetricFamily> families;
    list_->for_each([&](const MetricEntry& entry) {
        if (!entry.kind) return;
        MetricFamily family{.name = entry.exported,
                            .help = entry.help,
                            .unit = entry.unit,
                            .kind = *entry.kind,
                            .labels = entry.labels};
        entry.for_each([&](const MetricSeries& one) {
            family.series.push_back(
                {one.label_values, std::visit([](const auto& cell) { return number_in(cell); }, one.cell)});
        });
        families.push_back(std::move(family));
    });
    return families;
}

}  // namespace servicekit
