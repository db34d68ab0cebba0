#include "os/files/directories.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>

#include "integration/os/forked_child.hpp"
#include "integration/os/temporary_directory.hpp"
#include "integration/support/text_file.hpp"

namespace servicekit::os {
namespace {

using servicekit::test::read_file;
using servicekit::test::write_file;
using ::testing::ElementsAre, ::testing::HasSubstr;

namespace fs = std::filesystem;

class DirectoriesTest : public testing::Test {
protected:
    ~DirectoriesTest() override { ::umask(umask_before_); }

    static OpenedDirectory opened(const std::string& path) {
        auto result = posix_directories().open_or_make(path);
        if (!result) throw std::runtime_error(result.error().message());
        return *std::move(result);
    }
    static Error refusal(const std::string& path) {
        const auto result = posix_directories().open_or_make(path);
        return result ? Error{.reason = "opened"} : result.error();
    }
    static unsigned permissions(const std::string& path) {
        return static_cast<unsigned>(fs::symlink_status(path).permissions());
    }

    test::TemporaryDirectory directory;

private:
    mode_t umask_before_ = ::umask(022);
};

TEST_F(DirectoriesTest, TheUmaskDecidesThePermissions) {
    ::umask(027);
    const auto made = opened(directory.file("new"));
    EXPECT_TRUE(made.is_new);
    const auto below = made.directory->make_directory("below");
    ASSERT_TRUE(below);
    ASSERT_TRUE((*below)->make_file("file", "text"));

    EXPECT_EQ(permissions(directory.file("new")), 0750U);
    EXPECT_EQ(permissions(directory.file("new/below")), 0750U);
    EXPECT_EQ(permissions(directory.file("new/below/file")), 0640U);
    EXPECT_EQ(read_file(directory.file("new/below/file")), "text");
}

TEST_F(DirectoriesTest, OpensADirectoryThatExists) {
    write_file(directory.file("b"), "");
    write_file(directory.file("a"), "");
    const auto there = opened(directory.path() + "//");

    EXPECT_FALSE(there.is_new);
    EXPECT_THAT(there.directory->names().value(), ElementsAre("a", "b"));
}

TEST_F(DirectoriesTest, RemovesWhatItMade) {
    const auto made = opened(directory.file("new"));
    const auto below = made.directory->make_directory("below");
    ASSERT_TRUE(below && (*below)->make_file("file", "text"));

    EXPECT_EQ(made.directory->remove().error().errno_value, ENOTEMPTY);
    EXPECT_TRUE((*below)->remove_file("file"));
    EXPECT_TRUE((*below)->remove());
    EXPECT_TRUE(made.directory->remove());
    EXPECT_TRUE(fs::is_empty(directory.path()));
}

TEST_F(DirectoriesTest, FollowsNoLinkAtTheEnd) {
    fs::create_directory(directory.file("real"));
    fs::create_directory_symlink("real", directory.file("link"));
    fs::create_symlink("nothing", directory.file("dangling"));

    for (const char* const name : {"link", "link/", "link//", "dangling"})
        EXPECT_EQ(refusal(directory.file(name)).reason, "it is a symbolic link") << name;
    const auto real = opened(directory.file("real"));
    fs::create_symlink(directory.file("victim"), directory.file("real/file"));
    fs::create_directory_symlink(directory.path(), directory.file("real/directory"));
    EXPECT_EQ(real.directory->make_file("file", "text").error().errno_value, EEXIST);
    EXPECT_EQ(real.directory->make_directory("directory").error().errno_value, EEXIST);
    EXPECT_FALSE(fs::exists(directory.file("victim")));
    EXPECT_TRUE(fs::is_symlink(directory.file("real/file")));
}

TEST_F(DirectoriesTest, StaysTheSameDirectoryIfAnotherIsAtItsPath) {
    const auto made = opened(directory.file("new"));
    fs::rename(directory.file("new"), directory.file("old"));
    fs::create_directory(directory.file("new"));

    EXPECT_TRUE(made.directory->make_file("file", "text"));
    EXPECT_THAT(made.directory->names().value(), ElementsAre("file"));
    EXPECT_TRUE(fs::exists(directory.file("old/file")));
    EXPECT_TRUE(fs::is_empty(directory.file("new")));
}

TEST_F(DirectoriesTest, AFileThatCannotBeWrittenIsRemoved) {
    const std::string path = directory.file("new");
    const std::string outcome = test::in_another_process([&path] {
        const rlimit at_most{.rlim_cur = 1000, .rlim_max = 1000};
        ::setrlimit(RLIMIT_FSIZE, &at_most);
        std::signal(SIGXFSZ, SIG_IGN);
        const auto made = posix_directories().open_or_make(path);
        if (!made) return made.error().message();
        const auto written = made->directory->make_file("file", std::string(5000, 'x'));
        return written ? "written" : written.error().message();
    });

    EXPECT_EQ(outcome, "cannot write '" + path + "/file': File too large");
    EXPECT_TRUE(fs::is_empty(path));
}

TEST_F(DirectoriesTest, MakesOnlyTheLastStep) {
    write_file(directory.file("file"), "mine");

    EXPECT_EQ(refusal(directory.file("none/new")).errno_value, ENOENT);
    EXPECT_EQ(refusal(directory.file("file")).errno_value, ENOTDIR);
    EXPECT_EQ(refusal("").errno_value, ENOENT);
    EXPECT_EQ(read_file(directory.file("file")), "mine");
}

TEST_F(DirectoriesTest, RefusesADirectoryThatAllUsersMayWrite) {
    fs::create_directory(directory.file("open"));
    fs::permissions(directory.file("open"), fs::perms{0777});

    EXPECT_EQ(refusal(directory.file("open")).reason, "all users may write it");
    EXPECT_EQ(refusal(directory.file("open")).exit_code, ExitCode::permission);
}

TEST_F(DirectoriesTest, RootFillsNoDirectoryOfAnotherUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can make the directories of this test";
    const std::string theirs = directory.file("theirs");
    fs::create_directory(theirs);
    ASSERT_EQ(::chown(theirs.c_str(), test::some_user, test::some_user), 0);
    fs::create_directory(directory.file("roots"));
    fs::create_directory_symlink(directory.file("roots"), theirs + "/link");

    EXPECT_THAT(refusal(theirs).reason, HasSubstr("it belongs to user"));
    EXPECT_THAT(refusal(theirs + "/link/new").reason, HasSubstr("can change '" + theirs + "'"));
    EXPECT_TRUE(fs::is_empty(directory.file("roots")));
}

TEST_F(DirectoriesTest, RootFillsNoDirectoryThatAnotherUserHasPutInThePlaceOfANewOne) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can make the directories of this test";
    ASSERT_EQ(::chmod(directory.path().c_str(), 01777), 0);
    const std::string path = directory.file("new");
    const auto root = opened(directory.file("roots"));
    ASSERT_EQ(::chmod(directory.file("roots").c_str(), 01777), 0);
    const auto refusal_as_if_swapped = [](const std::function<Error()>& make) {
        return test::in_another_process([&make] {
            // The kernel gives what is made to this user, and the process is still root's: as after a swap.
            ::setfsuid(test::some_user);
            return make().reason;
        });
    };

    EXPECT_THAT(refusal_as_if_swapped([&path] { return refusal(path); }), HasSubstr("it belongs to user"));
    EXPECT_THAT(refusal_as_if_swapped([&root] {
                    const auto made = root.directory->make_directory("below");
                    return made ? Error{.reason = "made"} : made.error();
                }),
                HasSubstr("it belongs to user"));
}

}  // namespace
}  // namespace servicekit::os
