#include "servicectl/top/service_watch.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/log_view/log_tail.hpp"
#include "servicectl/survey.hpp"

namespace servicekit::servicectl::top {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds pause_of_log{200};
constexpr milliseconds pause_of_events{2000};
constexpr std::size_t lines_at_first = 200;
constexpr std::size_t longest_log_line = 2048;
/// Of a log that grows faster than it can be read, lines are shown as often.
constexpr milliseconds longest_read{100};
/// Lines that are collected before all except the last ones are dropped.
constexpr std::size_t most_lines_collected = 10'000;

/// Cuts a text into lines. The end of a long line is dropped.
class LineCutter {
public:
    void add(std::string_view text, std::vector<std::string>& lines) {
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            const std::size_t room = longest_log_line - std::min(begun_.size(), longest_log_line);
            begun_ += text.substr(0, std::min(end, room));
            if (end == text.size()) return;
            lines.push_back(std::exchange(begun_, {}));
            text.remove_prefix(end + 1);
        }
    }

private:
    std::string begun_;
};

/// The log of one service, from its last lines on.
class LogLines {
public:
    LogLines(std::string path, os::Host host) : path_{std::move(path)}, host_{std::move(host)} {}

    /// Reads what is there. \returns why it cannot be read; empty if it can
    std::string read(std::vector<std::string>& lines, const std::stop_token& stop) {
        if (!tail_) {
            auto opened = cli::LogTail::open(*host_.files, *host_.clock, path_, lines_at_first,
                                             [this](const std::string& message) { remarks_.push_back(message); });
            if (!opened) return opened.error().message();
            tail_.emplace(*std::move(opened));
        }
        const auto end = host_.clock->steady_now() + longest_read;
        bool was_read = true;
        while (was_read && !stop.stop_requested() && host_.clock->steady_now() < end) {
            const auto text = tail_->next();
            if (!text) return give_up(text.error());
            cutter_.add(*text, lines);
            if (lines.size() > most_lines_collected) keep_last_lines(lines);
            was_read = !text->empty();
            if (!was_read) {
                const auto follows = tail_->follow();
                if (!follows) return give_up(follows.error());
                was_read = *follows;
            }
        }
        for (std::string& remark : remarks_) lines.push_back("servicectl: " + std::move(remark));
        remarks_.clear();
        keep_last_lines(lines);
        return {};
    }

private:
    /// The next read() begins again.
    std::string give_up(const Error& error) {
        tail_.reset();
        return error.message();
    }

    std::string path_;
    os::Host host_;
    std::optional<cli::LogTail> tail_;
    LineCutter cutter_;
    std::vector<std::string> remarks_;
};

/// Returns the number of values in a value, itself included, and counts each started 16 bytes of text as one.
std::size_t weight_of(const Value& value) {
    constexpr std::size_t bytes_of_one = 16;
    std::size_t weight = 1;
    if (value.is_string()) weight += value.as_string().size() / bytes_of_one;
    if (value.is_list())
        for (const Value& item : value.as_list()) weight += weight_of(item);
    if (value.is_object())
        for (const auto& [key, member] : value.as_object()) weight += weight_of(member) + key.size() / bytes_of_one;
    return weight;
}

/// Shortens what other users report. It is kept from one listing to the next, and one user may have hundreds of
/// services.
void shorten_what_others_report(Listing& listing, const os::Host& host) {
    constexpr std::size_t most = 4096;
    for (ListedService& service : listing.services) {
        if (!is_of_another_user(service.place, host)) continue;
        service.fields = with_short_texts(service.fields);
        const bool is_long = weight_of(service.finding.status) > most;
        service.finding.status = with_short_texts(is_long ? Object{{"state", state_in_words(service.finding)}}
                                                          : std::exchange(service.finding.status, {}));
        if (is_long) service.fields.set("reason", "its status is too long to be shown here");
    }
}

