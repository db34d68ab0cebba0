#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "servicekit/base/peer.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/policy/deployment.hpp"
#include "servicekit/policy/policy.hpp"

namespace servicekit::os {
class EventLoop;
}

namespace servicekit {

/// The way back for the replies to one request. Thread-safe. It outlives the connection, and then drops what it is
/// given. It does not throw. If memory for the connection runs out, the connection is closed.
class Responder {
public:
    virtual ~Responder() = default;
    /// Sends a progress line.
    /// \param line one JSON object with its newline
    /// \returns false if the client cannot take the line now. The line is then dropped; a later one has newer numbers.
    virtual bool progress(std::string_view line) = 0;

    /// The result of send_item().
    enum class Sent {
        yes,   ///< the line is on its way
        full,  ///< the client has not read enough of what was sent before; the line was not taken
        never  ///< nobody will read it
    };
    /// Sends a line ahead of the reply that must not be dropped.
    /// \param line one JSON object with its newline
    /// \param on_room if the result is `full`, called once, from any thread, when another attempt may succeed. It must
    ///                not block or throw. It may be empty.
    virtual Sent send_item(std::string_view line, std::function<void()> on_room) = 0;
    /// Sends the reply. Call exactly one of reply() and reply_and_close(), once. \param line one JSON object with its
    /// newline
    virtual void reply(std::string_view line) = 0;
    /// Sends the reply to something that was not a request, and closes the connection, because the start of the next
    /// request cannot be found.
    virtual void reply_and_close(std::string_view line) = 0;
    /// The supplementary groups of the client, if the Peer of the request has none. They are read only if a handler
    /// will see them. The first call is within Requests::request(). Later ones, also on the loop's thread, return the
    /// same groups.
    [[nodiscard]] virtual std::vector<gid_t> peer_groups() { return {}; }
};

/// Why some input is not accepted as a request.
struct Refusal {
    /// What is wrong with the input.
    enum class Reason {
        malformed,  ///< `number` is the offset in bytes
        too_large,  ///< `number` is the limit in bytes
        too_deep,   ///< `number` is the limit in levels
        too_many,   ///< connections, or bytes of unfinished requests; `number` is the limit
    };
    Reason reason = Reason::malformed;  ///< what is wrong
    std::size_t number = 0;             ///< see Reason
    std::string text = {};              ///< the reason in words, for people
};

/// Core's side of the channel: takes requests. Only the event loop's thread calls it, and it never blocks that thread.
class Requests {
public:
    virtual ~Requests() = default;
    /// Takes a request.
    /// \param text one whole JSON array, or what should have been one
    /// \param peer the client, with the role that the policy gives it. Requests beyond the role get the reply
    ///             `not-allowed`. Its groups may be missing: see Responder::peer_groups(). Valid during the call only.
    virtual void request(std::string_view text, const Peer& peer, std::shared_ptr<Responder> responder) = 0;
    /// \returns the reply, one line with its newline, for input that is not a request.
    [[nodiscard]] virtual std::string refuse(const Refusal& refusal) = 0;
    /// Logs a failure that no request caused, such as a connection that cannot be accepted or a file that cannot be
    /// removed. The policy continues as well as it can.
    virtual void note(const Error& /*error*/) {}
};

/// What a control policy has counted since open(), for the metrics.
struct ControlCounts {
    std::uint64_t open = 0;              ///< connections that are open now
    std::uint64_t accepted = 0;          ///< connections that were accepted and not refused
    std::uint64_t refused_too_many = 0;  ///< connections that were refused because there were too many
    std::uint64_t refused_no_files = 0;  ///< connections that were refused because too many descriptors are open
    std::uint64_t failed = 0;            ///< attempts to accept connections that failed
};

/// Lets operators talk to the service while it runs.
///
/// A control policy derives from this class and overrides open() and close(), and the other functions as needed.
class ControlPolicy : public Policy {
public:
    /// The access rules in force after configure(): those of the deployment, and the policy's own defaults for the
    /// rest. Members that this policy does not use are empty.
    [[nodiscard]] virtual ControlAccess access() const { return {}; }
    /// Makes the service reachable. Requests are served once the loop runs.
    /// \pre the lock is held. `requests` and `loop` outlive close().
    virtual Result<void> open(Requests& requests, os::EventLoop& loop) = 0;
    /// The path at which the service can be reached; empty if it cannot.
    [[nodiscard]] virtual std::string endpoint() const { return {}; }
    /// Fields that the policy adds to the reply of `status`.
    [[nodiscard]] virtual Object status_fields() const { return {}; }
    /// \returns true if status_fields() returns the same as long as the service runs, so that it is called once
    [[nodiscard]] virtual bool has_fixed_status() const noexcept { return false; }
    /// What it has counted; nothing if it does not count. Waits for no other thread. May be called from any thread.
    [[nodiscard]] virtual std::optional<ControlCounts> counts() const { return std::nullopt; }
    /// Gives its files to the user that the process is about to become.
    virtual Result<void> change_owner(uid_t /*uid*/, gid_t /*gid*/) { return {}; }
    /// Stops listening, removes its files, and closes each connection once its replies are sent, within a time limit.
    /// Called by the loop's thread, or while the loop does not run. May be called repeatedly.
    virtual void close() noexcept = 0;
};

}  // namespace servicekit
