#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/confinement.hpp"

namespace servicekit::mocks {

/// By default everything succeeds, and the kernel supports all of it.
class MockConfinement : public os::Confinement {
public:
    MockConfinement();
    ~MockConfinement() override;

    MOCK_METHOD(Result<void>, limit, (Resource resource, std::optional<std::uint64_t> at_most), (override));
    MOCK_METHOD(Result<void>, allow_core_dumps, (), (override));
    MOCK_METHOD(Result<void>, forbid_new_privileges, (), (override));
    MOCK_METHOD(Result<os::WriteConfinement>, confine_writing, (std::span<const os::WritablePath> paths), (override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockConfinement>;
