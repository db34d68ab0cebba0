#pragma once

#include <servicekit/cluster/cluster.hpp>

#include <cstdint>
#include <memory>

#include "fenced_number.hpp"

/// Keeps a number. Only the active instance changes it.
class Tally final : public servicekit::ClusterService {
public:
    Tally();

private:
    void on_start() override;
    void on_stop() override;
    void on_status(servicekit::Reply& reply) override;

    servicekit::Reply add(const servicekit::Arguments& arguments);

    std::unique_ptr<FencedNumber> number_;
};
