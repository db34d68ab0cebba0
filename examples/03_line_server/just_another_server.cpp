#include "just_another_server.hpp"

#include <servicekit/policies.hpp>  // for the constructor that takes a host

#include <string>
#include <utility>

#include "back_up.hpp"

using servicekit::Arguments, servicekit::Context, servicekit::ParameterType, servicekit::Reply, servicekit::Settings;

JustAnotherServer::JustAnotherServer(LineServer& server, servicekit::ServiceOptions options,
                                     const servicekit::os::Host& host)
    : servicekit::Service{std::move(options), {}, host}, server_{server} {
    events().add({.name = "backup",
                  .description = "copies the data directory",
                  .parameters = {{.name = "directory", .type = ParameterType::path}},
                  .handler = [this](const Arguments& arguments, Context& context) {
                      return back_up(data_directory_, arguments.get<std::string>("directory"), context);
                  }});
}

// Reads all keys before it uses any of them, so that an invalid configuration changes nothing.
void JustAnotherServer::on_load(Settings& settings) {
    if (settings.is_client()) return;
    const servicekit::AppConfiguration app = settings.app();
    app.allow_only({"port", "data-directory", "greeting"});
    app.needs_restart({"port", "data-directory"});
    const auto port = app.get<std::uint16_t>("port", 0);
    const std::filesystem::path data_directory = app.get<std::string>("data-directory");
    const auto greeting = app.get<std::string>("greeting", "hello");

    server_.set_greeting(greeting);
    if (is_reload()) return;
    port_ = port;
    data_directory_ = std::filesystem::absolute(data_directory);
}

void JustAnotherServer::on_start() { server_.start(port_, data_directory_); }

void JustAnotherServer::on_stop() { server_.stop(); }

void JustAnotherServer::on_status(Reply& reply) {
    const LineServer::Status status = server_.status();
    reply.set("port", status.port).set("connections", status.connections).set("lines", status.lines);
}
