#pragma once

/// Exit codes of the verbs in addition to those of sysexits(3), after grep(1) and the LSB's init script actions.
/// docs/reference/exit-codes.md lists them.
namespace servicekit::cli::exit_status {

inline constexpr int error_reply = 1;
inline constexpr int held = 1;         ///< `wait --test`
inline constexpr int unhealthy = 1;    ///< the code that container engines expect
inline constexpr int left_behind = 1;  ///< `status`: no service runs, but one left its pidfile or socket
inline constexpr int not_running = 3;  ///< `status`, `pid`
inline constexpr int unknown = 4;      ///< `status`, `pid`
inline constexpr int no_service = 7;   ///< every verb that makes a request to a service

}  // namespace servicekit::cli::exit_status
