#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_etcd.hpp"
#include "unit/cluster/machine.hpp"

namespace servicekit::cluster {

/// Machines and a cluster of etcd, in one virtual time.
class World {
public:
    using Time = std::chrono::steady_clock::time_point;

    Machine& add(const std::string& name, std::chrono::seconds ttl = std::chrono::seconds{9}) {
        return *machines.emplace_back(std::make_unique<Machine>(etcd, clock, name, ttl));
    }
    /// Lets time pass, with everything that becomes due.
    void run_for(std::chrono::nanoseconds time) {
        const Time end = clock.steady_now() + time;
        static_cast<void>(run_until([] { return false; }, end));
    }
    /// \returns false if it did not come true within the time
    bool run_until(const std::function<bool()>& condition, std::chrono::nanoseconds at_most = std::chrono::minutes{1}) {
        return run_until(condition, clock.steady_now() + at_most);
    }

    mocks::FakeClock clock;
    mocks::FakeEtcd etcd{clock};
    std::vector<std::unique_ptr<Machine>> machines;
    std::set<const Machine*> stopped;  ///< get no turns, as after SIGSTOP; the kernel still kills them

private:
    bool run_until(const std::function<bool()>& condition, Time end) {
        for (;;) {
            settle();
            if (condition()) return true;
            if (clock.steady_now() >= end) return false;
            clock.advance(std::min(next(), end) - clock.steady_now());
        }
    }
    /// Gives turns until nothing is due now.
    void settle() {
        for (int rounds = 0; rounds < 8; ++rounds) {
            for (const auto& machine : machines)
                if (machine->runs() && machine->kill_at && *machine->kill_at <= machine->clock.boot_now())
                    machine->kill();
            etcd.settle();
            for (const auto& machine : machines)
                if (!stopped.contains(machine.get())) machine->turn();
        }
    }
    [[nodiscard]] Time next() const {
        constexpr std::chrono::nanoseconds step{1};
        Time first = etcd.next_event().value_or(Time::max());
        for (const auto& machine : machines) {
            if (!machine->runs()) continue;
            const auto now = machine->clock.boot_now();
            const auto add = [&](os::BootClock::time_point time) {
                if (time == os::BootClock::time_point::max()) return;
                first = std::min(first, clock.steady_now() + std::max<std::chrono::nanoseconds>(time - now, step));
            };
            if (machine->kill_at) add(*machine->kill_at);
            if (!stopped.contains(machine.get())) add(machine->driver->election().next_tick());
        }
        return std::max(first, clock.steady_now() + step);
    }
};

}  // namespace servicekit::cluster
