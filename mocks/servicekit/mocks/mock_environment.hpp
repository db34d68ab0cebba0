#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/environment.hpp"

namespace servicekit::mocks {

/// By default no variable is set.
class MockEnvironment : public os::Environment {
public:
    MockEnvironment();
    ~MockEnvironment() override;

    MOCK_METHOD(std::optional<std::string>, get, (const std::string& name), (const, override));
    MOCK_METHOD(std::vector<std::string>, names, (), (const, override));
    MOCK_METHOD(void, set, (const std::string& name, const std::string& value), (override));
    MOCK_METHOD(void, unset, (const std::string& name), (override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockEnvironment>;
