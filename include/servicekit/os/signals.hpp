#pragma once

#include <functional>
#include <span>
#include <vector>

#include "servicekit/base/peer.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit::os {

struct ReceivedSignal {
    int number = 0;
    Peer sender;  ///< pid 0: the kernel, or a process that this one can't see

    /// Whether no process sent it: it was typed on the terminal, or a limit was reached.
    [[nodiscard]] bool is_from_kernel() const noexcept { return sender.uid == Peer{}.uid; }
};

/// The signals of the process: process-wide, so one owner at a time.
/// The owner calls note() before it runs code that should not be interrupted, hold() before fork(2), note() again in the
/// process that goes on, take() when a loop can deliver them, and give_back() at the end.
class Signals {
public:
    virtual ~Signals() = default;
    /// Notes these signals from now on; take() delivers what was noted. A signal that comes again before it is delivered
    /// counts once.
    /// Uses handlers, not SIG_IGN or a blocked mask, since exec(2) resets handlers only: so children start clean. Unblocks
    /// the signals in the calling thread, since exec(2) hands a blocked mask on. A child of fork(2) takes the default
    /// action of what it gets until it calls note() itself; it keeps what came before the fork.
    /// A SIGABRT that the process sends itself (abort(3), kill(2)) still ends it, with a core.
    /// SIGXFSZ gets a handler that does nothing: write(2) then fails with EFBIG. A SIGCHLD that was ignored when the
    /// program began gets its default action: wait(2) fails otherwise. What the program has chosen since stays.
    /// \param ending these end the process as their default action does, also as pid 1, which has no default actions
    /// \returns an error if another service of this process has taken them
    virtual Result<void> note(std::span<const int> kept, std::span<const int> ending) = 0;
    /// What was noted and is not delivered yet.
    [[nodiscard]] virtual std::vector<ReceivedSignal> noted() const = 0;
    /// Blocks what note() named, and restores the actions that were in force before, for a process that is about to fork
    /// and to wait for its child. \pre one thread
    virtual Result<void> hold() = 0;
    /// Unblocks what hold() blocked, in the calling thread.
    virtual void release_held() = 0;
    /// For a process that leaves its caller's world behind, as daemon(7) has it: unblocks the signals, but those that are
    /// held, that were blocked when the program began, and gives those that were ignored then their default action, as
    /// exec(2) hands both on. What the program has chosen since stays. \pre one thread
    virtual void forget_caller() = 0;
    /// Notes these signals, as note() does, and has the loop's thread call `callback` for them and for what was noted
    /// before. SIGPIPE gets a handler that does nothing.
    /// \pre the loop does not turn yet
    /// \returns an error if another service of this process has taken them, or if the loop can't watch for them
    virtual Result<void> take(std::span<const int> numbers, EventLoop& loop,
                              std::function<void(const ReceivedSignal&)> callback) = 0;
    /// Restores what was in force before note() or take(), and forgets what was not delivered. May be called when nothing
    /// was noted, but not by one whose note() or take() was refused. The callback is not called any more once it returns,
    /// except if the callback itself calls it.
    /// \pre the loop is still there, turning or not.
    virtual void give_back() = 0;
};

[[nodiscard]] Signals& posix_signals();

}  // namespace servicekit::os
