#include "servicekit/mocks/mock_control.hpp"

namespace servicekit::mocks {

MockResponder::MockResponder() {
    ON_CALL(*this, progress).WillByDefault(::testing::Return(true));
    ON_CALL(*this, send_item).WillByDefault(::testing::Return(Sent::yes));
}

MockResponder::~MockResponder() = default;

MockRequests::MockRequests() {
    ON_CALL(*this, refuse).WillByDefault(::testing::Return(std::string{"{\"error\":{}}\n"}));
}

MockRequests::~MockRequests() = default;

MockControl::MockControl() {
    ON_CALL(*this, endpoint).WillByDefault(::testing::Return(std::string{"/run/mock.control"}));
}

MockControl::~MockControl() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockResponder>;
template class ::testing::NiceMock<servicekit::mocks::MockRequests>;
template class ::testing::NiceMock<servicekit::mocks::MockControl>;
