// expect: a DaemonPolicy needs `void ready()`

#include "servicekit/policy_concepts.hpp"

using namespace servicekit;

struct DaemonWithoutReady {
    struct Options {};
    explicit DaemonWithoutReady(Options) {}
    void configure(const contract::Deployment&) {}
    bool has_background() const { return false; }
    bool notifies_manager() const { return false; }
    Result<contract::Role> enter() { return contract::Role::service; }
    void failed(const Error&) {}
    void reloading() {}
    void stopping() {}
    void status(std::string_view) {}
    void extend(std::chrono::milliseconds) {}
    std::optional<std::chrono::milliseconds> alive_interval() const { return {}; }
    void alive() {}
};

template struct servicekit::CheckDaemonPolicy<DaemonWithoutReady>;
