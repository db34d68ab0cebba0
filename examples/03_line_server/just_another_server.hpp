#pragma once

#include <servicekit/configured.hpp>

#include <cstdint>
#include <filesystem>
#include <string>

#include "line_server.hpp"

struct ServerConfig {
    std::uint16_t port = 0;  // 0 takes any free port
    std::filesystem::path data_directory;
    std::string greeting = "hello";
};

void describe(servicekit::Schema<ServerConfig>& config);

/// A LineServer as a unix service.
class JustAnotherServer final : public servicekit::Configured<ServerConfig> {
public:
    /// \param server outlives the service
    /// \param host the operating system; a test passes a fake one
    JustAnotherServer(LineServer& server, servicekit::ServiceOptions options,
                      const servicekit::os::Host& host = servicekit::os::posix_host());

private:
    void on_load(servicekit::Settings& settings) override;
    void on_start() override;
    void on_stop() override;

    LineServer& server_;
    LineServer::Figures figures_{.port = metrics().gauge("port", "TCP port that it listens on"),
                                 .connections = metrics().gauge("connections", "clients that are connected"),
                                 .lines = metrics().counter("lines", "lines written to the journal")};
    std::filesystem::path data_directory_;  // absolute
};
