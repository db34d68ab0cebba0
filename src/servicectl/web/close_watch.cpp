#include "servicectl/web/close_watch.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>

#include "base/path_parts.hpp"
#include "cli/text.hpp"
#include "core/crash_reports.hpp"
#include "servicectl/survey.hpp"
#include "servicectl/watch/log_lines.hpp"
#include "servicectl/web/exporter.hpp"

namespace servicekit::servicectl::web {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using State = Finding::State;

constexpr milliseconds pause{250};
constexpr std::chrono::seconds pause_of_questions{10};
constexpr std::size_t longest_reply = std::size_t{1} << 20U;
constexpr std::size_t longest_reply_of_others = std::size_t{64} << 10U;
constexpr std::size_t most_settings = 500;
constexpr std::size_t longest_value = 1024;
constexpr std::size_t most_crashes = 10;
constexpr std::size_t longest_crash_report = std::size_t{64} << 10U;
constexpr std::size_t most_watched_series = 2'000;

std::string shown(const Value& value) { return std::string{cli::cut(cli::plain_text(value), longest_value)}; }

class CloseWatch {
public:
    CloseWatch(Place place, milliseconds timeout, milliseconds interval, os::Host host,
               std::function<void(ServiceNews)> deliver)
        : place_{std::move(place)},
          timeout_{timeout},
          interval_{interval},
          host_{std::move(host)},
          deliver_{std::move(deliver)},
          is_others_{is_of_another_user(place_, host_)},
          log_{log_file_of(place_), host_} {
        log_refusal_ = refuse_log(place_, host_);
        if (log_refusal_.empty()) log_refusal_ = refuse_directory_of(log_file_of(place_), "logs");
    }

    milliseconds look(const std::stop_token& stop) {
        ServiceNews news;
        try {
            read_log(news, stop);
            const auto now = host_.clock->steady_now();
            if (now >= next_metrics_) {
                ask_metrics(news, stop);
                next_metrics_ = host_.clock->steady_now() + interval_;
            }
            if (now >= next_questions_) {
                ask_the_rest(news, stop);
                news.is_first_round = true;
                next_questions_ = host_.clock->steady_now() + pause_of_questions;
            }
        } catch (const std::exception& error) {
            news.log_reason = error.what();
            news.is_first_round = true;
        }
        if (!stop.stop_requested()) deliver_(std::move(news));
        return pause;
    }

private:
    /// Returns why a file of the service is not opened; empty if it is.
    [[nodiscard]] std::string refuse_directory_of(const std::string& file, const char* verb) const {
        const auto owner = Owners{host_}.of(directory_of(file));
        if (owner == 0 || owner == host_.process->effective_user()) return {};
        return "another user can change its directory; 'servicectl " + std::string{verb} + " " + place_.name() +
               "' shows it";
    }

    void read_log(ServiceNews& news, const std::stop_token& stop) {
        std::string reason = log_refusal_;
        if (reason.empty()) {
            LogLines::Read read = log_.read(stop);
            news.log_lines = std::move(read.lines);
            news.log_skipped = read.skipped;
            reason = std::move(read.failure);
        }
        if (reason != log_reason_ || !has_log_reason_) news.log_reason = log_reason_ = reason;
        has_log_reason_ = true;
    }

    Learned<Object> ask(const char* event, ServiceNews& news, const std::stop_token& stop) {
        // One that hangs would take the time for each question.
        if (is_silent_) return {.reason = silence_};
        Finding finding =
            survey(
                {place_}, timeout_, host_,
                {.event = event, .stop = stop, .longest = longest_reply, .longest_of_others = longest_reply_of_others})
                .front();
        if (finding.has_replied) ++news.asked;
        if (finding.state == State::answers) return {.value = std::move(finding.status)};
        std::string reason = finding.reason.empty() ? state_in_words(finding) : finding.reason;
        is_silent_ = !finding.has_replied && finding.state != State::too_long;
        if (is_silent_) silence_ = reason;
        return {.reason = std::move(reason)};
    }

