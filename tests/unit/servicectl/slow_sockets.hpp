#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_os.hpp"
#include "servicekit/os/local_sockets.hpp"

namespace servicekit::servicectl {

/// The sockets of a machine on which it takes time to read a reply and understand it.
class SlowSockets final : public os::LocalSockets {
public:
    using Duration = std::chrono::milliseconds;

    /// \param cost of each read that finds something
    SlowSockets(mocks::FakeOs& host, Duration cost) : host_{host}, cost_{cost} {}

    /// Reads of connections to the path find nothing for this time.
    void hide_replies(const std::string& path, Duration time) { hidden_until_[path] = host_.clock.steady_now() + time; }

    Result<std::unique_ptr<os::LocalConnection>> try_connect(const std::string& path, os::Links links) override {
        auto connection = host_.sockets.try_connect(path, links);
        if (!connection || *connection == nullptr) return connection;
        return std::unique_ptr<os::LocalConnection>{
            std::make_unique<Connection>(*this, *std::move(connection), hidden_until_[path])};
    }
    Result<std::unique_ptr<os::LocalListener>> listen(const std::string& path,
                                                      const os::LocalSocketAccess& access) override {
        return host_.sockets.listen(path, access);
    }
    Result<std::unique_ptr<os::LocalListener>> adopt(int descriptor, const std::string& path) override {
        return host_.sockets.adopt(descriptor, path);
    }
    Result<std::unique_ptr<os::LocalConnection>> connect(const std::string& path) override {
        return host_.sockets.connect(path);
    }
    Result<os::Listening> probe(const std::string& path) override { return host_.sockets.probe(path); }
    bool is_left_to_manager(const std::string& path) override { return host_.sockets.is_left_to_manager(path); }
    std::vector<std::string> paths_of_managers() override { return host_.sockets.paths_of_managers(); }

private:
    using Instant = std::chrono::steady_clock::time_point;

    class Connection final : public os::LocalConnection {
    public:
        Connection(SlowSockets& sockets, std::unique_ptr<os::LocalConnection> fast, Instant hidden_until)
            : sockets_{sockets}, fast_{std::move(fast)}, hidden_until_{hidden_until} {}

        os::Transfer receive(std::span<char> buffer) override {
            if (sockets_.host_.clock.steady_now() < hidden_until_) return {.state = os::Transfer::State::would_block};
            const os::Transfer received = fast_->receive(buffer);
            if (received.state == os::Transfer::State::done) sockets_.host_.clock.advance(sockets_.cost_);
            return received;
        }
        os::Transfer send(std::string_view bytes) override { return fast_->send(bytes); }
        void shut_down_sending() override { fast_->shut_down_sending(); }
        Peer peer() const override { return fast_->peer(); }
        std::vector<gid_t> peer_groups() const override { return fast_->peer_groups(); }
        int descriptor() const override { return fast_->descriptor(); }
        bool wait_until_readable(Duration at_most) override { return fast_->wait_until_readable(at_most); }
        bool wait_until_writable(Duration at_most) override { return fast_->wait_until_writable(at_most); }

    private:
        SlowSockets& sockets_;
        std::unique_ptr<os::LocalConnection> fast_;
        Instant hidden_until_;
    };

    mocks::FakeOs& host_;
    Duration cost_;
    std::map<std::string, Instant> hidden_until_;
};

}  // namespace servicekit::servicectl
