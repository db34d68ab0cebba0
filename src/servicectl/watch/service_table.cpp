#include "servicectl/watch/service_table.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace servicekit::servicectl {
namespace {

using State = Finding::State;

std::string in_lower_case(std::string_view text) {
    std::string lower{text};
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
    });
    return lower;
}

/// Returns a number that is small for a state that a person should see first.
int rank_of(State state) noexcept {
    switch (state) {
        case State::hung:
            return 0;
        case State::dead:
            return 1;
        case State::too_long:
        case State::no_socket:
        case State::no_access:
        case State::not_asked:
        case State::not_trusted:
            return 2;
        case State::answers:
            return 3;
        case State::on_demand:
        case State::stopped:
            break;
    }
    return 4;
}

/// Returns -1 if the number is unknown.
double number_of(const ServiceRow& row, SortKey key) {
    constexpr double unknown = -1;
    const Object& fields = row.service.fields;
    switch (key) {
        case SortKey::cpu:
            return row.cpu.value_or(unknown);
        case SortKey::memory:
            return row.service.finding.usage ? static_cast<double>(row.service.finding.usage->memory) : unknown;
        case SortKey::uptime:
            return static_cast<double>(fields.get<std::int64_t>("uptime", -1));
        case SortKey::busy: {
            const Value* const busy = fields.find("busy");
            return busy == nullptr ? unknown : static_cast<double>(busy->as_object().get<std::int64_t>("seconds", 0));
        }
        case SortKey::name:
        case SortKey::state:
            break;
    }
    return unknown;
}

std::string percent(double number) {
    const auto tenths = static_cast<std::uint64_t>(number * 10 + 0.5);
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "%";
}

}  // namespace

std::string_view sort_key_in_words(SortKey key) noexcept {
    switch (key) {
        case SortKey::name:
            return "name";
        case SortKey::state:
            return "state";
        case SortKey::cpu:
            return "CPU";
        case SortKey::memory:
            return "memory";
        case SortKey::uptime:
            return "uptime";
        case SortKey::busy:
            break;
    }
    return "busy time";
}

std::string_view sorted_column(SortKey key) noexcept {
    switch (key) {
        case SortKey::name:
            return "NAME";
        case SortKey::state:
            return "STATE";
        case SortKey::cpu:
            return "CPU";
        case SortKey::memory:
            return "MEMORY";
        case SortKey::uptime:
            return "UPTIME";
        case SortKey::busy:
            break;
    }
    return "BUSY";
}

std::string ServiceRow::identity() const {
    // Neither path contains a null character.
    return service.place.paths.control_socket + '\0' + service.place.paths.pid_file;
}

std::vector<std::string> ServiceRow::cells(bool has_roles) const {
    return list_cells(service, has_roles, cpu ? percent(*cpu) : "-");
}

void ServiceTable::take(TimedListing now) {
    failure_ = std::move(now.failure);
    if (!failure_.empty()) return;
    const double elapsed = std::chrono::duration<double, std::milli>(now.measured - measured_).count();
    const bool has_elapsed = has_listing_ && elapsed > 0;
    std::map<std::string, Used> used;
    std::vector<ServiceRow> rows;
    has_roles_ = servicectl::has_roles(now.listing);
    for (ListedService& service : now.listing.services) {
        ServiceRow row{std::move(service)};
        const Finding& finding = row.service.finding;
        if (finding.usage) {
            const std::string identity = row.identity();
            const auto before = used_.find(identity);
            // A new process begins at zero.
            if (has_elapsed && before != used_.end() && before->second.pid == finding.pid)
                row.cpu = std::max(0.0, static_cast<double>((finding.usage->cpu - before->second.cpu).count())) * 100 /
                          elapsed;
            used[identity] = {finding.pid, finding.usage->cpu};
        }
        rows.push_back(std::move(row));
    }
    rows_ = std::move(rows);
    used_ = std::move(used);
    measured_ = now.measured;
    answered_ = now.answered;
    not_asked_ = now.listing.not_asked;
    has_listing_ = true;
    arrange();
}

void ServiceTable::sort_by(SortKey key) {
    key_ = key;
    is_reversed_ = false;
    arrange();
}

void ServiceTable::reverse() {
    is_reversed_ = !is_reversed_;
    arrange();
}

void ServiceTable::set_filter(std::string text) {
    filter_ = std::move(text);
    arrange();
}

bool ServiceTable::comes_before(const ServiceRow& one, const ServiceRow& other) const {
    int order = 0;
    if (key_ == SortKey::state) {
        order = rank_of(one.service.finding.state) - rank_of(other.service.finding.state);
        if (order == 0) order = state_in_words(one.service.finding).compare(state_in_words(other.service.finding));
    } else if (key_ != SortKey::name) {
        const double number = number_of(one, key_);
        const double next = number_of(other, key_);
        order = number == next ? 0 : number > next ? -1 : 1;
    }
    if (order == 0) order = one.service.place.name().compare(other.service.place.name());
    if (order == 0) order = one.identity().compare(other.identity());
    return is_reversed_ ? order > 0 : order < 0;
}

void ServiceTable::arrange() {
    const std::string wanted = in_lower_case(filter_);
    shown_.clear();
    for (const ServiceRow& row : rows_)
        if (in_lower_case(row.service.place.name()).find(wanted) != std::string::npos) shown_.push_back(&row);
    std::sort(shown_.begin(), shown_.end(),
              [this](const ServiceRow* one, const ServiceRow* other) { return comes_before(*one, *other); });
    const auto found = std::find_if(shown_.begin(), shown_.end(),
                                    [this](const ServiceRow* row) { return row->identity() == selected_identity_; });
    if (found != shown_.end())
        selected_ = static_cast<std::size_t>(found - shown_.begin());
    else
        selected_ = shown_.empty() ? 0 : std::min(selected_, shown_.size() - 1);
    if (!shown_.empty()) selected_identity_ = shown_[selected_]->identity();
}

void ServiceTable::move(std::ptrdiff_t rows) {
    if (shown_.empty()) return;
    const auto last = static_cast<std::ptrdiff_t>(shown_.size()) - 1;
    const auto now = static_cast<std::ptrdiff_t>(selected_);
    selected_ = static_cast<std::size_t>(now + std::clamp(rows, -now, last - now));
    selected_identity_ = shown_[selected_]->identity();
}

ServiceCounts ServiceTable::counts() const noexcept {
    ServiceCounts counts{.all = rows_.size()};
    for (const ServiceRow& row : rows_) {
        const Finding& finding = row.service.finding;
        if (finding.state == State::hung)
            ++counts.hung;
        else if (finding.state == State::dead)
            ++counts.dead;
        else if (is_running(finding))
            ++counts.running;
    }
    return counts;
}

const ServiceRow* ServiceTable::selected() const noexcept { return shown_.empty() ? nullptr : shown_[selected_]; }

const ServiceRow* ServiceTable::find(std::string_view identity) const noexcept {
    const auto found =
        std::find_if(rows_.begin(), rows_.end(), [&](const ServiceRow& row) { return row.identity() == identity; });
    return found == rows_.end() ? nullptr : &*found;
}

}  // namespace servicekit::servicectl
