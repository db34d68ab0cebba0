#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "servicekit/mocks/fake_life.hpp"
#include "servicekit/mocks/fake_os.hpp"
#include "servicekit/policies.hpp"
#include "servicekit/service.hpp"

namespace servicekit::simulation {

/// A service that does a little of everything, with files of its own through host().
class TrialService final : public Service {
public:
    TrialService(ServiceOptions options, EventHooks hooks, const os::Host& host);

private:
    void on_load(Settings& settings) override;
    void on_start() override;
    void on_stop() override;
    void on_status(Reply& reply) override { reply.set("notes", notes_); }
    void append(const std::string& line);

    std::string greeting_;
    int notes_ = 0;
};

/// A machine with that service: its configuration, its user, its paths.
struct TrialMachine {
    static constexpr auto pid_file = "/run/trial.pid";
    static constexpr auto socket = "/run/trial.control";
    static constexpr auto log_file = "/var/log/trial.log";
    static constexpr auto config_file = "/etc/trial.json";
    static constexpr auto config_directory = "/etc/trial.json.d";  ///< does not exist
    static constexpr auto notes_file = "/var/lib/trial/notes";

    struct Deployment {
        bool background = false;
        bool drops_privileges = false;
    };
    explicit TrialMachine(Deployment deployment);

    [[nodiscard]] std::unique_ptr<ServiceBase> make_service();
    /// Returns all that was printed on the terminal or logged.
    [[nodiscard]] std::string told() const;
    [[nodiscard]] std::string log() const;

    mocks::FakeOs os;
    Deployment deployment;
};

}  // namespace servicekit::simulation
