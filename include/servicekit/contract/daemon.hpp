#pragma once

#include <string_view>

#include "servicekit/base/result.hpp"
#include "servicekit/contract/deployment.hpp"

namespace servicekit::contract {

/// Which process returns from Daemon::enter().
enum class Role {
    parent,   ///< the one that the user started: the service is ready elsewhere, this one ends with 0
    service,  ///< the one that goes on as the service
};

/// How the service gets to where it runs, and tells those who wait for it how it is.
/// All but enter() are called from any thread, never two at a time; none may throw.
class Daemon {
public:
    virtual ~Daemon() = default;
    virtual void configure(const Deployment& deployment) = 0;
    /// Whether this policy can move the service to the background at all.
    [[nodiscard]] virtual bool has_background() const = 0;
    /// Goes where the service runs.
    /// \pre one thread, no lock held.
    /// \returns in the parent, after the service became ready (Role::parent) or failed (the error that the service
    ///          reported); in the service at once. An error before the parent and the service parted is the parent's.
    virtual Result<Role> enter() = 0;
    virtual void ready() = 0;
    /// The service will never be ready, or ends badly: whoever waits is told why.
    virtual void failed(const Error& error) = 0;
    virtual void reloading() = 0;
    virtual void stopping() = 0;
    /// A line for people about what the service does.
    virtual void status(std::string_view text) = 0;
    /// The loop that this vouches for is still turning.
    virtual void alive() = 0;
};

}  // namespace servicekit::contract
