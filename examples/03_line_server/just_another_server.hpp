#pragma once

#include <servicekit/service.hpp>

#include <cstdint>
#include <filesystem>

#include "line_server.hpp"

/// A LineServer as a unix service.
class JustAnotherServer final : public servicekit::Service {
public:
    /// \param server outlives the service
    /// \param host the operating system; a test gives a fake one
    JustAnotherServer(LineServer& server, servicekit::ServiceOptions options,
                      const servicekit::os::Host& host = servicekit::os::posix_host());

private:
    void on_load(servicekit::Settings& settings) override;
    void on_start() override;
    void on_stop() override;
    void on_status(servicekit::Reply& reply) override;

    LineServer& server_;
    std::uint16_t port_ = 0;
    std::filesystem::path data_directory_;
};
