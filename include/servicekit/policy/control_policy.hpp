#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
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

/// The way back for one request. Thread-safe; outlives the connection, and then swallows what it is given.
/// Does not throw. If there is no memory for the connection, it is closed.
class Responder {
public:
    virtual ~Responder() = default;
    /// \param line one JSON object with its newline.
    /// \returns false where the client can't take it now; the line is dropped then, as a later one says more.
    virtual bool progress(std::string_view line) = 0;

    enum class Sent {
        yes,   ///< the line is on its way
        full,  ///< the client has not read enough of what was sent before: the line was not taken
        never  ///< nobody will read it
    };
    /// Sends a line ahead of the reply that must not be dropped.
    /// \param line one JSON object with its newline.
    /// \param on_room if `full`, called once, on any thread, when another attempt may succeed. It does not block or throw.
    virtual Sent send_item(std::string_view line, std::function<void()> on_room) = 0;
    /// One of the two exactly once. \param line one JSON object with its newline.
    virtual void reply(std::string_view line) = 0;
    /// The same for what was no request: nobody can tell where the next one begins, so the connection ends.
    virtual void reply_and_close(std::string_view line) = 0;
};

/// Why a request never became one.
struct Refusal {
    enum class Reason {
        malformed,  ///< `number` is the offset in bytes
        too_large,  ///< `number` is the limit in bytes
        too_deep,   ///< `number` is the limit in levels
        too_many,   ///< connections, or bytes of unfinished requests; `number` is the limit
    };
    Reason reason = Reason::malformed;
    std::size_t number = 0;
    std::string text = {};  ///< for people
};

/// What core makes of requests; called by the event loop's thread only, and never blocks it.
class Requests {
public:
    virtual ~Requests() = default;
    /// \param text one whole JSON array, or what should have been one.
    /// \param peer  with the role that the policy gives it: what that does not allow is answered `not-allowed`.
    ///              Valid during the call only.
    virtual void request(std::string_view text, const Peer& peer, std::shared_ptr<Responder> responder) = 0;
    /// \returns the reply, one line with its newline, for what could not be read as a request.
    [[nodiscard]] virtual std::string refuse(const Refusal& refusal) = 0;
    /// Something failed that is nobody's request: connections that can't be accepted, a trace that can't be removed.
    /// It goes to the log; the policy goes on as well as it can.
    virtual void note(const Error& /*error*/) {}
};

/// How operators reach the service while it runs.
///
/// A control policy derives from this and overrides open() and close(), and what else it has to say.
class ControlPolicy : public Policy {
public:
    /// What is in force after configure(): what the deployment says, and the channel's own defaults for the rest. Empty is
    /// what this channel does not use.
    [[nodiscard]] virtual ControlAccess access() const { return {}; }
    /// Reachable from here on; requests are served once the loop turns.
    /// \pre the lock is held. `requests` and `loop` outlive close().
    virtual Result<void> open(Requests& requests, os::EventLoop& loop) = 0;
    /// Where it can be reached: a path. Empty where it can't.
    [[nodiscard]] virtual std::string endpoint() const { return {}; }
    [[nodiscard]] virtual Object status_fields() const { return {}; }
    /// Hands what it holds to a user that the process is about to become.
    virtual Result<void> change_owner(uid_t /*uid*/, gid_t /*gid*/) { return {}; }
    /// Stops listening, removes its traces, and closes each connection once what was replied is out, within a bound.
    /// Called by the loop's thread, or while the loop does not turn. Any number of times.
    virtual void close() noexcept = 0;
};

}  // namespace servicekit