    void ask_metrics(ServiceNews& news, const std::stop_token& stop) {
        is_silent_ = false;
        const auto reply = ask("metrics", news, stop);
        news.measured = host_.clock->steady_now();
        news.metrics.emplace();
        news.metrics->reason = reply.reason;
        if (!reply.value) return;
        news.metrics->value = bounded_families(*reply.value, most_watched_series);
        if (!news.metrics->value) news.metrics->reason = "it has more than 2000 series, or its reply is not understood";
    }

    void ask_the_rest(ServiceNews& news, const std::stop_token& stop) {
        news.events = ask("events", news, stop);
        news.settings.emplace();
        if (is_others_) {
            news.settings->reason = "the service belongs to another user";
        } else {
            const auto settings = ask("settings", news, stop);
            news.settings->reason = settings.reason;
            if (settings.value) news.settings->value = setting_rows(*settings.value);
        }
        const auto level = ask("log-level", news, stop);
        news.log_level = level.value ? level.value->get<std::string>("level", {}) : std::string{};
        news.crashes = crashes();
    }

    [[nodiscard]] Learned<std::vector<CrashRow>> crashes() {
        if (is_others_) return {.reason = "the service belongs to another user"};
        const std::string& directory = place_.paths.crash_directory;
        const CrashReports reports{directory, place_.name(), *host_.files, *host_.clock};
        if (auto refusal = refuse_directory_of(reports.new_report(), "crashes"); !refusal.empty())
            return {.reason = std::move(refusal)};
        const auto listed = reports.list(known_crashes_);
        if (!listed) return {.reason = listed.error().message()};
        std::vector<CrashRow> rows;
        for (const CrashSummary& crash : *listed) {
            if (rows.size() == most_crashes) break;
            const auto text = reports.read(crash.file);
            rows.push_back({.time = crash.time,
                            .summary = crash.in_words(),
                            .text = text ? text->substr(0, longest_crash_report) : text.error().message()});
        }
        return {.value = std::move(rows)};
    }

    Place place_;
    milliseconds timeout_;
    milliseconds interval_;
    os::Host host_;
    std::function<void(ServiceNews)> deliver_;
    bool is_others_;
    std::string log_refusal_;
    LogLines log_;
    std::string log_reason_;
    bool has_log_reason_ = false;
    bool is_silent_ = false;  ///< it has not answered the last question
    std::string silence_;
    CrashReports::Memory known_crashes_;
    steady_clock::time_point next_metrics_{};
    steady_clock::time_point next_questions_{};
};

}  // namespace

std::vector<SettingRow> setting_rows(const Object& reply) {
    std::vector<SettingRow> rows;
    const auto add = [&rows](const std::string& name, const Value& value, const std::string& origin) {
        if (rows.size() < most_settings)
            rows.push_back({.name = std::string{cli::cut(name, longest_value)},
                            .value = shown(value),
                            .origin = std::string{cli::cut(origin, longest_value)}});
    };
    if (const Value* const settings = reply.find("settings"); settings != nullptr && settings->is_object())
        for (const auto& [name, row] : settings->as_object())
            if (row.is_object() && row.as_object().contains("value"))
                add(name, *row.as_object().find("value"), row.as_object().get<std::string>("origin", {}));
    const Value* const application = reply.find("app");
    if (application == nullptr || application->is_null()) return rows;
    if (!application->is_object()) {
        add("app", *application, "");
        return rows;
    }
    for (const auto& [name, value] : application->as_object()) add("app." + name, value, "");
    return rows;
}

Background::Work watch_closely(Place place, milliseconds timeout, milliseconds interval, os::Host host,
                               std::function<void(ServiceNews)> deliver) {
    const auto watch =
        std::make_shared<CloseWatch>(std::move(place), timeout, interval, std::move(host), std::move(deliver));
    return [watch](const std::stop_token& stop) { return watch->look(stop); };
}

}  // namespace servicekit::servicectl::web
