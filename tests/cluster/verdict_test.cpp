#include "cluster/verdict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/witness.hpp"
#include "integration/os/temporary_directory.hpp"

namespace servicekit::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class VerdictTest : public testing::Test {
protected:
    os::test::TemporaryDirectory directory;
    Witness witness{directory.file("witness")};
};

TEST_F(VerdictTest, AcceptsOneAfterTheOther) {
    witness.write(1, 10, Stamp::Kind::start);
    witness.write(1, 10, Stamp::Kind::stop);
    witness.write(2, 12, Stamp::Kind::start);

    const Verdict verdict = judge(witness);

    EXPECT_THAT(verdict.violations, IsEmpty());
    EXPECT_THAT(verdict.activities, SizeIs(2));
    EXPECT_EQ(verdict.stamps, 3U);
    EXPECT_GT(verdict.smallest_gap.count(), 0);
}

TEST_F(VerdictTest, FindsTwoAtATime) {
    witness.write(1, 10, Stamp::Kind::active);
    witness.write(2, 12, Stamp::Kind::active);
    witness.write(1, 10, Stamp::Kind::active);

    EXPECT_THAT(judge(witness).violations, ElementsAre(HasSubstr("two are active")));
}

TEST_F(VerdictTest, FindsAnOverlapWithAnEarlierOne) {
    witness.write(1, 10, Stamp::Kind::active);
    witness.write(2, 12, Stamp::Kind::active);
    witness.write(3, 14, Stamp::Kind::active);
    witness.write(1, 10, Stamp::Kind::active);

    EXPECT_THAT(judge(witness).violations, SizeIs(2));
}

TEST_F(VerdictTest, FindsASmallerToken) {
    witness.write(1, 12, Stamp::Kind::active);
    witness.write(2, 10, Stamp::Kind::active);

    EXPECT_THAT(judge(witness).violations, ElementsAre(HasSubstr("a smaller token")));
}

TEST_F(VerdictTest, FindsAStartWithoutAToken) {
    witness.write(1, 0, Stamp::Kind::start);

    EXPECT_THAT(judge(witness).violations, ElementsAre(HasSubstr("without a token")));
}

}  // namespace
}  // namespace servicekit::test
