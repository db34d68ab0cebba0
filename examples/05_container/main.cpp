// A Worker as a service in a container. It logs JSON lines to stdout, reaps orphans as pid 1, and answers `health`.
#include <servicekit/configured.hpp>
#include <servicekit/main.hpp>

#include <string>

#include "worker.hpp"

using servicekit::Reply, servicekit::Settings;

struct WorkerConfig {
    std::string command;
    std::string spool;
};

void describe(servicekit::Schema<WorkerConfig>& config) {
    config.add("command", &WorkerConfig::command, "what each file of the spool is given to", {.required = true});
    config.add("spool", &WorkerConfig::spool, "the directory of the files", {.required = true, .needs_restart = true});
}

class SpoolWorker final : public servicekit::Configured<WorkerConfig, servicekit::ContainerService> {
    void on_load(Settings& settings) override {
        if (!settings.is_client()) worker_.set_command(config().command);
    }

    void on_start() override { worker_.start(config().spool); }
    void on_stop() override { worker_.stop(); }
    void on_status(Reply& reply) override { reply.set("done", worker_.done()).set("failed", worker_.failed()); }

    Worker worker_;
};

int main(int argc, char** argv) {
    return servicekit::service_main<SpoolWorker>(argc, argv, {.name = "spool-worker", .version = "1.0"});
}
