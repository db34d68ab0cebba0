// expect: a DaemonPolicy needs `void status(std::string_view text)`
// expect: a LockPolicy needs `bool held() const`
// expect: a LockPolicy needs a move or copy constructor
// expect: a LogPolicy needs `void set_level(LogLevel)`
// expect: a ControlPolicy needs `std::string endpoint() const`

#include "servicekit/basic_service.hpp"

using namespace servicekit;

struct Base {
    struct Options {};
    explicit Base(Options) {}
    void configure(const contract::Deployment&) {}
    Object status_fields() const { return {}; }
    Result<void> hand_to(uid_t, gid_t) { return {}; }
};

struct BadDaemon : Base {
    using Base::Base;
    bool has_background() const { return false; }
    bool notifies_manager() const { return false; }
    Result<contract::Role> enter() { return contract::Role::service; }
    void ready() {}
    void failed(const Error&) {}
    void reloading() {}
    void stopping() {}
    void extend(std::chrono::milliseconds) {}
    std::optional<std::chrono::milliseconds> alive_interval() const { return {}; }
    void alive() {}
};

struct BadLock : Base {
    using Base::Base;
    BadLock(const BadLock&) = delete;
    Result<contract::Acquisition> acquire(contract::LockWait, const std::stop_token&) {
        return contract::Acquisition{};
    }
    bool held() { return true; }  // not const
    Result<std::optional<contract::Owner>> owner() { return std::optional<contract::Owner>{}; }
    std::optional<std::uint64_t> token() const { return {}; }
    void release() noexcept {}
    void on_lost(std::function<void(const Error&)>) {}
};

struct BadLog : Base {
    using Base::Base;
    Result<void> open() { return {}; }
    void write(const contract::LogRecord&) noexcept {}
    Result<void> reopen() { return {}; }
    void set_level(const char*) {}  // of something else
    void close(std::chrono::milliseconds) noexcept {}
};

struct BadControl : Base {
    using Base::Base;
    Result<void> open(contract::Requests&, os::EventLoop&) { return {}; }
    void close() noexcept {}

private:
    std::string endpoint() const { return {}; }  // nobody else may call it
};

class BadService final : public BasicService<BadDaemon, BadLock, BadLog, BadControl> {};
