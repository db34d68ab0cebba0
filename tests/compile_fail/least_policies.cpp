// The functions that a policy of each axis must override, and nothing more.
#include "servicekit/policies.hpp"

using namespace servicekit;

struct Daemon : DaemonPolicy {
    Result<Role> enter() override { return Role::service; }
};
struct Lock : LockPolicy {
    Result<Acquisition> acquire(LockWait, const std::stop_token&) override { return Acquisition{}; }
    Result<std::optional<Owner>> owner() override { return std::optional<Owner>{}; }
    void release() noexcept override {}
};
struct Log : LogPolicy {
    Result<void> open() override { return {}; }
    void write(const LogRecord&) noexcept override {}
    void close(std::chrono::milliseconds) noexcept override {}
};
struct Control : ControlPolicy {
    Result<void> open(Requests&, os::EventLoop&) override { return {}; }
    void close() noexcept override {}
};

template class servicekit::BasicService<Daemon, Lock, Log, Control>;
