// What a Site knows of the services, and how it learns it.
#include <chrono>
#include <exception>
#include <memory>
#include <utility>

#include "servicectl/places.hpp"
#include "servicectl/watch/log_lines.hpp"
#include "servicectl/web/close_watch.hpp"
#include "servicectl/web/site.hpp"

namespace servicekit::servicectl::web {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds attention_of_a_look{60};
/// How long a page waits for what it shows, besides the time of the survey.
constexpr milliseconds patience{2000};
constexpr std::size_t most_waiting = 512;

}  // namespace

void Site::let_end(std::unique_ptr<Background> work) {
    std::erase_if(ended_work_, [](const auto& one) { return one->has_ended(); });
    if (work == nullptr) return;
    // No request waits for it.
    work->end();
    ended_work_.push_back(std::move(work));
}

bool Site::is_fresh() const {
    return observations_ > 0 && observation_begun_ >= fresh_after_ &&
           host_.clock->steady_now() - observed_ < plan_.interval + plan_.scope.timeout + tick;
}

void Site::await(const CallHandle& call, const std::function<bool()>& is_met, std::function<void()> go_on) {
    const auto guarded = [this, call, go_on = std::move(go_on)] {
        try {
            go_on();
        } catch (const std::exception& error) {
            reply(call, plain(500, std::string{"the server failed: "} + error.what()));
        }
    };
    if (is_met()) return guarded();
    if (waiting_.size() >= most_waiting) return refuse(call, 503, "The server is busy", "Try again later.");
    wait({.until = host_.clock->steady_now() + plan_.scope.timeout + patience, .is_met = is_met, .go_on = guarded});
}

void Site::with_listing(const CallHandle& call, std::function<void()> go_on) {
    await(
        call, [this] { return is_fresh(); }, std::move(go_on));
}

void Site::with_service(const CallHandle& call, std::function<void(const ServiceRow&)> go_on) {
    with_listing(call, [this, call, go_on = std::move(go_on)] {
        if (const ServiceRow* const row = ids_.find(call->route.service)) return go_on(*row);
        // It may have started after the last look.
        const auto now = host_.clock->steady_now();
        if (observing_) observing_->hurry();
        await(
            call, [this, now] { return observing_ == nullptr || observation_begun_ >= now; },
            [this, call, go_on] {
                if (const ServiceRow* const row = ids_.find(call->route.service)) return go_on(*row);
                refuse(call, 404, "There is no such service",
                       "No service has the id '" + call->route.service + "'. The list has all services.");
            });
    });
}

void Site::with_open(const CallHandle& call, std::function<void(const ServiceRow&, OpenService&)> go_on) {
    with_service(call, [this, call, go_on = std::move(go_on)](const ServiceRow& row) {
        const std::string service = row.identity();
        OpenService* const opened = open(row);
        if (opened == nullptr)
            return refuse(call, 503, "Too many services are open", "Close some of their pages, and try again.");
        const auto is_known = [this, service] {
            const auto found = opened_.find(service);
            return found == opened_.end() || found->second.is_known();
        };
        await(call, is_known, [this, call, service, go_on] {
            const ServiceRow* const now = find(service);
            const auto found = opened_.find(service);
            if (now == nullptr || found == opened_.end())
                return refuse(call, 404, "There is no such service", "It has just ended.");
            go_on(*now, found->second);
        });
    });
}

void Site::look() {
    const auto now = host_.clock->steady_now();
    const bool was_idle = !attention_->lasts(now);
    attention_->extend(now + attention_of_a_look);
    if (observing_ != nullptr) {
        if (was_idle) observing_->hurry();
        return;
    }
    auto work = Background::start("list",
                                  observe_at_intervals(plan_.scope, plan_.interval, attention_, host_,
                                                       [mailbox = mailbox_, this](Observation observation) {
                                                           auto shared =
                                                               std::make_shared<Observation>(std::move(observation));
                                                           mailbox->post([this, shared] { take(std::move(*shared)); });
                                                       }),
                                  host_);
    if (work)
        observing_ = *std::move(work);
    else
        failure_ = work.error().message();
}

void Site::take(Observation observation) {
    const auto now = observation.listing.measured;
    failure_ = observation.listing.failure;
    of_others_ = observation.listing.listing.of_others;
    std::map<std::string, pid_t> pids_before;
    for (const ServiceRow* row : table_.shown()) pids_before[row->identity()] = row->service.finding.pid;
    table_.take(std::move(observation.listing));
    ids_ = ServiceIds{table_.shown(), host_};
    std::set<std::string> listed;
    for (const ServiceRow* row : table_.shown()) {
        const std::string identity = row->identity();
        listed.insert(identity);
        RequestRate& rate = rates_[identity];
        const auto before = pids_before.find(identity);
        if (before == pids_before.end() || before->second != row->service.finding.pid) rate.pause();
        std::size_t& asked = asked_[identity];
        if (row->service.finding.has_replied) ++asked;
        const auto counted = observation.requests.find(identity);
        if (counted == observation.requests.end()) {
            rate.pause();
            continue;
        }
        ++asked;
        rate.take(counted->second, static_cast<double>(std::exchange(asked, 0)), now);
    }
    std::erase_if(rates_, [&](const auto& row) { return !listed.contains(row.first); });
    std::erase_if(asked_, [&](const auto& row) { return !listed.contains(row.first); });
    ++observations_;
    observed_ = now;
    observation_begun_ = observation.begun;
    reopen_restarted();
    go_on_with_those_met();
}

