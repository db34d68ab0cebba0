#include "servicekit/core/published_values.hpp"

#include <mutex>
#include <stdexcept>
#include <utility>
#include <variant>

#include "base/names.hpp"
#include "core/text_cell.hpp"

namespace servicekit {
namespace {

/// Size of a processor's cache line. Threads that update values in different lines do not slow each other down.
constexpr std::size_t cache_line = 64;

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
Value shown(const TextCell& cell) { return cell.get(); }

}  // namespace

void Text::set(std::string_view text) const noexcept {
    if (cell_ != nullptr) cell_->set(fitting(text));
}

std::string Text::value() const { return cell_ != nullptr ? cell_->get() : std::string{}; }

struct PublishedValues::Entry {
    template <class Cell>
    Entry(std::string_view the_name, std::string_view the_help, std::in_place_type_t<Cell> kind)
        : name{the_name}, help{the_help}, cell{kind} {}

    const std::string name;
    const std::string help;
    alignas(cache_line)
        std::variant<std::atomic<std::uint64_t>, std::atomic<std::int64_t>, std::atomic<double>, TextCell> cell;
    alignas(cache_line) std::atomic<Entry*> next{nullptr};
};

/// Entries are added but never removed, so readers need no lock.
struct PublishedValues::List {
    ~List() {
        for (const Entry* entry = first.load(); entry != nullptr;) {
            const Entry* const next = entry->next.load();
            delete entry;  // NOLINT(cppcoreguidelines-owning-memory)
            entry = next;
        }
    }

    std::function<bool(std::string_view name)> is_built_in;
    std::mutex declaring{};
    std::atomic<Entry*> first{nullptr};
    std::atomic<Entry*>* end = &first;  ///< guarded by the mutex: where the next entry is linked
};

PublishedValues::PublishedValues(std::function<bool(std::string_view name)> is_built_in)
    : list_{new List{.is_built_in = std::move(is_built_in)}} {}

PublishedValues::~PublishedValues() = default;

template <class Cell>
Cell& PublishedValues::declare(std::string_view name, std::string_view help) {
    const auto refuse = [name](std::string_view reason) {
        throw std::invalid_argument{"cannot publish the value '" + std::string{name} + "': " + std::string{reason}};
    };
    if (!is_valid_name(name)) refuse("expected " + std::string{name_rule()});
    if (list_->is_built_in(name)) refuse("status has a built-in field of this name");
    const std::lock_guard guard{list_->declaring};
    if (contains(name)) refuse("it is published already");
    auto entry = std::make_unique<Entry>(name, help, std::in_place_type<Cell>);
    Entry& added = *entry;
    list_->end->store(entry.release(), std::memory_order_release);
    list_->end = &added.next;
    return std::get<Cell>(added.cell);
}

Counter PublishedValues::counter(std::string_view name, std::string_view help) {
    return Counter{declare<std::atomic<std::uint64_t>>(name, help)};
}

Gauge PublishedValues::gauge(std::string_view name, std::string_view help) {
    return Gauge{declare<std::atomic<std::int64_t>>(name, help)};
}

RealGauge PublishedValues::real_gauge(std::string_view name, std::string_view help) {
    return RealGauge{declare<std::atomic<double>>(name, help)};
}

Text PublishedValues::text(std::string_view name, std::string_view help) { return Text{declare<TextCell>(name, help)}; }

bool PublishedValues::empty() const noexcept { return list_->first.load(std::memory_order_acquire) == nullptr; }

bool PublishedValues::contains(std::string_view name) const noexcept {
    for (const Entry* entry = list_->first.load(std::memory_order_acquire); entry != nullptr;
         entry = entry->next.load(std::memory_order_acquire))
        if (entry->name == name) return true;
    return false;
}

Object PublishedValues::read() const {
    Object values;
    for (const Entry* entry = list_->first.load(std::memory_order_acquire); entry != nullptr;
         entry = entry->next.load(std::memory_order_acquire))
        values.append(entry->name, std::visit([](const auto& cell) { return shown(cell); }, entry->cell));
    return values;
}

}  // namespace servicekit
