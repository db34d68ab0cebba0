// expect: a DaemonPolicy's `logs_to`, if it has one, is `void logs_to(const std::vector<std::string>&)`
// expect: a DaemonPolicy's `crashed`, if it has one, is `void crashed(std::string_view what) noexcept`

#include "servicekit/policy_concepts.hpp"

using namespace servicekit;

struct DaemonWithWrongCrash {
    struct Options {};
    explicit DaemonWithWrongCrash(Options) {}
    void configure(const contract::Deployment&) {}
    bool has_background() const { return false; }
    bool notifies_manager() const { return false; }
    Result<contract::Role> enter() { return contract::Role::service; }
    void logs_to(const std::string&) {}
    void crashed(std::string_view) {}
    void ready() {}
    void failed(const Error&) {}
    void reloading() {}
    void stopping() {}
    void status(std::string_view) {}
    void extend(std::chrono::milliseconds) {}
    std::optional<std::chrono::milliseconds> alive_interval() const { return {}; }
    void alive() {}
};

template struct servicekit::CheckDaemonPolicy<DaemonWithWrongCrash>;
