#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cluster/contender.hpp"
#include "cluster/etcd.hpp"
#include "cluster/network.hpp"
#include "cluster/verdict.hpp"
#include "cluster/witness.hpp"
#include "integration/support/service_test.hpp"

namespace servicekit::test {

/// Base of tests with a real etcd. A test is skipped without one.
class ClusterTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        if (const std::string obstacle = Etcd::obstacle(); !obstacle.empty()) GTEST_SKIP() << "no etcd: " << obstacle;
    }

    [[nodiscard]] Contender contender(const Etcd& etcd, int number, const Object& settings = {}) const {
        return {etcd, directory.path(), {.number = number, .settings = settings, .witness = witness_file()}};
    }

    [[nodiscard]] std::string witness_file() const { return directory.file("witness"); }
};

}  // namespace servicekit::test
