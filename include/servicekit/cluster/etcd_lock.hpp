#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/cluster/transport.hpp"
#include "servicekit/os/interfaces.hpp"
#include "servicekit/policies/lock/pid_file_lock.hpp"
#include "servicekit/policy/deployment.hpp"
#include "servicekit/policy/lock_policy.hpp"

#ifndef SERVICEKIT_HAS_CLUSTER
#error "servicekit/cluster needs the component cluster: find_package(servicekit COMPONENTS cluster)"
#endif

namespace servicekit {

/// Lock policy with two levels: a pidfile on this machine, as PidFileLock, and a key in etcd (3.4 or later), by which
/// at most one instance in a cluster is active.
///
/// Each instance that contends has a key of its own, PREFIX/NAME/LEASE, with a lease that it renews. The instance whose
/// key is the oldest is active. It stays active until a deadline: the TTL of the lease, less a margin, after it *sent*
/// the last renewal that etcd confirmed, on a clock that also counts while the machine is suspended. At the deadline
/// the kernel ends the process. No other instance becomes active before.
///
/// contend() starts a thread, which talks to etcd. The other functions take what it knows; has_successor() and
/// stand_down() ask etcd themselves. The file with the password is read when a password is needed, with the rights that
/// the process then has. It is refused if everyone can read it, or if it belongs neither to root nor to that user.
/// May be moved only before acquire().
class EtcdLock final : public LockPolicy {
public:
    /// The options. The settings of the deployment override those that have a setting.
    struct Options {
        std::vector<std::string> endpoints = {};  ///< URLs of members of etcd, "https://10.0.0.1:2379"; at least one
        std::string prefix = "/servicekit";       ///< of the keys
        std::chrono::milliseconds ttl{10'000};    ///< of the lease; whole seconds, otherwise rounded up
        std::string ca_file = {};                 ///< as of TransportOptions
        std::string certificate_file = {};        ///< as of TransportOptions
        std::string key_file = {};                ///< as of TransportOptions
        std::string user = {};                    ///< of etcd; empty: etcd asks for none
        std::string password_file = {};           ///< its first line is the password of that user
        std::optional<std::chrono::milliseconds> loss_stop_timeout = {};  ///< of a loss; default: a third of the TTL
        bool must_answer_at_start = false;                                ///< contend() fails if no endpoint answers
        bool uses_proxy = false;             ///< use a proxy that environment variables name
        PidFileLock::Options pid_file = {};  ///< of the first level
    };

    EtcdLock();
    /// \param host the operating system; tests pass fakes
    explicit EtcdLock(Options options, const os::Host& host = os::posix_host());
    /// \param make_transport the way to etcd; tests pass that of FakeEtcd
    EtcdLock(Options options, const os::Host& host, cluster::TransportFactory make_transport);
    EtcdLock(EtcdLock&& other) noexcept;
    EtcdLock& operator=(EtcdLock&& other) noexcept;
    ~EtcdLock() override;

    void configure(const Deployment& deployment) override;
    [[nodiscard]] ClusterPlan plan() const override;

    /// Takes the pidfile's lock. See PidFileLock::acquire().
    Result<Acquisition> acquire(LockWait wait, const std::stop_token& stop) override;
    /// The holder of the pidfile's lock.
    Result<std::optional<Owner>> owner() override;
    Result<std::optional<Owner>> first_look() override;
    /// Releases the pidfile's lock. Without stand_down(), the key stays until its lease ends, after the process.
    void release() noexcept override;

    [[nodiscard]] bool has_standby() const override { return true; }
    /// Joins the instances in etcd. It returns once it has its place in the queue, or when that has not happened for a
    /// third of the TTL, at least 1 s and at most 3 s; the thread then goes on.
    /// \returns an error of ExitCode::configuration if the options are wrong or do not fit the TTL that etcd grants, or
    ///          if each endpoint that is not silent has a certificate that is not accepted, or is not etcd; of
    ///          ExitCode::permission if etcd refuses the user, the password or the prefix, and each endpoint that is not
    ///          silent says so; of ExitCode::timeout if no endpoint answers and one must. Once it has succeeded, a later
    ///          call reports what etcd refuses, and the thread goes on.
    Result<void> contend(Contender& contender, const std::stop_token& stop) override;
    /// Asks etcd, for as long as contend() at most. An instance that has not renewed its lease lately does not count.
    Result<bool> has_successor() override;
    /// Ends the thread, removes the key and revokes the lease. Waits for the thread for as long as contend() at most.
    /// Waits for etcd for as long again; 500 ms if the instance was only a standby. If etcd does not answer, the lease
    /// ends by itself.
    void stand_down() noexcept override;
    /// Exact: compares CLOCK_BOOTTIME with the deadline.
    [[nodiscard]] bool is_active() const noexcept override;
    /// The create revision of the key.
    [[nodiscard]] std::optional<std::uint64_t> token() const override;
    /// `pid-file`; once it contends also `active` (host, pid, since; null if none is known), `lease-seconds-left`,
    /// `active-seconds-left` (only while it is active: how long it stays so if no renewal succeeds), `contenders` (how
    /// many), and `endpoints` (url, state).
    [[nodiscard]] Object status_fields() const override;

private:
    class Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace servicekit
