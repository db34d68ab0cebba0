#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "servicekit/basic_service.hpp"

using namespace servicekit;

// Nothing more than is asked, and with what is left free used: base classes, const, noexcept, a reference returned.
struct Base {
    struct Options {
        int number = 0;
    };
    explicit Base(Options) {}
    void configure(const contract::Deployment&) {}
    Object status_fields() const noexcept { return {}; }
    Result<void> hand_to(uid_t, gid_t) const { return {}; }
};

struct GoodDaemon : Base {
    using Base::Base;
    bool has_background() const { return false; }
    bool notifies_manager() const { return false; }
    Result<contract::Role> enter() { return contract::Role::service; }
    void ready() const noexcept {}
    void failed(const Error&) {}
    void reloading() {}
    void stopping() {}
    void status(std::string_view) {}
    void extend(std::chrono::milliseconds) {}
    std::optional<std::chrono::milliseconds> alive_interval() const { return {}; }
    void alive() {}
};

struct CarryingDaemon : GoodDaemon {
    using GoodDaemon::GoodDaemon;
    Result<void> carry(const std::function<void()>& body) const {
        body();
        return {};
    }
};

struct DaemonThatTakesMore : GoodDaemon {
    using GoodDaemon::GoodDaemon;
    void logs_to(const std::vector<std::string>&) {}
    void crashed(std::string_view) noexcept {}
};

struct GoodLock : Base {
    using Base::Base;
    Result<contract::Acquisition> acquire(contract::LockWait, const std::stop_token&) {
        return contract::Acquisition{};
    }
    bool held() const noexcept { return true; }
    Result<std::optional<contract::Owner>> owner() { return std::optional<contract::Owner>{}; }
    std::optional<std::uint64_t> token() const { return {}; }
    void release() noexcept {}
    void on_lost(const std::function<void(const Error&)>&) {}
};

struct GoodLog : Base {
    using Base::Base;
    Result<void> open() { return {}; }
    void write(const contract::LogRecord&) noexcept {}
    Result<void> reopen() { return {}; }
    void set_level(LogLevel) {}
    void close(std::chrono::milliseconds) noexcept {}
};

struct GoodControl : Base {
    using Base::Base;
    Result<void> open(contract::Requests&, os::EventLoop&) { return {}; }
    const std::string& endpoint() const { return endpoint_; }
    void close() noexcept {}
    std::string endpoint_ = {};
};

static_assert(DaemonPolicy<GoodDaemon> && LockPolicy<GoodLock> && LogPolicy<GoodLog> && ControlPolicy<GoodControl>);
template struct servicekit::CheckPolicies<GoodDaemon, GoodLock, GoodLog, GoodControl>;
template class servicekit::BasicService<GoodDaemon, GoodLock, GoodLog, GoodControl>;
template class servicekit::BasicService<CarryingDaemon, GoodLock, GoodLog, GoodControl>;
template class servicekit::BasicService<DaemonThatTakesMore, GoodLock, GoodLog, GoodControl>;
