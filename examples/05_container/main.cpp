// A Worker as a service in a container. It logs JSON lines on stdout, reaps orphans as pid 1, and answers `health`.
#include <servicekit/servicekit.hpp>

#include <string>

#include "worker.hpp"

using servicekit::Reply, servicekit::Settings;

class SpoolWorker final : public servicekit::ContainerService {
    void on_load(Settings& settings) override {
        if (settings.is_client()) return;
        const servicekit::AppConfiguration app = settings.app();
        app.allow_only({"command", "spool"});
        app.needs_restart({"spool"});
        const auto command = app.get<std::string>("command");
        const auto spool = app.get<std::string>("spool");

        worker_.set_command(command);
        spool_ = spool;
    }

    void on_start() override { worker_.start(spool_); }
    void on_stop() override { worker_.stop(); }
    void on_status(Reply& reply) override { reply.set("done", worker_.done()).set("failed", worker_.failed()); }

    Worker worker_;
    std::string spool_;
};

int main(int argc, char** argv) {
    return servicekit::service_main<SpoolWorker>(argc, argv, {.name = "spool-worker", .version = "1.0"});
}
