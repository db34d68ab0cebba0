#include "servicekit/mocks/mock_signals.hpp"

namespace servicekit::mocks {

MockSignals::MockSignals() = default;
MockSignals::~MockSignals() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockSignals>;
