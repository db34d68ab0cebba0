#include "simulation/schedule.hpp"

#include <algorithm>
#include <csignal>
#include <exception>
#include <set>
#include <stdexcept>
#include <utility>

#include "servicekit/mocks/fake_life.hpp"

namespace servicekit::simulation {
namespace {

using namespace std::chrono_literals;

constexpr auto pid_file = "/run/trial.pid";
constexpr auto socket_path = "/run/trial.control";
constexpr auto start_timeout = 10s;
constexpr auto stop_timeout = 4s;
/// The longest time that a kill takes: its event and the last flush.
constexpr auto kill_limit = 2s;
/// How much longer than both timeouts the started process waits.
constexpr auto grace = 5s;
constexpr std::size_t most_actions = 24;
constexpr std::size_t most_alive = 5;

bool is_running(const ServiceBase& service) {
    return service.state() == ServiceState::running || service.state() == ServiceState::reloading;
}

}  // namespace

/// A service whose handlers act at random.
class Schedule::Trial final : public Service {
public:
    Trial(Schedule& schedule, std::uint64_t seed, bool background)
        : Service{{.name = "trial",
                   .log_file = "/var/log/trial.log",
                   .start_timeout = start_timeout,
                   .stop_timeout = stop_timeout,
                   .daemonize = background},
                  {},
                  Trial::Policies::on(schedule.os_.host()),
                  schedule.os_.host()},
          os_{schedule.os_},
          dice_{seed} {
        add("sleep", [this](Context&) { os_.advance(dice_.up_to(3s)); });
        add("hang", [this](Context&) { os_.advance(1h); });
        add("throw", [](Context&) { throw std::runtime_error("the handler throws"); });
        add("polite", [this](const Context& context) {
            for (int naps = 0; naps < 100 && !context.stop_token().stop_requested(); ++naps) os_.advance(100ms);
        });
    }

private:
    void add(std::string name, std::function<void(Context&)> action) {
        events().add(
            {.name = std::move(name), .handler = [action = std::move(action)](const Arguments&, Context& context) {
                 action(context);
                 return Reply{};
             }});
    }
    void on_start() override {
        if (dice_.one_in(4)) os_.advance(dice_.up_to(3s));
        if (dice_.one_in(20)) os_.advance(start_timeout * 2);
        if (dice_.one_in(12)) throw std::runtime_error("it can't start");
    }
    void on_stop() override {
        if (dice_.one_in(4)) os_.advance(dice_.up_to(2s));
        if (dice_.one_in(20)) os_.advance(stop_timeout * 2);
        if (dice_.one_in(12)) throw std::runtime_error("it can't stop well");
    }
    void on_kill() override {
        if (dice_.one_in(6)) os_.advance(dice_.up_to(3s));
    }
    void on_reload() override {
        if (dice_.one_in(4)) os_.advance(dice_.up_to(1s));
        if (dice_.one_in(4)) throw std::runtime_error("the configuration is no good");
    }
    void on_status(Reply& reply) override {
        if (dice_.one_in(10)) os_.advance(dice_.up_to(500ms));
        reply.set("own", true);
    }

