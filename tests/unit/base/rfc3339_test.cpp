#include "base/rfc3339.hpp"

#include <gtest/gtest.h>

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using Time = std::chrono::system_clock::time_point;

std::string with_microseconds(Time time) {
    std::string text = "at ";
    append_rfc3339(text, time, TimePrecision::microseconds);
    return text;
}

TEST(Rfc3339Test, FormatsTheTimeInUtc) {
    EXPECT_EQ(rfc3339(Time{}), "1970-01-01T00:00:00Z");
    EXPECT_EQ(rfc3339(Time{1'795'327'800s + 999ms}), "2026-11-22T06:10:00Z");
    EXPECT_EQ(rfc3339(Time{951'782'399s}), "2000-02-28T23:59:59Z");
    EXPECT_EQ(rfc3339(Time{951'782'400s}), "2000-02-29T00:00:00Z");
}

TEST(Rfc3339Test, AppendsMicroseconds) {
    EXPECT_EQ(with_microseconds(Time{1'795'327'800s + 123'456us}), "at 2026-11-22T06:10:00.123456Z");
    EXPECT_EQ(with_microseconds(Time{1us}), "at 1970-01-01T00:00:00.000001Z");
}

TEST(Rfc3339Test, FormatsTimesBeforeTheEpoch) {
    EXPECT_EQ(with_microseconds(Time{-1us}), "at 1969-12-31T23:59:59.999999Z");
}

}  // namespace
}  // namespace servicekit
