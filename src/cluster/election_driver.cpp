#include "cluster/election_driver.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/rfc3339.hpp"
#include "servicekit/os/clock.hpp"

namespace servicekit::cluster {

using std::chrono::milliseconds;

ElectionDriver::ElectionDriver(Election::Options election, EtcdClient::Options client,
                               std::unique_ptr<HttpTransport> transport, const os::Host& host, Contender& contender,
                               std::shared_ptr<LockState> state)
    : transport_{std::move(transport)},
      client_{std::move(client), *transport_},
      clock_{host.clock},
      contender_{&contender},
      state_{std::move(state)},
      timer_{host.make_kill_timer()},
      election_{std::move(election), *this} {}

ElectionDriver::~ElectionDriver() = default;

void ElectionDriver::begin() {
    election_.begin(clock_->boot_now());
    take_unsent();
    publish();
}

void ElectionDriver::turn(milliseconds at_most) {
    try {
        take_turn(at_most);
    } catch (const std::exception& failure) {
        try {
            election_.abandon(std::string{"the thread of the lock failed: "} + failure.what(), clock_->boot_now());
        } catch (const std::exception&) {
            // The next turn is another attempt. The kernel ends an activity whose deadline passes.
        }
    }
}

void ElectionDriver::take_turn(milliseconds at_most) {
    if (client_.has_unsent()) at_most = milliseconds{0};
    const auto until_next = std::chrono::ceil<milliseconds>(
        std::clamp(election_.next_tick(), os::BootClock::time_point{}, clock_->boot_now() + at_most) -
        clock_->boot_now());
    for (const HttpEvent& event : transport_->wait(std::clamp(until_next, milliseconds{0}, at_most)))
        for (const EtcdClient::Answer& answer : client_.take(event)) election_.take(answer, clock_->boot_now());
    take_unsent();
    election_.tick(clock_->boot_now());
    publish();
}

void ElectionDriver::take_unsent() {
    for (const EtcdClient::Answer& answer : client_.take_unsent()) election_.take(answer, clock_->boot_now());
}

void ElectionDriver::run() {
    constexpr std::chrono::minutes long_time{1};
    while (!stops_) turn(long_time);
}

void ElectionDriver::stop() noexcept {
    {
        const std::lock_guard guard{mutex_};
        stops_ = true;
        state_->active_until = 0;
        state_->token = 0;
        timer_->cancel();
    }
    wake();
}

void ElectionDriver::begin_leave() { election_.leave(clock_->boot_now()); }

void ElectionDriver::leave(milliseconds at_most) {
    const auto end = clock_->boot_now() + at_most;
    begin_leave();
    while (election_.stage() != Election::Stage::out) {
        const auto left = std::chrono::ceil<milliseconds>(end - clock_->boot_now());
        if (left <= milliseconds{0}) break;
        turn(left);
    }
    election_.give_up();
    publish();
}

void ElectionDriver::ask(Channel channel, EtcdRequest request, milliseconds timeout) {
    client_.ask(channel, std::move(request), timeout);
}

void ElectionDriver::drop(Channel channel) { client_.drop(channel); }

Result<void> ElectionDriver::kill_at(os::BootClock::time_point deadline) {
    const std::lock_guard guard{mutex_};
    if (stops_) return Error{ExitCode::timeout, "become", "the active instance", "it is stopping"};
    return timer_->kill_at(deadline);
}

void ElectionDriver::active_until(os::BootClock::time_point deadline) {
    const std::lock_guard guard{mutex_};
    if (!stops_) state_->active_until = deadline.time_since_epoch().count();
}

void ElectionDriver::won(std::uint64_t token) {
    const std::lock_guard guard{mutex_};
    if (stops_) return;
    state_->token = token;
    contender_->won();
}

void ElectionDriver::lost(const Error& why, milliseconds time) {
    const std::lock_guard guard{mutex_};
    if (!stops_) contender_->lost(why, time);
}

void ElectionDriver::report(LogLevel level, const std::string& text) {
    const std::lock_guard guard{mutex_};
    if (!stops_) contender_->report(level, text);
}

std::string ElectionDriver::time_text() const { return rfc3339(clock_->system_now()); }

void ElectionDriver::publish() {
    const std::lock_guard guard{state_->mutex};
    state_->view = election_.view();
    state_->endpoints = client_.endpoints();
}

}  // namespace servicekit::cluster
