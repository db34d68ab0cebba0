#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include <servicekit/configured.hpp>
#include <servicekit/main.hpp>

#include "cluster/witness.hpp"

namespace servicekit::test {

struct ClusterTrialConfig {
    std::string witness;
    unsigned writer = 0;
    bool hangs = false;
};

inline void describe(Schema<ClusterTrialConfig>& config) {
    config.add("witness", &ClusterTrialConfig::witness, "the file for its stamps");
    config.add("writer", &ClusterTrialConfig::writer, "the number of this instance");
    config.add("hangs", &ClusterTrialConfig::hangs, "whether on_stop never returns");
}

/// A service that stamps a Witness several hundred times a second from its on_start() to the end of its on_stop(),
/// whatever it knows of the lock: the witness shows what the service does, and not what it believes.
template <typename Service>
class ClusterTrial final : public Configured<ClusterTrialConfig, Service> {
    void on_start() override {
        ++starts_;
        if (this->config().witness.empty()) return;
        witness_ = std::make_unique<Witness>(this->config().witness);
        const unsigned writer = this->config().writer;
        // A lock that is lost before this has no token any more. No stamp can name this activity then.
        token_ = this->lock_token().value_or(0);
        if (token_ == 0 && !this->is_active()) return;
        witness_->write(writer, token_, Stamp::Kind::start);
        stamps_ = std::jthread{[this, writer, token = token_](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                witness_->write(writer, token, Stamp::Kind::active);
                std::this_thread::sleep_for(std::chrono::milliseconds{2});
            }
        }};
    }

    void on_stop() override {
        // The stamps go on, until the kernel ends the process.
        while (this->config().hangs) std::this_thread::sleep_for(std::chrono::hours{1});
        stamps_ = {};
        if (token_ != 0) witness_->write(this->config().writer, token_, Stamp::Kind::stop);
        token_ = 0;
    }

    void on_status(Reply& reply) override { reply.set("starts", starts_.load()); }

    std::unique_ptr<Witness> witness_;
    std::uint64_t token_ = 0;
    std::atomic<std::uint64_t> starts_{0};
    std::jthread stamps_;
};

}  // namespace servicekit::test
