#pragma once

/// How the verbs end beside what sysexits(3) has: after the Linux Standard Base's init script actions, and grep(1).
/// docs/reference/exit-codes.md lists them.
namespace servicekit::cli::exit_status {

inline constexpr int error_reply = 1;
inline constexpr int held = 1;         ///< `wait --test`
inline constexpr int unhealthy = 1;    ///< `health`: the one that container engines know
inline constexpr int left_behind = 1;  ///< `status`: no service runs, but it left its pidfile or socket
inline constexpr int not_running = 3;  ///< `status`, `pid`
inline constexpr int unknown = 4;      ///< `status`, `pid`
inline constexpr int no_service = 7;   ///< every verb that asks a service for something

}  // namespace servicekit::cli::exit_status
