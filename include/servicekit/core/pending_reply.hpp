#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "servicekit/core/reply.hpp"
#include "servicekit/core/waiting.hpp"

namespace servicekit {

class LaterRun;

/// The reply that a handler owes after Context::reply_later(). Whoever has this object gives it, on any thread, at any
/// time; other events run meanwhile. Copies stand for the same reply. Thread-safe.
///
/// The caller's timeout, progress and cancel hold as for any run, and `status` lists it. A stop of the service asks it to
/// end by the stop token, and waits for the reply within `stop-timeout`. If none comes, the caller gets the error
/// `not-ready`, and on_stop() is skipped: so in a clean stop the service outlives all work that owes a reply.
/// When the last copy goes without a reply, the caller gets the error `event-error`.
class PendingReply {
public:
    explicit PendingReply(std::shared_ptr<LaterRun> run);

    /// Gives the reply. Once one was given, by whichever function, another does nothing.
    void succeed(const Reply& reply = {}) const;
    /// Gives an error reply, as a handler does that throws ErrorReply.
    void fail(const std::string& message, Object fields = {}, std::string code = "event-error") const;
    /// As if the handler had thrown the exception. \pre it is not null
    void fail(const std::exception_ptr& exception) const;

    /// Tells the caller how far the event is, as Context::progress() does.
    void progress(std::uint64_t done, std::uint64_t total, std::string_view text = {}) const;
    /// As Context::send(), from any thread but that of the handlers. Nothing once the reply was given.
    bool send(const Object& item) const;
    /// As Context::stop_token().
    [[nodiscard]] const std::stop_token& stop_token() const noexcept { return stop_; }
    /// As Context::wait_for().
    template <class Rep, class Period>
    bool wait_for(std::chrono::duration<Rep, Period> time) const {
        return wait_until(end_of_wait(now(), time));
    }
    /// As Context::wait_until().
    bool wait_until(Waiting::Time time) const;

private:
    [[nodiscard]] Waiting::Time now() const;

    std::shared_ptr<LaterRun> run_;
    std::stop_token stop_;
};

}  // namespace servicekit
