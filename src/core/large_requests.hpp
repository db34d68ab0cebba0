#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <variant>
#include <vector>

#include "base/fair_queue.hpp"
#include "core/protocol.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/os/threads.hpp"
#include "servicekit/policy/control_policy.hpp"

namespace servicekit {

/// Decodes large requests on a thread of its own, while the loop's thread serves others. Users take turns.
/// The thread exists while there is such a request, and also destroys what it decoded. The functions are for the loop's
/// thread unless stated otherwise.
class LargeRequests {
public:
    /// Requests of up to this many bytes are decoded by the loop's thread: that takes less time than to hand them over.
    static constexpr std::size_t small_request = 16 * 1024;
    /// Most bytes of requests that are not served yet, and what of it is kept for clients with the role `owner`. If no
    /// other request is there, a request may be longer.
    static constexpr std::size_t most_bytes = 16 * 1024 * 1024;
    static constexpr std::size_t kept_for_owners = 1024 * 1024;
    /// Most bytes of the requests of each user without that role.
    static constexpr std::size_t most_bytes_of_user = 4 * 1024 * 1024;

    /// A decoded request or its error object, and its client.
    struct Decoded {
        std::variant<Request, Object> result;
        Peer peer;
        std::shared_ptr<Responder> responder;
    };
    /// \param serve called on the loop's thread with each decoded or refused request
    LargeRequests(const os::Host& host, std::function<void(Decoded&)> serve);
    ~LargeRequests();
    LargeRequests(const LargeRequests&) = delete;
    LargeRequests& operator=(const LargeRequests&) = delete;

    /// \pre the loop does not run yet
    void arm(os::EventLoop& loop) { loop_ = &loop; }

    /// Decodes the request and serves it later; its timeout begins now. If too many bytes are there already, or no
    /// thread can be started, does both at once.
    /// \param peer with its groups
    void take(std::string_view text, const Peer& peer, std::shared_ptr<Responder> responder);

    /// Refuses the requests that are not served yet, since the service stops. Later ones are decoded at once.
    void refuse_all();
    /// Waits for the thread, on any thread. \pre refuse_all() was called, and the loop has ended
    void close();

private:
    struct Job;
    using Jobs = std::vector<std::shared_ptr<Job>>;

    /// Leaves the job to the thread. \returns false if that is not possible
    [[nodiscard]] bool hand_over(const std::shared_ptr<Job>& job);
    /// \pre the mutex is locked
    [[nodiscard]] bool has_room(const Job& job) const;
    [[nodiscard]] bool start_thread();
    void serve(const std::shared_ptr<Job>& job);

    // For the thread.
    void work();
    /// Does the next piece of work, or waits for it. \returns false if the thread has to end
    [[nodiscard]] bool work_on();
    void decode(const std::shared_ptr<Job>& job);

    const os::Host& host_;
    std::function<void(Decoded&)> serve_;
    os::EventLoop* loop_ = nullptr;
    std::unique_ptr<os::Parking> parking_;  ///< of the thread
    std::unique_ptr<os::Thread> thread_;

    std::mutex mutex_;  // guards what follows
    FairQueue<std::shared_ptr<Job>> waiting_;
    Jobs unserved_;       ///< those that wait, that is being decoded, and that the loop is about to serve
    Jobs spent_;          ///< served; the thread destroys their values
    bool works_ = false;  ///< the thread has not announced its end
    bool is_closed_ = false;
};

}  // namespace servicekit
