#include "servicekit/mocks/mock_children.hpp"

namespace servicekit::mocks {

MockChildren::MockChildren() {
    ON_CALL(*this, run_beside)
        .WillByDefault([](const std::function<void()>& body, std::chrono::milliseconds,
                          const std::function<void()>&) -> Result<void> {
            body();
            return {};
        });
}

MockChildren::~MockChildren() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockChildren>;
