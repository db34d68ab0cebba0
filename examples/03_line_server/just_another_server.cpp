#include "just_another_server.hpp"

#include <servicekit/policies.hpp>  // for the constructor that takes a host

#include <string>
#include <utility>

#include "back_up.hpp"

using servicekit::Arguments, servicekit::Context, servicekit::ParameterType, servicekit::Settings;

void describe(servicekit::Schema<ServerConfig>& config) {
    config.add("port", &ServerConfig::port, "TCP port; 0: any free one", {.needs_restart = true});
    config.add("data-directory", &ServerConfig::data_directory, "where the journal is",
               {.required = true, .needs_restart = true});
    config.add("greeting", &ServerConfig::greeting, "what a client gets when it connects");
}

JustAnotherServer::JustAnotherServer(LineServer& server, servicekit::ServiceOptions options,
                                     const servicekit::os::Host& host)
    : Configured{std::move(options), {}, host}, server_{server} {
    events().add({.name = "backup",
                  .description = "copies the data directory",
                  .parameters = {{.name = "directory", .type = ParameterType::path}},
                  .handler = [this](const Arguments& arguments, Context& context) {
                      return back_up(data_directory_, arguments.get<std::string>("directory"), context);
                  }});
}

// Runs before the start and at each reload, after the whole configuration has been checked.
void JustAnotherServer::on_load(Settings& settings) {
    if (settings.is_client()) return;
    server_.set_greeting(config().greeting);
    if (!is_reload()) data_directory_ = std::filesystem::absolute(config().data_directory);
}

void JustAnotherServer::on_start() { server_.start(config().port, data_directory_, figures_); }

void JustAnotherServer::on_stop() { server_.stop(); }
