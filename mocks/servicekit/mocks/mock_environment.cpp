#include "servicekit/mocks/mock_environment.hpp"

namespace servicekit::mocks {

MockEnvironment::MockEnvironment() = default;
MockEnvironment::~MockEnvironment() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockEnvironment>;
