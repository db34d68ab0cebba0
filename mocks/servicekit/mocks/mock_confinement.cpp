#include "servicekit/mocks/mock_confinement.hpp"

namespace servicekit::mocks {

MockConfinement::MockConfinement() {
    ON_CALL(*this, confine_writing)
        .WillByDefault(::testing::Return(Result<os::WriteConfinement>{os::WriteConfinement{}}));
}

MockConfinement::~MockConfinement() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockConfinement>;
