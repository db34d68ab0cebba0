#include "servicekit/mocks/mock_log.hpp"

namespace servicekit::mocks {

MockLog::MockLog() = default;
MockLog::~MockLog() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockLog>;