    mocks::FakeOs& os_;
    Dice dice_;
};

Schedule::Schedule(std::uint64_t seed) : dice_{seed} {
    os_.reactor.choose_by([this](std::size_t count) { return dice_.roll(count); });
    os_.faults.before_each([this](std::string_view operation) {
        check_always();
        // Boost.Log has locks for the whole program. A process that holds one must not be paused.
        if (operation == "files.write" || operation == "files.status" || operation == "streams.write") return;
        if (dice_.one_in(6)) os_.reactor.pass();
    });
}

Schedule::~Schedule() = default;

void Schedule::run() {
    try {
        const std::size_t actions = 4 + dice_.roll(most_actions);
        for (std::size_t count = 0; count < actions && faults_.empty(); ++count) {
            act();
            check();
        }
        if (faults_.empty()) finish();
    } catch (const std::exception& error) {
        fault(error.what());
    }
}

void Schedule::act() {
    switch (dice_.roll(16)) {
        case 0:
        case 1:
        case 2:
        case 3:
            return start();
        case 4:
            return signal(SIGTERM);
        case 5:
            return signal(SIGHUP);
        case 6:
            return signal(dice_.one_in(2) ? SIGINT : SIGUSR1);
        case 7:
            return kill();
        case 8:
            return interrupt_a_start();
        case 9:
            return ask(dice_.one_in(3) ? R"(["kill"])" : R"(["stop"])");
        case 10:
            return ask(dice_.one_in(2) ? R"(["sleep"])" : R"(["polite"])");
        case 11:
            return ask(dice_.one_in(2) ? R"(["throw"])" : R"(["hang"])");
        case 12:
            return ask(dice_.one_in(2) ? R"(["reload"])" : R"(["log-reopen"])");
        case 13:
            tell("the disk is full or has room again");
            return os_.files.set_space(dice_.one_in(2) ? std::optional{dice_.roll(200)} : std::nullopt);
        default:
            return let_time_pass();
    }
}

void Schedule::start() {
    const auto alive = std::count_if(lives_.begin(), lives_.end(), [this](const Life& life) {
        const auto pids = os_.running();
        return std::any_of(pids.begin(), pids.end(), [&](pid_t pid) { return os_.is_family(life.starter, pid); });
    });
    if (static_cast<std::size_t>(alive) >= most_alive) return;
    const std::uint64_t seed = dice_.roll(1'000'000);
    const bool background = !dice_.one_in(3);
    auto life = std::make_unique<mocks::FakeLife>(os_, [this, seed, background]() -> std::unique_ptr<ServiceBase> {
        return std::make_unique<Trial>(*this, seed, background);
    });
    const pid_t starter = life->begin_to_start();
    tell("start " + std::to_string(starter) + (background ? " in the background" : ""));
    lives_.push_back({std::move(life), starter});
    if (background) ends_by_[starter] = os_.clock.steady_now() + start_timeout + stop_timeout + grace;
    // The start may still be under way during the next action or the next start.
    if (!dice_.one_in(3)) os_.settle();
}

Schedule::Life* Schedule::running() {
    std::vector<Life*> alive;
    for (Life& life : lives_)
        if (life.life->runs()) alive.push_back(&life);
    return alive.empty() ? nullptr : alive[dice_.roll(alive.size())];
}

Schedule::Life* Schedule::family_of(pid_t pid) {
    const auto found =
        std::find_if(lives_.begin(), lives_.end(), [&](const Life& life) { return os_.is_family(life.starter, pid); });
    return found == lives_.end() ? nullptr : &*found;
}

void Schedule::has_to_end(Life& life, std::chrono::milliseconds at_most) {
    life.was_disturbed = true;
    const auto deadline = os_.clock.steady_now() + at_most;
    const auto [known, is_new] = ends_by_.emplace(life.life->pid(), deadline);
    if (!is_new) known->second = std::min(known->second, deadline);
}

void Schedule::signal(int number) {
    Life* const life = running();
    if (life == nullptr) return;
    tell("signal " + std::to_string(number) + " to " + std::to_string(life->life->pid()));
    if (number == SIGTERM) has_to_end(*life, stop_timeout + kill_limit);
    if (number == SIGINT) has_to_end(*life, kill_limit);
    // A signal without a sender's uid would count as typed on the terminal, where the first INT only requests a stop.
    os_.raise(life->life->pid(), number, {.pid = 50, .uid = 0});
    if (!dice_.one_in(3)) os_.settle();
}

void Schedule::kill() {
    const auto pids = os_.running();
    if (pids.empty()) return;
    const pid_t pid = pids[dice_.roll(pids.size())];
    tell("kill -9 " + std::to_string(pid));
    family_of(pid)->was_disturbed = true;
    os_.kill(pid);
}

void Schedule::interrupt_a_start() {
    for (Life& life : lives_) {
        if (!os_.runs(life.starter) || life.life->runs() || !dice_.one_in(2)) continue;
        tell("^C to " + std::to_string(life.starter));
        life.was_disturbed = true;
        return os_.raise(life.starter, SIGINT);
    }
}

void Schedule::ask(const std::string& request) {
    const auto owner = os_.locks.holder(pid_file);
    Life* const life = owner ? family_of(owner->pid) : nullptr;
    if (life == nullptr || !life->life->runs() || !os_.files.exists(socket_path)) return;
    try {
        clients_.push_back(life->life->connect());
    } catch (const std::runtime_error&) {
        return;  // it does not listen yet, or no longer
    }
    tell("ask " + std::to_string(owner->pid) + " " + request);
    if (request == R"(["stop"])") has_to_end(*life, stop_timeout + kill_limit);
    if (request == R"(["kill"])") has_to_end(*life, kill_limit);
    clients_.back().send(request);
    if (!dice_.one_in(3)) os_.settle();
    if (clients_.size() > 4) clients_.erase(clients_.begin());
}

void Schedule::let_time_pass() {
    const auto time = dice_.one_in(4) ? dice_.up_to(10s) : dice_.up_to(1s);
    tell("wait " + std::to_string(time.count()) + " ms");
    if (dice_.one_in(8)) os_.clock.set_system_time(os_.clock.system_now() - 1h);
    os_.advance(time);
}

void Schedule::check() {
    std::size_t instances = 0;
    for (Life& life : lives_) {
        const ServiceBase* const service = life.life->service();
        if (service == nullptr || !is_running(*service)) continue;
        ++instances;
        check_instance(life);
    }
    if (instances > 1) fault(std::to_string(instances) + " instances run at the same time");
    check_ends();
}

/// Checks what must hold between any two system calls.
void Schedule::check_always() {
    const auto owner = os_.locks.holder(pid_file);
    const auto listener = os_.sockets.listener(socket_path);
    if (listener && (!owner || owner->pid != *listener))
        fault("process " + std::to_string(*listener) + " listens, and has not the lock");
}

void Schedule::check_instance(Life& life) {
    const pid_t pid = life.life->pid();
    const std::string who = "process " + std::to_string(pid) + " runs ";
    const auto owner = os_.locks.holder(pid_file);
    if (!owner || owner->pid != pid) fault(who + "without the lock");
    if (const auto text = os_.files.content(pid_file); text != std::to_string(pid) + "\n")
        fault(who + "and the pidfile has '" + text + "'");
    if (!os_.files.exists(socket_path)) return fault(who + "without a socket");
    if (!dice_.one_in(3)) return;
    const std::string answer = life.life->ask(R"(["status"])");
    const ServiceBase* const service = life.life->service();
    const bool still_runs = service != nullptr && is_running(*service);
    if (still_runs && answer.find("\"pid\":" + std::to_string(pid)) == std::string::npos)
        fault(who + "and answers '" + answer + "'");
}

void Schedule::check_ends() {
    for (const auto& [pid, deadline] : ends_by_)
        if (os_.runs(pid) && os_.clock.steady_now() > deadline)
            fault("process " + std::to_string(pid) + " should have ended by now: " + os_.reactor.describe());
    static const std::set<int> promised{0, 69, 70, 73, 75};
    for (const Life& life : lives_) {
        const auto result = life.life->start_result();
        if (!result) continue;
        if (!result->exception.empty()) fault("an exception escaped: " + result->exception);
        if (result->signal == 0 && !promised.contains(result->status))
            fault(std::to_string(life.starter) + " ended with " + std::to_string(result->status));
        if (result->signal != 0 && !life.was_disturbed) fault(std::to_string(life.starter) + " died of a signal");
    }
}

void Schedule::finish() {
    tell("the end: everybody is stopped");
    os_.files.set_space(std::nullopt);
    clients_.clear();
    // Starts that are under way end first, with or without success.
    os_.advance(start_timeout + stop_timeout + grace + kill_limit);
    check();
    for (Life& life : lives_) {
        if (!life.life->runs()) continue;
        has_to_end(life, stop_timeout + kill_limit);
        os_.raise(life.life->pid(), SIGTERM);
    }
    os_.advance(stop_timeout + kill_limit + 100ms);
    check();
    for (const Life& life : lives_)
        if (const auto how = life.life->start_result())
            ++outcomes_[how->signal != 0 ? "signal " + std::to_string(how->signal) : std::to_string(how->status)];
    for (const pid_t pid : os_.running()) fault("process " + std::to_string(pid) + " never ends");
    if (os_.locks.holder(pid_file)) fault("the lock is still held");
    if (os_.open_descriptors() != 0) fault(std::to_string(os_.open_descriptors()) + " descriptors are left open");

    mocks::FakeLife last{os_, [this] { return mocks::fake_service<Service>(os_, {.name = "trial"}); }};
    if (!last.start()) fault("nothing can be started any more: " + os_.streams.written(os::Stream::error));
    if (last.runs() && last.stop() != 0) fault("what was started last does not stop well");
}

std::string Schedule::now() const {
    return std::to_string((os_.clock.steady_now() - begin_) / 1ms) + " ms, call " + std::to_string(os_.faults.count()) +
           ": ";
}

}  // namespace servicekit::simulation
