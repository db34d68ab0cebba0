#pragma once

#include <sys/types.h>

#include <string>

#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/policy/control_policy.hpp"
#include "servicekit/policy/deployment.hpp"

namespace servicekit {

/// Control policy without a channel. The service can be reached by signals only while it runs.
class NoControl final : public ControlPolicy {
public:
    struct Options {};

    /// Takes options, as every policy does. It has none.
    explicit NoControl(Options /*options*/ = {}) noexcept {}

    Result<void> open(Requests& /*requests*/, os::EventLoop& /*loop*/) override { return {}; }
    void close() noexcept override {}
};

}  // namespace servicekit
