#include "servicectl/new/new.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <string>
#include <vector>

#include "servicectl/command.hpp"
#include "servicectl/new/project_template.hpp"
#include "unit/servicectl/servicectl_fixture.hpp"

namespace servicekit::servicectl {
namespace {

using ::testing::AllOf, ::testing::Contains, ::testing::ElementsAre, ::testing::EndsWith, ::testing::HasSubstr,
    ::testing::IsEmpty, ::testing::Not, ::testing::StartsWith;

class ServicectlNewTest : public ServicectlFixture {
protected:
    ServicectlNewTest() { add_directory("/home/alice", alice); }

    /// Returns the paths of all files below a directory.
    std::vector<std::string> files_below(const std::string& directory) {
        std::vector<std::string> paths;
        for (const std::string& name : host.files.names_in(directory)) {
            const std::string path = directory + "/" + name;
            if (host.files.status_of(path).type != os::FileType::directory) {
                paths.push_back(path);
                continue;
            }
            for (std::string& below : files_below(path)) paths.push_back(std::move(below));
        }
        return paths;
    }
};

std::string in_small_letters(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    return text;
}

TEST_F(ServicectlNewTest, MakesAProjectInADirectoryOfThatName) {
    EXPECT_EQ(run({"new", "mail-box"}), 0);

    const auto files = files_below("/mail-box");
    EXPECT_EQ(files.size(), template_files().size());
    for (const char* const path :
         {"/mail-box/CMakeLists.txt", "/mail-box/src/main.cpp", "/mail-box/src/mail_box.hpp",
          "/mail-box/tests/mail_box_test.cpp", "/mail-box/.gitignore", "/mail-box/.github/workflows/ci.yml",
          "/mail-box/README.md", "/mail-box/packaging/mail-box.logrotate.in"})
        EXPECT_THAT(files, Contains(path));
    EXPECT_THAT(host.files.content("/mail-box/src/main.cpp"), HasSubstr("service_main<MailBoxService>("));
    EXPECT_THAT(out(), AllOf(StartsWith("made in 'mail-box':\n"), HasSubstr("  src/mail_box.hpp\n"),
                             EndsWith("next:\n  cd mail-box\n  cmake --workflow --preset dev\n"
                                      "  build/dev/mail-box run\n")));
    EXPECT_THAT(error(), IsEmpty());
}

TEST_F(ServicectlNewTest, NoPlaceholderIsLeft) {
    ASSERT_EQ(run({"new", "mailbox", "/srv-mailbox"}), 0);

    for (const std::string& path : files_below("/srv-mailbox")) {
        const std::string text = in_small_letters(path + "\n" + host.files.content(path));
        for (const char* const placeholder : {"my-service", "my_service", "myservice", "my service"})
            EXPECT_THAT(text, Not(HasSubstr(placeholder))) << path;
    }
}

TEST_F(ServicectlNewTest, ANameThatHasThePlaceholderIsInsertedOnce) {
    ASSERT_EQ(run({"new", "my-service-2"}), 0);

    EXPECT_THAT(host.files.content("/my-service-2/CMakeLists.txt"),
                AllOf(HasSubstr("project(my-service-2 VERSION"), Not(HasSubstr("my-service-2-2"))));
    EXPECT_TRUE(host.files.exists("/my-service-2/src/my_service_2.hpp"));
}

TEST_F(ServicectlNewTest, JsonListsTheFiles) {
    ASSERT_EQ(run({"new", "mailbox", "/tmp/it is", "--json"}), 0);

    EXPECT_THAT(out(), AllOf(StartsWith(R"({"name":"mailbox","directory":"/tmp/it is","files":[".github)"),
                             HasSubstr(R"("src/main.cpp")"), HasSubstr(R"("next":["cd '/tmp/it is'",)")));
}

TEST_F(ServicectlNewTest, FillsAnEmptyDirectoryOfTheCaller) {
    add_directory("/home/alice/mailbox", alice, 0700);
    act_as(alice);

    EXPECT_EQ(run({"new", "mailbox", "/home/alice/mailbox"}), 0);
    EXPECT_EQ(files_below("/home/alice/mailbox").size(), template_files().size());
    EXPECT_EQ(host.files.status_of("/home/alice/mailbox").permissions, 0700U);
    EXPECT_EQ(host.files.status_of("/home/alice/mailbox/src/main.cpp").uid, alice);
}

TEST_F(ServicectlNewTest, TheUmaskDecidesThePermissions) {
    directories.umask = 077;
    ASSERT_EQ(run({"new", "mailbox"}), 0);

    EXPECT_EQ(host.files.status_of("/mailbox").permissions, 0700U);
    EXPECT_EQ(host.files.status_of("/mailbox/src").permissions, 0700U);
    EXPECT_EQ(host.files.status_of("/mailbox/src/main.cpp").permissions, 0600U);
}

TEST_F(ServicectlNewTest, RefusesADirectoryThatIsNotEmpty) {
    host.files.add_file("/mailbox/.git/config", "mine");

    EXPECT_EQ(run({"new", "mailbox"}), 73);
    EXPECT_EQ(error(), "servicectl: cannot make a project in 'mailbox': the directory is not empty: it has '.git'\n");
    EXPECT_THAT(files_below("/mailbox"), ElementsAre("/mailbox/.git/config"));
    EXPECT_THAT(out(), IsEmpty());
}

TEST_F(ServicectlNewTest, RefusesADirectoryThatCannotBeListed) {
    host.files.add_directory("/mailbox");
    directories.failures.fail_next("names", EIO);

    EXPECT_EQ(run({"new", "mailbox"}), 73);
    EXPECT_EQ(error(), "servicectl: cannot list directory 'mailbox': Input/output error\n");
    EXPECT_THAT(host.files.names_in("/mailbox"), IsEmpty());
}

TEST_F(ServicectlNewTest, RefusesAFileALinkAndAMissingParent) {
    host.files.add_file("/srv/file", "mine");
    host.files.add_directory("/srv/elsewhere");
    host.files.add_link("/srv/link", "/srv/elsewhere");

    EXPECT_EQ(run({"new", "mailbox", "/srv/file"}), 73);
    EXPECT_THAT(error(), EndsWith("'/srv/file': Not a directory\n"));
    EXPECT_EQ(run({"new", "mailbox", "/srv/link"}), 73);
    EXPECT_THAT(error(), EndsWith("'/srv/link': it is a symbolic link\n"));
    EXPECT_EQ(run({"new", "mailbox", "/none/mailbox"}), 73);
    EXPECT_THAT(error(), EndsWith("'/none/mailbox': No such file or directory\n"));
    EXPECT_EQ(host.files.content("/srv/file"), "mine");
    EXPECT_THAT(files_below("/srv/elsewhere"), IsEmpty());
}

TEST_F(ServicectlNewTest, RefusesADirectoryThatOthersCanFill) {
    add_directory("/srv/bobs", bob, 0755);
    add_directory("/srv/open", 0, 0777);

    EXPECT_EQ(run({"new", "mailbox", "/srv/bobs"}), 77);
    EXPECT_THAT(error(), HasSubstr("'/srv/bobs': it belongs to user 1001"));
    EXPECT_EQ(run({"new", "mailbox", "/srv/open"}), 77);
    EXPECT_THAT(error(), HasSubstr("'/srv/open': all users may write it"));
    EXPECT_THAT(files_below("/srv"), IsEmpty());
}

TEST_F(ServicectlNewTest, AFailureAtAnyFileLeavesNothing) {
    const auto name = ProjectName::from("mailbox");
    for (const ProjectFile& file : project_files(*name)) {
        directories.failures.fail_next("make_file", EIO, "mailbox/" + file.path);
        EXPECT_EQ(run({"new", "mailbox"}), 73);
        EXPECT_THAT(error(), EndsWith("cannot create 'mailbox/" + file.path + "': Input/output error\n"));
        EXPECT_FALSE(host.files.exists("/mailbox")) << file.path;
    }
    EXPECT_EQ(run({"new", "mailbox"}), 0);
}

TEST_F(ServicectlNewTest, AFailureAtAnyDirectoryLeavesNothing) {
    for (const std::string directory : {".github", ".github/workflows", "packaging", "src", "tests"}) {
        directories.failures.fail_next("make_directory", EACCES, "mailbox/" + directory);
        EXPECT_EQ(run({"new", "mailbox"}), 77);
        EXPECT_THAT(error(), HasSubstr("'mailbox/" + directory + "': Permission denied"));
        EXPECT_FALSE(host.files.exists("/mailbox")) << directory;
    }
}

TEST_F(ServicectlNewTest, AFullDiskLeavesAnEmptyDirectoryAsItWas) {
    host.files.add_directory("/mailbox", 0750);
    for (const std::size_t space : {std::size_t{0}, std::size_t{1000}, std::size_t{6000}}) {
        host.files.set_space(space);
        EXPECT_EQ(run({"new", "mailbox"}), 73);
        EXPECT_THAT(error(), AllOf(HasSubstr("cannot write 'mailbox/"), HasSubstr("No space left on device")));
        EXPECT_THAT(host.files.names_in("/mailbox"), IsEmpty());
    }
    EXPECT_EQ(host.files.status_of("/mailbox").permissions, 0750U);
}

TEST_F(ServicectlNewTest, ReportsWhatItCouldNotRemove) {
    directories.failures.fail_next("make_file", ENOSPC, "mailbox/src/main.cpp");
    directories.failures.fail_next("remove_file", EIO, "mailbox/CMakeLists.txt");

    EXPECT_EQ(run({"new", "mailbox"}), 73);
    EXPECT_THAT(error(), AllOf(HasSubstr("cannot create 'mailbox/src/main.cpp': No space left on device"),
                               HasSubstr("cannot remove 'mailbox/CMakeLists.txt': Input/output error"),
                               HasSubstr("remove 'mailbox' yourself")));
    EXPECT_THAT(files_below("/mailbox"), ElementsAre("/mailbox/CMakeLists.txt"));
}

TEST_F(ServicectlNewTest, NeverAsksToRemoveADirectoryThatWasThereBefore) {
    host.files.add_directory("/mailbox");
    directories.failures.fail_next("make_file", ENOSPC, "mailbox/src/main.cpp");
    directories.failures.fail_next("remove_file", EIO, "mailbox/CMakeLists.txt");

    EXPECT_EQ(run({"new", "mailbox"}), 73);
    EXPECT_THAT(error(), EndsWith(": remove what is left in 'mailbox' yourself\n"));
}

TEST_F(ServicectlNewTest, RefusesAWrongCommandLine) {
    EXPECT_EQ(run({"new"}), 64);
    EXPECT_THAT(error(), HasSubstr("'new' needs a name for the service\nsee 'servicectl new --help'"));
    EXPECT_EQ(run({"new", "a", "b", "c"}), 64);
    EXPECT_THAT(error(), HasSubstr("not 'c'"));
    EXPECT_EQ(run({"new", "mailbox", "--force"}), 64);
    EXPECT_THAT(error(), HasSubstr("'new' has no option '--force'"));
    EXPECT_EQ(run({"new", "Mailbox"}), 64);
    EXPECT_THAT(error(), HasSubstr("try 'mailbox'"));
    EXPECT_EQ(run({"new", "../mailbox", "--json"}), 64);
    EXPECT_THAT(out(), HasSubstr(R"("error")"));
    EXPECT_FALSE(host.files.exists("/mailbox"));
}

TEST_F(ServicectlNewTest, HasHelp) {
    EXPECT_EQ(run({"new", "--help"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr("servicectl new NAME [DIR]"), HasSubstr("--json")));
    EXPECT_THAT(help_text(), HasSubstr("writes the project of a new service"));
}

TEST_F(ServicectlNewTest, ADirectoryWithAControlIsShownSafely) {
    ASSERT_EQ(run({"new", "mailbox", "/tmp/\x1b[31m\n;x"}), 0);

    EXPECT_THAT(out(), AllOf(HasSubstr("made in '/tmp/\\x1b[31m\\n;x'"), Not(HasSubstr("\x1b"))));
}

}  // namespace
}  // namespace servicekit::servicectl
