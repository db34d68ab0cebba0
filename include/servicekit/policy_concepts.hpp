#pragma once

#include <sys/types.h>
#include <vector>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>

#include "servicekit/base/log_level.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/contract/control.hpp"
#include "servicekit/contract/daemon.hpp"
#include "servicekit/contract/deployment.hpp"
#include "servicekit/contract/lock.hpp"
#include "servicekit/contract/log.hpp"

/// What a class must offer to be a policy: one concept a requirement, so that a compiler names each that is not met.
/// What each member promises stands with the interface of the same name in servicekit/contract/; a policy is a plain
/// class and derives from nothing. To have a policy checked where it is defined, and told in words what it lacks:
/// \code
/// template struct servicekit::CheckLockPolicy<MyLock>;
/// \endcode
namespace servicekit {

// All axes.

/// A nested aggregate `Options` that can be left empty.
template <class P>
concept PolicyHasOptions = std::is_aggregate_v<typename P::Options> && std::default_initializable<typename P::Options>;

/// A constructor that makes do with the options: the os interfaces after them have the real ones as defaults.
template <class P>
concept PolicyTakesOptions = std::constructible_from<P, typename P::Options>;

/// A service takes its policies by value; they need not be movable any more once they are configured.
template <class P>
concept PolicyIsMovable = std::move_constructible<P>;

template <class P>
concept PolicyHasConfigure = requires(P& policy, const contract::Deployment& deployment) {
    { policy.configure(deployment) } -> std::same_as<void>;
};

template <class P>
concept PolicyHasStatusFields = requires(const P& policy) {
    { policy.status_fields() } -> std::convertible_to<Object>;
};

template <class P>
concept PolicyHasHandTo = requires(P& policy, uid_t uid, gid_t gid) {
    { policy.hand_to(uid, gid) } -> std::same_as<Result<void>>;
};

// The daemon axis: contract::Daemon.

template <class P>
concept DaemonHasBackground = requires(const P& policy) {
    { policy.has_background() } -> std::same_as<bool>;
};

template <class P>
concept DaemonHasNotifiesManager = requires(const P& policy) {
    { policy.notifies_manager() } -> std::same_as<bool>;
};

template <class P>
concept DaemonHasEnter = requires(P& policy) {
    { policy.enter() } -> std::same_as<Result<contract::Role>>;
};

template <class P>
concept DaemonHasCarry = requires(P& policy, const std::function<void()>& body) {
    { policy.carry(body) } -> std::same_as<Result<void>>;
};

/// A daemon policy may do without: the handlers then run in the thread that started the service. A member of that name
/// that is none is a mistake nevertheless.
template <class P>
concept DaemonMayCarry = DaemonHasCarry<P> || !requires {
    &P::carry;
};

template <class P>
concept DaemonHasLogsTo = requires(P& policy, const std::vector<std::string>& files) {
    { policy.logs_to(files) } -> std::same_as<void>;
};
/// A daemon policy may do without.
template <class P>
concept DaemonMayTakeLog = DaemonHasLogsTo<P> || !requires {
    &P::logs_to;
};

template <class P>
concept DaemonHasCrashed = requires(P& policy, std::string_view what) {
    { policy.crashed(what) } -> std::same_as<void>;
    requires noexcept(policy.crashed(what));
};
/// A daemon policy may do without.
template <class P>
concept DaemonMayCrash = DaemonHasCrashed<P> || !requires {
    &P::crashed;
};

template <class P>
concept DaemonHasReady = requires(P& policy) {
    { policy.ready() } -> std::same_as<void>;
};

template <class P>
concept DaemonHasFailed = requires(P& policy, const Error& error) {
    { policy.failed(error) } -> std::same_as<void>;
};

template <class P>
concept DaemonHasReloading = requires(P& policy) {
    { policy.reloading() } -> std::same_as<void>;
};

template <class P>
concept DaemonHasStopping = requires(P& policy) {
    { policy.stopping() } -> std::same_as<void>;
};

template <class P>
concept DaemonHasStatus = requires(P& policy, std::string_view text) {
    { policy.status(text) } -> std::same_as<void>;
};

template <class P>
concept DaemonHasExtend = requires(P& policy) {
    { policy.extend(std::chrono::milliseconds{}) } -> std::same_as<void>;
};

template <class P>
concept DaemonHasAliveInterval = requires(const P& policy) {
    { policy.alive_interval() } -> std::same_as<std::optional<std::chrono::milliseconds>>;
};

template <class P>
concept DaemonHasAlive = requires(P& policy) {
    { policy.alive() } -> std::same_as<void>;
};

template <class P>
concept DaemonPolicy = PolicyHasOptions<P> && PolicyTakesOptions<P> && PolicyIsMovable<P> && PolicyHasConfigure<P> &&
    DaemonHasBackground<P> && DaemonHasNotifiesManager<P> && DaemonHasEnter<P> && DaemonMayCarry<P> &&
    DaemonMayTakeLog<P> && DaemonMayCrash<P> && DaemonHasReady<P> && DaemonHasFailed<P> && DaemonHasReloading<P> &&
    DaemonHasStopping<P> && DaemonHasStatus<P> && DaemonHasExtend<P> && DaemonHasAliveInterval<P> && DaemonHasAlive<P>;

// The lock axis: contract::Lock.

template <class P>
concept LockHasAcquire = requires(P& policy, contract::LockWait wait, const std::stop_token& stop) {
    { policy.acquire(wait, stop) } -> std::same_as<Result<contract::Acquisition>>;
};

template <class P>
concept LockHasHeld = requires(const P& policy) {
    { policy.held() } -> std::same_as<bool>;
};

template <class P>
concept LockHasOwner = requires(P& policy) {
    { policy.owner() } -> std::same_as<Result<std::optional<contract::Owner>>>;
};

template <class P>
concept LockHasTellsOwner = requires(const P& policy) {
    { policy.tells_owner() } -> std::same_as<bool>;
};

/// A lock policy may do without: owner() is believed then. A member of that name that is none is a mistake nevertheless.
template <class P>
concept LockMayTellOwner = LockHasTellsOwner<P> || !requires {
    &P::tells_owner;
};

template <class P>
concept LockHasToken = requires(const P& policy) {
    { policy.token() } -> std::same_as<std::optional<std::uint64_t>>;
};

template <class P>
concept LockHasRelease = requires(P& policy) {
    { policy.release() } -> std::same_as<void>;
    requires noexcept(policy.release());
};

template <class P>
concept LockHasOnLost = requires(P& policy, std::function<void(const Error&)> callback) {
    { policy.on_lost(callback) } -> std::same_as<void>;
};

template <class P>
concept LockPolicy = PolicyHasOptions<P> && PolicyTakesOptions<P> && PolicyIsMovable<P> && PolicyHasConfigure<P> &&
    LockHasAcquire<P> && LockHasHeld<P> && LockHasOwner<P> && LockMayTellOwner<P> && LockHasToken<P> &&
    PolicyHasStatusFields<P> && PolicyHasHandTo<P> && LockHasRelease<P> && LockHasOnLost<P>;

// The log axis: contract::Log.

template <class P>
concept LogHasOpen = requires(P& policy) {
    { policy.open() } -> std::same_as<Result<void>>;
};

template <class P>
concept LogHasWrite = requires(P& policy, const contract::LogRecord& record) {
    { policy.write(record) } -> std::same_as<void>;
    requires noexcept(policy.write(record));
};

template <class P>
concept LogHasReopen = requires(P& policy) {
    { policy.reopen() } -> std::same_as<Result<void>>;
};

template <class P>
concept LogHasSetLevel = requires(P& policy, LogLevel level) {
    { policy.set_level(level) } -> std::same_as<void>;
};

// What a log policy may have besides, and then must be right.

template <class P>
concept LogHasStart = requires(P& policy, os::EventLoop& loop) {
    { policy.start(loop) } -> std::same_as<Result<void>>;
    requires noexcept(policy.stop());
};
template <class P>
concept LogMayStart = LogHasStart<P> || !requires {
    &P::start;
};

template <class P>
concept LogHasFlush = requires(P& policy, std::chrono::milliseconds at_most) {
    { policy.flush(at_most) } -> std::same_as<void>;
};
template <class P>
concept LogMayFlush = LogHasFlush<P> || !requires {
    &P::flush;
};

template <class P>
concept LogHasPlan = requires(const P& policy) {
    { policy.plan() } -> std::same_as<contract::LogPlan>;
};
template <class P>
concept LogMayHavePlan = LogHasPlan<P> || !requires {
    &P::plan;
};

template <class P>
concept LogHasFiles = requires(const P& policy) {
    { policy.files() } -> std::same_as<std::vector<std::string>>;
};
template <class P>
concept LogMayHaveFiles = LogHasFiles<P> || !requires {
    &P::files;
};

template <class P>
concept LogHasDropsLines = requires(const P& policy) {
    { policy.drops_lines() } -> std::same_as<bool>;
};
template <class P>
concept LogMayDropLines = LogHasDropsLines<P> || !requires {
    &P::drops_lines;
};

template <class P>
concept LogHasStreamUse = requires(const P& policy) {
    { policy.stream_use() } -> std::same_as<contract::StreamUse>;
};
template <class P>
concept LogMayUseStreams = LogHasStreamUse<P> || !requires {
    &P::stream_use;
};

template <class P>
concept LogHasLastWords = requires(P& policy, std::span<const contract::LogRecord> records) {
    { policy.write_last_words(records) } -> std::same_as<void>;
    requires noexcept(policy.write_last_words(records));
};
template <class P>
concept LogMayHaveLastWords = LogHasLastWords<P> || !requires {
    &P::write_last_words;
};

template <class P>
concept LogHasClose = requires(P& policy, std::chrono::milliseconds at_most) {
    { policy.close(at_most) } -> std::same_as<void>;
    requires noexcept(policy.close(at_most));
};

template <class P>
concept LogPolicy =
    PolicyHasOptions<P> && PolicyTakesOptions<P> && PolicyIsMovable<P> && PolicyHasConfigure<P> && LogHasOpen<P> &&
    LogHasWrite<P> && LogHasReopen<P> && LogHasSetLevel<P> && LogMayStart<P> && LogMayFlush<P> && LogMayHavePlan<P> &&
    LogMayHaveFiles<P> && LogMayUseStreams<P> && PolicyHasHandTo<P> && LogMayHaveLastWords<P> && LogHasClose<P>;

// The control axis: contract::Control.

template <class P>
concept ControlHasOpen = requires(P& policy, contract::Requests& requests, os::EventLoop& loop) {
    { policy.open(requests, loop) } -> std::same_as<Result<void>>;
};

template <class P>
concept ControlHasAccess = requires(const P& policy) {
    { policy.access() } -> std::same_as<contract::ControlAccess>;
};
/// A control policy may do without: `where` has no defaults of it then.
template <class P>
concept ControlMayHaveAccess = ControlHasAccess<P> || !requires {
    &P::access;
};

template <class P>
concept ControlHasEndpoint = requires(const P& policy) {
    { policy.endpoint() } -> std::convertible_to<std::string>;
};

template <class P>
concept ControlHasClose = requires(P& policy) {
    { policy.close() } -> std::same_as<void>;
    requires noexcept(policy.close());
};

template <class P>
concept ControlPolicy = PolicyHasOptions<P> && PolicyTakesOptions<P> && PolicyIsMovable<P> && PolicyHasConfigure<P> &&
    ControlHasOpen<P> && ControlMayHaveAccess<P> && ControlHasEndpoint<P> && PolicyHasStatusFields<P> &&
    PolicyHasHandTo<P> && ControlHasClose<P>;

namespace detail {

// Functions, since clang++ 14 leaves a class at its first failed assertion, and so would name one requirement only.

template <class P>
consteval bool meets_daemon_policy() {
    static_assert(PolicyHasOptions<P>, "a DaemonPolicy needs a nested aggregate `Options` that can be left empty");
    static_assert(PolicyTakesOptions<P>, "a DaemonPolicy needs a constructor from its `Options` alone");
    static_assert(PolicyIsMovable<P>, "a DaemonPolicy needs a move or copy constructor");
    static_assert(PolicyHasConfigure<P>, "a DaemonPolicy needs `void configure(const contract::Deployment&)`");
    static_assert(DaemonHasBackground<P>, "a DaemonPolicy needs `bool has_background() const`");
    static_assert(DaemonHasNotifiesManager<P>, "a DaemonPolicy needs `bool notifies_manager() const`");
    static_assert(DaemonHasEnter<P>, "a DaemonPolicy needs `Result<contract::Role> enter()`");
    static_assert(DaemonMayCarry<P>,
                  "a DaemonPolicy's `carry`, where it has one, is `Result<void> carry(const std::function<void()>&)`");
    static_assert(DaemonMayTakeLog<P>,
                  "a DaemonPolicy's `logs_to`, if it has one, is `void logs_to(const std::vector<std::string>&)`");
    static_assert(DaemonMayCrash<P>,
                  "a DaemonPolicy's `crashed`, if it has one, is `void crashed(std::string_view what) noexcept`");
    static_assert(DaemonHasReady<P>, "a DaemonPolicy needs `void ready()`");
    static_assert(DaemonHasFailed<P>, "a DaemonPolicy needs `void failed(const Error&)`");
    static_assert(DaemonHasReloading<P>, "a DaemonPolicy needs `void reloading()`");
    static_assert(DaemonHasStopping<P>, "a DaemonPolicy needs `void stopping()`");
    static_assert(DaemonHasStatus<P>, "a DaemonPolicy needs `void status(std::string_view text)`");
    static_assert(DaemonHasExtend<P>, "a DaemonPolicy needs `void extend(std::chrono::milliseconds)`");
    static_assert(DaemonHasAliveInterval<P>,
                  "a DaemonPolicy needs `std::optional<std::chrono::milliseconds> alive_interval() const`");
    static_assert(DaemonHasAlive<P>, "a DaemonPolicy needs `void alive()`");
    return true;
}

template <class P>
consteval bool meets_lock_policy() {
    static_assert(PolicyHasOptions<P>, "a LockPolicy needs a nested aggregate `Options` that can be left empty");
    static_assert(PolicyTakesOptions<P>, "a LockPolicy needs a constructor from its `Options` alone");
    static_assert(PolicyIsMovable<P>, "a LockPolicy needs a move or copy constructor");
    static_assert(PolicyHasConfigure<P>, "a LockPolicy needs `void configure(const contract::Deployment&)`");
    static_assert(LockHasAcquire<P>,
                  "a LockPolicy needs `Result<contract::Acquisition> acquire(contract::LockWait, "
                  "const std::stop_token&)`");
    static_assert(LockHasHeld<P>, "a LockPolicy needs `bool held() const`");
    static_assert(LockHasOwner<P>, "a LockPolicy needs `Result<std::optional<contract::Owner>> owner()`");
    static_assert(LockMayTellOwner<P>, "a LockPolicy's `tells_owner`, where it has one, is `bool tells_owner() const`");
    static_assert(LockHasToken<P>, "a LockPolicy needs `std::optional<std::uint64_t> token() const`");
    static_assert(PolicyHasStatusFields<P>, "a LockPolicy needs `Object status_fields() const`");
    static_assert(PolicyHasHandTo<P>, "a LockPolicy needs `Result<void> hand_to(uid_t, gid_t)`");
    static_assert(LockHasRelease<P>, "a LockPolicy needs `void release() noexcept`");
    static_assert(LockHasOnLost<P>, "a LockPolicy needs `void on_lost(std::function<void(const Error&)>)`");
    return true;
}

template <class P>
consteval bool meets_log_policy() {
    static_assert(PolicyHasOptions<P>, "a LogPolicy needs a nested aggregate `Options` that can be left empty");
    static_assert(PolicyTakesOptions<P>, "a LogPolicy needs a constructor from its `Options` alone");
    static_assert(PolicyIsMovable<P>, "a LogPolicy needs a move or copy constructor");
    static_assert(PolicyHasConfigure<P>, "a LogPolicy needs `void configure(const contract::Deployment&)`");
    static_assert(LogHasOpen<P>, "a LogPolicy needs `Result<void> open()`");
    static_assert(LogHasWrite<P>, "a LogPolicy needs `void write(const contract::LogRecord&) noexcept`");
    static_assert(LogHasReopen<P>, "a LogPolicy needs `Result<void> reopen()`");
    static_assert(LogHasSetLevel<P>, "a LogPolicy needs `void set_level(LogLevel)`");
    static_assert(PolicyHasHandTo<P>, "a LogPolicy needs `Result<void> hand_to(uid_t, gid_t)`");
    static_assert(LogMayStart<P>,
                  "a LogPolicy's `start`, where it has one, is `Result<void> start(os::EventLoop&)`, and has a "
                  "`void stop() noexcept` beside it");
    static_assert(LogMayFlush<P>,
                  "a LogPolicy's `flush`, where it has one, is `void flush(std::chrono::milliseconds)`");
    static_assert(LogMayHavePlan<P>, "a LogPolicy's `plan`, if it has one, is `contract::LogPlan plan() const`");
    static_assert(LogMayHaveFiles<P>,
                  "a LogPolicy's `files`, if it has one, is `std::vector<std::string> files() const`");
    static_assert(LogMayDropLines<P>, "a LogPolicy's `drops_lines`, if it has one, is `bool drops_lines() const`");
    static_assert(LogMayUseStreams<P>,
                  "a LogPolicy's `stream_use`, where it has one, is `contract::StreamUse stream_use() const`");
    static_assert(LogMayHaveLastWords<P>,
                  "a LogPolicy's `write_last_words`, where it has one, is "
                  "`void write_last_words(std::span<const LogRecord>) noexcept`");
    static_assert(LogHasClose<P>, "a LogPolicy needs `void close(std::chrono::milliseconds) noexcept`");
    return true;
}

template <class P>
consteval bool meets_control_policy() {
    static_assert(PolicyHasOptions<P>, "a ControlPolicy needs a nested aggregate `Options` that can be left empty");
    static_assert(PolicyTakesOptions<P>, "a ControlPolicy needs a constructor from its `Options` alone");
    static_assert(PolicyIsMovable<P>, "a ControlPolicy needs a move or copy constructor");
    static_assert(PolicyHasConfigure<P>, "a ControlPolicy needs `void configure(const contract::Deployment&)`");
    static_assert(ControlHasOpen<P>, "a ControlPolicy needs `Result<void> open(contract::Requests&, os::EventLoop&)`");
    static_assert(ControlMayHaveAccess<P>,
                  "a ControlPolicy's `access`, if it has one, is `contract::ControlAccess access() const`");
    static_assert(ControlHasEndpoint<P>, "a ControlPolicy needs `std::string endpoint() const`");
    static_assert(PolicyHasStatusFields<P>, "a ControlPolicy needs `Object status_fields() const`");
    static_assert(PolicyHasHandTo<P>, "a ControlPolicy needs `Result<void> hand_to(uid_t, gid_t)`");
    static_assert(ControlHasClose<P>, "a ControlPolicy needs `void close() noexcept`");
    return true;
}

}  // namespace detail

// Each of these does not compile for a class that is no such policy, and says all that it lacks.

template <class P>
struct CheckDaemonPolicy {
    static_assert(detail::meets_daemon_policy<P>());
};

template <class P>
struct CheckLockPolicy {
    static_assert(detail::meets_lock_policy<P>());
};

template <class P>
struct CheckLogPolicy {
    static_assert(detail::meets_log_policy<P>());
};

template <class P>
struct CheckControlPolicy {
    static_assert(detail::meets_control_policy<P>());
};

/// All four at once: what BasicService instantiates first.
template <class Daemon, class Lock, class Log, class Control>
struct CheckPolicies : CheckDaemonPolicy<Daemon>,
                       CheckLockPolicy<Lock>,
                       CheckLogPolicy<Log>,
                       CheckControlPolicy<Control> {};

}  // namespace servicekit
