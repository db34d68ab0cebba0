#include "servicekit/cluster/etcd_lock.hpp"

#include <algorithm>
#include <mutex>
#include <ratio>
#include <utility>

#include "base/attempt.hpp"
#include "base/rfc3339.hpp"
#include "cluster/election_driver.hpp"
#include "cluster/lock_settings.hpp"
#include "cluster/lock_state.hpp"
#include "cluster/password_file.hpp"
#include "cluster/successors.hpp"
#include "servicekit/os/files.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/os/process.hpp"
#include "servicekit/os/threads.hpp"

namespace servicekit {

using cluster::ElectionDriver;
using cluster::EtcdClient;
using cluster::EtcdFault;
using std::chrono::milliseconds;

namespace {

/// Returns how long a call may take that talks to etcd while somebody waits for it.
milliseconds time_of_a_call(const EtcdLock::Options& options) {
    constexpr milliseconds shortest{1'000};
    constexpr milliseconds longest{3'000};
    return std::clamp(options.ttl / 3, shortest, longest);
}

/// How long the leave of a standby may take: its key matters to nobody for long.
constexpr milliseconds standby_time{500};

std::string host_name(os::Files& files) {
    constexpr std::size_t longest = 256;
    const auto name = files.read("/proc/sys/kernel/hostname", longest);
    return name ? name->substr(0, name->find('\n')) : std::string{};
}

Value active_in(const cluster::Election::View& view) {
    if (!view.active) return nullptr;
    return Object{{"host", view.active->host}, {"pid", view.active->pid}, {"since", view.active->since}};
}

/// Returns a number of seconds in whole tenths; 0 if the time is over.
double seconds_until(os::BootClock::time_point end, os::BootClock::time_point now) {
    using Tenths = std::chrono::duration<std::int64_t, std::deci>;
    constexpr double tenths = 10;
    return static_cast<double>(std::max<std::int64_t>(0, std::chrono::floor<Tenths>(end - now).count())) / tenths;
}

/// Returns why the instance has no place in the queue, if waiting cannot cure it.
std::optional<Error> standing_fault(const ElectionDriver& driver) {
    const auto& fault = driver.election().fault();
    if (!fault || driver.election().has_place()) return std::nullopt;
    if (fault->kind == EtcdFault::Kind::unfit) return fault->error;
    const auto& endpoints = driver.client().endpoints();
    const bool are_all_wrong =
        std::all_of(endpoints.begin(), endpoints.end(), [](const EtcdClient::Endpoint& endpoint) {
            return endpoint.has_failed && endpoint.failure.kind != EtcdFault::Kind::unreachable;
        });
    return are_all_wrong ? std::optional{fault->error} : std::nullopt;
}

/// Returns what an endpoint answers, if each of the others answers the like or is silent.
std::optional<Error> refusal(const EtcdClient& client) {
    std::optional<Error> found;
    for (const EtcdClient::Endpoint& endpoint : client.endpoints()) {
        if (endpoint.state == "ok") return std::nullopt;
        if (endpoint.has_failed && endpoint.failure.kind != EtcdFault::Kind::unreachable)
            found = endpoint.failure.error;
    }
    return found;
}

}  // namespace

/// The lock, in one place when the policy is moved.
class EtcdLock::Parts {
public:
    Parts(Options options, const os::Host& host, cluster::TransportFactory make_transport)
        : options_{std::move(options)},
          host_{host},
          make_transport_{std::move(make_transport)},
          pid_file_{options_.pid_file, host} {}
    ~Parts() { stand_down(); }
    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;

    void configure(const Deployment& deployment) {
        pid_file_.configure(deployment);
        service_ = deployment.name;
        options_ = cluster::with_settings(std::move(options_), deployment.cluster_plan);
    }

    Result<void> contend(Contender& contender, const std::stop_token& stop) {
        const std::lock_guard guard{mutex_};
        if (driver_) return {};
        if (auto checked = cluster::check_options(options_); !checked) return checked;
        auto transport = make_transport();
        if (!transport) return transport.error();
        warn_of_plain_text(contender);
        auto driver = std::make_shared<ElectionDriver>(election_options(), client_options(), std::move(*transport),
                                                       host_, contender, state_);
        driver->begin();
        const auto joined = join(*driver, stop);
        if (!joined || stop.stop_requested()) {
            driver->stop();
            driver->leave(joined ? standby_time : milliseconds{0});
            return joined;
        }
        auto thread = host_.threads->start("cluster-lock", [driver] { driver->run(); });
        if (!thread) {
            driver->stop();
            driver->leave(time_of_a_call(options_));
            return thread.error();
        }
        driver_ = std::move(driver);
        thread_ = std::move(*thread);
        has_started_ = true;
        return {};
    }

    void stand_down() noexcept {
        const std::lock_guard guard{mutex_};
        if (!driver_) return;
        driver_->stop();
        // A thread that hangs keeps what it uses, and ends when it goes on.
        const milliseconds time = time_of_a_call(options_);
        // Others wait for a holder's record that it has left.
        // Without memory for that, they wait until the lease ends.
        if (thread_->wait(time))
            static_cast<void>(
                attempt([&] { driver_->leave(driver_->election().has_claimed() ? time : standby_time); }));
        thread_.reset();
        driver_.reset();
    }

    Result<bool> has_successor() {
        if (auto checked = cluster::check_options(options_); !checked) return checked.error();
        auto transport = make_transport();
        if (!transport) return transport.error();
        return cluster::has_other_contenders(client_options(), **transport, *host_.clock, directory(),
                                             own_key_revision(), time_of_a_call(options_));
    }

    [[nodiscard]] bool is_active() const noexcept {
        return host_.clock->boot_now().time_since_epoch().count() < state_->active_until;
    }
    [[nodiscard]] std::optional<std::uint64_t> token() const {
        const std::uint64_t token = state_->token;
        return token != 0 && is_active() ? std::optional{token} : std::nullopt;
    }

    [[nodiscard]] Object status_fields() const {
        Object fields = pid_file_.status_fields();
        const std::lock_guard guard{state_->mutex};
        if (state_->endpoints.empty()) return fields;
        const auto now = host_.clock->boot_now();
        fields.set("active", active_in(state_->view));
        if (const auto& end = state_->view.lease_end) fields.set("lease-seconds-left", seconds_until(*end, now));
        if (const auto& end = state_->view.gives_up_at; end && is_active())
            fields.set("active-seconds-left", seconds_until(*end, now));
        fields.set("contenders", state_->view.contenders);
        Value::List endpoints;
        for (const auto& endpoint : state_->endpoints)
            endpoints.emplace_back(Object{{"url", endpoint.url}, {"state", endpoint.state}});
        fields.set("endpoints", std::move(endpoints));
        return fields;
    }

    [[nodiscard]] ClusterPlan plan() const { return cluster::plan_of(options_); }

    [[nodiscard]] PidFileLock& pid_file() noexcept { return pid_file_; }

private:
    /// Turns until the place in the queue is known, or waiting for it is of no use here.
    Result<void> join(ElectionDriver& driver, const std::stop_token& stop) {
        const std::stop_callback wakes{stop, [&driver] { driver.wake(); }};
        const auto end = host_.clock->boot_now() + time_of_a_call(options_);
        while (!driver.election().has_place() && !stop.stop_requested()) {
            auto fault = standing_fault(driver);
            if (fault && !has_started_) return *fault;
            const bool must_answer = options_.must_answer_at_start && !has_started_;
            const bool has_failed = fault || driver.client().have_all_failed();
            const auto left = std::chrono::ceil<milliseconds>(end - host_.clock->boot_now());
            if (left <= milliseconds{0} || (has_failed && !must_answer)) {
                fault = refusal(driver.client());
                if (fault && !has_started_) return *fault;
                if (has_failed && must_answer) break;
                return {};
            }
            driver.turn(left);
        }
        if (driver.election().has_place() || stop.stop_requested()) return {};
        const auto& fault = driver.election().fault();
        return Error{ExitCode::timeout, "join", "the contenders in etcd",
                     "no endpoint answers: " + (fault ? fault->error.message() : std::string{"nothing was heard"})};
    }

    void warn_of_plain_text(Contender& contender) const {
        const auto plain = std::find_if(options_.endpoints.begin(), options_.endpoints.end(),
                                        [](const std::string& url) { return url.starts_with("http://"); });
        if (has_started_ || options_.user.empty() || plain == options_.endpoints.end()) return;
        contender.report(LogLevel::warning,
                         "the password of etcd's user goes to '" + *plain + "' without TLS (https://)");
    }

    Result<std::unique_ptr<cluster::HttpTransport>> make_transport() const {
        return make_transport_({.ca_file = options_.ca_file,
                                .certificate_file = options_.certificate_file,
                                .key_file = options_.key_file,
                                .idle_probe = std::max<milliseconds>(options_.ttl / 2, std::chrono::seconds{1}),
                                .uses_proxy = options_.uses_proxy});
    }

    [[nodiscard]] std::string directory() const { return cluster::key_of_service(options_, service_) + '/'; }

    [[nodiscard]] cluster::Election::Options election_options() const {
        return {.directory = directory(),
                .holder_key = cluster::key_of_service(options_, service_) + ".holder",
                .self = {.host = host_name(*host_.files),
                         .pid = host_.process->id(),
                         .since = rfc3339(host_.clock->system_now())},
                .ttl = cluster::ttl_of(options_),
                .loss_stop = options_.loss_stop_timeout,
                .endpoints = options_.endpoints.size()};
    }

    [[nodiscard]] EtcdClient::Options client_options() const {
        return {.endpoints = cluster::endpoints_of(options_),
                .user = options_.user,
                .password = [files = host_.files, process = host_.process, path = options_.password_file] {
                    return cluster::read_password(*files, path, process->effective_user());
                }};
    }

    [[nodiscard]] std::int64_t own_key_revision() const { return static_cast<std::int64_t>(state_->token.load()); }

    Options options_;
    os::Host host_;
    cluster::TransportFactory make_transport_;
    PidFileLock pid_file_;
    std::string service_;
    std::shared_ptr<cluster::LockState> state_ = std::make_shared<cluster::LockState>();
    std::mutex mutex_;  ///< guards driver_ and thread_
    std::shared_ptr<ElectionDriver> driver_;
    std::unique_ptr<os::Thread> thread_;
    bool has_started_ = false;  ///< contend() succeeded once; later faults are waited out
};

EtcdLock::EtcdLock() : EtcdLock{Options{}} {}

EtcdLock::EtcdLock(Options options, const os::Host& host)
    : EtcdLock{std::move(options), host, &cluster::make_curl_transport} {}

EtcdLock::EtcdLock(Options options, const os::Host& host, cluster::TransportFactory make_transport)
    : parts_{std::make_unique<Parts>(std::move(options), host, std::move(make_transport))} {}

EtcdLock::EtcdLock(EtcdLock&& other) noexcept = default;
EtcdLock& EtcdLock::operator=(EtcdLock&& other) noexcept = default;
EtcdLock::~EtcdLock() = default;

void EtcdLock::configure(const Deployment& deployment) { parts_->configure(deployment); }

ClusterPlan EtcdLock::plan() const { return parts_->plan(); }

Result<Acquisition> EtcdLock::acquire(LockWait wait, const std::stop_token& stop) {
    return parts_->pid_file().acquire(wait, stop);
}

Result<std::optional<Owner>> EtcdLock::owner() { return parts_->pid_file().owner(); }
Result<std::optional<Owner>> EtcdLock::first_look() { return parts_->pid_file().first_look(); }

// Without stand_down(), handlers may still run. The key then stays until its lease ends, after the process.
void EtcdLock::release() noexcept { parts_->pid_file().release(); }

Result<void> EtcdLock::contend(Contender& contender, const std::stop_token& stop) {
    return parts_->contend(contender, stop);
}
Result<bool> EtcdLock::has_successor() { return parts_->has_successor(); }
void EtcdLock::stand_down() noexcept { parts_->stand_down(); }
bool EtcdLock::is_active() const noexcept { return parts_->is_active(); }
std::optional<std::uint64_t> EtcdLock::token() const { return parts_->token(); }
Object EtcdLock::status_fields() const { return parts_->status_fields(); }

}  // namespace servicekit
