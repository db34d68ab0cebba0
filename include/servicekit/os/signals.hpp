#pragma once

#include <functional>
#include <span>

#include "servicekit/base/peer.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit::os {

struct ReceivedSignal {
    int number = 0;
    Peer sender;  ///< pid 0: the kernel, or a terminal
};

/// The signals of the process: process-wide, so one owner at a time.
class Signals {
public:
    virtual ~Signals() = default;
    /// Blocks them, so that what comes is kept for later. \pre one thread.
    virtual Result<void> hold(std::span<const int> numbers) = 0;
    /// Unblocks what hold() named, in the calling thread, also what had been blocked before: a service hears its signals
    /// whatever its caller blocked, and exec(2) hands a mask on.
    virtual void let_go() = 0;
    /// For a process that leaves its caller's world behind, as daemon(7) has it: unblocks the signals, but those that are
    /// held, that were blocked when the program began, and gives those that were ignored then their default action, as
    /// exec(2) hands both on. What the program has chosen since stays. \pre one thread.
    virtual void forget_caller() = 0;
    /// Installs handlers that have `callback` called by the loop's thread.
    /// Handlers, not SIG_IGN or a blocked mask, since exec(2) resets handlers only, so that children start clean.
    /// SIGPIPE gets a handler that does nothing. A SIGABRT that the process sends itself (abort(3), kill(2)) ends it
    /// as it would without us, with a core. A child of fork(2) that gets one of them takes the default action.
    /// What came while it was held is delivered after take() and let_go(); a signal that comes again before the
    /// callback was called for it counts once.
    /// \returns an error where another service of this process has taken them.
    virtual Result<void> take(std::span<const int> numbers, EventLoop& loop,
                              std::function<void(const ReceivedSignal&)> callback) = 0;
    /// Restores what was in force before take(). May be called when nothing was taken, but not by one whose take()
    /// was refused. The callback is not called any more once it returns, save where the callback itself calls it.
    /// \pre the loop is still there, turning or not.
    virtual void give_back() = 0;
};

[[nodiscard]] Signals& posix_signals();

}  // namespace servicekit::os
