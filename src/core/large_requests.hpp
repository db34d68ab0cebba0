#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/protocol.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/os/threads.hpp"
#include "servicekit/policy/control_policy.hpp"

namespace servicekit {

/// Decodes large requests on a thread of its own, one after the other, so that they delay no other client. The thread
/// exists while there is such a request. Its functions are for the loop's thread unless stated otherwise.
class LargeRequests {
public:
    /// Requests of up to this many bytes are decoded by the loop's thread: that takes less time than to hand them over.
    static constexpr std::size_t small_request = 16 * 1024;
    /// So many bytes of requests may wait. The loop's thread decodes more than these, too.
    static constexpr std::size_t most_waiting_bytes = 16 * 1024 * 1024;

    /// A decoded request or its error object, and its client.
    struct Decoded {
        std::variant<Request, Object> result;
        Peer peer;
        std::shared_ptr<Responder> responder;
    };
    /// \param serve called on the loop's thread with each decoded request
    LargeRequests(const os::Host& host, std::function<void(Decoded&)> serve);
    ~LargeRequests();
    LargeRequests(const LargeRequests&) = delete;
    LargeRequests& operator=(const LargeRequests&) = delete;

    /// \pre the loop does not run yet
    void arm(os::EventLoop& loop) { loop_ = &loop; }

    /// Decodes the request and serves it later. If too much waits, or no thread can be started, does both at once.
    /// \param peer with its groups
    void take(std::string_view text, const Peer& peer, std::shared_ptr<Responder> responder);

    /// Refuses the requests that are not decoded yet, since the service stops. Later ones are decoded at once.
    void refuse_all();
    /// Waits for the thread, on any thread. \pre refuse_all() was called, and the loop has ended
    void close();

private:
    struct Job;

    /// Leaves the job to the thread. \returns false if there is none
    [[nodiscard]] bool hand_over(const std::shared_ptr<Job>& job);
    void serve(const std::shared_ptr<Job>& job);

    // For the thread.
    void work();
    /// \returns null if none is left, and then the thread is about to end
    [[nodiscard]] std::shared_ptr<Job> next();
    void decode(const std::shared_ptr<Job>& job);

    const os::Host& host_;
    std::function<void(Decoded&)> serve_;
    os::EventLoop* loop_ = nullptr;
    std::unique_ptr<os::Thread> thread_;

    std::mutex mutex_;  // guards what follows
    std::deque<std::shared_ptr<Job>> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::shared_ptr<Job> current_;             ///< is being decoded
    std::vector<std::shared_ptr<Job>> spent_;  ///< served; the thread destroys their many values
    bool works_ = false;                       ///< the thread has not announced its end
    bool is_closed_ = false;
};

}  // namespace servicekit
