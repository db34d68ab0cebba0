// An application (worker.hpp) as a service in a container: it logs JSON lines on stdout, reaps what its commands leave
// behind where it is pid 1, and tells by `health` whether it is ready.
#include <servicekit/main.hpp>
#include <servicekit/service.hpp>

#include "worker.hpp"

using servicekit::Reply, servicekit::Settings;

class SpoolWorker final : public servicekit::ContainerService {
    void on_load(Settings& settings) override {
        if (settings.is_client()) return;
        const auto app = settings.app();
        app.allow_only({"command", "spool"});
        const auto command = app.get<std::string>("command");
        spool_ = app.get<std::string>("spool");
        worker_.command = std::make_shared<std::string>(command);
    }

    void on_start() override { worker_.start(spool_); }
    void on_stop() override { worker_.stop(); }
    void on_status(Reply& reply) override {
        reply.set("done", worker_.done.load()).set("failed", worker_.failed.load());
    }

    Worker worker_;
    std::string spool_;
};

int main(int argc, char** argv) {
    return servicekit::service_main<SpoolWorker>(argc, argv, {.name = "spool-worker", .version = "1.0"});
}
