#include "base/throwing_allocator.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "sanitized.hpp"

namespace servicekit {
namespace {

class ThrowingAllocatorTest : public ::testing::Test {
protected:
    void SetUp() override {
        if (test::is_sanitized) GTEST_SKIP() << "the sanitizer ends the process in place of a failed allocation";
    }

    /// More than any machine has. Not a constant, or the compiler would warn.
    volatile std::size_t too_much_ = std::numeric_limits<std::ptrdiff_t>::max();
};

TEST_F(ThrowingAllocatorTest, ThrowsIfThereIsNoMemory) {
    EXPECT_THROW(static_cast<void>(ThrowingAllocator::Malloc(too_much_)), std::bad_alloc);
}

TEST_F(ThrowingAllocatorTest, KeepsTheMemoryThatItCannotEnlarge) {
    void* const memory = ThrowingAllocator::Malloc(5);
    std::memcpy(memory, "kept", 5);

    EXPECT_THROW(static_cast<void>(ThrowingAllocator::Realloc(memory, 5, too_much_)), std::bad_alloc);

    EXPECT_STREQ(static_cast<const char*>(memory), "kept");
    void* const larger = ThrowingAllocator::Realloc(memory, 5, 5000);
    EXPECT_STREQ(static_cast<const char*>(larger), "kept");
    EXPECT_EQ(ThrowingAllocator::Realloc(larger, 5000, 0), nullptr);
    EXPECT_EQ(ThrowingAllocator::Malloc(0), nullptr);
}

}  // namespace
}  // namespace servicekit
