#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "cluster/election.hpp"
#include "cluster/etcd_client.hpp"
#include "cluster/lock_state.hpp"
#include "servicekit/cluster/transport.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/policy/lock_policy.hpp"

namespace servicekit::cluster {

/// Gives an election its time, its connections and the kernel's timer. One thread at a time calls its functions, except
/// those that say otherwise.
class ElectionDriver final : private ElectionPort {
public:
    ElectionDriver(Election::Options election, EtcdClient::Options client, std::unique_ptr<HttpTransport> transport,
                   const os::Host& host, Contender& contender, std::shared_ptr<LockState> state);
    ~ElectionDriver() override;
    ElectionDriver(const ElectionDriver&) = delete;
    ElectionDriver& operator=(const ElectionDriver&) = delete;

    void begin();
    /// Waits for what happens next, and acts on it. For lack of memory, the election starts again.
    void turn(std::chrono::milliseconds at_most);
    /// Turns until stop() is called.
    void run();
    /// Ends the wait of turn(). May be called from any thread.
    void wake() noexcept { transport_->wake(); }
    /// Ends run(), and cancels the kernel's timer. The contender hears nothing once this has returned. May be
    /// called from any thread, but not by the contender. \pre the instance is inactive
    void stop() noexcept;
    /// Begins to give up the lock, in the next turns. \pre stop() was called, and run() has returned
    void begin_leave();
    /// Turns until the lock is given up, or the time is over. \pre as begin_leave()
    void leave(std::chrono::milliseconds at_most);

    [[nodiscard]] const Election& election() const noexcept { return election_; }
    [[nodiscard]] const EtcdClient& client() const noexcept { return client_; }

private:
    void ask(Channel channel, EtcdRequest request, std::chrono::milliseconds timeout) override;
    void drop(Channel channel) override;
    Result<void> kill_at(os::BootClock::time_point deadline) override;
    void active_until(os::BootClock::time_point deadline) override;
    void won(std::uint64_t token) override;
    void lost(const Error& why, std::chrono::milliseconds time) override;
    void report(LogLevel level, const std::string& text) override;
    [[nodiscard]] std::string time_text() const override;
    [[nodiscard]] bool have_all_endpoints_failed() const override { return client_.have_all_failed(); }

    /// Waits for what happens next, and acts on it. May throw for lack of memory.
    void take_turn(std::chrono::milliseconds at_most);
    /// Passes on the answers to requests that could not be sent.
    void take_unsent();
    void publish();

    std::unique_ptr<HttpTransport> transport_;
    EtcdClient client_;
    os::Clock* clock_;
    Contender* contender_;
    std::shared_ptr<LockState> state_;
    std::atomic<bool> stops_{false};
    std::mutex mutex_;  ///< with it, nothing of what stop() ends is done after stop()
    std::unique_ptr<os::KillTimer> timer_;
    Election election_;
};

}  // namespace servicekit::cluster
