#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/election_driver.hpp"
#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_etcd.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::cluster {

/// The clocks of a machine, which differ from those of others: CLOCK_BOOTTIME runs a little faster or slower,
/// CLOCK_MONOTONIC stands still during a suspend, and somebody sets CLOCK_REALTIME.
class MachineClock final : public os::Clock {
public:
    explicit MachineClock(const os::Clock& truth) : truth_{&truth}, begin_{truth.steady_now()} {}

    [[nodiscard]] os::BootClock::time_point boot_now() const override {
        return os::BootClock::time_point{since_boot() - (is_monotonic_only ? suspended : std::chrono::nanoseconds{0})};
    }
    [[nodiscard]] std::chrono::steady_clock::time_point steady_now() const override {
        return std::chrono::steady_clock::time_point{since_boot() - suspended};
    }
    [[nodiscard]] std::chrono::system_clock::time_point system_now() const override {
        return truth_->system_now() + set_by;
    }
    /// A hypervisor pauses the machine with all its clocks, until thaw().
    void freeze() { frozen_at_ = truth_->steady_now(); }
    void thaw() {
        stood_still_ += truth_->steady_now() - *frozen_at_;
        frozen_at_.reset();
    }

    double rate = 1.0;
    std::chrono::nanoseconds suspended{0};
    std::chrono::seconds set_by{0};
    bool is_monotonic_only = false;  ///< a fault: CLOCK_BOOTTIME does not count suspends

private:
    [[nodiscard]] std::chrono::nanoseconds since_boot() const {
        const auto now = frozen_at_.value_or(truth_->steady_now());
        const auto passed = std::chrono::duration<double, std::nano>(now - begin_ - stood_still_) * rate;
        return std::chrono::minutes{5} + std::chrono::nanoseconds{static_cast<std::int64_t>(passed.count())};
    }

    const os::Clock* truth_;
    std::chrono::steady_clock::time_point begin_;
    std::optional<std::chrono::steady_clock::time_point> frozen_at_;
    std::chrono::nanoseconds stood_still_{0};
};

/// A contender on a machine of its own, without a thread: the test gives it its turns.
class Machine final : public Contender {
public:
    struct Loss {
        std::string reason;
        std::chrono::milliseconds time;
    };
    Machine(mocks::FakeEtcd& etcd, const os::Clock& truth, std::string name,
            std::chrono::seconds ttl = std::chrono::seconds{9})
        : clock{truth}, etcd_{&etcd}, name_{std::move(name)}, ttl_{ttl} {
        start();
    }

    /// Begins a process.
    void start() {
        os::Host host;
        host.clock = &clock;
        host.make_kill_timer = [this] { return std::make_unique<KillTimer>(*this); };
        auto transport = etcd_->transport(name_)({});
        state = std::make_shared<LockState>();
        has_won = is_losing = false;
        wins = 0;
        losses.clear();
        driver = std::make_unique<ElectionDriver>(
            Election::Options{.directory = "/servicekit/trial/",
                              .holder_key = "/servicekit/trial.holder",
                              .self = {.host = name_, .pid = 100 + ++lives, .since = "2026-01-02T03:04:05Z"},
                              .ttl = ttl_,
                              .endpoints = etcd_->endpoints().size()},
            EtcdClient::Options{.endpoints = etcd_->endpoints()}, std::move(*transport), host, *this, state);
        driver->begin();
    }
    /// Ends it like SIGKILL.
    void kill() {
        driver.reset();
        kill_at.reset();
        has_won = is_losing = false;
    }
    [[nodiscard]] bool runs() const { return driver != nullptr; }
    /// Gives it a turn, if it runs and has something to do.
    void turn() {
        if (runs() && (etcd_->has_mail(name_) || driver->election().next_tick() <= clock.boot_now()))
            driver->turn(std::chrono::milliseconds{0});
    }
    /// Begins to end its activity or its wait, as LockPolicy::stand_down() does.
    void begin_stand_down() {
        has_won = is_losing = false;
        driver->stop();
        driver->begin_leave();
    }
    /// Does it all at once. Nobody else gets a turn.
    void stand_down(std::chrono::milliseconds at_most = std::chrono::seconds{1}) {
        has_won = is_losing = false;
        driver->stop();
        driver->leave(at_most);
        driver.reset();
        kill_at.reset();
    }
    [[nodiscard]] bool is_active() const { return clock.boot_now().time_since_epoch().count() < state->active_until; }
    [[nodiscard]] Election::Stage stage() const { return driver->election().stage(); }
    /// The key that it has in etcd; empty if it has none.
    [[nodiscard]] std::string key() const {
        for (const auto& [name, key] : etcd_->store.keys)
            if (key.lease != 0 && key.value.find('"' + name_ + '"') != std::string::npos) return name;
        return {};
    }

    MachineClock clock;
    std::shared_ptr<LockState> state;
    std::unique_ptr<ElectionDriver> driver;
    std::optional<os::BootClock::time_point> kill_at;  ///< the kernel's timer
    bool has_timer = true;                             ///< the kernel lets it set one
    bool has_won = false;                              ///< and is neither inactive nor killed
    bool is_losing = false;                            ///< and its on_stop() runs
    int wins = 0;
    std::vector<Loss> losses;
    std::vector<std::string> reports;
    int lives = 0;
    std::function<void()> on_won = [] {};
    std::function<void(std::chrono::milliseconds)> on_lost = [](std::chrono::milliseconds) {};

private:
    class KillTimer final : public os::KillTimer {
    public:
        explicit KillTimer(Machine& machine) : machine_{&machine} {}
        ~KillTimer() override { KillTimer::cancel(); }
        KillTimer(const KillTimer&) = delete;
        KillTimer& operator=(const KillTimer&) = delete;
        Result<void> kill_at(os::BootClock::time_point time) override {
            if (!machine_->has_timer) return Error{ExitCode::os, "set", "a timer", "Resource temporarily unavailable"};
            machine_->kill_at = time;
            return {};
        }
        void cancel() noexcept override { machine_->kill_at.reset(); }

    private:
        Machine* machine_;
    };

    void won() override {
        has_won = true;
        ++wins;
        on_won();
    }
    void lost(const Error& why, std::chrono::milliseconds time) override {
        is_losing = true;
        losses.push_back({why.reason, time});
        on_lost(time);
    }
    void report(LogLevel, const std::string& text) override { reports.push_back(text); }

    mocks::FakeEtcd* etcd_;
    std::string name_;
    std::chrono::seconds ttl_;
};

}  // namespace servicekit::cluster
