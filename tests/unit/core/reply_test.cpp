#include "servicekit/core/reply.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace servicekit {
namespace {

TEST(ReplyTest, KeepsTheOrderOfFields) {
    Reply reply{{"a", 1}, {"b", 2}};
    reply.set("c", 3).set("a", 4);
    EXPECT_EQ(reply.fields().begin()->first, "a");
    EXPECT_EQ(reply.fields(), (Object{{"a", 4}, {"b", 2}, {"c", 3}}));
    EXPECT_TRUE(Reply{}.fields().empty());
}

TEST(ReplyTest, RefusesNamesOfTheProtocol) {
    Reply reply;
    EXPECT_THROW(reply.set("error", 1), std::invalid_argument);
    EXPECT_THROW(reply.set("progress", 1), std::invalid_argument);
    EXPECT_THROW((Reply{{"a", 1}, {"error", 2}}), std::invalid_argument);
    EXPECT_THROW(Reply{(Object{{"progress", 1}})}, std::invalid_argument);
    EXPECT_TRUE(reply.fields().empty());
}

}  // namespace
}  // namespace servicekit
