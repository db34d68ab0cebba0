#include "servicekit/mocks/mock_boost_log.hpp"

namespace servicekit::mocks {

MockBoostLog::MockBoostLog() {
    ON_CALL(*this, subscribe).WillByDefault([](const Wants&, const Take&) { return std::make_unique<Subscription>(); });
}

MockBoostLog::~MockBoostLog() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockBoostLog>;