/// A service that was started again may have another log, and other events.
void Site::reopen_restarted() {
    for (auto& [service, opened] : opened_) {
        const ServiceRow* const row = find(service);
        if (row == nullptr) continue;
        const pid_t pid = row->service.finding.pid;
        // A listing may not know the pid, for example if there was no time to ask.
        const bool is_other =
            (pid > 0 && pid != opened.pid()) || log_file_of(row->service.place) != log_file_of(opened.place());
        if (!is_other) continue;
        OpenService fresh{row->service.place, pid};
        fresh.used = opened.used;
        fresh.feeds = opened.feeds;
        let_end(std::move(opened.work));
        opened = std::move(fresh);
        begin_watch(service, opened);
    }
}

OpenService* Site::open(const ServiceRow& row) {
    const std::string service = row.identity();
    const auto now = host_.clock->steady_now();
    auto found = opened_.find(service);
    if (found == opened_.end()) {
        if (opened_.size() >= most_open) {
            auto oldest = opened_.end();
            for (auto one = opened_.begin(); one != opened_.end(); ++one)
                if (one->second.feeds == 0 && (oldest == opened_.end() || one->second.used < oldest->second.used))
                    oldest = one;
            if (oldest == opened_.end()) return nullptr;
            let_end(std::move(oldest->second.work));
            opened_.erase(oldest);
        }
        found = opened_.emplace(service, OpenService{row.service.place, row.service.finding.pid}).first;
        begin_watch(service, found->second);
        start_timer();
    }
    found->second.used = now;
    return &found->second;
}

void Site::begin_watch(const std::string& service, OpenService& open) {
    const std::size_t number = ++watches_;
    watch_numbers_[service] = number;
    auto work = Background::start(
        "details",
        watch_closely(open.place(), plan_.scope.timeout, plan_.interval, host_,
                      [mailbox = mailbox_, this, service, number](ServiceNews news) {
                          auto shared = std::make_shared<ServiceNews>(std::move(news));
                          mailbox->post([this, service, number, shared] { take(service, number, std::move(*shared)); });
                      }),
        host_);
    if (work) {
        open.work = *std::move(work);
    } else {
        const std::string reason = work.error().message();
        open.take({.log_reason = reason,
                   .events = Learned<Object>{.reason = reason},
                   .settings = Learned<std::vector<SettingRow>>{.reason = reason},
                   .is_first_round = true});
    }
    find_unit(service, open);
}

void Site::take(const std::string& service, std::size_t number, ServiceNews news) {
    const auto found = opened_.find(service);
    // What comes late from a watch that is over must not replace that of a newer one.
    if (found == opened_.end() || watch_numbers_[service] != number) return;
    asked_[service] += news.asked;
    found->second.take(std::move(news));
    go_on_with_those_met();
}

void Site::find_unit(const std::string& service, OpenService& open) {
    constexpr std::size_t longest = std::size_t{64} << 10U;
    open.unit = {};
    open.why_no_restart = "no unit of systemd runs it";
    if (open.pid() <= 0) return;
    const auto cgroups = host_.files->read("/proc/" + std::to_string(open.pid()) + "/cgroup", longest);
    if (!cgroups) return;
    const Unit unit = unit_in(*cgroups);
    if (unit.name.empty()) return;
    const bool is_root = host_.process->effective_user() == 0;
    if (!unit.is_of_user && !is_root) {
        open.unit = unit;
        open.why_no_restart = "only root may restart the unit " + unit.name;
        return;
    }
    if (unit.is_of_user && is_root) {
        open.unit = unit;
        open.why_no_restart = "the unit " + unit.name + " belongs to the manager of a user";
        return;
    }
    // A process may be in the unit of another program, which has started it.
    open.why_no_restart = "asking systemd for its unit";
    std::vector<std::string> command{"systemctl"};
    if (unit.is_of_user) command.emplace_back("--user");
    command.insert(command.end(), {"show", "--property=MainPID", "--value", "--", unit.name});
    const std::size_t number = watch_numbers_[service];
    auto started = loop_.run(command, [this, service, number, unit](const ProgramResult& result) {
        const auto found = opened_.find(service);
        if (found == opened_.end() || watch_numbers_[service] != number) return;
        OpenService& known = found->second;
        known.change();
        known.unit = {};
        known.why_no_restart = "no unit of systemd runs it";
        if (result.exit_code != 0 || result.output != std::to_string(known.pid()) + "\n") return;
        known.unit = unit;
        known.why_no_restart.clear();
    });
    if (!started) open.why_no_restart = started.error().message();
}

void Site::close_unused() {
    const auto now = host_.clock->steady_now();
    for (auto row = opened_.begin(); row != opened_.end();) {
        auto& [service, opened] = *row;
        if (opened.feeds > 0 || now - opened.used <= attention_of_a_look) {
            ++row;
            continue;
        }
        let_end(std::move(opened.work));
        watch_numbers_.erase(service);
        row = opened_.erase(row);
    }
    std::erase_if(log_texts_, [this](const auto& row) { return !opened_.contains(row.first); });
    std::erase_if(service_texts_, [this](const auto& row) { return !opened_.contains(row.first.first); });
}

const ServiceRow* Site::find(const std::string& identity) const { return table_.find(identity); }

}  // namespace servicekit::servicectl::web
