#include "simulation/trial_machine.hpp"

#include <stdexcept>
#include <utility>

#include "core/configuration.hpp"
#include "core/service_core.hpp"
#include "servicekit/mocks/fake_life.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::simulation {

TrialService::TrialService(ServiceOptions options, EventHooks hooks, const os::Host& host)
    : Service{std::move(options), std::move(hooks), host} {
    events().add({.name = "note",
                  .description = "keeps a line",
                  .parameters = {{.name = "text", .description = "the line"}},
                  .handler = [this](const Arguments& arguments, Context& /*context*/) -> Reply {
                      append(arguments.get<std::string>("text"));
                      return {{"notes", ++notes_}};
                  }});
}

void TrialService::on_load(Settings& settings) {
    if (!settings.is_client()) greeting_ = settings.app().get<std::string>("greeting");
}

void TrialService::on_start() { append(greeting_); }

void TrialService::on_stop() { append("good bye"); }

void TrialService::append(const std::string& line) {
    const auto file = host().files->open_for_appending(TrialMachine::notes_file, 0644);
    if (!file) throw std::runtime_error(file.error().message());
    if (const auto written = (*file)->write(line + "\n"); !written)
        throw std::runtime_error(written.failure->message());
}

TrialMachine::TrialMachine(Deployment the_deployment) : deployment{the_deployment} {
    os.files.add_file(config_file, R"({"app": {"greeting": "hello"}})");
    os.files.add_directory("/var/lib/trial");
    os.users.add_user({.name = "trial", .uid = 200, .gid = 200});
    os.files.set_owner("/var/lib/trial", 200, 200);
}

std::unique_ptr<ServiceBase> TrialMachine::make_service() {
    const ServiceOptions options{.name = "trial",
                                 .version = "1.0",
                                 .config = "etc/trial.json",
                                 .log_file = log_file,
                                 .daemonize = deployment.background};
    auto service = mocks::fake_service<TrialService>(os, options);
    if (deployment.drops_privileges) ServiceCore::of(*service).configuration().to_fill().set(setting::user, "trial");
    return service;
}

std::string TrialMachine::log() const { return os.files.exists(log_file) ? os.files.content(log_file) : std::string{}; }

std::string TrialMachine::told() const { return os.streams.written(os::Stream::error) + log(); }

}  // namespace servicekit::simulation
