#include "servicekit/mocks/fake_life.hpp"

#include <algorithm>
#include <csignal>
#include <stdexcept>

#include "core/service_core.hpp"

namespace servicekit::mocks {
namespace {

// Longer than any time limit of a service, except endless ones.
constexpr std::chrono::hours longest_wait{1};

/// Returns true if the service in this state is the one that the user wants, and not a process that only waits for it.
bool is_alive(ServiceState state) {
    return state == ServiceState::starting || state == ServiceState::standby || state == ServiceState::running ||
           state == ServiceState::reloading || state == ServiceState::stopping;
}

/// Returns true if a service in this state is ready, or waits for what only another instance can give.
bool is_settled(ServiceState state) { return state == ServiceState::running || state == ServiceState::standby; }

}  // namespace

FakeLife::~FakeLife() {
    // The programs of these processes use this object.
    for (const pid_t pid : os_->running())
        if (os_->is_family(starter_, pid)) os_->kill(pid);
    os_->settle();
}

pid_t FakeLife::begin_to_start() {
    starter_ = os_->spawn([this] { return live(); }, user_);
    last_ = 0;
    return starter_;
}

int FakeLife::live() {
    const std::unique_ptr<ServiceBase> service = make_();
    /// Registers the service while it exists.
    struct Known {
        FakeLife& life;
        ~Known() { life.services_.erase(FakeTask::current()); }
    } const known{*this};
    services_.emplace(FakeTask::current(), service.get());
    return service->start();
}

bool FakeLife::start() {
    begin_to_start();
    const auto is_decided = [this] {
        if (os_->end_of(starter_)) return true;
        const auto alive = living();
        return alive && alive->pid == starter_ && is_settled(alive->service->state());
    };
    if (!os_->wait_until(is_decided, longest_wait))
        throw std::runtime_error("the start does not end: " + os_->reactor.describe());
    os_->settle();
    return runs();
}

std::optional<FakeLife::Living> FakeLife::living() const {
    for (const auto& [task, service] : services_) {
        const pid_t pid = os_->pid_of(task);
        if (!is_alive(service->state()) || !os_->runs(pid)) continue;
        last_ = pid;
        return Living{pid, service};
    }
    return std::nullopt;
}

pid_t FakeLife::pid() const {
    const auto alive = living();
    return alive ? alive->pid : last_;
}

ServiceBase* FakeLife::service() const {
    const auto alive = living();
    return alive ? alive->service : nullptr;
}

std::optional<FakeOs::End> FakeLife::start_result() const { return os_->end_of(starter_); }

std::optional<FakeOs::End> FakeLife::result() const {
    const pid_t known = pid();
    return os_->end_of(known != 0 ? known : starter_);
}

FakeClient FakeLife::connect(const Peer& peer) {
    ServiceBase* const alive = service();
    if (alive == nullptr) throw std::runtime_error("nobody to connect to: the service does not run");
    return os_->sockets.connect(ServiceCore::of(*alive).policies().control.endpoint(), peer);
}

std::string FakeLife::ask(std::string_view request, const Peer& peer) {
    FakeClient client = connect(peer);
    client.send(request);
    std::string answer;
    const auto is_answered = [&] {
        answer += client.receive();
        return answer.ends_with('\n') || client.is_at_end() || client.was_reset();
    };
    if (!os_->wait_until(is_answered, longest_wait)) throw std::runtime_error("no answer: " + os_->reactor.describe());
    while (answer.ends_with('\n')) answer.pop_back();
    return answer;
}

void FakeLife::raise(int signal_number) {
    os_->raise(pid(), signal_number, {.pid = 50, .uid = 0, .gid = 0});
    os_->settle();
}

int FakeLife::stop() {
    os_->raise(pid(), SIGTERM, {.pid = 50, .uid = 0, .gid = 0});
    return wait();
}

int FakeLife::wait() {
    const pid_t known = pid();
    return os_->wait_for(known != 0 ? known : starter_).status;
}

void FakeLife::crash() {
    if (const pid_t known = pid(); known != 0) os_->kill(known);
    os_->settle();
}

}  // namespace servicekit::mocks
