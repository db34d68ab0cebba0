#include "servicekit/mocks/fake_faults.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "servicekit/mocks/fake_os.hpp"

namespace servicekit::mocks {
namespace {

class FakeFaultsTest : public ::testing::Test {
protected:
    FakeFaultsTest() {
        os.files.add_file("/tmp/file");
        os.faults.forget();
        file = *os.files.open_for_appending("/tmp/file", 0644);
    }

    FakeOs os;
    std::unique_ptr<os::File> file;
};

TEST_F(FakeFaultsTest, CountsAndNamesTheOperationsOfAllFakes) {
    ASSERT_TRUE(os.locks.owner("/run/x.pid", os::Look::thorough));
    ASSERT_TRUE(file->write("x"));
    ASSERT_TRUE(file->write("x"));
    ASSERT_EQ(os.faults.count(), 4U);
    const auto& last = os.faults.operations().back();
    EXPECT_EQ(last.name, "files.write");
    EXPECT_EQ(last.object, "/tmp/file");
    EXPECT_EQ(last.number, 4U);
    EXPECT_EQ(last.nth, 2U);
    EXPECT_EQ(os.faults.operations()[1].name, "locks.owner");
}

TEST_F(FakeFaultsTest, FailsTheNthOperation) {
    os.faults.fail(3, EIO);
    EXPECT_TRUE(file->write("x"));
    EXPECT_EQ(file->write("x").failure->errno_value, EIO);
    EXPECT_TRUE(file->write("x"));
    ASSERT_EQ(os.faults.failed().size(), 1U);
    EXPECT_EQ(os.faults.failed().front().errno_value, EIO);
}

TEST_F(FakeFaultsTest, FailsTheNthOperationOfAName) {
    os.faults.fail("files.write", 2, ENOSPC);
    EXPECT_TRUE(os.files.read("/tmp/file", 10));
    EXPECT_TRUE(file->write("x"));
    EXPECT_EQ(file->write("x").failure->errno_value, ENOSPC);
}

TEST_F(FakeFaultsTest, FailsAllOperationsOfAName) {
    os.faults.fail_always("files.write", EROFS);
    EXPECT_EQ(file->write("x").failure->errno_value, EROFS);
    EXPECT_EQ(file->write("x").failure->errno_value, EROFS);
    os.faults.succeed_again("files.write");
    EXPECT_TRUE(file->write("x"));
}

TEST_F(FakeFaultsTest, RecordsFailuresThatAFakeInjects) {
    os.files.failures.fail_next("write", EDQUOT);
    EXPECT_EQ(file->write("x").failure->errno_value, EDQUOT);
    EXPECT_EQ(os.faults.failed().front().errno_value, EDQUOT);
}

TEST_F(FakeFaultsTest, ForgetsTheFailuresOfTheOperationsThatItForgets) {
    os.faults.fail(os.faults.count() + 1, EIO);
    EXPECT_FALSE(os.files.open_for_appending("/tmp/other", 0644));
    os.faults.fail("files.write", 1, EIO);
    os.faults.forget();
    const auto other = os.files.open_for_appending("/tmp/other", 0644);
    ASSERT_TRUE(other);
    EXPECT_FALSE((*other)->write("x").failure);
    EXPECT_TRUE(os.faults.failed().empty());
}

TEST_F(FakeFaultsTest, KillsTheProcessThatMakesAnOperation) {
    os.faults.forget();
    os.faults.crash(3);  // after the file was opened and got its permissions
    const pid_t pid = os.spawn([this] {
        const auto own = *os.files.open_for_appending("/tmp/own", 0644);
        static_cast<void>(own->write("lost"));
        return 0;
    });
    EXPECT_EQ(os.wait_for(pid).signal, 9);
    EXPECT_EQ(os.files.content("/tmp/own"), "");
}

TEST_F(FakeFaultsTest, CannotKillTheTestItself) {
    os.faults.crash(2);
    EXPECT_THROW(static_cast<void>(file->write("x")), std::logic_error);
}

}  // namespace
}  // namespace servicekit::mocks
