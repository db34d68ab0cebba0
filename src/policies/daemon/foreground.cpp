#include "servicekit/policies/daemon/foreground.hpp"

#include "policies/daemon/orphan_reaper.hpp"
#include "servicekit/os/children.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {
namespace {

// Polls instead of handling SIGCHLD: a handler would interrupt the application's poll(2) and sleep(3) whenever any
// child ends. An orphan that waits to be reaped only costs a pid.
constexpr std::chrono::milliseconds between_looks{1'000};

}  // namespace

Foreground::Foreground() : Foreground{Options{}} {}

Foreground::Foreground(Options options, const os::Host& host)
    : options_{options}, children_{host.children}, clock_{host.clock} {}

Result<Role> Foreground::enter() { return Role::service; }

Result<void> Foreground::run_service(const std::function<void()>& body) {
    if (!children_->adopts_orphans()) {
        body();
        return {};
    }
    policies::OrphanReaper reaper{*children_, *clock_, options_.orphan_grace};
    return children_->run_beside(body, between_looks, [&reaper] { reaper.look(); });
}

}  // namespace servicekit
