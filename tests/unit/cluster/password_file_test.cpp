#include "cluster/password_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "servicekit/mocks/fake_os.hpp"

namespace servicekit::cluster {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class PasswordFileTest : public ::testing::Test {
protected:
    mocks::FakeOs os_;
};

TEST_F(PasswordFileTest, TheFirstLineIsThePassword) {
    os_.files.add_file("/etc/password", "s3cret\r\nmore\n", 0640);
    EXPECT_EQ(read_password(os_.files, "/etc/password", 0).value(), "s3cret");
}

TEST_F(PasswordFileTest, AFileThatEveryoneMayReadIsRefused) {
    os_.files.add_file("/etc/password", "s3cret\n", 0644);
    const auto password = read_password(os_.files, "/etc/password", 0);
    ASSERT_FALSE(password);
    EXPECT_EQ(password.error().exit_code, ExitCode::permission);
    EXPECT_THAT(password.error().message(), HasSubstr("cannot read the password from '/etc/password': every user"));
    EXPECT_THAT(password.error().message(), Not(HasSubstr("s3cret")));
}

TEST_F(PasswordFileTest, AFileOfAnotherUserIsRefused) {
    constexpr uid_t service = 33;
    constexpr uid_t other = 1000;
    os_.files.add_file("/etc/password", "s3cret\n", 0640);
    EXPECT_TRUE(read_password(os_.files, "/etc/password", service));
    os_.files.set_owner("/etc/password", service, service);
    EXPECT_TRUE(read_password(os_.files, "/etc/password", service));
    os_.files.set_owner("/etc/password", other, service);
    const auto password = read_password(os_.files, "/etc/password", service);
    ASSERT_FALSE(password);
    EXPECT_EQ(password.error().exit_code, ExitCode::permission);
    EXPECT_THAT(password.error().message(), HasSubstr("belongs neither to root nor to the user of the service"));
}

TEST_F(PasswordFileTest, WhatIsNoRegularFileIsRefused) {
    os_.files.add_other("/etc/password");
    EXPECT_FALSE(read_password(os_.files, "/etc/password", 0));
}

TEST_F(PasswordFileTest, AFileWithoutPasswordIsRefused) {
    os_.files.add_file("/etc/password", "\n", 0600);
    EXPECT_EQ(read_password(os_.files, "/etc/password", 0).error().exit_code, ExitCode::configuration);
    EXPECT_THAT(read_password(os_.files, "/etc/nothing", 0).error().message(), HasSubstr("No such file"));
}

TEST_F(PasswordFileTest, AFileThatCannotBeReadIsRefused) {
    os_.files.add_file("/etc/password", "s3cret\n", 0600);
    for (const char* operation : {"open_for_reading", "status", "read_at"}) {
        os_.files.failures.fail_next(operation, EIO);
        EXPECT_FALSE(read_password(os_.files, "/etc/password", 0)) << operation;
    }
}

}  // namespace
}  // namespace servicekit::cluster
