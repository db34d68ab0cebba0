#include "servicectl/web/token_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "servicekit/mocks/fake_os.hpp"

namespace servicekit::servicectl::web {
namespace {

using ::testing::HasSubstr;

class TokenFileTest : public ::testing::Test {
protected:
    std::string fault_of(const std::string& content, mode_t permissions = 0600, uid_t owner = 0) {
        static_cast<void>(host.files.remove("/etc/token"));
        host.files.add_file("/etc/token", content, permissions);
        host.files.set_owner("/etc/token", owner, owner);
        const auto token = read_token("/etc/token", host.host());
        return token ? "" : token.error().message();
    }
    mocks::FakeOs host;
};

TEST_F(TokenFileTest, ATokenIsTheOnlyLine) {
    host.files.add_file("/etc/token", "0123456789abcdef\n", 0600);
    EXPECT_EQ(read_token("/etc/token", host.host()).value(), "0123456789abcdef");
}

TEST_F(TokenFileTest, AFileThatOthersCanReadIsRefused) {
    EXPECT_THAT(fault_of("0123456789abcdef", 0644), HasSubstr("chmod 600"));
    EXPECT_THAT(fault_of("0123456789abcdef", 0620), HasSubstr("chmod 600"));
    EXPECT_THAT(fault_of("0123456789abcdef", 0600, 1000), HasSubstr("belongs to uid 1000"));
    EXPECT_EQ(fault_of("0123456789abcdef", 0400), "");
}

TEST_F(TokenFileTest, AShortOrStrangeTokenIsRefused) {
    EXPECT_THAT(fault_of("0123456789abcde\n"), HasSubstr("at least 16 bytes"));
    EXPECT_THAT(fault_of(""), HasSubstr("at least 16 bytes"));
    EXPECT_THAT(fault_of(std::string(513, 'x')), HasSubstr("more than 512 bytes"));
    EXPECT_THAT(fault_of("0123456789abcdef 0123"), HasSubstr("without spaces"));
    EXPECT_THAT(fault_of("0123456789abcdef\nfedcba9876543210\n"), HasSubstr("one line"));
}

TEST_F(TokenFileTest, AMissingFileIsReported) {
    const auto token = read_token("/etc/none", host.host());
    EXPECT_THAT(token.error().message(), HasSubstr("/etc/none"));
}

}  // namespace
}  // namespace servicekit::servicectl::web
