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

/// Base of tests of service programs. Each test has its own directory, and fails if it leaves a process behind.
class ServiceTest : public testing::Test {
protected:
    void SetUp() override {
        // So no test meets the records of another one, and none remains on the machine.
        ASSERT_EQ(::setenv("SERVICEKIT_RECORDS", records_directory().c_str(), 1), 0);
        adopt_orphans();
        ::umask(022);  // Tests expect these modes, and other users to have access.
    }
    void TearDown() override;

    /// Runs a line in sh(1) as an operator would, in the directory. Our programs are in PATH, RUN is the run directory,
    /// and `variables` are added to the environment.
    [[nodiscard]] Outcome shell(const std::string& line, const Variables& variables = {}) const;

    /// Returns the directory for the records of services that the test starts.
    [[nodiscard]] std::string records_directory() const { return directory.file("records"); }

    os::test::TemporaryDirectory directory;
    std::string run = directory.file("run");
    /// programs/trial_service.cpp, whose events and settings cause the faults that services meet.
    ServiceProgram trial{"trial-service", directory.path()};
};

/// Base of tests that need `trial` to run.
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
