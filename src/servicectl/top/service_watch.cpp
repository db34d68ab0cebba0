#include "servicectl/top/service_watch.hpp"

#include <exception>
#include <memory>
#include <utility>

#include "servicectl/survey.hpp"
#include "servicectl/watch/log_lines.hpp"

namespace servicekit::servicectl::top {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds pause_of_log{200};
constexpr milliseconds pause_of_events{2000};

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
            if (reason.empty()) {
                LogLines::Read read = log_.read(stop);
                update.log_lines = std::move(read.lines);
                reason = std::move(read.failure);
            }
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
            const Question question{.event = "events", .stop = stop, .longest_of_others = Question{}.longest};
            Finding finding = survey({place_}, timeout_, host_, question).front();
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

Background::Work look_closely(Place place, milliseconds timeout, os::Host host,
                              std::function<void(DetailUpdate)> deliver) {
    const auto look = std::make_shared<CloseLook>(std::move(place), timeout, std::move(host), std::move(deliver));
    return [look](const std::stop_token& stop) { return look->look(stop); };
}

}  // namespace servicekit::servicectl::top
