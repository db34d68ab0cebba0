#pragma once

#include <signal.h>
#include <sys/types.h>

#include <optional>

#include "servicekit/base/peer.hpp"

namespace servicekit::os {

/// The handler that notes signals, and its data. Process-wide.
/// Call the functions from normal code, one thread at a time, unless stated otherwise.
namespace signal_arrivals {

/// Returns true if this process sent the signal to itself, with abort(3), raise(3) or kill(2). Async-signal-safe.
[[nodiscard]] bool is_from_inside(const siginfo_t& info) noexcept;

/// Reports an abort(3) of this process. Async-signal-safe.
/// \returns false if crash reports are not installed; the handler then takes the default action
using AbortReporter = bool (*)(int number, siginfo_t* info, void* context) noexcept;
void report_aborts_by(AbortReporter reporter) noexcept;

/// Makes the handler note later signals in this process only. In a child of fork(2) it
/// takes the default action instead.
void own_by_this_process() noexcept;
[[nodiscard]] pid_t owner() noexcept;

enum class Answer {
    note,
    end,  ///< ends the process as the default action does, even as pid 1, for which the kernel takes no default action
};
/// Installs the handler. \returns false with errno if the signal can't be caught
[[nodiscard]] bool handle(int number, Answer answer) noexcept;
/// Installs a handler that does nothing, if the signal has its default action. \returns false with errno
[[nodiscard]] bool neutralize(int number) noexcept;
/// Restores the actions from before handle() and neutralize(). An action that the program
/// has installed since then stays.
void restore() noexcept;

/// Returns true if `action` is one of ours.
[[nodiscard]] bool is_ours(const struct sigaction& action) noexcept;
/// Returns the action from before handle(). \pre the signal's action is ours
[[nodiscard]] struct sigaction before(int number) noexcept;

/// The sender of a signal that arrived and was not taken yet. Several signals with one number count once.
[[nodiscard]] std::optional<Peer> noted(int number) noexcept;
/// Does the same and marks the signal as taken. For one thread at a time.
[[nodiscard]] std::optional<Peer> take(int number) noexcept;
void forget_all() noexcept;

/// Rings an eventfd(2) at each arrival, and now if a signal has already arrived. -1: stops ringing
void ring_at_arrival(int doorbell) noexcept;

}  // namespace signal_arrivals
}  // namespace servicekit::os
