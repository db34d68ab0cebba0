#include "servicekit/base/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "servicekit/base/result.hpp"

namespace servicekit {
namespace {

TEST(ErrorTest, MessageNamesActionObjectAndReason) {
    const Error error{ExitCode::already_running, "lock", "/run/x.pid", "already running (pid 4711)"};
    EXPECT_EQ(error.message(), "cannot lock '/run/x.pid': already running (pid 4711)");
}

TEST(ErrorTest, MessageOmitsEmptyParts) {
    EXPECT_EQ((Error{ExitCode::os, "fork", "", "Out of memory"}).message(), "cannot fork: Out of memory");
    EXPECT_EQ((Error{ExitCode::os, "fork", "", ""}).message(), "cannot fork");
    EXPECT_EQ((Error{ExitCode::os, "open", "/x", ""}).message(), "cannot open '/x'");
    EXPECT_EQ((Error{ExitCode::os, "", "", "it is late"}).message(), "it is late");
    EXPECT_EQ((Error{ExitCode::os, "", "/x", "it is late"}).message(), "'/x': it is late");
}

TEST(ErrorTest, StageDeterminesTheExitCode) {
    const Error error = os_error("create", "/run/x", ENOSPC).at_stage(ExitCode::cannot_create);
    EXPECT_EQ(error.exit_code, ExitCode::cannot_create);
    EXPECT_EQ(error.errno_value, ENOSPC);
    EXPECT_EQ(error.message(), "cannot create '/run/x': No space left on device");
}

TEST(ErrorTest, PermissionErrorsKeepTheirExitCodeAtEveryStage) {
    for (const int number : {EPERM, EACCES, EROFS}) {
        const Error error = os_error("create", "/run/x", number);
        EXPECT_EQ(error.exit_code, ExitCode::permission);
        EXPECT_EQ(error.at_stage(ExitCode::cannot_create).exit_code, ExitCode::permission);
    }
}

TEST(ErrorTest, ConfigurationErrorsKeepTheirExitCodeAtEveryStage) {
    const Error error{ExitCode::configuration, "use the rule", "wheel", "it is none"};
    EXPECT_EQ(error.at_stage(ExitCode::cannot_create).exit_code, ExitCode::configuration);
}

TEST(ErrorTest, OtherErrnosAreSystemErrors) { EXPECT_EQ(os_error("fork", "", EAGAIN).exit_code, ExitCode::os); }

TEST(ErrorTest, EveryErrnoHasAText) {
    EXPECT_EQ(errno_text(ENOENT), "No such file or directory");
    EXPECT_NE(errno_text(123456).find("123456"), std::string::npos);
}

TEST(ResultTest, HoldsAValueOrAnError) {
    const Result<int> good = 7;
    const Result<int> bad = os_error("fork", "", EAGAIN);

    ASSERT_TRUE(good);
    EXPECT_EQ(*good, 7);
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().errno_value, EAGAIN);
    EXPECT_THROW(static_cast<void>(bad.value()), std::bad_optional_access);
    EXPECT_THROW(static_cast<void>(good.error()), std::bad_optional_access);
}

TEST(ResultTest, OfVoidIsSuccessWithoutAnError) {
    EXPECT_TRUE(Result<void>{});
    EXPECT_FALSE(Result<void>{os_error("fork", "", EAGAIN)});
}

}  // namespace
}  // namespace servicekit
