#pragma once

#include <signal.h>
#include <sys/types.h>

#include <optional>

#include "servicekit/base/peer.hpp"

namespace servicekit::os {

/// The handler that notes signals, and what it knows. Process-wide.
/// Members are for normal code, one thread at a time, unless they say otherwise.
namespace signal_arrivals {

/// Whether this process sent the signal to itself: by abort(3), raise(3) or kill(2). Async-signal-safe.
[[nodiscard]] bool is_from_inside(const siginfo_t& info) noexcept;

/// Reports an abort(3) of this process. Async-signal-safe.
/// \returns false if nobody reports crashes; the handler then takes the default action
using AbortReporter = bool (*)(int number, siginfo_t* info, void* context) noexcept;
void report_aborts_by(AbortReporter reporter) noexcept;

/// Has the handler note what comes for this process from now on. A child of fork(2) takes default actions instead.
void own_by_this_process() noexcept;
[[nodiscard]] pid_t owner() noexcept;

enum class Answer {
    note,
    end,  ///< ends the process as the default action does, also as pid 1, which has no default actions
};
/// Installs the handler. \returns false with errno if the signal can't be caught
[[nodiscard]] bool handle(int number, Answer answer) noexcept;
/// Installs a handler that does nothing, if the signal has its default action. \returns false with errno
[[nodiscard]] bool neutralize(int number) noexcept;
/// Restores what was in force before handle() and neutralize(). What the program has installed since then stays.
void restore() noexcept;

/// Whether `action` is one of ours.
[[nodiscard]] bool is_ours(const struct sigaction& action) noexcept;
/// What was in force before handle(). \pre the signal's action is ours
[[nodiscard]] struct sigaction before(int number) noexcept;

/// The sender of a signal that came and was not taken yet. Several of one number count once.
[[nodiscard]] std::optional<Peer> noted(int number) noexcept;
/// The same, and it counts as taken. For one thread at a time.
[[nodiscard]] std::optional<Peer> take(int number) noexcept;
void forget_all() noexcept;

/// Has an eventfd(2) ring for each arrival, those before this call included. -1: none
void ring_at_arrival(int doorbell) noexcept;

}  // namespace signal_arrivals
}  // namespace servicekit::os
