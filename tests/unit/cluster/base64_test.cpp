#include "cluster/base64.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace servicekit::cluster {
namespace {

TEST(Base64Test, EncodesTheVectorsOfTheStandard) {
    const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (const auto& [bytes, text] : vectors) {
        EXPECT_EQ(base64(bytes), text);
        EXPECT_EQ(from_base64(text), bytes);
    }
}

TEST(Base64Test, KeepsAllBytes) {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    EXPECT_EQ(from_base64(base64(bytes)), bytes);
}

TEST(Base64Test, RejectsWhatIsNotBase64) {
    for (const char* text : {"Zg=", "Zg", "Z===", "Zg==Zg==", "Zm9*", "Zm 9", "====", "Zg=a"})
        EXPECT_EQ(from_base64(text), std::nullopt) << text;
}

}  // namespace
}  // namespace servicekit::cluster
