#include "servicekit/mocks/mock_inherited_descriptors.hpp"

namespace servicekit::mocks {

MockInheritedDescriptors::MockInheritedDescriptors() = default;
MockInheritedDescriptors::~MockInheritedDescriptors() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockInheritedDescriptors>;
