// An application (line_server.hpp) that servicekit turns into a unix service.
#include <servicekit/main.hpp>
#include <servicekit/service.hpp>

#include "../back_up.hpp"
#include "line_server.hpp"

template <class Server = LineServer>
class JustAnotherServer final : public servicekit::Service {
public:
    explicit JustAnotherServer(auto... arguments) : servicekit::Service(std::move(arguments)...) {
        events().add({.name = "backup",
                      .description = "copies the data directory",
                      .parameters = {{.name = "directory", .type = servicekit::ParameterType::path}},
                      .handler = [this](const auto& given, auto& context) { return back_up(data_, given, context); }});
    }

private:
    // Reads all of it before it keeps any of it: a configuration that is no good changes nothing.
    void on_load(servicekit::Settings& settings) override {
        if (settings.is_client()) return;
        const auto app = settings.app();
        app.allow_only({"port", "data-directory", "greeting"});
        const auto port = app.get<std::uint16_t>("port", 0);
        const std::filesystem::path data = app.get<std::string>("data-directory");
        server_.greeting = std::make_shared<std::string>(app.get<std::string>("greeting", "hello"));
        app.needs_restart({"port", "data-directory"});
        if (state() != servicekit::ServiceState::loading) return;
        port_ = port;
        data_ = std::filesystem::absolute(data);
    }

    void on_start() override { server_.start(port_, data_); }
    void on_stop() override { server_.stop(); }
    void on_status(servicekit::Reply& reply) override {
        reply.set("port", server_.port.load()).set("connections", server_.connections.load());
        reply.set("lines", server_.lines.load());
    }

    Server server_;
    std::uint16_t port_ = 0;
    std::filesystem::path data_;
};

int main(int argc, char** argv) {
    return servicekit::service_main<JustAnotherServer<>>(argc, argv, {.name = "just-another-server", .version = "1.0"});
}
