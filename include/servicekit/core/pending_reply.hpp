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

/// The reply that a handler owes after Context::reply_later(). Any thread may give it, at any time; other events run in
/// the meantime. Copies refer to the same reply. Thread-safe.
///
/// The caller's timeout, progress and cancel work as for any run, and `status` lists the run. A stop of the service
/// requests the stop token, and waits for the reply within `stop-timeout`. If no reply arrives, the caller gets the
/// error `not-ready`, and on_stop() is skipped. So after a clean stop, no work that owes a reply is left. If the last
/// copy is destroyed without a reply, the caller gets the error `event-error`.
class PendingReply {
public:
    /// For Context::reply_later().
    explicit PendingReply(std::shared_ptr<LaterRun> run);

    /// Gives the reply. After the first reply, by whichever function, others do nothing.
    void succeed(const Reply& reply = {}) const;
    /// Gives an error reply, as a handler does by throwing ErrorReply.
    void fail(const std::string& message, Object fields = {}, std::string code = "event-error") const;
    /// Gives the error reply that a handler would give by throwing this exception. \pre it is not null
    void fail(const std::exception_ptr& exception) const;

    /// Reports progress to the caller, as Context::progress() does.
    void progress(std::uint64_t done, std::uint64_t total, std::string_view text = {}) const;
    /// Sends an object as Context::send() does, from any thread except the handler thread. After the reply it does
    /// nothing.
    bool send(const Object& item) const;
    /// See Context::stop_token().
    [[nodiscard]] const std::stop_token& stop_token() const noexcept { return stop_; }
    /// See Context::wait_for().
    template <class Rep, class Period>
    bool wait_for(std::chrono::duration<Rep, Period> time) const {
        return wait_until(end_of_wait(now(), time));
    }
    /// See Context::wait_until().
    bool wait_until(Waiting::Time time) const;

private:
    [[nodiscard]] Waiting::Time now() const;

    std::shared_ptr<LaterRun> run_;
    std::stop_token stop_;
};

}  // namespace servicekit
