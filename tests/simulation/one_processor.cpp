#include <gtest/gtest.h>
#include <sched.h>

namespace servicekit::simulation {
namespace {

/// Keeps the program on its current processor. Only one fake process runs at a time, and to wake the next one on
/// another processor takes three times as long.
class OneProcessor final : public ::testing::Environment {
public:
    void SetUp() override {
        const int current = sched_getcpu();
        if (current < 0) return;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(static_cast<std::size_t>(current), &one);
        static_cast<void>(sched_setaffinity(0, sizeof one, &one));
    }
};

[[maybe_unused]] auto* const one_processor = ::testing::AddGlobalTestEnvironment(new OneProcessor);

}  // namespace
}  // namespace servicekit::simulation
