#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "integration/os/temporary_directory.hpp"
#include "integration/support/await.hpp"
#include "integration/support/command.hpp"
#include "integration/support/running_service.hpp"
#include "integration/support/service_program.hpp"
#include "integration/support/text_file.hpp"

namespace servicekit::test {

/// Tests of service programs. Each has a directory of its own, and fails where it leaves a process behind.
class ServiceTest : public testing::Test {
protected:
    void SetUp() override {
        // So that no test meets the records of another one, and none stays on the machine.
        ASSERT_EQ(::setenv("SERVICEKIT_RECORDS", records_directory().c_str(), 1), 0);
        adopt_orphans();
        ::umask(022);  // Tests expect these modes, and other users to have access.
    }
    void TearDown() override;

    /// Runs one line in sh(1) as an operator would, in the directory, with our programs in PATH and with RUN, the run
    /// directory, and `variables` in the environment.
    [[nodiscard]] Outcome shell(const std::string& line, const Variables& variables = {}) const;

    /// Where services that the test starts leave their records.
    [[nodiscard]] std::string records_directory() const { return directory.file("records"); }

    os::test::TemporaryDirectory directory;
    std::string run = directory.file("run");
    /// programs/trial_service.cpp, whose events and settings provoke what services meet.
    ServiceProgram trial{"trial-service", directory.path()};
};

/// The same with `trial` running.
class RunningTrialTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        service.emplace(trial);
    }
    void TearDown() override {
        service.reset();
        ServiceTest::TearDown();
    }

    std::optional<RunningService> service;
};

}  // namespace servicekit::test
