#pragma once

#include <memory>
#include <string>
#include <vector>

#include "unit/core/service_fixture.hpp"

namespace servicekit::testing {

/// The same service under a service manager that listens.
class SystemdServiceTest : public ServiceTest {
protected:
    SystemdServiceTest() { host.service_manager.listen(); }

    /// Made at first use, of `options` and `hooks` as they are then.
    SystemdService& service() {
        if (!service_) service_ = std::make_unique<SystemdService>(options, hooks, host.host());
        return *service_;
    }
    ServiceCore& core() { return ServiceCore::of(service()); }
    int run() {
        try {
            return service().start();
        } catch (const mocks::ProcessExited& exited) {
            return exited.status;
        }
    }
    /// What the manager was told.
    [[nodiscard]] const std::vector<std::string>& told() const { return host.service_manager.messages(); }

private:
    std::unique_ptr<SystemdService> service_;
};

}  // namespace servicekit::testing
