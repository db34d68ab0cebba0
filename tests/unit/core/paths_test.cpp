#include "core/paths.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/layered_settings.hpp"
#include "servicekit/mocks/fake_os.hpp"

namespace servicekit {
namespace {

using ::testing::ElementsAre;

class PathsTest : public ::testing::Test {
protected:
    PathsTest() { settings_.set(setting::name, "trial"); }

    Paths resolved() {
        auto paths = resolve_paths(settings_, host_.host());
        EXPECT_TRUE(paths);
        return paths.value();
    }
    std::vector<std::string> candidates() {
        std::vector<std::string> directories;
        const auto all = candidate_paths(settings_, host_.host());
        for (const Paths& paths : all.value()) directories.push_back(paths.run_directory);
        return directories;
    }
    void become_user() { host_.act_as({.pid = 4711, .uid = 1000, .gid = 1000}); }

    mocks::FakeOs host_;
    LayeredSettings settings_;
};

TEST_F(PathsTest, ServicesOfRootAreInRun) {
    EXPECT_EQ(resolved().pid_file, "/run/trial.pid");
    EXPECT_EQ(resolved().control_socket, "/run/trial.control");
}

TEST_F(PathsTest, TheRuntimeDirectoryOfTheUnitHasPriority) {
    host_.environment.set("RUNTIME_DIRECTORY", "/run/one:/run/two");
    EXPECT_EQ(resolved().run_directory, "/run/one");
}

TEST_F(PathsTest, ServicesOfAUserAreInItsRuntimeDirectory) {
    become_user();
    host_.environment.set("XDG_RUNTIME_DIR", "/run/user/1000");
    EXPECT_EQ(resolved().run_directory, "/run/user/1000");
}

TEST_F(PathsTest, WithoutARuntimeDirectoryItIsPrivate) {
    become_user();
    EXPECT_EQ(resolved().run_directory, "/tmp/servicekit-1000");
    EXPECT_EQ(resolved().choice, Paths::Choice::private_temporary);
}

TEST_F(PathsTest, AnEmptyVariableCountsAsUnset) {
    become_user();
    for (const char* const variable : {"RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR", "TMPDIR"})
        host_.environment.set(variable, "");
    EXPECT_EQ(resolved().run_directory, "/tmp/servicekit-1000");
}

TEST_F(PathsTest, ARelativeDirectoryInTheEnvironmentCountsAsUnset) {
    become_user();
    for (const char* const variable : {"RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR", "TMPDIR"})
        host_.environment.set(variable, "here");
    EXPECT_EQ(resolved().run_directory, "/tmp/servicekit-1000");
    host_.environment.set("RUNTIME_DIRECTORY", ":/run/two");
    EXPECT_EQ(resolved().run_directory, "/tmp/servicekit-1000");
}

TEST_F(PathsTest, EachPathCanBeSetSeparately) {
    settings_.set(setting::pid_file, "/elsewhere/x.pid");
    EXPECT_EQ(resolved().pid_file, "/elsewhere/x.pid");
    EXPECT_EQ(resolved().control_socket, "/run/trial.control");
}

TEST_F(PathsTest, RelativePathsBecomeAbsolute) {
    host_.process.set_directory("/home/me");
    settings_.set(setting::run_directory, ".");
    settings_.set(setting::log_file, "logs/./trial.log");
    settings_.set(setting::metrics_file, "trial.prom");
    EXPECT_EQ(resolved().metrics_file, "/home/me/trial.prom");
    EXPECT_EQ(resolved().pid_file, "/home/me/trial.pid");
    EXPECT_EQ(resolved().log_file, "/home/me/logs/trial.log");
}

TEST_F(PathsTest, AServiceWithoutANameHasNoPlace) {
    const auto paths = resolve_paths(LayeredSettings{}, host_.host());
    ASSERT_FALSE(paths);
    EXPECT_EQ(paths.error().exit_code, ExitCode::configuration);
}

TEST_F(PathsTest, ARunningServiceIsSearchedInAllDefaultPlaces) {
    EXPECT_THAT(candidates(),
                ElementsAre("/run", "/run/trial", "/run/user/0", "/run/user/0/trial", "/tmp/servicekit-0"));
    host_.environment.set("RUNTIME_DIRECTORY", "/run/trial/");
    host_.environment.set("TMPDIR", "/scratch");
    EXPECT_THAT(candidates(), ElementsAre("/run/trial", "/run", "/run/user/0", "/run/user/0/trial",
                                          "/scratch/servicekit-0", "/tmp/servicekit-0"));
}

TEST_F(PathsTest, AUsersPlacesPrecedeThoseOfRoot) {
    become_user();
    host_.environment.set("XDG_RUNTIME_DIR", "/home/me/run");
    EXPECT_THAT(candidates(), ElementsAre("/home/me/run", "/home/me/run/trial", "/run/user/1000",
                                          "/run/user/1000/trial", "/tmp/servicekit-1000", "/run", "/run/trial"));
}

TEST_F(PathsTest, AStartKnowsTheOtherPlacesOfItsUser) {
    become_user();
    host_.environment.set("RUNTIME_DIRECTORY", "/run/user/1000/trial");
    EXPECT_THAT(other_pid_files(settings_, resolved(), host_.host()),
                ElementsAre("/run/user/1000/trial.pid", "/tmp/servicekit-1000/trial.pid"));
}

TEST_F(PathsTest, ANamedPlaceIsASeparateInstance) {
    settings_.set(setting::run_directory, "/run");
    EXPECT_THAT(other_pid_files(settings_, resolved(), host_.host()), ::testing::IsEmpty());
    settings_.clear_layer(SettingsLayer::program);
    settings_.set(setting::name, "trial");
    settings_.set(setting::pid_file, "/run/trial.pid");
    EXPECT_THAT(other_pid_files(settings_, resolved(), host_.host()), ::testing::IsEmpty());
}

TEST_F(PathsTest, WithAConfiguredDirectoryNoOtherIsSearched) {
    settings_.set(setting::run_directory, "/srv");
    EXPECT_EQ(candidate_paths(settings_, host_.host()).value().size(), 1U);
}

TEST_F(PathsTest, AMissingRunDirectoryIsCreated) {
    settings_.set(setting::run_directory, "/run/deep/below");
    ASSERT_TRUE(prepare_run_directory(resolved(), host_.host()));
    EXPECT_EQ(host_.files.status_of("/run/deep/below").permissions, 0755U);
}

TEST_F(PathsTest, APrivateRunDirectoryIsClosedToOthers) {
    become_user();
    ASSERT_TRUE(prepare_run_directory(resolved(), host_.host()));
    EXPECT_EQ(host_.files.status_of("/tmp/servicekit-1000").permissions, 0700U);
}

TEST_F(PathsTest, AnOpenPrivateRunDirectoryIsRefused) {
    become_user();
    host_.files.add_directory("/tmp/servicekit-1000", 0755);
    host_.files.set_owner("/tmp/servicekit-1000", 1000, 1000);
    const auto prepared = prepare_run_directory(resolved(), host_.host());
    ASSERT_FALSE(prepared);
    EXPECT_EQ(prepared.error().exit_code, ExitCode::permission);
}

TEST_F(PathsTest, ADeploymentNeedsAnOctalUmask) {
    settings_.set(setting::umask, "027");
    EXPECT_EQ(make_deployment(settings_, resolved(), host_.host()).value().file_mask, 027U);
}

TEST_F(PathsTest, ADeploymentHasOnlySetValuesOfTheControlSocket) {
    const auto unset = make_deployment(settings_, resolved(), host_.host()).value().control_access;
    EXPECT_FALSE(unset.permissions || unset.read || unset.operate || unset.admin);
    EXPECT_EQ(unset.owner + unset.group, "");
    settings_.set(setting::control_mode, "0660");
    settings_.set(setting::control_group, "adm");
    settings_.set(setting::control_read, {});
    settings_.set(setting::control_admin, {"user:www"});
    const auto set = make_deployment(settings_, resolved(), host_.host()).value().control_access;
    EXPECT_EQ(set.permissions, mode_t{0660});
    EXPECT_EQ(set.group, "adm");
    EXPECT_EQ(set.read, std::vector<std::string>{});
    EXPECT_FALSE(set.operate);
    EXPECT_EQ(set.admin, std::vector<std::string>{"user:www"});
}

TEST_F(PathsTest, WritablePathsAreAbsoluteInADeployment) {
    host_.process.set_directory("/home/me");
    settings_.set(setting::writable, {"data", "/srv/"});
    EXPECT_THAT(make_deployment(settings_, resolved(), host_.host()).value().writable,
                ::testing::ElementsAre("/home/me/data", "/srv"));
}

}  // namespace
}  // namespace servicekit
