#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/inherited_descriptors.hpp"

namespace servicekit::mocks {

/// By default every descriptor is open and accepts everything.
class MockInheritedDescriptors : public os::InheritedDescriptors {
public:
    MockInheritedDescriptors();
    ~MockInheritedDescriptors() override;

    MOCK_METHOD(Result<void>, claim_for_writing, (int descriptor), (override));
    MOCK_METHOD(Result<void>, write_and_close, (int descriptor, std::string_view text), (override));
    MOCK_METHOD(void, close, (int descriptor), (noexcept, override));
    MOCK_METHOD(Result<void>, close_all_but, (std::span<const int> keep), (override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockInheritedDescriptors>;
