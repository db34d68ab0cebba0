#include "servicekit/os/files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "integration/os/forked_child.hpp"
#include "integration/os/temporary_directory.hpp"
#include "integration/support/proc_path.hpp"
#include "integration/support/text_file.hpp"
#include "os/descriptor.hpp"

namespace servicekit::os {
namespace {

using test::in_another_process;
using test::some_user;
using test::TemporaryDirectory;

template <class T>
int errno_of(const Result<T>& result) {
    return result ? 0 : result.error().errno_value;
}

class PosixFilesTest : public testing::Test {
protected:
    void write_file(const std::string& text) const { servicekit::test::write_file(path_, text); }
    [[nodiscard]] std::string content() const { return servicekit::test::read_file(path_); }
    [[nodiscard]] static mode_t permissions_of(const std::string& path) {
        struct stat status {};
        return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
    }

    TemporaryDirectory directory_;
    std::string path_ = directory_.file("file");
    Files& files_ = posix_files();
};

TEST_F(PosixFilesTest, ReadsAWholeFile) {
    const std::string text(100'000, 'x');
    write_file(text);

    EXPECT_EQ(files_.read(path_, 100'000).value(), text);
}

TEST_F(PosixFilesTest, ReadingRefusesALargerFileThanAllowed) {
    write_file("12345");

    const auto read = files_.read(path_, 4);

    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().errno_value, EFBIG);
    EXPECT_EQ(read.error().message(), "cannot read '" + path_ + "': it is larger than 4 bytes");
}

TEST_F(PosixFilesTest, ReadingStopsInAnEndlessFile) { EXPECT_EQ(errno_of(files_.read("/dev/zero", 1000)), EFBIG); }

TEST_F(PosixFilesTest, ReadingDistinguishesAMissingFileFromADirectory) {
    EXPECT_EQ(errno_of(files_.read(path_, 10)), ENOENT);
    EXPECT_EQ(errno_of(files_.read(directory_.path(), 10)), EISDIR);
}

TEST_F(PosixFilesTest, ReadsTheOutputOfAProcessFromAFifo) {
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    test::ForkedChild writer{[this](test::Lines& parent) {
        const Descriptor both_ends{::open(path_.c_str(), O_RDWR)};  // does not wait for a reader
        if (::write(both_ends.get(), "text", 4) != 4) return 1;
        parent.tell("written");
        // What is unread when the last descriptor of the FIFO is closed is lost.
        int unread = 4;
        while (unread > 0 && !parent.has_come()) ::ioctl(both_ends.get(), FIONREAD, &unread);
        return 0;
    }};
    ASSERT_EQ(writer.hear(), "written");

    EXPECT_EQ(files_.read(path_, 100).value(), "text");
}

TEST_F(PosixFilesTest, OpeningAFifoDoesNotWaitForTheOtherEnd) {
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);

    EXPECT_TRUE(files_.open_for_reading(path_));
    EXPECT_EQ(errno_of(files_.open_for_appending(path_, 0600)), ENXIO);
}

TEST_F(PosixFilesTest, ReadingAFifoWaitsForItsWriter) {
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    for (const std::string text : {"text", ""}) {
        // The writer comes when the reader waits.
        const test::ForkedChild writer{[this, &text](test::Lines&) {
            while (!servicekit::test::has_open(::getppid(), path_)) ::usleep(100);
            const Descriptor end{::open(path_.c_str(), O_WRONLY)};
            return ::write(end.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1;
        }};

        EXPECT_EQ(files_.read(path_, 100).value(), text);
    }
}

TEST_F(PosixFilesTest, WritingToAFifoWithoutAReaderIsAnErrorNotADeath) {
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    Descriptor reader{::open(path_.c_str(), O_RDONLY | O_NONBLOCK)};
    const auto file = files_.open_for_appending(path_, 0600);
    ASSERT_TRUE(file);
    EXPECT_TRUE((*file)->write("heard"));

    reader.reset();

    EXPECT_EQ((*file)->write("not heard").failure->errno_value, EPIPE);
}

TEST_F(PosixFilesTest, ReadsPartsOfAFile) {
    write_file("0123456789");
    const auto file = files_.open_for_reading(path_);
    ASSERT_TRUE(file);

    EXPECT_EQ((*file)->read_at(2, 3).value(), "234");
    EXPECT_EQ((*file)->read_at(8, 100).value(), "89");
    EXPECT_EQ((*file)->read_at(100, 100).value(), "");
}

TEST_F(PosixFilesTest, AppendsAtTheEndDespiteOtherWriters) {
    write_file("first ");
    const auto one = files_.open_for_appending(path_, 0600);
    const auto other = files_.open_for_appending(path_, 0600);
    ASSERT_TRUE(one && other);

    EXPECT_TRUE((*one)->write("second "));
    EXPECT_TRUE((*other)->write("third "));
    EXPECT_TRUE((*one)->write("fourth"));

    EXPECT_EQ(content(), "first second third fourth");
}

TEST_F(PosixFilesTest, ANewFileHasTheRequestedPermissions) {
    const std::string seen = in_another_process([this] {
        ::umask(077);
        return files_.open_for_appending(path_, 0664) ? "made" : "failed";
    });
    EXPECT_EQ(seen, "made");
    EXPECT_EQ(permissions_of(path_), 0664U);
}

TEST_F(PosixFilesTest, AnExistingFileKeepsItsPermissions) {
    write_file("");
    std::filesystem::permissions(path_, std::filesystem::perms{0600});

    ASSERT_TRUE(files_.open_for_appending(path_, 0664));

    EXPECT_EQ(permissions_of(path_), 0600U);
}

TEST_F(PosixFilesTest, AppendingCreatesTheTargetOfALink) {
    const std::string target = directory_.file("target");
    std::filesystem::create_symlink(target, path_);

    ASSERT_TRUE(files_.open_for_appending(path_, 0640));

    EXPECT_EQ(permissions_of(target), 0640U);
    EXPECT_TRUE(std::filesystem::is_symlink(path_));
}

TEST_F(PosixFilesTest, FilesAreClosedByExec) {
    const auto file = files_.open_for_appending(path_, 0600);
    ASSERT_TRUE(file);

    EXPECT_EQ(::fcntl((*file)->descriptor(), F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(::fcntl((*file)->descriptor(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(PosixFilesTest, AFullDeviceIsAWriteError) {
    const auto file = files_.open_for_appending("/dev/full", 0600);
    ASSERT_TRUE(file);

    const auto written = (*file)->write("text");

    ASSERT_FALSE(written);
    EXPECT_EQ(written.failure->message(), "cannot write '/dev/full': No space left on device");
}

TEST_F(PosixFilesTest, DirectoriesCannotBeOpenedAsFiles) {
    EXPECT_EQ(errno_of(files_.open_for_reading(directory_.path())), EISDIR);
    EXPECT_EQ(errno_of(files_.open_for_appending(directory_.path(), 0600)), EISDIR);
}

TEST_F(PosixFilesTest, StatusShowsTheTypeOfAFile) {
    write_file("12345");
    std::filesystem::permissions(path_, std::filesystem::perms{0640});

    const auto status = files_.status(path_, Links::follow).value();

    ASSERT_TRUE(status);
    EXPECT_EQ(status->type, FileType::regular);
    EXPECT_EQ(status->permissions, 0640U);
    EXPECT_EQ(status->uid, ::geteuid());
    EXPECT_EQ(status->size, 5U);
    const auto file = files_.open_for_reading(path_);
    ASSERT_TRUE(file);
    EXPECT_TRUE((*file)->status()->is_same_file(*status));
}

TEST_F(PosixFilesTest, StatusFollowsLinksIfRequested) {
    std::filesystem::create_symlink(directory_.path(), path_);

    EXPECT_EQ(files_.status(path_, Links::follow).value()->type, FileType::directory);
    EXPECT_EQ(files_.status(path_, Links::do_not_follow).value()->type, FileType::symlink);
}

TEST_F(PosixFilesTest, AMissingFileHasNoStatus) {
    EXPECT_EQ(files_.status(path_, Links::follow).value(), std::nullopt);
    write_file("");
    EXPECT_EQ(files_.status(path_ + "/below", Links::follow).value(), std::nullopt);
}

TEST_F(PosixFilesTest, NewDirectoriesHaveTheRequestedPermissions) {
    const std::string seen = in_another_process([this] {
        ::umask(077);
        return files_.create_directories(directory_.file("a/b/./c/"), 0755) ? "made" : "failed";
    });

    EXPECT_EQ(seen, "made");
    for (const char* directory : {"a", "a/b", "a/b/c"})
        EXPECT_EQ(permissions_of(directory_.file(directory)), 0755U) << directory;
}

TEST_F(PosixFilesTest, ExistingDirectoriesAreUnchanged) {
    const std::string above = directory_.file("above");
    std::filesystem::create_directory(above);
    std::filesystem::permissions(above, std::filesystem::perms{0700});

    EXPECT_TRUE(files_.create_directories(above + "/below", 0755));
    EXPECT_TRUE(files_.create_directories(above, 0755));

    EXPECT_EQ(permissions_of(above), 0700U);
    EXPECT_EQ(permissions_of(above + "/below"), 0755U);
}

TEST_F(PosixFilesTest, AFileInPlaceOfADirectoryIsAnError) {
    write_file("");

    const auto made = files_.create_directories(path_, 0755);

    EXPECT_EQ(errno_of(made), ENOTDIR);
    EXPECT_EQ(errno_of(files_.create_directories(path_ + "/below", 0755)), ENOTDIR);
    EXPECT_EQ(errno_of(files_.create_directories("", 0755)), ENOENT);
}

TEST_F(PosixFilesTest, ADanglingLinkInPlaceOfADirectoryIsAnError) {
    std::filesystem::create_symlink(directory_.file("target"), path_);

    EXPECT_EQ(errno_of(files_.create_directories(path_, 0755)), EEXIST);
}

TEST_F(PosixFilesTest, RemovesAFile) {
    write_file("");

    EXPECT_TRUE(files_.remove(path_));

    EXPECT_FALSE(std::filesystem::exists(path_));
    EXPECT_EQ(errno_of(files_.remove(path_)), ENOENT);
}

TEST_F(PosixFilesTest, AnOpenFileKnowsThatItWasRemoved) {
    write_file("");
    const auto file = *files_.open_for_reading(path_);
    EXPECT_EQ(file->status()->links, 1U);

    EXPECT_TRUE(files_.remove(path_));

    EXPECT_EQ(file->status()->links, 0U);
}

TEST_F(PosixFilesTest, HandToChangesTheOwner) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
    const auto file = files_.open_for_appending(path_, 0600);
    ASSERT_TRUE(file);

    ASSERT_TRUE((*file)->change_owner(some_user, some_user));

    EXPECT_EQ((*file)->status()->uid, some_user);
    EXPECT_EQ((*file)->status()->gid, some_user);
}

TEST_F(PosixFilesTest, AForbiddenFileIsAPermissionError) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    write_file("");
    std::filesystem::permissions(path_, std::filesystem::perms{0600});

    const std::string seen = in_another_process([this] {
        if (::setresuid(some_user, some_user, some_user) != 0) return std::string{"still root"};
        const auto read = files_.read(path_, 10);
        return std::to_string(read ? 0 : to_int(read.error().exit_code));
    });

    EXPECT_EQ(seen, std::to_string(to_int(ExitCode::permission)));
}

}  // namespace
}  // namespace servicekit::os
