#pragma once

#include <sys/types.h>

#include <string>

#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/contract/control.hpp"
#include "servicekit/contract/deployment.hpp"

namespace servicekit {

/// Control policy for a service that nobody can reach while it runs, save by signals.
class NoControl {
public:
    struct Options {};

    explicit NoControl(Options /*options*/ = {}) noexcept {}

    void configure(const contract::Deployment& /*deployment*/) noexcept {}
    Result<void> open(contract::Requests& /*requests*/, os::EventLoop& /*loop*/) { return {}; }
    [[nodiscard]] std::string endpoint() const { return {}; }
    [[nodiscard]] Object status_fields() const { return {}; }
    Result<void> hand_to(uid_t /*uid*/, gid_t /*gid*/) { return {}; }
    void close() noexcept {}
};

}  // namespace servicekit
