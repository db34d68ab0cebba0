#include "servicekit/mocks/mock_crash_reporter.hpp"

namespace servicekit::mocks {

MockCrashReporter::MockCrashReporter() {
    ON_CALL(*this, open_report).WillByDefault([](const std::string& path, Keeping, const std::string&) {
        return Result<Place>{Place{.path = path}};
    });
}

MockCrashReporter::~MockCrashReporter() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockCrashReporter>;
