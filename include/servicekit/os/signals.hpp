#pragma once

#include <functional>
#include <span>
#include <vector>

#include "servicekit/base/peer.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit::os {

/// A signal that has arrived.
struct ReceivedSignal {
    int number = 0;  ///< of the signal: SIGTERM
    Peer sender;     ///< pid 0: the kernel, or a process in another pid namespace

    /// \returns true if no process sent it: it was typed on the terminal, or a limit was reached.
    [[nodiscard]] bool is_from_kernel() const noexcept { return sender.uid == Peer{}.uid; }
};

/// The signals of the process. They are process-wide, so they have one owner at a time. The owner calls note() before
/// code that must not be interrupted, hold() before fork(2), note() again in the process that continues, take() when a
/// loop can deliver them, and give_back() at the end.
class Signals {
public:
    virtual ~Signals() = default;
    /// Records these signals; take() delivers them later. A signal that arrives again before it is delivered counts
    /// once.
    /// It installs handlers instead of SIG_IGN or a blocked mask, because exec(2) resets handlers only; so child
    /// processes start clean. It unblocks the signals in the calling thread, because exec(2) keeps a blocked mask. A
    /// child of fork(2) gets the default actions until it calls note() itself; it keeps what arrived before the fork.
    /// A SIGABRT that the process sends to itself (abort(3), kill(2)) still ends it, with a core. SIGXFSZ gets a
    /// handler that does nothing, so that write(2) fails with EFBIG. If SIGCHLD was ignored when the program began, it
    /// gets its default action, because wait(2) would fail. Actions that the program has set since then are kept.
    /// \param kept the signals that are recorded
    /// \param ending these end the process by their default action, also as pid 1, which has no default actions
    /// \returns an error if another service of this process is the owner
    virtual Result<void> note(std::span<const int> kept, std::span<const int> ending) = 0;
    /// The signals that were recorded and are not delivered yet.
    [[nodiscard]] virtual std::vector<ReceivedSignal> noted() const = 0;
    /// Blocks the signals of note() and restores their earlier actions, for a process that is about to fork and to wait
    /// for its child. \pre the process has one thread
    virtual Result<void> hold() = 0;
    /// Unblocks, in the calling thread, the signals that hold() blocked.
    virtual void release_held() = 0;
    /// Removes the blocked and ignored signals that the process inherited from its caller, as daemon(7) requires,
    /// because exec(2) would pass them on. Signals that are held stay blocked, and actions that the program has set
    /// since it began are kept. \pre the process has one thread
    virtual void forget_caller() = 0;
    /// Records these signals, as note() does, and makes the loop's thread call `callback` for each of them, also for
    /// those recorded before. SIGPIPE gets a handler that does nothing.
    /// \pre the loop does not run yet
    /// \returns an error if another service of this process is the owner, or if the loop cannot watch for the signals
    virtual Result<void> take(std::span<const int> numbers, EventLoop& loop,
                              std::function<void(const ReceivedSignal&)> callback) = 0;
    /// Restores the actions from before note() or take(), and drops signals that were not delivered. May be called if
    /// nothing was recorded, but not after a refused note() or take(). After it returns, the callback is not called any
    /// more; a running callback that calls this finishes.
    /// \pre the loop still exists, running or not
    virtual void give_back() = 0;
};

/// Returns the real implementation.
[[nodiscard]] Signals& posix_signals();

}  // namespace servicekit::os
