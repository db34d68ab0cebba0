#include "servicekit/mocks/fake_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <stdexcept>

namespace servicekit::mocks {
namespace {

using os::FileType;
using os::Links;
using ::testing::ElementsAre;

constexpr auto all = std::string::npos;
const Peer somebody{.pid = 1, .uid = 1000, .gid = 1000, .groups = {}};

template <class T>
int errno_of(const Result<T>& result) {
    return result ? 0 : result.error().errno_value;
}

class FakeFilesTest : public ::testing::Test {
protected:
    FakeFilesTest() { files.add_directory("/var/log"); }

    std::unique_ptr<os::File> appending(const std::string& path) { return *files.open_for_appending(path, 0640); }

    FakeFiles files;
};

TEST_F(FakeFilesTest, ReadsTheTextAppendedThroughAllDescriptors) {
    const auto one = appending("/var/log/x.log");
    const auto other = appending("/var/log/x.log");
    ASSERT_TRUE(one->write("one\n"));
    ASSERT_TRUE(other->write("other\n"));
    EXPECT_EQ(files.read("/var/log/x.log", all).value(), "one\nother\n");
    EXPECT_EQ(files.content("/var/log/x.log"), "one\nother\n");
    EXPECT_EQ(one->status().value().size, 10U);
}

TEST_F(FakeFilesTest, CreatesFilesWithTheGivenPermissionsForTheCaller) {
    files.set_permissions("/var/log", 0777);
    files.act_as(somebody);
    appending("/var/log/x.log");
    const os::FileStatus status = files.status_of("/var/log/x.log");
    EXPECT_EQ(status.type, FileType::regular);
    EXPECT_EQ(status.permissions, 0640U);
    EXPECT_EQ(status.uid, 1000U);
    EXPECT_EQ(status.gid, 1000U);
}

TEST_F(FakeFilesTest, ReadsPartsOfAFile) {
    files.add_file("/etc/x", "0123456789");
    const auto file = *files.open_for_reading("/etc/x");
    EXPECT_EQ(file->read_at(3, 4).value(), "3456");
    EXPECT_EQ(file->read_at(8, 40).value(), "89");
    EXPECT_EQ(file->read_at(10, 1).value(), "");
    EXPECT_EQ(file->write("x").failure->errno_value, EBADF);
    EXPECT_EQ(errno_of(appending("/etc/x")->read_at(0, 1)), EBADF);
}

TEST_F(FakeFilesTest, RefusesToReadALargerFileThanRequested) {
    files.add_file("/etc/x", "12345");
    EXPECT_EQ(files.read("/etc/x", 5).value(), "12345");
    EXPECT_EQ(errno_of(files.read("/etc/x", 4)), EFBIG);
}

TEST_F(FakeFilesTest, NamesThePathInItsErrors) {
    const auto missing = files.read("/etc/none", all);
    EXPECT_EQ(errno_of(missing), ENOENT);
    EXPECT_EQ(missing.error().object, "/etc/none");
    EXPECT_EQ(errno_of(files.open_for_appending("/none/x", 0644)), ENOENT);
    EXPECT_EQ(errno_of(files.open_for_appending("/var/log", 0644)), EISDIR);
    files.add_file("/etc/x");
    EXPECT_EQ(errno_of(files.open_for_reading("/etc/x/y")), ENOTDIR);
}

TEST_F(FakeFilesTest, HasNoStatusOfAMissingFile) {
    files.add_file("/etc/x");
    EXPECT_FALSE(files.status("/none/of/these", Links::follow).value().has_value());
    EXPECT_FALSE(files.status("/etc/x/y", Links::follow).value().has_value());
    EXPECT_EQ(files.status("/etc/", Links::do_not_follow).value()->type, FileType::directory);
}

TEST_F(FakeFilesTest, WritesToARenamedFile) {
    const auto file = appending("/var/log/x.log");
    ASSERT_TRUE(file->write("before\n"));
    files.move_away("/var/log/x.log", "/var/log/x.log.1");
    ASSERT_TRUE(file->write("after\n"));
    EXPECT_EQ(files.content("/var/log/x.log.1"), "before\nafter\n");
    EXPECT_FALSE(files.exists("/var/log/x.log"));

    const auto reopened = appending("/var/log/x.log");
    EXPECT_FALSE(reopened->status()->is_same_file(*file->status()));
    EXPECT_THAT(files.names_in("/var/log"), ElementsAre("x.log", "x.log.1"));
}

TEST_F(FakeFilesTest, WritesOnlyWhatFitsOnAFullDisk) {
    const auto file = appending("/var/log/x.log");
    files.set_space(5);
    ASSERT_TRUE(file->write("123"));
    EXPECT_EQ(file->write("4567").failure->errno_value, ENOSPC);
    EXPECT_EQ(file->write("8").failure->errno_value, ENOSPC);
    EXPECT_EQ(files.content("/var/log/x.log"), "12345");
    files.set_space(std::nullopt);
    EXPECT_TRUE(file->write("67"));
}

TEST_F(FakeFilesTest, RenamesAndListsAsTheKernelDoes) {
    files.add_file("/var/log/x.log", "x");
    files.add_file("/var/log/y.log", "y");
    EXPECT_TRUE(files.rename("/var/log/x.log", "/var/log/y.log"));
    EXPECT_EQ(files.list("/var/log").value(), std::vector<std::string>{"y.log"});
    EXPECT_EQ(files.content("/var/log/y.log"), "x");
    EXPECT_EQ(errno_of(files.rename("/var/log/x.log", "/var/log/z.log")), ENOENT);
    EXPECT_EQ(errno_of(files.list("/var/none")), ENOENT);
    EXPECT_EQ(errno_of(files.list("/var/log/y.log")), ENOTDIR);
}

TEST_F(FakeFilesTest, FailsOnDemand) {
    files.failures.fail_next("open_for_appending", EACCES, "/var/log/x.log");
    EXPECT_EQ(errno_of(files.open_for_appending("/var/log/x.log", 0644)), EACCES);
    const auto file = appending("/var/log/x.log");
    files.failures.fail_next("write", EIO);
    EXPECT_EQ(file->write("lost").failure->errno_value, EIO);
    EXPECT_EQ(files.content("/var/log/x.log"), "");
}

TEST_F(FakeFilesTest, FollowsLinksIfRequested) {
    files.add_file("/srv/real", "content");
    files.add_link("/etc/absolute", "/srv/real");
    files.add_link("/etc/relative", "../srv/./real");
    files.add_link("/etc/directory", "/srv");
    EXPECT_EQ(files.read("/etc/absolute", all).value(), "content");
    EXPECT_EQ(files.read("/etc/relative", all).value(), "content");
    EXPECT_EQ(files.read("/etc/directory/real", all).value(), "content");
    EXPECT_EQ(files.status("/etc/absolute", Links::do_not_follow).value()->type, FileType::symlink);
    EXPECT_EQ(files.status("/etc/absolute", Links::follow).value()->type, FileType::regular);
}

TEST_F(FakeFilesTest, CreatesTheTargetOfALink) {
    files.add_link("/var/log/x.log", "/srv/x.log");
    EXPECT_EQ(errno_of(files.open_for_appending("/var/log/x.log", 0644)), ENOENT);
    files.add_directory("/srv");
    ASSERT_TRUE(appending("/var/log/x.log")->write("there"));
    EXPECT_EQ(files.content("/srv/x.log"), "there");
}

TEST_F(FakeFilesTest, GivesUpOnCircularLinks) {
    files.add_link("/a", "/b");
    files.add_link("/b", "/a");
    EXPECT_EQ(errno_of(files.read("/a", all)), ELOOP);
}

TEST_F(FakeFilesTest, CreatesMissingDirectoriesOnly) {
    ASSERT_TRUE(files.create_directories("/var/log/a/b", 0700));
    EXPECT_EQ(files.status_of("/var/log/a").permissions, 0700U);
    EXPECT_EQ(files.status_of("/var/log/a/b").permissions, 0700U);
    EXPECT_EQ(files.status_of("/var/log").permissions, 0755U);
    EXPECT_TRUE(files.create_directories("/var/log/a/b/", 0755));
    files.add_file("/etc/x");
    EXPECT_EQ(errno_of(files.create_directories("/etc/x", 0755)), ENOTDIR);
    EXPECT_EQ(errno_of(files.create_directories("/etc/x/y", 0755)), ENOTDIR);
}

TEST_F(FakeFilesTest, RemovesFilesAndLinksButNotDirectories) {
    files.add_file("/srv/real");
    files.add_link("/srv/link", "/srv/real");
    ASSERT_TRUE(files.remove("/srv/link"));
    EXPECT_TRUE(files.exists("/srv/real"));
    ASSERT_TRUE(files.remove("/srv/real"));
    EXPECT_EQ(errno_of(files.remove("/srv/real")), ENOENT);
    EXPECT_EQ(errno_of(files.remove("/srv")), EISDIR);
}

TEST_F(FakeFilesTest, EnforcesPermissions) {
    files.add_file("/etc/secret", "s", 0600);
    files.add_file("/etc/public", "p", 0644);
    files.add_file("/root/inside", "i", 0644);
    files.set_permissions("/root", 0700);
    files.act_as(somebody);
    EXPECT_EQ(errno_of(files.read("/etc/secret", all)), EACCES);
    EXPECT_EQ(files.read("/etc/public", all).value(), "p");
    EXPECT_EQ(errno_of(files.open_for_appending("/etc/public", 0644)), EACCES);
    EXPECT_EQ(errno_of(files.open_for_appending("/etc/new", 0644)), EACCES);
    EXPECT_EQ(errno_of(files.remove("/etc/public")), EACCES);
    EXPECT_EQ(errno_of(files.create_directories("/etc/new", 0755)), EACCES);
    EXPECT_EQ(errno_of(files.status("/root/inside", Links::follow)), EACCES);
}

TEST_F(FakeFilesTest, KnowsOwnersAndGroups) {
    files.add_file("/etc/ours", "", 0640);
    files.set_owner("/etc/ours", 0, 50);
    files.act_as({.pid = 1, .uid = 1000, .gid = 1000, .groups = {50}});
    EXPECT_TRUE(files.read("/etc/ours", all));
    EXPECT_EQ(errno_of(files.open_for_appending("/etc/ours", 0640)), EACCES);
}

TEST_F(FakeFilesTest, EnforcesStickyDirectories) {
    files.add_directory("/tmp", 01777);
    files.act_as(somebody);
    appending("/tmp/mine");
    files.act_as({.pid = 1, .uid = 1001, .gid = 1001, .groups = {}});
    EXPECT_EQ(errno_of(files.remove("/tmp/mine")), EPERM);
    files.act_as(somebody);
    EXPECT_TRUE(files.remove("/tmp/mine"));
}

TEST_F(FakeFilesTest, OnlyRootCanChangeOwners) {
    const auto file = appending("/var/log/x.log");
    ASSERT_TRUE(file->change_owner(1000, 1000));
    EXPECT_EQ(files.status_of("/var/log/x.log").uid, 1000U);
    files.act_as(somebody);
    EXPECT_EQ(errno_of(file->change_owner(0, 0)), EPERM);
}

TEST_F(FakeFilesTest, IdentifiesTheFileOfADescriptor) {
    auto file = appending("/var/log/x.log");
    const int descriptor = file->descriptor();
    EXPECT_EQ(files.path_of(descriptor), "/var/log/x.log");
    EXPECT_EQ(files.open_files(), 1U);
    file.reset();
    EXPECT_EQ(files.path_of(descriptor), "");
    EXPECT_EQ(files.open_files(), 0U);
}

TEST_F(FakeFilesTest, ThrowsOnInvalidPreparations) {
    EXPECT_THROW((void)files.content("/none"), std::runtime_error);
    EXPECT_THROW(files.move_away("/none", "/some"), std::runtime_error);
    EXPECT_THROW(files.add_directory("/var/log"), std::runtime_error);
    files.add_other("/run/fifo");
    EXPECT_EQ(files.status_of("/run/fifo").type, FileType::other);
    files.take_away("/run/fifo");
    EXPECT_FALSE(files.exists("/run/fifo"));
}

}  // namespace
}  // namespace servicekit::mocks
