#pragma once

#include <memory>
#include <string>
#include <vector>

#include "unit/core/service_fixture.hpp"

namespace servicekit::testing {

/// The same service under a service manager that receives its messages.
class SystemdServiceTest : public ServiceTest {
protected:
    SystemdServiceTest() { host.service_manager.listen(); }

    std::unique_ptr<ServiceBase> make_service() override {
        return std::make_unique<SystemdService>(options, hooks, host.host());
    }
    /// Returns the messages to the manager.
    [[nodiscard]] const std::vector<std::string>& told() const { return host.service_manager.messages(); }
};

}  // namespace servicekit::testing
