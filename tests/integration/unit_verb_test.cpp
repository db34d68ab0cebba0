// The output of the verb `unit`, checked by systemd-analyze(1).
#include <string>

#include "integration/support/service_test.hpp"

namespace servicekit::test {
namespace {

using testing::HasSubstr;

class UnitVerbTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        if (run_command({{"sh", "-c", "command -v systemd-analyze"}}).exit_code != 0)
            GTEST_SKIP() << "there is no systemd-analyze";
    }

    /// \param options as typed in the shell
    [[nodiscard]] Outcome verified(const std::string& service, const std::string& options = "") const {
        return shell(service + " unit " + options + " >" + service + ".service && " + service + " unit --socket " +
                     options + " >" + service + ".socket && systemd-analyze verify --man=no --recursive-errors=no ./" +
                     service + ".service ./" + service + ".socket");
    }
    static void expect_fine(const Outcome& outcome) {
        EXPECT_EQ(outcome.exit_code, 0) << outcome;
        EXPECT_EQ(outcome.err, "");
    }
};

TEST_F(UnitVerbTest, AUnitForANotifyingServiceIsAccepted) { expect_fine(verified("systemd-service")); }

TEST_F(UnitVerbTest, AUnitForABackgroundServiceIsAccepted) { expect_fine(verified("trial-service")); }

TEST_F(UnitVerbTest, AUnitWithAllSettingsIsAccepted) {
    expect_fine(verified("systemd-service",
                         "--user root --group root --umask 027 --working-directory /srv --run-directory /run/elsewhere "
                         "--log-file '/var/log/100% odd \"names\"/$log' --log-level debug --start-timeout 2.5 "
                         "--no-signal-handlers --no-control-server"));
}

TEST_F(UnitVerbTest, NamesTheProgramAndItsOptionsUnchanged) {
    write_file(directory.file("two words.json"), "{}");
    const Outcome unit = shell("systemd-service unit --config 'two words.json'");
    EXPECT_THAT(unit.out, HasSubstr(std::string{"\nExecStart="} + SERVICEKIT_BIN_DIR +
                                    "/systemd-service run \"--config=" + directory.file("two words.json") + "\"\n"));
}

}  // namespace
}  // namespace servicekit::test