/// Returns why the log is not shown; empty if it is.
std::string refuse_log(const Place& place, const os::Host& host) {
    const std::string shows = "'servicectl logs " + place.name() + "'";
    if (is_of_another_user(place, host)) return "the service belongs to another user; " + shows + " shows its log";
    if (!place.record) return "there is no record of its start, so its log file is not known";
    const std::string path = log_file_of(place);
    if (path.empty()) return "it has no log file; " + shows + " says more";
    if (path.front() != '/') return "the path of its log file is relative; " + shows + " shows it";
    if (os::named_descriptor(path)) return "'" + path + "' is a descriptor that only the service has";
    return {};
}

/// The work of look_closely().
class CloseLook {
public:
    CloseLook(Place place, milliseconds timeout, os::Host host, std::function<void(DetailUpdate)> deliver)
        : place_{std::move(place)},
          timeout_{timeout},
          host_{std::move(host)},
          deliver_{std::move(deliver)},
          log_refusal_{refuse_log(place_, host_)},
          log_{log_file_of(place_), host_} {}

    milliseconds look(const std::stop_token& stop) {
        read_log(stop);
        const auto now = host_.clock->steady_now();
        if (!has_events_ && now >= next_question_) {
            ask_events(stop);
            next_question_ = host_.clock->steady_now() + pause_of_events;
        }
        return has_events_ && !log_refusal_.empty() ? pause_of_events : pause_of_log;
    }

private:
    void read_log(const std::stop_token& stop) {
        DetailUpdate update;
        std::string reason = log_refusal_;
        try {
            if (reason.empty()) reason = log_.read(update.log_lines, stop);
            if (reason.empty()) reason = "it is empty";
        } catch (const std::exception& error) {
            reason = error.what();
        }
        if (reason != log_reason_) update.log_reason = log_reason_ = reason;
        if (!update.log_lines.empty() || !update.log_reason.empty()) deliver_(std::move(update));
    }
    void ask_events(const std::stop_token& stop) {
        DetailUpdate update;
        try {
            Finding finding = survey({place_}, timeout_, host_, {.event = "events", .stop = stop}).front();
            if (finding.state == Finding::State::answers) {
                has_events_ = true;
                update.events = std::move(finding.status);
            } else {
                update.events_reason =
                    "not known: " + (finding.reason.empty() ? state_in_words(finding) : finding.reason);
            }
        } catch (const std::exception& error) {
            update.events_reason = error.what();
        }
        if (!stop.stop_requested()) deliver_(std::move(update));
    }

    Place place_;
    milliseconds timeout_;
    os::Host host_;
    std::function<void(DetailUpdate)> deliver_;
    std::string log_refusal_;
    LogLines log_;
    std::string log_reason_;
    bool has_events_ = false;
    std::chrono::steady_clock::time_point next_question_{};
};

}  // namespace

Background::Work list_at_intervals(ListingScope scope, milliseconds interval, os::Host host,
                                   std::function<void(TimedListing)> deliver) {
    return [scope = std::move(scope), interval, host = std::move(host),
            deliver = std::move(deliver)](const std::stop_token& stop) {
        constexpr milliseconds shortest_pause{50};
        const auto begin = host.clock->steady_now();
        TimedListing listing;
        try {
            listing.listing = list_services(scope, host, stop);
            shorten_what_others_report(listing.listing, host);
        } catch (const std::exception& error) {
            listing.failure = error.what();
        }
        const auto end = host.clock->steady_now();
        listing.measured = end;
        listing.answered = host.clock->system_now();
        if (!stop.stop_requested()) deliver(std::move(listing));
        return std::max(std::chrono::duration_cast<milliseconds>(begin + interval - end), shortest_pause);
    };
}

Background::Work look_closely(Place place, milliseconds timeout, os::Host host,
                              std::function<void(DetailUpdate)> deliver) {
    const auto look = std::make_shared<CloseLook>(std::move(place), timeout, std::move(host), std::move(deliver));
    return [look](const std::stop_token& stop) { return look->look(stop); };
}

std::string log_file_of(const Place& place) { return place.record ? place.record->paths.log_file : std::string{}; }

}  // namespace servicekit::servicectl::top
