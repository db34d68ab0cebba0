#include "servicekit/mocks/fake_confinement.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <string>

namespace servicekit::mocks {
namespace {

using Resource = os::Confinement::Resource;
using Extent = os::WriteConfinement::Extent;

TEST(FakeConfinementTest, RemembersItsLimits) {
    FakeConfinement confinement;
    EXPECT_FALSE(confinement.limit_of(Resource::core_size));
    ASSERT_TRUE(confinement.limit(Resource::core_size, 7));
    ASSERT_TRUE(confinement.limit(Resource::open_files, std::nullopt));
    EXPECT_EQ(confinement.limit_of(Resource::core_size), std::optional<std::uint64_t>{7});
    ASSERT_TRUE(confinement.limit_of(Resource::open_files));
    EXPECT_FALSE(*confinement.limit_of(Resource::open_files));
    EXPECT_FALSE(confinement.core_dumps_allowed());
    ASSERT_TRUE(confinement.allow_core_dumps());
    EXPECT_TRUE(confinement.core_dumps_allowed());
}

TEST(FakeConfinementTest, ConfinesWritingOnceNewPrivilegesAreForbidden) {
    FakeConfinement confinement;
    const std::array paths{os::WritablePath{.path = "/srv"}};
    EXPECT_EQ(confinement.confine_writing(paths).error().errno_value, EPERM);
    EXPECT_FALSE(confinement.writable());
    ASSERT_TRUE(confinement.forbid_new_privileges());
    EXPECT_TRUE(confinement.new_privileges_forbidden());
    EXPECT_EQ(confinement.confine_writing(paths).value().extent, Extent::whole);
    ASSERT_TRUE(confinement.writable());
    EXPECT_EQ(confinement.writable()->at(0).path, "/srv");
}

TEST(FakeConfinementTest, CanActAsAnOlderKernel) {
    FakeConfinement confinement;
    confinement.set_kernel({.extent = Extent::none, .gap = "it is old"});
    EXPECT_EQ(confinement.confine_writing({}).value().gap, "it is old");
    EXPECT_FALSE(confinement.writable());
}

TEST(FakeConfinementTest, FailsOnDemand) {
    FakeConfinement confinement;
    confinement.failures().fail_next("limit", EPERM, "open_files");
    confinement.failures().fail_next("allow_core_dumps", EINVAL);
    confinement.failures().fail_next("forbid_new_privileges", EINVAL);
    confinement.failures().fail_next("confine_writing", ENOENT, "/srv");
    EXPECT_TRUE(confinement.limit(Resource::core_size, 0));
    EXPECT_EQ(confinement.limit(Resource::open_files, 9).error().message(),
              "cannot set the limit of open files to '9': Operation not permitted");
    EXPECT_FALSE(confinement.allow_core_dumps());
    EXPECT_FALSE(confinement.forbid_new_privileges());
    const std::array paths{os::WritablePath{.path = "/srv"}};
    EXPECT_EQ(confinement.confine_writing(paths).error().message(),
              "cannot let the service write '/srv': No such file or directory");
}

}  // namespace
}  // namespace servicekit::mocks
