#include "servicectl/web/open_service.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log_level_names.hpp"
#include "cli/typed_arguments.hpp"

namespace servicekit::servicectl::web {

void OpenService::take(ServiceNews news) {
    const bool is_changed = news.events || news.settings || news.crashes || news.metrics || news.log_level ||
                            news.log_reason || news.is_first_round;
    if (news.events) events_ = *std::move(news.events);
    if (news.settings) settings_ = *std::move(news.settings);
    if (news.crashes) crashes_ = *std::move(news.crashes);
    if (news.log_level) log_level_ = *std::move(news.log_level);
    if (news.log_reason) log_reason_ = *std::move(news.log_reason);
    if (news.metrics) {
        metrics_reason_ = std::move(news.metrics->reason);
        if (news.metrics->value) charts_.take(*news.metrics->value, news.measured);
    }
    log_end_ += news.log_skipped;
    // Lines that were skipped are a gap, and what was before a gap is not shown.
    if (news.log_skipped > 0) log_.clear();
    for (std::string& line : news.log_lines) log_.push_back(std::move(line));
    log_end_ += news.log_lines.size();
    while (log_.size() > most_lines) log_.pop_front();
    is_known_ = is_known_ || news.is_first_round;
    if (is_changed) ++version_;
}

void OpenService::fill(ServiceView& view, const std::string& why_not) const {
    view.events = forms(why_not);
    view.events_reason = events_.reason;
    if (settings_.value) view.settings = *settings_.value;
    view.settings_reason = settings_.reason;
    if (crashes_.value) view.crashes = *crashes_.value;
    view.crashes_reason = crashes_.reason;
    view.metrics = charts_.charts();
    view.metrics_reason = metrics_reason_;
    if (view.metrics_reason.empty() && charts_.left_out() > 0)
        view.metrics_reason = std::to_string(charts_.left_out()) + " more series are not shown here";
    view.log_reason = log_reason_;
    view.log_level = log_level_;
    view.log_levels.assign(log_level_names.begin(), log_level_names.end());
    view.unit = unit.name;
}

std::vector<EventForm> OpenService::forms(const std::string& why_not) const {
    return events_.value ? event_forms(*events_.value, why_not) : std::vector<EventForm>{};
}

const Value::List* OpenService::parameters_of(const std::string& event) const {
    return events_.value ? cli::declared_parameters(*events_.value, event) : nullptr;
}

OpenService::Lines OpenService::log_from(std::uint64_t position) const {
    Lines lines;
    if (position >= log_end_) return lines;
    const std::uint64_t wanted = log_end_ - position;
    lines.lines = last_lines(std::min({static_cast<std::size_t>(wanted), log_.size(), most_lines_at_once}));
    lines.skipped = static_cast<std::size_t>(wanted) - lines.lines.size();
    return lines;
}

std::vector<std::string> OpenService::last_lines(std::size_t most) const {
    std::size_t bytes = 0;
    auto first = log_.end();
    while (first != log_.begin() && most > 0) {
        bytes += std::prev(first)->size();
        if (bytes > most_bytes_at_once) break;
        --first;
        --most;
    }
    return {first, log_.end()};
}

}  // namespace servicekit::servicectl::web
